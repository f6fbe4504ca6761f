import SignalboxCore
import SignalboxStore

/// The sentences of `why` and `dispatch` about what a dispatch waits for.
struct WaitWords {
    let now: Now
    /// In which times are said; nil: in UTC.
    let zone: Zone?

    /// As in "waits for its rate key …".
    func sentence(_ wait: WhyWait?, _ dispatch: Dispatch) -> String {
        switch wait {
        case .time(let due):
            let attempt = dispatch.attempt > 0 ? " for attempt \(dispatch.attempt + 1) of \(dispatch.maxAttempts)" : ""
            return "waits\(attempt) until \(time(due)), \(Words.relative(due, to: now))"
        case .dispatch: return "waits for " + (dispatch.blocker.map { "dispatch \($0)" } ?? "another dispatch")
        case .place(let key, let running, let max):
            return "waits for a place of its concurrency key \(quoted(key)): \(running) of \(max) are taken"
        case .start(let key, let rate, let opens):
            return "waits for its rate key \(quoted(key)), \(rate.text)" + opening(opens)
        case .pausedQueue(let queue, let pause):
            return "waits in the queue \(queue), which is paused \(Words.pause(pause, now)); "
                + "`signalbox resume --queue \(queue)` ends that"
        case .queueRate(let queue, let rate, let opens):
            return "waits for the rate of the queue \(queue), \(rate.text)" + opening(opens)
        case .worker(let queue, let draining):
            return "waits in the queue \(queue), and no worker serves that" + ending(draining)
                + ": start one with `signalbox worker --queues \(queue)`"
        case .handler(let handler, let queue, let draining):
            return "waits in the queue \(queue), and there is no worker for \(handler)" + ending(draining)
                + ": start one that has this handler, or define it in a jobs.yaml, under handlers:"
        case .slot(let queue, let others, let running, let slots):
            let many = others >= WhyLimits.others ? "at least " : ""
            return "waits in the queue \(queue) for a slot: \(running) of \(slots) are in use, and \(many)\(others) "
                + "come before it"
        case .nothing, nil: return "is about to be taken by a worker of the queue \(dispatch.queue)"
        }
    }

    private func time(_ instant: Instant) -> String { zone.map { instant.text(in: $0) } ?? instant.description }

    private func opening(_ time: Instant?) -> String {
        time.map { ", which allows the next start at \(self.time($0)), \(Words.relative($0, to: now))" } ?? ""
    }

    private func ending(_ draining: Int) -> String { draining > 0 ? " (\(draining) shutting down)" : "" }
}
