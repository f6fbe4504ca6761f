// What a key stands for, in words: whoever reads a fault knows dispatches, jobs and queues, and no bytes.

internal import OrderedStore
internal import SignalboxCore

/// A key as people know what it stands for, and byte by byte where it has another shape.
func words(_ key: [UInt8], _ bucket: Bucket) -> String { meaning(of: key, bucket) ?? hexadecimal(key) }

/// The same with the bytes behind it, for who looks for them with another tool.
func wordsAndBytes(_ key: [UInt8], _ bucket: Bucket) -> String {
    meaning(of: key, bucket).map { "\($0) (\(hexadecimal(key)))" } ?? hexadecimal(key)
}

private func meaning(of key: [UInt8], _ bucket: Bucket) -> String? {
    var reader = KeyReader(key)
    switch bucket {
    case Buckets.dispatches, Buckets.requests, Buckets.workers, Buckets.events, Buckets.standIns:
        guard let number = reader.number(), reader.isAtEnd else { return nil }
        return "\(number)"
    case Buckets.attempts:
        guard let number = reader.number(), let attempt = reader.shortNumber(), reader.isAtEnd else { return nil }
        return "\(number) attempt \(attempt)"
    case Buckets.outputs:
        guard let number = reader.number(), let attempt = reader.shortNumber(), let chunk = reader.shortNumber() else {
            return nil
        }
        return "\(number) attempt \(attempt) part \(chunk)"
    case Buckets.ready, Buckets.scheduled, Buckets.blocked, Buckets.running, Buckets.byState, Buckets.byJob,
        Buckets.active, Buckets.held, Buckets.ended, Buckets.awaited:
        guard key.count > 8 else { return nil }
        return "dispatch \(key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })"
    case Buckets.occurrences:
        guard let job = reader.text(), reader.shortNumber() != nil, reader.shortNumber() != nil,
            let time = reader.instant()
        else { return nil }
        return "\(quoted(job)) at \(time)"
    case Buckets.jobDue:
        guard reader.byte() != nil, let time = reader.instant(), let job = reader.text() else { return nil }
        return "\(quoted(job)) at \(time)"
    case Buckets.uniqueEnds:
        guard let time = reader.instant(), let text = reader.text() else { return nil }
        return "\(quoted(text)) until \(time)"
    case Buckets.counters:
        guard let kind = reader.byte(), let text = reader.text(),
            let state = reader.byte().flatMap({ DispatchState(rawValue: $0) })
        else { return nil }
        return "of \(state.name) in the \(kind == 1 ? "queue" : "job") \(quoted(text))"
    case Buckets.history:
        guard let hour = reader.instant(), let kind = reader.byte(), let text = reader.text() else { return nil }
        return "of \(kind == HistorySubject.all.kind ? "all" : quoted(text)) in the hour from \(hour)"
    case Buckets.totals, Buckets.limits:
        guard reader.byte() != nil, let text = reader.text(), reader.isAtEnd else { return nil }
        return text.isEmpty ? "of all" : quoted(text)
    default:
        guard let text = reader.text(), reader.isAtEnd, !text.isEmpty else { return nil }
        return quoted(text)
    }
}
