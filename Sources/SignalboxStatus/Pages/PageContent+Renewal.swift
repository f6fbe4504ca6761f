import SignalboxCore
import SignalboxStore

extension PageContent {
    /// When the page would next look different though nothing has changed in the store: a new hour has begun, a due time
    /// has been passed over, a worker has gone silent. The script asks for the page again then, and so need not ask in
    /// between.
    func renewal(after now: Now) -> Instant {
        let hour = UTCHour(of: now.wall).advanced(by: 1).start
        return changes(now).filter { $0 > now.wall }.min().map { min($0, hour) } ?? hour
    }

    private func changes(_ now: Now) -> [Instant] {
        switch self {
        case .overview(let overview): dueTimes(overview.jobs) + silences(overview.workers, now)
        case .jobs(let page): dueTimes(page.jobs)
        case .workers(let list): silences(list.workers, now)
        case .queues(let list): silences(list.queues.flatMap(\.workers), now)
        case .job, .dispatches, .dispatch, .timeline: []
        }
    }

    private func dueTimes(_ jobs: [JobView]) -> [Instant] {
        jobs.compactMap { $0.job.progress.nextDue.map { $0 + Patience.forDueTimes + .seconds(1) } }
    }

    /// In whole seconds: two clocks are read one after the other, and what is told from both would else be different by
    /// some microseconds each time.
    private func silences(_ workers: [WorkerView], _ now: Now) -> [Instant] {
        workers.filter(\.registration.state.isActive).compactMap { view in
            view.heartbeat.map { beat in
                let silent = now.wall + now.boot.duration(to: beat.at.boot) + Patience.forHeartbeats
                return Instant(seconds: silent.wholeSeconds + 1)
            }
        }
    }
}
