internal import OrderedStore
internal import SignalboxCore

extension JobStore {
    /// Reads every record of one snapshot, works out from the dispatches and jobs what every index and counter must
    /// say, and compares both ways. Changes nothing.
    public func verify() throws -> VerifyReport {
        try engine.read { transaction in try transaction.checked().report }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// Everything that was found, and what would mend it.
    ///
    /// Nearly every store is sound. So it is first asked only whether it is, which needs no look-up for most keys: see
    /// ``KeyTally``. Where it is not, all is gone through again, for the names of what is wrong.
    func checked() throws -> Check {
        let check = try checked(isNaming: false)
        return check.isSound ? check : try checked(isNaming: true)
    }

    private func checked(isNaming: Bool) throws -> Check {
        var check = Check(isNaming: isNaming)
        do { check.state = try storeState() } catch let error as StoreError {
            check.unreadable(error.description)
            return check
        }
        check.soundState = check.state
        try checkMeta(&check)
        try checkJobs(&check)
        try checkHandlers(&check)
        try checkDispatches(&check)
        try checkParts(&check)
        try checkOccurrences(&check)
        try checkUniqueKeys(&check)
        try checkWorkers(&check)
        try checkEvents(&check)
        for bucket in [
            Buckets.ready, Buckets.scheduled, Buckets.blocked, Buckets.running, Buckets.byState, Buckets.byJob,
            Buckets.jobDue, Buckets.active, Buckets.held, Buckets.uniqueEnds, Buckets.ended, Buckets.awaited,
            Buckets.standIns, Buckets.dueTimes,
        ] {
            try checkNoExtra(bucket, &check)
        }
        try checkLimits(&check)
        try checkCounters(&check)
        try checkHistory(&check)
        return check
    }

    /// The store's own records: each is known and can be read.
    private func checkMeta(_ check: inout Check) throws {
        try scan(Buckets.meta, .all, .ascending) { key, value in
            check.report.records += 1
            do {
                switch copied(key) {
                case StoreHeader.key.bytes:
                    let header = try StoreHeader(record: value, key: key)
                    if !header.isNamed { check.report.fault("the store's name is not 32 hexadecimal digits") }
                case StoreState.key.bytes: _ = try StoreState(record: value, key: key)
                case StoreSettings.key.bytes: _ = try StoreSettings(record: value, key: key)
                case BootRecord.key.bytes: _ = try BootRecord(record: value, key: key)
                case HandlersChange.key.bytes: _ = try Counter(record: value, key: key)
                case StoreClock.key.bytes: _ = try StoreClock(record: value, key: key)
                default: check.report.fault("meta has \(hexadecimal(copied(key))), which is nothing we know")
                }
            } catch {
                check.unreadable(
                    "the record \(wordsAndBytes(copied(key), Buckets.meta)) in meta cannot be believed: \(error)")
            }
            return .next
        }
    }

    private func checkJobs(_ check: inout Check) throws {
        try each(JobDefinition.self, Buckets.jobs, &check) { key, definition, check in
            let name = Key.name(definition.name.text)
            if name.bytes != key { check.report.fault("the job \(definition.name) stands under the name of another") }
            guard let progress = try fetch(JobProgress.self, name, in: Buckets.jobProgress) else {
                return check.report.fault("the job \(definition.name) has no progress record")
            }
            let job = Job(definition: definition, progress: progress)
            check.jobs[definition.name] = job
            if let key = job.dueKey { try expect(key.bytes, Buckets.jobDue, &check) }
        }
        try each(JobProgress.self, Buckets.jobProgress, &check) { key, _, check in
            if try !containsKey(key, in: Buckets.jobs) {
                check.report.fault("job.progress has \(hexadecimal(key)), which is no job")
            }
        }
    }

    private func checkHandlers(_ check: inout Check) throws {
        try each(HandlerDefinition.self, Buckets.handlers, &check) { key, definition, check in
            if Key.name(definition.name.text).bytes != key {
                check.report.fault("the handler \(definition.name) stands under the name of another")
            }
        }
    }

    private func checkDispatches(_ check: inout Check) throws {
        try each(DispatchRecord.self, Buckets.dispatches, &check) { key, record, check in
            let dispatch = record.dispatch
            if Key.dispatch(dispatch.id).bytes != key {
                check.report.fault("the record of dispatch \(dispatch.id) stands under the number of another")
            }
            if dispatch.id.number >= check.state.nextDispatch {
                check.soundState.nextDispatch = max(check.soundState.nextDispatch, dispatch.id.number + 1)
                check.report.fault("dispatch \(dispatch.id) is newer than the counter of numbers")
            }
            check.census.count(record)
            if !dispatch.keptStarts.isEmpty { check.started += 1 }
            if !check.isNaming { check.dispatches.note(dispatch.id.number) }
            check.occurrences.expect(dispatch)
            for fault in dispatch.inconsistencies { check.report.fault("dispatch \(dispatch.id) \(fault)") }
            let request = try fetch(Request.self, .dispatch(dispatch.id), in: Buckets.requests)
            try record.eachIndexEntry(work: { request?.work }) { bucket, key in
                try expect(key, bucket, &check)
            }
            try checkRequest(request, of: record, &check)
            try checkOwner(of: dispatch, &check)
        }
    }

    private func checkRequest(_ request: Request?, of record: DispatchRecord, _ check: inout Check) throws {
        let id = record.dispatch.id
        guard let request else { return check.report.fault("dispatch \(id) has no request") }
        check.requests += 1
        for fault in check.limits.add(record, request.work) { check.report.fault(fault) }
        try checkHolding(of: request.unique, by: record, &check)
        try checkBlocker(of: record.dispatch, request, &check)
        try checkRetention(of: record, request, &check)
        if request.command.handler != record.dispatch.handler {
            check.report.fault("dispatch \(id) is not for the handler that its request names")
        }
    }

    private func checkOwner(of dispatch: Dispatch, _ check: inout Check) throws {
        guard let claim = dispatch.claim else { return }
        guard let worker = try workerRegistration(claim.worker) else {
            return check.report.fault("dispatch \(dispatch.id) is held by worker \(claim.worker), which has no record")
        }
        if !worker.state.isActive {
            check.report.fault(
                "dispatch \(dispatch.id) is held by worker \(claim.worker), which is \(worker.state.word)")
        }
        if claim.token.number > check.state.sequence {
            check.soundState.sequence = max(check.soundState.sequence, claim.token.number)
            check.report.fault("the token of dispatch \(dispatch.id) is newer than the newest transaction")
        }
    }

    /// Requests, attempts and outputs must belong to a dispatch.
    private func checkParts(_ check: inout Check) throws {
        if check.isNaming {
            try each(Request.self, Buckets.requests, &check) { key, _, check in
                try checkBelongs(key, Buckets.requests, &check)
            }
        } else {
            // Each dispatch has read its own.
            let count = try count(Buckets.requests)
            check.report.records += count
            if count != check.requests { check.isUneven = true }
        }
        check.dispatches.rewind()
        try each(Attempt.self, Buckets.attempts, &check) { key, attempt, check in
            try checkBelongs(key, Buckets.attempts, &check)
            if let fault = attempt.timeFault {
                check.report.fault("the attempt of \(wordsAndBytes(key, Buckets.attempts)) \(fault)")
            }
        }
        check.dispatches.rewind()
        try each(OutputChunk.self, Buckets.outputs, &check) { key, _, check in
            try checkBelongs(key, Buckets.outputs, &check)
        }
        try eachMissingStart(of: check.started) { dispatch, numbers in
            let missing = numbers.count == 1 ? "attempt \(numbers.lowerBound)" : "\(numbers.count) attempts"
            check.report.fault("dispatch \(dispatch.id) lacks the record of \(missing)")
        }
        try eachMissingChunk { dispatch, attempt, numbers in
            let missing = numbers.count == 1 ? "part \(numbers.lowerBound)" : "\(numbers.count) parts"
            check.report.fault("the output of dispatch \(dispatch), attempt \(attempt), lacks \(missing)")
        }
    }

    private func checkBelongs(_ key: [UInt8], _ bucket: Bucket, _ check: inout Check) throws {
        guard check.isNaming else {
            if key.count < 8 || !check.dispatches.contains(key.span.number64(at: 0).byteSwapped) {
                check.isUneven = true
            }
            return
        }
        if try !containsKey(Array(key.prefix(8)), in: Buckets.dispatches) {
            check.report.fault("\(bucket.name) has \(wordsAndBytes(key, bucket)), which belongs to no dispatch")
        }
    }

    private func checkOccurrences(_ check: inout Check) throws {
        try each(Counter.self, Buckets.occurrences, &check) { key, counter, check in
            var reader = KeyReader(key)
            guard let text = reader.text(), let job = try? JobName(text), let revision = reader.shortNumber(),
                let epoch = reader.shortNumber(), let time = reader.instant(), reader.isAtEnd
            else { return check.report.fault("occurrences has \(hexadecimal(key)), which has another shape") }
            guard let dispatch = try dispatchRecord(DispatchID(counter.value))?.dispatch else {
                return check.report.fault(
                    "an occurrence of \(job) names dispatch \(counter.value), which has no record")
            }
            if dispatch.job != job || (check.isOfWallTime(job, revision) && !dispatch.canStandFor(time)) {
                check.report.fault(
                    "an occurrence of \(job) at \(time) names dispatch \(dispatch.id), which is of another")
            }
            check.occurrences.found(dispatch.id)
            if dispatch.job == job {
                let dueTime = Key.dueTime(dispatch.id, revision: revision, epoch: epoch, time)
                try expect(dueTime.bytes, Buckets.dueTimes, &check)
            }
            if let known = check.jobs[job], known.isBeyondCursor(time, revision, epoch) {
                check.report.fault("an occurrence of \(job) at \(time) lies beyond the job's cursor")
            }
        }
        try checkBalance(&check)
    }

    private func checkWorkers(_ check: inout Check) throws {
        try each(WorkerRegistration.self, Buckets.workers, &check) { key, registration, check in
            if Key.worker(registration.id).bytes != key {
                check.report.fault("the record of worker \(registration.id) stands under the number of another")
            }
            if registration.id.number >= check.state.nextWorker {
                check.soundState.nextWorker = max(check.soundState.nextWorker, registration.id.number + 1)
                check.report.fault("worker \(registration.id) is newer than the counter of numbers")
            }
        }
    }

    private func checkEvents(_ check: inout Check) throws {
        var bytes: UInt64 = 0
        var newest: UInt64 = 0
        var replay = EventReplay()
        try each(EventRecord.self, Buckets.events, &check) { key, record, check in
            newest = key.reduce(0) { $0 << 8 | UInt64($1) }
            for fault in replay.faults(of: record, newest) { check.report.fault(fault) }
            if record.changes.isEmpty { check.report.fault("event \(newest) has no change") }
        }
        try scan(Buckets.events, .all, .ascending) { _, value in
            bytes += UInt64(value.count)
            return .next
        }
        try checkReplay(replay, &check)
        if newest > check.state.sequence {
            check.soundState.sequence = max(check.soundState.sequence, newest)
            check.report.fault("event \(newest) is newer than the newest transaction")
        }
        check.soundState.eventBytes = bytes
        if bytes != check.state.eventBytes {
            check.report.fault("the events have \(bytes) bytes, and the store counts \(check.state.eventBytes)")
        }
    }

    private func checkCounters(_ check: inout Check) throws {
        check.soundState.counts = check.census.totals
        for state in DispatchState.allCases where check.soundState.count(state) != check.state.count(state) {
            check.report.fault(
                "\(check.soundState.count(state)) dispatches are \(state.name), and the store counts "
                    + "\(check.state.count(state))")
        }
        var left = check.census.counters
        try each(Counter.self, Buckets.counters, &check) { key, counter, check in
            let found = left.removeValue(forKey: key) ?? 0
            if found != counter.value {
                check.fault(
                    "the counter \(wordsAndBytes(key, Buckets.counters)) says \(counter.value), and there are \(found)",
                    found == 0 ? .delete(Buckets.counters, key: key) : .count(found, Buckets.counters, key))
            }
        }
        for (key, count) in left {
            check.fault(
                "the counter \(wordsAndBytes(key, Buckets.counters)) is missing; it should say \(count)",
                .count(count, Buckets.counters, key))
        }
    }

    private func checkLimits(_ check: inout Check) throws {
        try each(QueueRecord.self, Buckets.queues, &check) { key, record, check in
            for fault in faultsOfQueue(key, record) { check.report.fault(fault) }
        }
        let (faults, count) = try faultsOfLimits(&check.limits)
        check.report.records += count
        for fault in faults { check.add(fault) }
    }

    private func checkHistory(_ check: inout Check) throws {
        var (history, totals) = (HistoryCheck(), TotalsCheck(jobs: check.jobs))
        try each(RunTally.self, Buckets.history, &check) { key, tally, check in
            for fault in history.faults(of: key, tally) { check.report.fault(fault) }
            totals.count(historyOf: key, tally)
        }
        for fault in history.faultsAtEnd() { check.report.fault(fault) }
        try each(RunTotals.self, Buckets.totals, &check) { key, found, check in
            for fault in totals.faults(of: key, found) { check.report.fault(fault) }
        }
        for fault in totals.faultsAtEnd() { check.report.fault(fault) }
    }

    func expect(_ key: [UInt8], _ bucket: Bucket, _ check: inout Check) throws {
        try expect(key.span, bucket, &check)
    }

    func expect(_ expected: Span<UInt8>, _ bucket: Bucket, _ check: inout Check) throws {
        check.expect(expected, bucket)
        guard check.isNaming else { return }
        let key = copied(expected)
        if try !contains(key.span, in: bucket) {
            check.fault("\(bucket.name) lacks \(wordsAndBytes(key, bucket))", .mark(bucket, key))
        }
    }

    /// Every expected entry was found or named as missing; if there are others, they are named too.
    private func checkNoExtra(_ bucket: Bucket, _ check: inout Check) throws {
        var found = KeyTally()
        try scan(bucket, .all, .ascending) { key, _ in
            found.add(key, check.seed)
            return .next
        }
        check.report.records += found.count
        let expected = check.expected[bucket.index]
        guard check.isNaming else {
            if found != expected { check.isUneven = true }
            return
        }
        guard found.count > expected.count || !check.report.ok else { return }
        for key in try keys(bucket, .all, limit: .max) where try !isDue(key, in: bucket) {
            check.fault(
                "\(bucket.name) has \(wordsAndBytes(key, bucket)), which belongs to nothing", .delete(bucket, key: key))
        }
    }

    private func count(_ bucket: Bucket) throws -> Int {
        var count = 0
        try scan(bucket, .all, .ascending) { _, _ in
            count += 1
            return .next
        }
        return count
    }

    private func containsKey(_ key: [UInt8], in bucket: Bucket) throws -> Bool {
        try get(key.span, in: bucket) { $0 != nil }
    }

    /// Every record of a bucket; one that cannot be read is a fault and not the end.
    func each<Value: Record>(
        _: Value.Type, _ bucket: Bucket, _ check: inout Check,
        _ body: (_ key: [UInt8], Value, inout Check) throws -> Void
    ) throws {
        try scan(bucket, .all, .ascending) { key, value in
            check.report.records += 1
            let found: Value
            do { found = try Value(record: value, key: key) } catch {
                check.cannotRead(copied(key), bucket, error)
                return .next
            }
            // Another record that cannot be read is named where it stands.
            do { try body(copied(key), found, &check) } catch {
                check.report.fault(unbelievable(copied(key), bucket, error))
            }
            return .next
        }
    }
}

private func unbelievable(_ key: [UInt8], _ bucket: Bucket, _ error: any Error) -> String {
    "the record \(wordsAndBytes(key, bucket)) in \(bucket.name) cannot be believed: \(error)"
}

/// What has been worked out so far.
struct Check {
    /// Whether what is wrong is to be named; else only whether anything is.
    let isNaming: Bool
    /// Something is wrong that was not named.
    var isUneven = false
    var report = VerifyReport()
    var state = StoreState()
    /// The state as it should be, as far as it can be worked out.
    var soundState = StoreState()
    /// What would mend the faults that can be mended, at most ``Remedy/limit``.
    private(set) var remedies: [Remedy] = []
    /// What no other record makes up for, and cannot be read: some of the sentences.
    private(set) var unreadable: [String] = []
    var jobs: [JobName: Job] = [:]
    var census = Census()
    /// The keys that must be in each bucket, by the bucket's index.
    private(set) var expected = [KeyTally](repeating: KeyTally(), count: Buckets.all.count)
    let seed = KeyTally.Seed()
    /// The dispatches there are, and how many have a request; not where faults are named.
    var dispatches = NumberRuns()
    var requests = 0
    var occurrences = OccurrenceBalance()
    var limits = LimitsCheck()
    var claims = UniqueClaims()
    /// The dispatches of which there must be an attempt.
    var started = 0

    init(isNaming: Bool) { self.isNaming = isNaming }

    var isSound: Bool { report.ok && !isUneven && soundState == state }

    mutating func expect(_ key: Span<UInt8>, _ bucket: Bucket) { expected[bucket.index].add(key, seed) }

    mutating func fault(_ text: String, _ remedy: Remedy?) {
        report.fault(text)
        if let remedy { mend(remedy) }
    }

    /// What mends a fault that was named before.
    mutating func mend(_ remedy: Remedy) { if remedies.count < Remedy.limit { remedies.append(remedy) } }

    mutating func add(_ finding: Finding) {
        if finding.isUnreadable { unreadable(finding.sentence) } else { fault(finding.sentence, finding.remedy) }
    }

    mutating func unreadable(_ text: String) {
        report.fault(text)
        if unreadable.count < VerifyReport.limit { unreadable.append(text) }
    }

    /// A counter or a pointer is made anew, where it must be there; any other record is lost.
    mutating func cannotRead(_ key: [UInt8], _ bucket: Bucket, _ error: any Error) {
        let text = unbelievable(key, bucket, error)
        if Buckets.derived.contains(bucket) { fault(text, .delete(bucket, key: key)) } else { unreadable(text) }
    }

    /// Whether the occurrences of that revision are kept in wall time, as dispatches name their due times.
    func isOfWallTime(_ job: JobName, _ revision: UInt32) -> Bool {
        guard let known = jobs[job], known.progress.revision == revision else { return false }
        return known.definition.schedule.clock == .wall
    }
}

extension Dispatch {
    /// What of the record contradicts itself.
    fileprivate var inconsistencies: [String] {
        var faults: [String] = []
        if (claim != nil) != (state == .inProgress) {
            faults.append("is \(state.name) \(claim == nil ? "without" : "with") an owner")
        }
        if state == .blocked, blocker == nil, heldBy == nil { faults.append("is BLOCKED by nothing") }
        if (finished != nil) != state.isTerminal {
            faults.append("is \(state.name) and has \(finished == nil ? "no" : "a") time of its end")
        }
        if state == .inProgress, started == nil { faults.append("is IN_PROGRESS and was never started") }
        if let fault = timeFault { faults.append(fault) }
        if let parent, parent >= id { faults.append("was made of dispatch \(parent), which is no older") }
        if attempt > 0, started == nil { faults.append("has an attempt and no start") }
        return faults
    }
}
