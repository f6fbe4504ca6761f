import SignalboxCore
import SignalboxStore

/// Times and states in the words of a person.
enum Words {
    /// "12 s ago", "in 4 min", "–" for nil.
    static func relative(_ instant: Instant?, to now: Now) -> String {
        guard let instant else { return "–" }
        let distance = now.wall.duration(to: instant)
        return distance >= .zero ? "in \(length(distance))" : "\(length(.zero - distance)) ago"
    }

    /// One or two units: "350 ms", "12 s", "4 min", "3 h 20 min", "5 d".
    static func length(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        switch seconds {
        case ..<1: return "\(duration.nanoseconds / 1_000_000) ms"
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d"
        }
    }

    /// "512 B", "64 KiB", "1.5 GiB": with one place behind the point from MiB on.
    static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1024: "\(bytes) B"
        case ..<(1 << 20): "\(bytes >> 10) KiB"
        case ..<(1 << 30): "\(tenths(bytes, of: 1 << 20)) MiB"
        default: "\(tenths(bytes, of: 1 << 30)) GiB"
        }
    }

    private static func tenths(_ bytes: Int, of unit: Int) -> String {
        let tenths = Int((Double(bytes) / Double(unit) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// The state, and why where that says more.
    static func state(_ dispatch: Dispatch) -> String {
        guard let reason = dispatch.reason.word else { return dispatch.state.name }
        return "\(dispatch.state.name) (\(reason))"
    }

    /// "since 3 h 20 min, by ann@gateway: new disk".
    static func pause(_ pause: JobPause, _ now: Now) -> String {
        "since \(length(max(.zero, pause.at.duration(to: now.wall)))), by \(pause.by)"
            + (pause.reason.map { ": \($0)" } ?? "")
    }

    /// "since 2026-11-22 14:30:00 by ann@gateway (new disk)".
    static func pause(_ pause: JobPause, in zone: Zone) -> String {
        "since \(pause.at.text(in: zone)) by \(pause.by)" + (pause.reason.map { " (\($0))" } ?? "")
    }

    /// The same for a queue.
    static func pause(_ pause: QueuePause, _ now: Now) -> String {
        Words.pause(JobPause(at: pause.at, by: pause.by, reason: pause.reason), now)
    }

    /// "10/1m", "10/1m, opens in 20 s", or "any".
    static func rate(_ queue: QueueView, _ now: Now) -> String {
        guard let rate = queue.rate else { return "any" }
        return rate.text + (queue.opensAt.map { ", opens \(relative($0, to: now))" } ?? "")
    }

    /// "exit 3", "signal 9", "could not start"; empty before the end.
    static func ending(_ dispatch: Dispatch) -> String {
        switch dispatch.ending {
        case nil: ""
        case .exited(let code): "exit \(code)"
        case .signalled(let number): "signal \(number)"
        case .notStarted: "could not start"
        case .returned: "returned"
        case .threw: "its handler failed"
        case .handlerDied: "its handler died"
        }
    }

    /// "288 runs, 2 failed; half took at most about 350 ms, 95 % about 3 s", or "no run".
    static func runs(_ history: RunHistory) -> String {
        let total = history.total
        guard total.runs > 0 else { return "no run" }
        let counts = "\(total.runs) run\(total.runs == 1 ? "" : "s"), \(total.failures) failed"
        guard let half = total.durations.quantile(0.5), let most = total.durations.quantile(0.95) else { return counts }
        return "\(counts); half took at most about \(length(half)), 95 % about \(length(most))"
    }
}
