internal import OrderedStore
internal import SignalboxCore

extension ReadTransaction where Self: ~Copyable {
    func storeState() throws -> StoreState {
        guard let state = try fetch(StoreState.self, StoreState.key, in: Buckets.meta) else {
            throw StoreError(.damaged, "the store has no state record; it was not made by Signalbox, or is damaged")
        }
        return state
    }

    func job(_ name: JobName) throws -> Job? {
        let key = Key.name(name.text)
        guard let definition = try fetch(JobDefinition.self, key, in: Buckets.jobs) else { return nil }
        guard let progress = try fetch(JobProgress.self, key, in: Buckets.jobProgress) else {
            throw StoreError(
                .damaged, "the job \(name) has a definition and no progress; `signalbox verify` tells more")
        }
        return Job(definition: definition, progress: progress)
    }

    /// Every job, in the order of their names.
    func jobs() throws -> [Job] {
        var names: [JobName] = []
        try records(JobDefinition.self, Buckets.jobs, .all) { _, definition in
            names.append(definition.name)
            return .next
        }
        return try names.compactMap { try job($0) }
    }

    /// The jobs whose next due time has come, the longest due first.
    func dueJobs(through now: Instant, limit: Int, except held: Set<JobName>) throws -> [JobName] {
        let range = KeyRange(from: [], to: Key().with(now + .microseconds(1)).bytes)
        let names = try keys(Buckets.jobDue, range, limit: limit + held.count).map { try jobName(ofDueKey: $0) }
        return Array(names.filter { !held.contains($0) }.prefix(limit))
    }

    /// The next time after `now` that a job falls due by the clock.
    func nextJobDue(after now: Instant) throws -> Instant? {
        let range = KeyRange(from: Key().with(now + .microseconds(1)).bytes, to: nil)
        guard let key = try keys(Buckets.jobDue, range, limit: 1).first else { return nil }
        var reader = KeyReader(key)
        return reader.instant()
    }

    private func jobName(ofDueKey key: [UInt8]) throws -> JobName {
        var reader = KeyReader(key)
        guard reader.instant() != nil, let text = reader.text(), let name = try? JobName(text) else {
            throw StoreError(.damaged, "the key \(hexadecimal(key)) in job.due has another shape")
        }
        return name
    }

    func count(_ subject: CounterSubject, _ state: DispatchState) throws -> UInt64 {
        try fetch(Counter.self, .counter(subject, state), in: Buckets.counters)?.value ?? 0
    }

    /// How many of a job's dispatches are in each of `states`.
    func count(_ job: JobName, in states: [DispatchState]) throws -> Int {
        try states.reduce(0) { $0 + Int(clamping: try count(.job(job), $1)) }
    }
}

/// A number that is kept.
struct Counter: Record {
    static let layout: UInt8 = 1
    var value: UInt64

    func write(to writer: inout RecordWriter) { writer.put(value) }
    static func read(from reader: inout RecordReader) throws -> Counter { Counter(value: try reader.number64()) }
}
