internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// The most due times of one job that are recounted at once.
    public static var ledgerLimit: Int { 1_000_000 }

    /// Recounts the due times after `start` and up to `end` from the schedules, and compares them with the occurrences
    /// of the store: each due time that a job has dealt with must have become exactly one dispatch, or be named by a
    /// SKIPPED record, and nothing else may be there. Changes nothing. Each job is one read transaction.
    /// - Parameters:
    ///   - start: nil: since each job got the schedule that it has.
    ///   - end: nil: up to where each job is.
    ///   - job: only this one; nil: all.
    ///   - zones: those that the jobs name.
    ///   - now: when it is asked; nil: wall times are those of the wall clock as it was last written down.
    /// - Throws: `notFound`; `invalid` when a job has more than ``ledgerLimit`` due times in that range, or names a zone
    ///   that was not read.
    public func verifySchedule(
        after start: Instant? = nil, through end: Instant? = nil, job: JobName? = nil, zones: ZoneTable, now: Now? = nil
    ) throws -> LedgerReport {
        let names = try job.map { [$0] } ?? engine.read { try $0.jobs() }.map(\.name)
        var report = LedgerReport()
        for name in names {
            try engine.read { transaction in
                guard let found = try transaction.job(name) else {
                    // Removed while we looked at the others.
                    guard job == nil else { throw StoreError.noJob(name) }
                    return
                }
                guard let zone = zones[found.definition.zone] else { throw StoreError.zoneNotRead(found) }
                let clock = JobClock(
                    kind: found.definition.schedule.clock, clock: try transaction.shownClock(at: now))
                try transaction.recount(
                    found, zone, clock, after: start, through: end, limit: Self.ledgerLimit, &report)
            }
        }
        return report
    }
}

/// A span of a job, and what of it is recounted.
private struct LedgerPart {
    let span: LedgerSpan
    /// The epoch of the span behind it, whose occurrences are not its own.
    let nextEpoch: UInt32?
    /// How far the job came in it.
    let end: Instant
    let window: LedgerWindow

    /// The ends are times on the schedule's own clock.
    static func parts(of job: Job, _ zone: Zone, after start: Instant?, through end: Instant?) -> [LedgerPart] {
        let spans = job.progress.spans
        return spans.indices.map { index in
            let span = spans[index]
            let reached = span.through ?? job.progress.cursor
            let window = LedgerWindow(
                schedule: job.definition.schedule, zone: zone, anchor: span.anchor,
                after: max(span.after, start ?? span.after), through: min(reached, end ?? reached))
            let nextEpoch = index + 1 < spans.count ? spans[index + 1].epoch : nil
            return LedgerPart(span: span, nextEpoch: nextEpoch, end: reached, window: window)
        }
    }

    func owns(_ line: OccurrenceLine) -> Bool {
        line.revision >= span.revision && line.epoch >= span.epoch && nextEpoch.map { line.epoch < $0 } ?? true
    }
}

/// The clock that a job's occurrences are kept on, and what the wall's showed then, as far as that can still be told: it
/// may have been set since.
private struct JobClock {
    let kind: DueClock
    let clock: StoreClock?

    func own(_ wall: Instant) -> Instant { clock?.time(on: kind, ofWall: wall) ?? wall }
    func wall(_ own: Instant) -> Instant { clock?.wall(of: own, on: kind) ?? own }

    func account(_ dispatch: Dispatch, _ time: Instant) -> LedgerEntry.Account {
        let wall = wall(time)
        guard kind != .wall, !dispatch.canStandFor(wall) else { return dispatch.account(of: wall) }
        return dispatch.scheduledFor.map { dispatch.account(of: $0) } ?? .coalesced
    }
}

/// The occurrences of a job under one revision and clock epoch, which stand in the order of their times.
struct OccurrenceLine {
    let job: JobName
    let revision: UInt32
    let epoch: UInt32

    /// The key of the first occurrence after `instant`.
    func key(after instant: Instant) -> [UInt8] {
        Key.occurrence(job, revision: revision, epoch: epoch, instant + .microseconds(1)).bytes
    }

    var start: [UInt8] {
        Key {
            $0.put(job.text)
            $0.put(revision)
            $0.put(epoch)
        }.bytes
    }
    var end: [UInt8]? { KeyRange(prefix: start).upper }
}

extension ReadTransaction where Self: ~Copyable {
    fileprivate func recount(
        _ job: Job, _ zone: Zone, _ clock: JobClock, after start: Instant?, through end: Instant?, limit: Int,
        _ report: inout LedgerReport
    ) throws {
        // The occurrences of a boot job are boots, which no schedule tells.
        guard job.definition.schedule != .boot else { return }
        let parts = LedgerPart.parts(of: job, zone, after: start.map(clock.own), through: end.map(clock.own))
        try checkSize(of: parts, job.name, limit)
        let lines = try occurrenceLines(of: job.name)
        var tally = LedgerTally()
        var faults: [LedgerFault] = []
        for part in parts {
            let own = lines.filter(part.owns)
            let found = try own.flatMap { try entries(of: $0, part.window, clock) }.sorted { $0.time < $1.time }
            tally += part.window.compare(found) { if faults.count < VerifyReport.limit { faults.append($0) } }
            for line in own { faults += try beyond(line, part.end, clock) }
        }
        if let fault = nextDueFault(job, zone) { faults.append(fault) }
        for fault in faults { report.fault("the job \(job.name): \(fault)") }
        let windows = parts.map(\.window)
        report.jobs.append(
            JobLedger(
                name: job.name, after: clock.wall(windows[0].after),
                through: clock.wall(max(windows[0].after, windows[windows.count - 1].through)), tally: tally))
    }

    private func checkSize(of parts: [LedgerPart], _ job: JobName, _ limit: Int) throws {
        let total = parts.map(\.window).reduce(0) {
            $0 + $1.schedule.count(after: $1.after, through: $1.through, in: $1.zone, anchor: $1.anchor)
        }
        guard total > limit else { return }
        throw StoreError(
            .invalid,
            "the job \(job) has \(total) due times in that range, and at most \(limit) are recounted at once: name a "
                + "shorter range, FROM..TO")
    }

    /// By leaps: however many occurrences there are, only one of each line is looked at.
    func occurrenceLines(of job: JobName) throws -> [OccurrenceLine] {
        var lines: [OccurrenceLine] = []
        var range = KeyRange(prefix: Key().with(job.text).bytes)
        while let key = try keys(Buckets.occurrences, range, limit: 1).first {
            var reader = KeyReader(key)
            guard reader.text() != nil, let revision = reader.shortNumber(), let epoch = reader.shortNumber() else {
                throw StoreError(.damaged, "the key \(hexadecimal(key)) in occurrences has another shape")
            }
            let line = OccurrenceLine(job: job, revision: revision, epoch: epoch)
            lines.append(line)
            guard let next = line.end else { break }
            range.lower = next
        }
        return lines
    }

    /// The occurrences in the window, and the last two before it: one of them may be a record that stands for some
    /// inside. (Of a pass that leaves such a record, at most one run lies before its end.)
    private func entries(
        of line: OccurrenceLine, _ window: LedgerWindow, _ clock: JobClock
    ) throws -> [LedgerEntry] {
        let start = line.key(after: window.after)
        let end = line.key(after: max(window.after, window.through))
        let before = try keys(Buckets.occurrences, KeyRange(from: line.start, to: start), .descending, limit: 2)
        let inside = try keys(Buckets.occurrences, KeyRange(from: start, to: end), limit: .max)
        return try (before + inside).map { try entry(ofKey: $0, line.job, clock) }
    }

    private func entry(ofKey key: [UInt8], _ job: JobName, _ clock: JobClock) throws -> LedgerEntry {
        var reader = KeyReader(Array(key.suffix(8)))
        let counter = try get(key.span, in: Buckets.occurrences) { value in
            guard let value else { throw RecordFault.shape }
            return try Counter(record: value, key: key.span)
        }
        let id = DispatchID(counter.value)
        guard let time = reader.instant() else { throw RecordFault.shape }
        guard let dispatch = try dispatchRecord(id)?.dispatch, dispatch.job == job, dispatch.occurrences > 0 else {
            return LedgerEntry(time: time, dispatch: id, account: .lost)
        }
        var entry = LedgerEntry(time: time, dispatch: id, account: clock.account(dispatch, time))
        if dispatch.isSummary, let first = dispatch.scheduledFor, let last = dispatch.lastScheduledFor {
            entry.further = dispatch.coalesced
            entry.last = time + first.duration(to: last)
        }
        return entry
    }

    /// Occurrences that nobody can have dealt with yet; a few of them tell enough.
    private func beyond(_ line: OccurrenceLine, _ end: Instant, _ clock: JobClock) throws -> [LedgerFault] {
        try keys(Buckets.occurrences, KeyRange(from: line.key(after: end), to: line.end), limit: 5).map { key in
            let stray = try entry(ofKey: key, line.job, clock)
            return .beyond(stray.time, stray.dispatch, through: end)
        }
    }

    private func nextDueFault(_ job: Job, _ zone: Zone) -> LedgerFault? {
        let progress = job.progress
        // With other zone data it is still to be planned.
        let isPlanned = job.definition.schedule.clock != .wall || progress.zoneFingerprint == zone.fingerprint
        guard isPlanned else { return nil }
        let computed = job.definition.schedule.next(after: progress.cursor, in: zone, anchor: progress.anchor)?.due
        return computed == progress.nextDue ? nil : .nextDue(stored: progress.nextDue, computed: computed)
    }
}
