// What a dump of a part of a store holds. It is to be a store again that `verify` finds sound: so whatever a dispatch that
// is kept waits for is kept too, and what only counts, or only looks back, may name what is not there, as it may when
// dispatches have been removed for their age.

internal import OrderedStore
internal import SignalboxCore

/// Which entries go into a dump, and which of them are changed for it.
struct DumpFilter {
    /// Nil: all.
    fileprivate var jobs: Set<JobName>?
    /// Nil: all.
    fileprivate var dispatches: Set<UInt64>?
    /// Whether due times whose dispatches are left out can no longer be recounted.
    fileprivate var forgetsSpans = false
    /// Those that something waits for which is kept: no other is set aside.
    fileprivate var awaited: Set<UInt64> = []
    /// Those that wait for a place which is free without what is left out: they can be claimed, and meet the limit anew.
    fileprivate var freed: Set<UInt64> = []
    /// What is counted of those that are kept.
    fileprivate var counts = PartCounts()

    /// Writes the entry, as it is, in part, or not at all.
    func put(_ kind: DumpKind, key: Span<UInt8>, record: Span<UInt8>, to writer: inout DumpWriter) throws {
        guard dispatches != nil else { return try writer.put(kind.bucket, key: key, record: record) }
        do {
            guard let changed = try kept(kind, key: key, record: record) else { return }
            guard let bytes = changed.bytes else { return try writer.put(kind.bucket, key: key, record: record) }
            try writer.put(kind.bucket, key: key, record: bytes.span)
        } catch let fault as RecordFault {
            throw DumpRecordError(bucket: kind.bucket, key: copied(key), reason: "\(fault)")
        }
    }

    /// An entry that is kept: as it is, or with a record that was changed.
    fileprivate struct Kept { var bytes: [UInt8]? }

    private func kept(_ kind: DumpKind, key: Span<UInt8>, record: Span<UInt8>) throws -> Kept? {
        let isKept =
            switch kind {
            case .meta, .worker, .queue, .limit, .handler: true
            case .job, .jobProgress: keeps(job: key)
            case .dispatch, .request, .attempt, .output: key.count >= 8 && keeps(key.number64(at: 0).byteSwapped)
            case .unique: keeps(try UniqueEntry(record: record, key: key))
            case .occurrence: keeps(try Counter(record: record, key: key).value)
            case .history: keeps(subject: key, after: 8)
            case .totals: keeps(subject: key, after: 0)
            case .event: true
            }
        guard isKept else { return nil }
        switch kind {
        case .jobProgress where forgetsSpans:
            var progress = try JobProgress(record: record, key: key)
            progress.forgetSpans(through: progress.cursor)
            return Kept(bytes: progress.record(under: key))
        case .dispatch: return try part(of: DispatchRecord(record: record, key: key), key)
        case .unique: return try part(of: UniqueEntry(record: record, key: key), key)
        case .event: return try part(of: EventRecord(record: record, key: key), key)
        case .meta where StoreFact(key: key) == .state:
            return Kept(bytes: counts.counted(try StoreState(record: record, key: key)).record(under: key))
        case .limit: return try counts.kept(key: key, record: record)
        case .meta, .job, .jobProgress, .request, .attempt, .output, .occurrence, .worker, .history, .queue, .handler,
            .totals:
            return Kept()
        }
    }

    /// Not held up by what is left out, nor set aside for it.
    private func part(of record: DispatchRecord, _ key: Span<UInt8>) -> Kept {
        let id = record.dispatch.id.number
        let isSetAside = record.isSetAside && awaited.contains(id)
        guard freed.contains(id) || isSetAside != record.isSetAside else { return Kept() }
        var part = record
        part.isSetAside = isSetAside
        if freed.contains(id) { part.dispatch = record.dispatch.freed() }
        return Kept(bytes: part.record(under: key))
    }

    /// A key that is held for a window or for ever outlives a holder that is left out.
    private func part(of entry: UniqueEntry, _ key: Span<UInt8>) -> Kept {
        guard !entry.isHolderPruned, !keeps(entry.holder.number) else { return Kept() }
        var part = entry
        part.isHolderPruned = true
        return Kept(bytes: part.record(under: key))
    }

    /// Only the transitions of dispatches that are kept as they are; nil where there is none.
    private func part(of event: EventRecord, _ key: Span<UInt8>) -> Kept? {
        var part = event
        part.changes.removeAll { !keeps($0.id.number) || freed.contains($0.id.number) }
        guard part.changes.count < event.changes.count else { return Kept() }
        return part.changes.isEmpty ? nil : Kept(bytes: part.record(under: key))
    }

    /// The bytes of what is kept of an event.
    fileprivate func size(ofEvent record: Span<UInt8>, key: Span<UInt8>) throws -> Int {
        guard let kept = try kept(.event, key: key, record: record) else { return 0 }
        return kept.bytes?.count ?? record.count
    }

    /// Where jobs are not chosen every key is kept: those whose holders are left out are held all the same.
    private func keeps(_ entry: UniqueEntry) -> Bool {
        jobs == nil || !entry.isHolderPruned && keeps(entry.holder.number)
    }

    private func keeps(_ dispatch: UInt64) -> Bool { dispatches?.contains(dispatch) ?? true }

    /// Whether a key is that of a job which is kept.
    private func keeps(job key: Span<UInt8>) -> Bool {
        guard let jobs else { return true }
        var reader = KeyReader(copied(key))
        return reader.text().flatMap { try? JobName($0) }.map(jobs.contains) ?? false
    }

    /// Whether what is counted is of a job that is kept, or of the whole store.
    private func keeps(subject key: Span<UInt8>, after start: Int) -> Bool {
        guard let jobs, key.count > start else { return true }
        guard let subject = HistorySubject(ofTotals: copied(key.extracting(droppingFirst: start))) else { return true }
        switch subject {
        case .all: return true
        case .job(let name): return jobs.contains(name)
        }
    }
}

extension DumpFilter {
    /// Lets go of who waits for a place of a key, because who has it is left out.
    fileprivate mutating func free(_ waiting: [Dispatch], of key: String) {
        for dispatch in waiting {
            freed.insert(dispatch.id.number)
            counts.states[Int(dispatch.state.rawValue)] -= 1
            counts.states[Int(DispatchState.pending.rawValue)] += 1
        }
        counts.awaited.remove(HeldList(.concurrency, key).prefix)
    }
}

/// What a store counts, of the part of it that is kept.
private struct PartCounts {
    var states = [UInt64](repeating: 0, count: DispatchState.allCases.count)
    /// The bytes of the events.
    var eventBytes: UInt64 = 0
    /// Of each concurrency key how many run.
    var running: [String: Int] = [:]
    /// Of each concurrency key those that wait for a place.
    var waiting: [String: [Dispatch]] = [:]
    /// The limits that somebody waits for, by their records' keys.
    var awaited: Set<[UInt8]> = []

    mutating func count(_ record: DispatchRecord, _ work: Work) {
        let dispatch = record.dispatch
        states[Int(dispatch.state.rawValue)] += 1
        if dispatch.state == .inProgress, let key = work.concurrency?.key { running[key, default: 0] += 1 }
        if let list = dispatch.heldList(work) { awaited.insert(list.prefix) }
        if dispatch.heldBy == .concurrency, let key = work.concurrency?.key {
            waiting[key, default: []].append(dispatch)
        }
    }

    func counted(_ state: StoreState) -> StoreState {
        var state = state
        state.counts = states
        state.eventBytes = eventBytes
        return state
    }

    /// The record of a limit that something kept uses; nil where nothing does.
    func kept(key: Span<UInt8>, record: Span<UInt8>) throws -> DumpFilter.Kept? {
        let bytes = copied(key)
        var reader = KeyReader(bytes)
        guard let kind = reader.byte().flatMap(LimitKind.init), let name = reader.text() else { throw RecordFault.key }
        switch kind {
        case .concurrency:
            var limit = try ConcurrencyRecord(record: record, key: key)
            limit.running = running[name, default: 0]
            guard limit.running > 0 || awaited.contains(bytes) else { return nil }
            return DumpFilter.Kept(bytes: limit.record(under: key))
        case .rate:
            var limit = try RateRecord(record: record, key: key)
            if !awaited.contains(bytes) { limit.opening = nil }
            return DumpFilter.Kept(bytes: limit.record(under: key))
        }
    }
}

extension Record {
    /// The bytes to keep under a key that was found.
    fileprivate func record(under key: Span<UInt8>) -> [UInt8] {
        var writer = RecordWriter()
        write(under: key, to: &writer)
        return copied(writer.span)
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// - Throws: ``StoreError`` with `notFound` for a job that has neither a definition nor dispatches.
    func dumpFilter(_ selection: DumpSelection) throws -> DumpFilter {
        guard !selection.jobs.isEmpty || selection.since != nil else { return DumpFilter() }
        var filter = DumpFilter(
            jobs: selection.jobs.isEmpty ? nil : Set(selection.jobs), forgetsSpans: selection.since != nil)
        var kept: Set<UInt64> = []
        var open: [DispatchID] = []
        try eachDispatch(of: selection.jobs) { record in
            guard record.dispatch.isKept(since: selection.since) else { return }
            kept.insert(record.dispatch.id.number)
            open.append(record.dispatch.id)
        }
        while let id = open.popLast() {
            let awaited = try awaited(by: id)
            filter.awaited.formUnion(awaited.map(\.number))
            for needed in try awaited + needs(of: id) where !kept.contains(needed.number) {
                guard try contains(.dispatch(needed), in: Buckets.dispatches) else { continue }
                kept.insert(needed.number)
                open.append(needed)
            }
        }
        filter.dispatches = kept
        for id in kept.sorted().map(DispatchID.init) {
            filter.counts.count(try indexed(id, by: Buckets.dispatches), try request(of: id).work)
        }
        for (key, waiting) in filter.counts.waiting
        where try concurrencyRecord(key)?.running ?? 0 > filter.counts.running[key, default: 0] {
            filter.free(waiting, of: key)
        }
        var eventBytes: UInt64 = 0
        try scan(Buckets.events, .all, .ascending) { key, record in
            eventBytes += UInt64(try filter.size(ofEvent: record, key: key))
            return .next
        }
        filter.counts.eventBytes = eventBytes
        return filter
    }

    private func eachDispatch(of jobs: [JobName], _ body: (DispatchRecord) throws -> Void) throws {
        guard !jobs.isEmpty else {
            return try records(DispatchRecord.self, Buckets.dispatches, .all) { _, record in
                try body(record)
                return .next
            }
        }
        for job in jobs {
            let ids = try ids(Buckets.byJob, KeyRange(prefix: Key().with(job.text).bytes), limit: .max)
            guard try !ids.isEmpty || contains(.name(job.text), in: Buckets.jobs) else { throw StoreError.noJob(job) }
            for id in ids { try body(try indexed(id, by: Buckets.byJob)) }
        }
    }

    /// Those that one which waits comes after, the first of those that were made again one of the other, and the newest,
    /// which stands in for them.
    private func awaited(by id: DispatchID) throws -> [DispatchID] {
        guard let record = try dispatchRecord(id), record.hasDependencies, !record.dispatch.state.isTerminal else {
            return []
        }
        return try request(of: id).after.flatMap { try [$0, original(of: $0), standIn(of: $0)] }
    }

    /// The other dispatches without which this one could not be what it is: the one that it is blocked by, and the holder
    /// of a key that is held for ever.
    private func needs(of id: DispatchID) throws -> [DispatchID] {
        guard let dispatch = try dispatchRecord(id)?.dispatch else { return [] }
        let request = try request(of: id)
        var needed: [DispatchID] = []
        if !dispatch.state.isTerminal { needed += [dispatch.blocker].compactMap(\.self) }
        if let unique = request.unique, unique.scope == .forever, let entry = try uniqueEntry(of: unique.text) {
            needed.append(entry.holder)
        }
        return needed
    }
}

extension Dispatch {
    /// What waits or runs is always kept; what has ended, when it was made or ended since then.
    fileprivate func isKept(since: Instant?) -> Bool {
        guard let since, state.isTerminal else { return true }
        return enqueuedAt >= since || (finished?.wall ?? .distantFuture) >= since
    }
}
