// What is remembered of pauses: a due time is skipped because of one only if it lies inside, and who resumes a job has no
// zone to tell which do. So the next pass tells.

/// A stretch of a job's time, on its schedule's own clock, in which the job was paused: after an instant and up to another.
public struct PausedTime: Hashable, Sendable {
    public var after: Instant
    public var through: Instant

    public init(after: Instant, through: Instant) {
        self.after = after
        self.through = through
    }

    /// So many are remembered of a job that nobody looks at; of more, the oldest are taken for one pause.
    public static let limit = 64
}

extension JobProgress {
    /// When the job was paused and the due times are not accounted for yet, in order of time.
    /// - Parameter now: how long the pause has lasted that goes on.
    public func pausedTimes(through now: Instant) -> [PausedTime] {
        guard let pause, pause.since < now else { return pausedTimes }
        return pausedTimes + [PausedTime(after: pause.since, through: now)]
    }

    /// Ends the pause at `instant`. It is remembered where a due time has come that may lie in it.
    public mutating func endPause(at instant: Instant) {
        if let nextDue, nextDue <= instant { pausedTimes = pausedTimes(through: instant) }
        pause = nil
        guard pausedTimes.count > PausedTime.limit else { return }
        pausedTimes[1].after = pausedTimes[0].after
        pausedTimes.removeFirst()
    }

    /// Every due time up to `instant` is accounted for.
    public mutating func move(to instant: Instant) {
        cursor = instant
        pausedTimes.removeAll { $0.through <= instant }
    }

    /// The clock shows `instant` again, or has another meaning from here on: no pause has been later.
    mutating func cutPauses(at instant: Instant) {
        if let since = pause?.since { pause?.since = min(since, instant) }
        pausedTimes = pausedTimes.filter { $0.after < instant }.map {
            PausedTime(after: $0.after, through: min($0.through, instant))
        }
    }
}

/// A part of a stretch of time in which a job was paused throughout, or not at all.
struct TimePart {
    let after: Instant
    let through: Instant
    let isPaused: Bool

    func contains(_ instant: Instant) -> Bool { after < instant && instant <= through }

    /// The time after `start` and up to `end`, taken apart.
    static func parts(after start: Instant, through end: Instant, _ paused: [PausedTime]) -> [TimePart] {
        var parts: [TimePart] = []
        var position = start
        func add(through instant: Instant, isPaused: Bool) {
            guard position < min(instant, end) else { return }
            parts.append(TimePart(after: position, through: min(instant, end), isPaused: isPaused))
            position = min(instant, end)
        }
        for pause in paused {
            add(through: pause.after, isPaused: false)
            add(through: pause.through, isPaused: true)
        }
        add(through: end, isPaused: false)
        return parts
    }
}
