import SignalboxCore

@testable import SignalboxStore

/// Whether what went between two looks at a store was to go: judged by the whole of what was there, where the store
/// keeps count. It knows of no dispatch that comes after another; what was made again of one may stay for that.
struct RetentionWitness {
    /// What is kept of each job that says nothing else, and what a job says.
    var keep = Retention.forever
    var jobs: [JobName: KeepPolicy] = [:]
    /// What was pinned.
    var pinned: Set<DispatchID> = []

    /// Those that count against one limit.
    private struct Group: Hashable {
        var job: JobName?
        var queue: QueueName
        var state: DispatchState

        init(_ dispatch: Dispatch) {
            job = dispatch.job
            queue = dispatch.job == nil ? dispatch.queue : .standard
            state = dispatch.state
        }
    }

    /// Says what went that was to stay.
    func losses(from before: [DispatchRecord], to after: [DispatchRecord], now: Instant) -> [String] {
        let (left, groups) = (Set(after.map(\.dispatch.id)), grouped(after))
        return before.filter { !left.contains($0.dispatch.id) }.compactMap { record in
            let gone = record.dispatch
            if pinned.contains(gone.id) { return "dispatch \(gone.id) was pinned, and went" }
            // It may have ended in between.
            guard gone.state.isTerminal else { return nil }
            let (limit, others) = (limit(of: gone), groups[Group(gone)] ?? [])
            if others.isEmpty, isDefined(gone.job) {
                return "dispatch \(gone.id) was the newest of its job that is \(gone.state.name), and went"
            }
            if let age = limit.age, gone.finished!.wall + age < now { return nil }
            guard let count = limit.count, others.count >= count,
                !others.contains(where: { isOlder($0, record) && !$0.dispatch.isMadeAgain })
            else { return "dispatch \(gone.id) went although not more than \(limit.text) were there" }
            return nil
        }
    }

    /// Says what stayed when a walk had come to its end, and was to go.
    func remains(in after: [DispatchRecord]) -> [String] {
        grouped(after.filter { !$0.dispatch.isMadeAgain }).compactMap { group, members in
            let count = max(limit(of: members[0].dispatch).count ?? .max, isDefined(group.job) ? 1 : 0)
            return members.count > count
                ? "\(members.count) of \(group) stayed although \(count) are to be kept" : nil
        }
    }

    private func isDefined(_ job: JobName?) -> Bool { job.map { jobs[$0] != nil } ?? false }

    private func grouped(_ all: [DispatchRecord]) -> [Group: [DispatchRecord]] {
        let ended = all.filter { $0.dispatch.state.isTerminal && !pinned.contains($0.dispatch.id) }
        return Dictionary(grouping: ended) { Group($0.dispatch) }
    }

    private func isOlder(_ one: DispatchRecord, _ other: DispatchRecord) -> Bool {
        (one.ended, one.dispatch.id) < (other.ended, other.dispatch.id)
    }

    private func limit(of dispatch: Dispatch) -> KeepLimit {
        guard let job = dispatch.job, let policy = jobs[job] else { return keep.ofRemoved.limit(of: dispatch.state) }
        return policy.over(keep).limit(of: dispatch.state)
    }
}
