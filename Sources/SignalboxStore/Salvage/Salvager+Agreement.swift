// What of the records that were saved contradicts what was lost. A pass reads everything once and says what has to go or
// to change; what goes may leave others without their counterpart, so passes follow until one finds nothing.

internal import OrderedStore
internal import SignalboxCore

/// What a pass wants changed.
struct Settlement {
    var deletions: [(bucket: Bucket, key: [UInt8])] = []
    var changes: [(bucket: Bucket, key: [UInt8], record: [UInt8])] = []
    /// What is to be told: a sentence's end, and the key in words.
    var losses: [(what: String, example: String)] = []

    /// A pass ends early with so many; the next one goes on.
    static let limit = 20_000

    var isFull: Bool { deletions.count + changes.count >= Self.limit }
    var isEmpty: Bool { deletions.isEmpty && changes.isEmpty }

    mutating func drop(_ bucket: Bucket, _ key: [UInt8], _ what: String) {
        guard !isFull else { return }
        deletions.append((bucket, key))
        losses.append((what, words(key, bucket)))
    }

    mutating func change(_ record: some Record, _ key: Key, _ bucket: Bucket) {
        if !isFull { changes.append((bucket, key.bytes, record.record(under: key))) }
    }
}

extension Salvager {
    /// Lets go what has lost its counterpart, and has the rest say what is true now.
    mutating func settle(isWhole: Bool) throws {
        while try perform(try engine.read { try $0.settleJobs() + $0.settleDispatches() }) {}
        while try perform(try engine.read { try $0.settleWorkers() }) {}
        while try perform(try engine.read { try $0.settleParts() }) {}
        while try perform(try engine.read { try $0.settleMissingParts() }) {}
        if !isWhole || !report.isWhole {
            while try perform(try engine.read { try $0.settleLimits() }) {}
            try settleEvents()
        }
        _ = try perform(try engine.read { try $0.settleHistory() })
        _ = try perform(try engine.read { try $0.settleTotals() })
    }

    /// Whether anything was to be done.
    private mutating func perform(_ settlement: Settlement) throws -> Bool {
        guard !settlement.isEmpty else { return false }
        try engine.write { transaction in
            for (bucket, key) in settlement.deletions { try transaction.delete(key.span, in: bucket) }
            for (bucket, key, record) in settlement.changes { try transaction.put(key.span, record.span, in: bucket) }
        }
        for loss in settlement.losses { report.lose(loss.what, loss.example) }
        return true
    }

    /// Events tell one story from the oldest to the newest: with a part of it missing they would tell another.
    private mutating func settleEvents() throws {
        let events = try engine.read { transaction in
            try transaction.tellsWhatIs() ? [] : transaction.keys(Buckets.events, .all, limit: .max)
        }
        guard !events.isEmpty else { return }
        report.lose("events in the feed, which begins anew", nil, count: events.count)
        for start in stride(from: 0, to: events.count, by: Settlement.limit) {
            try engine.write { transaction in
                for key in events[start...].prefix(Settlement.limit) {
                    try transaction.delete(key.span, in: Buckets.events)
                }
                var state = try transaction.storeState()
                (state.firstEvent, state.eventBytes) = (state.sequence + 1, 0)
                try transaction.keep(state, StoreState.key, in: Buckets.meta)
            }
        }
    }
}

private func + (first: Settlement, second: Settlement) -> Settlement {
    Settlement(
        deletions: first.deletions + second.deletions, changes: first.changes + second.changes,
        losses: first.losses + second.losses)
}

extension ReadTransaction where Self: ~Copyable {
    // MARK: Jobs and dispatches

    fileprivate func settleJobs() throws -> Settlement {
        var found = Settlement()
        for key in try keys(Buckets.jobs, .all, limit: .max) where try !contains(key.span, in: Buckets.jobProgress) {
            found.drop(Buckets.jobs, key, "jobs have lost how far their schedule was dealt with; define them again")
        }
        for key in try keys(Buckets.jobProgress, .all, limit: .max) where try !contains(key.span, in: Buckets.jobs) {
            found.drop(Buckets.jobProgress, key, "jobs have lost their definition; define them again")
        }
        return found
    }

    fileprivate func settleDispatches() throws -> Settlement {
        var found = Settlement()
        let named = try timesNamed()
        try records(DispatchRecord.self, Buckets.dispatches, .all) { key, record in
            if let fault = try lostCounterpart(of: record, named) {
                found.drop(Buckets.dispatches, key, "dispatches \(fault), and are left out")
            } else if let free = try released(record) {
                found.change(free, .dispatch(record.dispatch.id), Buckets.dispatches)
            } else {
                try settleUniqueKey(of: record, &found)
            }
            return found.isFull ? .stop : .next
        }
        return found
    }

    /// How often each dispatch is named by an occurrence.
    private func timesNamed() throws -> [DispatchID: Int] {
        var named: [DispatchID: Int] = [:]
        try records(Counter.self, Buckets.occurrences, .all) { _, counter in
            named[DispatchID(counter.value), default: 0] += 1
            return .next
        }
        return named
    }

    /// What a dispatch cannot be without; nil: nothing is missing.
    private func lostCounterpart(of record: DispatchRecord, _ named: [DispatchID: Int]) throws -> String? {
        let dispatch = record.dispatch
        guard try contains(.dispatch(dispatch.id), in: Buckets.requests) else { return "have lost their request" }
        if let claim = dispatch.claim, try workerRegistration(claim.worker)?.state.isActive == false {
            return "are said to run at a worker that has ended"
        }
        if dispatch.job != nil, named[dispatch.id, default: 0] != dispatch.occurrences {
            return "have lost a due time that they stand for"
        }
        for other in dispatch.state.isTerminal ? [] : try request(of: dispatch.id).after
        where try !contains(.dispatch(other), in: Buckets.dispatches) {
            return "come after one that is lost"
        }
        return nil
    }

    /// Whoever ran something is known again: as one of no boot, whose dispatches the first writer settles as lost.
    fileprivate func settleWorkers() throws -> Settlement {
        var found = Settlement()
        var seen: Set<WorkerID> = []
        try records(DispatchRecord.self, Buckets.dispatches, .all) { _, record in
            guard let worker = record.dispatch.claim?.worker, seen.insert(worker).inserted,
                try workerRegistration(worker) == nil, !found.isFull
            else { return .next }
            found.change(WorkerRegistration(lost: worker), .worker(worker), Buckets.workers)
            found.losses.append(
                ("workers have lost their record; what they ran counts as lost with them", "worker \(worker)"))
            return .next
        }
        return found
    }

    /// The record of one that waits for another that is lost, but need not: it can be claimed.
    private func released(_ record: DispatchRecord) throws -> DispatchRecord? {
        guard record.dispatch.state == .blocked, let other = record.dispatch.blocker, try dispatchRecord(other) == nil
        else { return nil }
        var record = record
        record.dispatch = record.dispatch.freed()
        return record
    }

    /// Who has a key must stand under it.
    private func settleUniqueKey(of record: DispatchRecord, _ found: inout Settlement) throws {
        let id = record.dispatch.id
        guard let unique = try request(of: id).unique else { return }
        let isForEver = unique.scope == .forever && !record.hasLostUniqueKey
        guard record.holdsUniqueKey || isForEver else { return }
        let holder = try uniqueEntry(of: unique.text)?.holder
        guard record.holdsUniqueKey ? holder != id : (holder ?? DispatchID(0)) < id else { return }
        let key = uniqueKeyBytes(unique.text)
        var writer = RecordWriter()
        UniqueEntry(holder: id, until: nil).write(under: key.span, to: &writer)
        if !found.isFull { found.changes.append((Buckets.unique, key, copied(writer.span))) }
    }

    // MARK: What belongs to dispatches

    fileprivate func settleParts() throws -> Settlement {
        var found = Settlement()
        for bucket in [Buckets.requests, Buckets.attempts, Buckets.outputs] {
            try scan(bucket, .all, .ascending) { key, _ in
                if try !contains(key.extracting(first: 8), in: Buckets.dispatches) {
                    found.drop(bucket, copied(key), "records in \(bucket.name) have lost their dispatch")
                }
                return found.isFull ? .stop : .next
            }
        }
        try records(Counter.self, Buckets.occurrences, .all) { key, counter in
            if try dispatchRecord(DispatchID(counter.value)) == nil {
                found.drop(Buckets.occurrences, key, "due times have lost the dispatch that was made for them")
            }
            return found.isFull ? .stop : .next
        }
        try records(UniqueEntry.self, Buckets.unique, .all) { key, entry in
            if try !isOf(entry, key) {
                found.drop(Buckets.unique, key, "unique keys have lost the dispatch that holds them")
            }
            return found.isFull ? .stop : .next
        }
        return found
    }

    private func isOf(_ entry: UniqueEntry, _ key: [UInt8]) throws -> Bool {
        if entry.isHolderPruned { return try !contains(.dispatch(entry.holder), in: Buckets.dispatches) }
        guard let holder = try dispatchRecord(entry.holder), let unique = try request(of: entry.holder).unique,
            uniqueKeyBytes(unique.text) == key
        else { return false }
        return unique.scope != .active || holder.holdsUniqueKey
    }

    // MARK: Limits

    /// Whoever waits for a limit can be claimed, and meets it anew; so no place stays empty whose owner is lost.
    fileprivate func settleLimits() throws -> Settlement {
        var found = Settlement()
        var running: [String: (count: Int, max: Int, newest: DispatchID)] = [:]
        try records(DispatchRecord.self, Buckets.dispatches, .all) { _, record in
            let dispatch = record.dispatch
            if dispatch.heldBy != nil || record.isSetAside {
                var free = record
                // What is still needed is set aside again when its turn to be pruned comes.
                free.isSetAside = false
                if dispatch.heldBy != nil { free.dispatch = dispatch.freed() }
                found.change(free, .dispatch(dispatch.id), Buckets.dispatches)
            } else if record.isLimited, dispatch.state == .inProgress,
                let limit = try request(of: dispatch.id).work.concurrency
            {
                running[limit.key] = ((running[limit.key]?.count ?? 0) + 1, limit.max, dispatch.id)
            }
            return found.isFull ? .stop : .next
        }
        // The rest is said when nobody waits any more.
        guard found.isEmpty else { return found }
        for key in try keys(Buckets.limits, .all, limit: .max) { try settleLimit(key, &running, &found) }
        for (key, use) in running {
            let record = ConcurrencyRecord(running: use.count, max: use.max, decidedBy: use.newest)
            found.change(record, .limit(.concurrency, key), Buckets.limits)
        }
        return found
    }

    private func settleLimit(
        _ bytes: [UInt8], _ running: inout [String: (count: Int, max: Int, newest: DispatchID)],
        _ found: inout Settlement
    ) throws {
        var reader = KeyReader(bytes)
        guard let kind = reader.byte().flatMap({ LimitKind(rawValue: $0) }), let text = reader.text() else { return }
        switch kind {
        case .concurrency:
            guard var record = try concurrencyRecord(text) else { return }
            guard let use = running.removeValue(forKey: text) else {
                // Nobody uses it any more; the next who does makes it anew.
                found.deletions.append((Buckets.limits, bytes))
                return
            }
            guard record.running != use.count else { return }
            record.running = use.count
            found.change(record, .limit(.concurrency, text), Buckets.limits)
        case .rate:
            guard var record = try rateRecord(text), record.opening != nil else { return }
            record.opening = nil
            found.change(record, .limit(.rate, text), Buckets.limits)
        }
    }

    // MARK: Events and sums

    /// Whether the events follow one another, and end where the dispatches are.
    fileprivate func tellsWhatIs() throws -> Bool {
        var replay = EventReplay()
        var isStory = true
        try records(EventRecord.self, Buckets.events, .all) { key, record in
            let number = key.reduce(0) { $0 << 8 | UInt64($1) }
            isStory = replay.faults(of: record, number).isEmpty
            return isStory ? .next : .stop
        }
        return try isStory
            && replay.states.allSatisfy { id, state in
                try dispatchRecord(id).map { $0.dispatch.state == state } ?? true
            }
    }

    /// An hour without the record of the whole store, or with less in it than its jobs have, says nothing any more.
    fileprivate func settleHistory() throws -> Settlement {
        var found = Settlement()
        var hour: (keys: [[UInt8]], start: [UInt8], runs: Int, whole: Int?) = ([], [], 0, 0)
        func end() {
            guard hour.runs > hour.whole ?? -1 else { return }
            for key in hour.keys { found.deletions.append((Buckets.history, key)) }
            found.losses.append(
                (
                    "hours of history are not complete, and are left out",
                    words(hour.keys.last ?? hour.start, Buckets.history)
                ))
        }
        try records(RunTally.self, Buckets.history, .all) { key, tally in
            if Array(key.prefix(8)) != hour.start {
                end()
                hour = ([], Array(key.prefix(8)), 0, nil)
            }
            hour.keys.append(key)
            if key.count > 8, key[8] == HistorySubject.all.kind {
                hour.whole = tally.runs
            } else {
                hour.runs += tally.runs
            }
            return .next
        }
        end()
        return found
    }

    /// A job that has run has a total, and that of all is no less than theirs together and than the history.
    fileprivate func settleTotals() throws -> Settlement {
        var found = Settlement()
        var (ofJobs, inHistory) = (RunTotals(), RunTotals())
        try records(RunTotals.self, Buckets.totals, .all) { key, totals in
            if HistorySubject(ofTotals: key) != .all { ofJobs.merge(totals) }
            return .next
        }
        try records(RunTally.self, Buckets.history, .all) { key, tally in
            if key.count > 8, key[8] == HistorySubject.all.kind { inHistory.tally.merge(tally) }
            return .next
        }
        for job in try jobs() where job.progress.lastRun != nil {
            let key = Key.totals(.job(job.definition.name))
            guard try !contains(key, in: Buckets.totals) else { continue }
            found.change(RunTotals(), key, Buckets.totals)
            found.losses.append(("jobs count their runs anew", quoted(job.definition.name.text)))
        }
        let all = try fetch(RunTotals.self, .totals(.all), in: Buckets.totals)
        let least = inHistory.tally.runs > ofJobs.tally.runs ? inHistory : ofJobs
        if (all?.tally.runs ?? 0) < least.tally.runs {
            found.change(least, .totals(.all), Buckets.totals)
            found.losses.append(
                ("count of all runs was lost; it is worked out from what is known", "\(least.tally.runs)"))
        }
        return found
    }
}

extension WorkerRegistration {
    /// Stands for one of which nothing is known but its number.
    fileprivate init(lost id: WorkerID) {
        self.init(
            id: id, name: "lost", process: ProcessIdentity(pid: 0, startTicks: 0), bootID: BootID(""), host: "",
            queues: [], kinds: ServedKinds(commands: false, handlers: []), slots: 0, version: "", startedAt: .epoch)
    }
}
