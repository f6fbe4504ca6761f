// Retention: what has ended goes when there is too much of it, or when it is too old. It rides on the transactions in
// which others end, so that a busy store does not grow; and a walk over all groups does the rest, in slices, so that no
// writer waits long.

internal import OrderedStore
public import SignalboxCore

/// A walk over all that has ended: how far it has come, and what went.
public struct PruneWalk: Hashable, Sendable {
    /// Only this job; nil: everything.
    public var job: JobName?
    /// For a store that is too full: half of each group goes, whatever is to be kept of it; never the newest of a job,
    /// nor what is pinned.
    public var isHard: Bool
    /// How many went, by the state that they ended in.
    public private(set) var pruned: [DispatchState: Int] = [:]
    /// Whether it has come to the end.
    public private(set) var isDone = false
    /// How long until the next of those that stay is too old; nil: none will be.
    public private(set) var untilNextExpiry: Duration?
    /// Where it goes on.
    fileprivate var position: [UInt8]
    /// How many a hard walk leaves of the group that it is at.
    fileprivate var rest: Int?

    public init(job: JobName? = nil, isHard: Bool = false) {
        self.job = job
        self.isHard = isHard
        position = job.map { Key.endedPrefix(.job($0)).bytes } ?? []
    }

    public var total: Int { pruned.values.reduce(0, +) }

    fileprivate mutating func note(_ state: DispatchState, _ count: Int = 1) { pruned[state, default: 0] += count }
    fileprivate mutating func note(rest: Duration?) {
        untilNextExpiry = [untilNextExpiry, rest].compactMap { $0 }.min()
    }
    /// This place, with what went by then.
    fileprivate func havingPruned(_ pruned: [DispatchState: Int]) -> PruneWalk {
        var walk = self
        walk.pruned = pruned
        return walk
    }
    fileprivate mutating func go(on key: [UInt8]?) {
        if let key { position = key } else { isDone = true }
        rest = nil
    }
}

/// How many dispatches of a walk go at once: as many as can in so short a time that nobody who wants to write has to wait
/// for long; half as many where the store has no room to delete so many, and twice as many again where it has.
public struct PrunePace: Sendable {
    fileprivate var limit: Int?
    fileprivate let clock: @Sendable () -> BootInstant

    /// - Parameter clock: what time it is while a slice goes on.
    public init(clock: @escaping @Sendable () -> BootInstant) { self.clock = clock }
}

extension JobStore {
    /// Goes on with a walk, in one transaction at most; where that lacked room, the walk stands where it stood.
    /// - Throws: `full` when there is not even room to delete one.
    public func prune(_ walk: PruneWalk, at pace: inout PrunePace, now: Now) throws -> PruneWalk {
        let limit = pace.limit ?? Self.prunedPerSlice
        do {
            let next = try prune(walk, limit: limit, clock: pace.clock, now: now)
            pace.limit = min(2 * limit, Self.prunedPerSlice)
            return next
        } catch let error as any RoomError where error.isLackOfRoom && limit > 1 {
            pace.limit = limit / 2
            return walk
        }
    }

    /// The most dispatches that one transaction of a walk takes away.
    static var prunedPerSlice: Int { 200 }
    /// After so long a transaction takes no more away: others wait to write. Its commit takes as long again.
    static var sliceLength: Duration { .milliseconds(1) }

    /// T16. Goes on with a walk, in one transaction; in none where nothing has to go.
    /// - Parameters:
    ///   - limit: the most dispatches to take away.
    ///   - clock: what time it is while it goes on; one that stands still leaves it to `limit`.
    /// - Throws: `full` when there is not even room to delete so many: try fewer.
    public func prune(
        _ walk: PruneWalk, limit: Int, clock: () -> BootInstant = { BootInstant(nanoseconds: 0) }, now: Now
    ) throws -> PruneWalk {
        var looked = walk
        let found = try engine.read { try $0.look(&looked, limit: limit, now) }
        guard !found.isEmpty else { return looked }
        return try write(now) { writer in
            let deadline = clock() + Self.sliceLength
            var walk = walk
            try writer.prune(&walk, limit: limit) { clock() >= deadline }
            return walk
        }
    }

    /// What a walk would take away. Nothing is changed.
    public func pruneCount(job: JobName? = nil, now: Now) throws -> PruneWalk {
        var walk = PruneWalk(job: job)
        while !walk.isDone { try engine.read { try $0.count(&walk, now) } }
        return walk
    }

    /// Lets a dispatch stay, or go when its time comes.
    /// - Returns: whether that changed anything.
    /// - Throws: `notFound`.
    public func setPinned(_ isPinned: Bool, _ id: DispatchID, now: Now) throws -> Bool {
        try write(now) { writer in
            guard var record = try writer.transaction.dispatchRecord(id) else {
                throw StoreError.noDispatch(id)
            }
            guard record.isPinned != isPinned else { return false }
            // Who unpins one is still to see it; it goes with the next that end, or a walk.
            writer.prunesAlong = false
            if record.isCountedAsEnded { try writer.countNoMore(record) }
            record.isPinned = isPinned
            if record.isCountedAsEnded { try writer.countAsEnded(record) }
            try writer.put(record, .dispatch(id), in: Buckets.dispatches)
            writer.notify(.anyChange)
            return true
        }
    }

    /// Changes what is kept where no job says otherwise, and in each queue of what is enqueued; what is not named stays.
    /// Who runs applies it at once, to what has ended already, too.
    public func setRetention(_ keep: KeepPolicy, enqueued: KeepPolicy = .unset, now: Now) throws {
        try write(now) { writer in
            var settings = try writer.transaction.storeSettings()
            let before = settings
            settings.keep = keep.over(settings.keep)
            settings.keepEnqueued = enqueued.over(settings.keepEnqueued)
            guard settings != before else { return }
            try writer.put(settings, StoreSettings.key, in: Buckets.meta)
            writer.noteRetentionChange()
        }
    }
}

// MARK: What goes

extension ReadTransaction where Self: ~Copyable {
    /// So many groups are looked at in one transaction.
    private static var groupsPerSlice: Int { 1000 }

    /// Goes over groups until some have something to let go, and names them, `limit` at most; the walk stands at the
    /// group of the last of them then, or behind all that were looked at.
    /// - Returns: those that go, group by group, each with the walk as it stands there: how many a hard walk leaves of a
    ///   group is said once.
    fileprivate func look(
        _ walk: inout PruneWalk, limit: Int, _ now: Now
    ) throws -> [(walk: PruneWalk, ids: [DispatchID])] {
        var found: [(walk: PruneWalk, ids: [DispatchID])] = []
        var room = limit
        let (settings, clock) = (try storeSettings(), try clock(at: now).aging(at: now))
        for _ in 0..<Self.groupsPerSlice {
            guard let (subject, state, group) = try nextGroup(&walk, settings) else { break }
            let prefix = KeyRange(prefix: Key.ended(subject, state).bytes)
            let ids = try excess(of: group, in: prefix, limit: room, clock)
            if !ids.isEmpty { found.append((walk, ids)) }
            room -= ids.count
            guard room > 0 else { return found }
            walk.note(rest: try rest(of: group, in: prefix, behind: ids.count, clock))
            walk.go(on: prefix.upper)
        }
        return found
    }

    /// Counts what goes of the next group.
    fileprivate func count(_ walk: inout PruneWalk, _ now: Now) throws {
        let settings = try storeSettings()
        guard let (subject, state, group) = try nextGroup(&walk, settings) else { return }
        let prefix = KeyRange(prefix: Key.ended(subject, state).bytes)
        let clock = try clock(at: now).aging(at: now)
        let ids = try excess(of: group, in: prefix, limit: .max, clock)
        let count = try ids.count { try !isNeeded(try indexed($0, by: Buckets.ended)) }
        if count > 0 { walk.note(state, count) }
        walk.note(rest: try rest(of: group, in: prefix, behind: ids.count, clock))
        walk.go(on: prefix.upper)
    }

    /// The next group that holds anything; nil at the end of the walk.
    private func nextGroup(
        _ walk: inout PruneWalk, _ settings: StoreSettings
    ) throws -> (KeptSubject, DispatchState, KeptGroup)? {
        var range = KeyRange(from: walk.position, to: nil)
        if let job = walk.job { range.upper = KeyRange(prefix: Key.endedPrefix(.job(job)).bytes).upper }
        guard !walk.isDone, let key = try keys(Buckets.ended, range, limit: 1).first else {
            walk.go(on: nil)
            return nil
        }
        guard let (subject, state) = endedGroup(ofKey: key) else {
            throw StoreError(.damaged, "the key \(hexadecimal(key)) in dispatch.ended has another shape")
        }
        walk.position = Key.ended(subject, state).bytes
        var group = try group(subject, state, total: Int(clamping: count(subject.counter, state)), settings)
        if walk.isHard {
            walk.rest = walk.rest ?? group.total / 2
            group.limit.count = min(group.limit.count ?? .max, walk.rest ?? 0)
        }
        return (subject, state, group)
    }

    /// - Parameter total: how many have ended so, with those that have in this transaction.
    func group(
        _ subject: KeptSubject, _ state: DispatchState, total: Int, _ settings: StoreSettings
    ) throws -> KeptGroup {
        switch subject {
        case .queue:
            return KeptGroup(limit: settings.keepEnqueued.limit(of: state), total: total, keepsNewest: false)
        case .job(let name):
            guard let policy = try keepPolicy(of: name) else {
                return KeptGroup(limit: settings.keep.ofRemoved.limit(of: state), total: total, keepsNewest: false)
            }
            return KeptGroup(limit: policy.over(settings.keep).limit(of: state), total: total, keepsNewest: true)
        }
    }

    /// The oldest of a group, as far as they go.
    /// - Parameter clock: nil: nothing is too old.
    func excess(of group: KeptGroup, in range: KeyRange, limit: Int, _ clock: AgingClock?) throws -> [DispatchID] {
        var ids: [DispatchID] = []
        guard limit > 0 else { return ids }
        try scan(Buckets.ended, range, .ascending) { key, _ in
            let id = DispatchID(key.number64(at: key.count - 8).byteSwapped)
            let ended = Instant(
                microseconds: Int64(bitPattern: key.number64(at: key.count - 16).byteSwapped ^ (1 << 63)))
            let goes = try group.letsGo(at: ids.count) { age in
                try clock?.isOlder(than: age, ended: ended) { try wallTimeOfEnd(id) } ?? false
            }
            guard ids.count < limit, goes else { return .stop }
            ids.append(id)
            return .next
        }
        return ids
    }

    /// How long until the oldest of a group is too old once `count` have gone.
    private func rest(
        of group: KeptGroup, in range: KeyRange, behind count: Int, _ clock: AgingClock
    ) throws -> Duration? {
        guard group.limit.age != nil,
            let id = try ids(Buckets.ended, range, limit: count + 1).dropFirst(count).first
        else { return nil }
        var left = group
        left.total -= count
        let record = try indexed(id, by: Buckets.ended)
        return left.rest(ofOldest: clock.age(ended: record.ended, wall: try wallTimeOfEnd(id)))
    }

    private func wallTimeOfEnd(_ id: DispatchID) throws -> Instant {
        try indexed(id, by: Buckets.ended).dispatch.finished?.wall ?? .epoch
    }

    /// What a job says of its records; nil when there is no such job.
    func keepPolicy(of job: JobName) throws -> KeepPolicy? {
        let key = Key.name(job.text)
        return try get(key.span, in: Buckets.jobs) { value in
            guard let value else { return nil }
            return try JobDefinition.keepPolicy(record: value, key: key.span)
        }
    }
}

/// Whose a key of `dispatch.ended` is; nil when it has another shape.
func endedGroup(ofKey key: [UInt8]) -> (KeptSubject, DispatchState)? {
    var reader = KeyReader(key)
    guard let kind = reader.byte(), let text = reader.text(),
        let state = reader.byte().flatMap(DispatchState.init(rawValue:)),
        key.count >= 16
    else { return nil }
    switch kind {
    case 1: return (try? QueueName(text)).map { (.queue($0), state) }
    case 2: return (try? JobName(text)).map { (.job($0), state) }
    default: return nil
    }
}

// MARK: Taking away

extension JobWriter where Transaction: ~Copyable {
    /// What is kept is another from now on: who runs looks at everything.
    mutating func noteRetentionChange() {
        state.newestRetention = sequence
        notify([.schedule, .anyChange])
    }

    /// More index entries, records and pieces of output than this are not taken away at once, however few dispatches
    /// they are of.
    private static var entriesPerSlice: Int { 4000 }

    /// - Parameter isLate: whether it has gone on for long enough; what is left goes with the next slice.
    fileprivate mutating func prune(_ walk: inout PruneWalk, limit: Int, isLate: () -> Bool) throws {
        var removed = 0
        for (place, ids) in try transaction.look(&walk, limit: limit, now) {
            for id in ids {
                if removed > 0, removed >= Self.entriesPerSlice || isLate() {
                    walk = place.havingPruned(walk.pruned)
                    return try writeForgotten()
                }
                let record = try transaction.indexed(id, by: Buckets.ended)
                guard let entries = try prune(record) else {
                    removed += 1
                    continue
                }
                removed += entries
                walk.note(record.dispatch.state)
            }
        }
        try writeForgotten()
    }

    /// Where so many have ended that some must go, those go with this transaction: no more than twice as many as ended
    /// in it, or 8.
    mutating func pruneAlong(_ settings: StoreSettings) throws {
        guard prunesAlong else { return }
        let ended = counts.entries.filter { $0.subject.kept != nil && $0.rise > 0 }
        guard !ended.isEmpty else { return }
        var room = max(8, 2 * ended.reduce(0) { $0 + $1.rise })
        for entry in ended {
            guard let subject = entry.subject.kept else { continue }
            for state in DispatchState.allCases where entry.steps[Int(state.rawValue)] > 0 && room > 0 {
                let total =
                    Int(clamping: try transaction.count(subject.counter, state)) + entry.steps[Int(state.rawValue)]
                let group = try transaction.group(subject, state, total: total, settings)
                guard let count = group.limit.count, total > count else { continue }
                // The room that is left then is for finishing.
                guard try !isFinishingOnly() else { return }
                let range = KeyRange(prefix: Key.ended(subject, state).bytes)
                for id in try transaction.excess(of: group, in: range, limit: room, nil) {
                    _ = try prune(try transaction.indexed(id, by: Buckets.ended))
                    room -= 1
                }
            }
        }
        try writeForgotten()
    }

    /// T16, unless something that waits needs it: then it is set aside until nothing does.
    /// - Returns: how many entries went; nil: it was set aside.
    private mutating func prune(_ record: DispatchRecord) throws -> Int? {
        try countNoMore(record)
        guard try !transaction.isNeeded(record) else {
            var kept = record
            kept.isSetAside = true
            try put(kept, .dispatch(record.dispatch.id), in: Buckets.dispatches)
            return nil
        }
        return try remove(record)
    }

    /// Takes away all there is of a dispatch but what others say of it: the feed, history and totals stay.
    private mutating func remove(_ record: DispatchRecord) throws -> Int {
        let (dispatch, id) = (record.dispatch, record.dispatch.id)
        try outlive(record)
        var entries = 5 + (try forgetDueTimes(of: dispatch))
        for bucket in [Buckets.attempts, Buckets.outputs] {
            entries += try clear(bucket, KeyRange(prefix: Key.dispatch(id).bytes))
        }
        try delete(.dispatch(id), in: Buckets.requests)
        try delete(.dispatch(id), in: Buckets.dispatches)
        try delete(.state(dispatch.state, id), in: Buckets.byState)
        if let job = dispatch.job { try delete(.job(job, id), in: Buckets.byJob) }
        if let original = record.original { try delete(.standIn(id, for: original), in: Buckets.standIns) }
        try discount(dispatch)
        // What stands in for it may go too, if it was the last.
        if let newest = try transaction.standIn(ofChain: record.chain) { try release(newest) }
        return entries
    }

    /// - Returns: how many entries there were.
    mutating func clear(_ bucket: Bucket, _ range: KeyRange) throws -> Int {
        let keys = try transaction.keys(bucket, range, limit: .max)
        for key in keys { try transaction.delete(key.span, in: bucket) }
        return keys.count
    }

    private mutating func discount(_ dispatch: Dispatch) throws {
        let index = Int(dispatch.state.rawValue)
        guard state.counts[index] > 0 else {
            throw StoreError(.damaged, "the counter of all \(dispatch.state.name) would fall below zero")
        }
        state.counts[index] -= 1
        state.pruned += 1
        count(.queue(dispatch.queue), dispatch.state, by: -1)
        if let job = dispatch.job { count(.job(job), dispatch.state, by: -1) }
        notify(.anyChange)
    }

    /// The occurrences that name it go; of the due times up to them nothing can be said any more.
    private mutating func forgetDueTimes(of dispatch: Dispatch) throws -> Int {
        guard let job = dispatch.job, dispatch.scheduledFor != nil || dispatch.coalesced > 0 else { return 0 }
        let keys = try transaction.keys(
            Buckets.dueTimes, KeyRange(prefix: Key.dispatch(dispatch.id).bytes), limit: .max)
        for key in keys {
            var reader = KeyReader(Array(key.dropFirst(8)))
            guard let revision = reader.shortNumber(), let epoch = reader.shortNumber(), let time = reader.instant()
            else { throw StoreError(.damaged, "the key \(hexadecimal(key)) in dispatch.due-times has another shape") }
            try delete(.occurrence(job, revision: revision, epoch: epoch, time), in: Buckets.occurrences)
            try transaction.delete(key.span, in: Buckets.dueTimes)
            var through = time
            if dispatch.isSummary, let first = dispatch.scheduledFor, let last = dispatch.lastScheduledFor {
                through = time + first.duration(to: last)
            }
            forgotten[job, default: []].append(ForgottenTime(revision: revision, epoch: epoch, through: through))
        }
        return 2 * keys.count
    }

    /// Once for each job of which something went.
    private mutating func writeForgotten() throws {
        for (job, times) in forgotten {
            let key = Key.name(job.text)
            guard var progress = try transaction.fetch(JobProgress.self, key, in: Buckets.jobProgress) else { continue }
            let before = progress.spans
            for time in times { progress.forget(time) }
            if progress.spans != before { try put(progress, key, in: Buckets.jobProgress) }
        }
        forgotten = [:]
    }
}

extension CounterSubject {
    /// Nil when it counts others than those that have ended.
    fileprivate var kept: KeptSubject? {
        switch self {
        case .endedInQueue(let name): .queue(name)
        case .endedOfJob(let name): .job(name)
        case .queue, .job: nil
        }
    }
}

extension CounterSteps {
    /// How many have come to be in any state, those not counted that have left one.
    fileprivate var rise: Int {
        var sum = 0
        for index in steps.indices where steps[index] > 0 { sum += steps[index] }
        return sum
    }
}
