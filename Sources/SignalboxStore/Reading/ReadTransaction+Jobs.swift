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

    /// The job whose definition stands under `key`.
    func job(ofKey key: [UInt8]) throws -> Job {
        var reader = KeyReader(key)
        guard let text = reader.text(), let name = try? JobName(text), let job = try job(name) else {
            throw StoreError(.damaged, "the key \(hexadecimal(key)) in jobs names no job")
        }
        return job
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

    /// The newest revision of a job, there still or not, under which a due time was dealt with; nil when none was.
    func newestRevision(ofOccurrences job: JobName) throws -> UInt32? {
        let range = KeyRange(prefix: Key().with(job.text).bytes)
        guard let key = try keys(Buckets.occurrences, range, .descending, limit: 1).first else { return nil }
        var reader = KeyReader(key)
        return reader.text() == nil ? nil : reader.shortNumber()
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
