// The walk behind every list of dispatches. It follows the index that has fewest entries for what is asked, looks at a
// bounded number of them, and says where it stopped, so that a list goes on from there and never begins again.

internal import OrderedStore
internal import SignalboxCore

/// What a walk has found.
struct DispatchSearch {
    /// Newest first.
    var found: [DispatchID] = []
    var looked = 0
    var next: DispatchID?
    var previous: DispatchID?
}

extension ReadTransaction where Self: ~Copyable {
    /// - Parameter most: how many dispatches are looked at, whether they match or not.
    func search(_ filter: DispatchFilter, lookingAt most: Int) throws -> DispatchSearch {
        guard filter.limit > 0 else { return DispatchSearch() }
        return try filter.after.map { try searchNewer(filter, than: $0, most) } ?? searchOlder(filter, most)
    }

    private func searchOlder(_ filter: DispatchFilter, _ most: Int) throws -> DispatchSearch {
        let (bucket, prefix) = try index(for: filter)
        var range = KeyRange(prefix: prefix.bytes)
        if let before = filter.before { range.upper = prefix.with(before).bytes }
        var (search, last) = try walk(bucket, range, .descending, filter, most)
        search.next = last
        if let before = filter.before { search.previous = search.found.first ?? DispatchID(max(before.number, 2) - 1) }
        return search
    }

    private func searchNewer(_ filter: DispatchFilter, than after: DispatchID, _ most: Int) throws -> DispatchSearch {
        let (bucket, prefix) = try index(for: filter)
        var range = KeyRange(prefix: prefix.bytes)
        let first = DispatchID(after.number == .max ? .max : after.number + 1)
        range.lower = prefix.with(first).bytes
        var (search, last) = try walk(bucket, range, .ascending, filter, most)
        search.found.reverse()
        search.previous = last
        search.next = search.found.last ?? first
        return search
    }

    /// - Returns: what was found in the order of the walk, and the last one looked at; nil when it came to the end.
    private func walk(
        _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder, _ filter: DispatchFilter, _ most: Int
    ) throws -> (DispatchSearch, last: DispatchID?) {
        let needle = filter.text.map(TextNeedle.init)
        var search = DispatchSearch()
        var (last, stopped): (DispatchID?, DispatchID?)
        try scan(bucket, range, order) { key, _ in
            guard search.found.count < filter.limit, search.looked < most else {
                stopped = last
                return .stop
            }
            let id = try dispatchID(atEndOf: copied(key), in: bucket)
            let dispatch = try indexed(id, by: bucket).dispatch
            if filter.matches(dispatch), try needle.map({ try occurs($0, in: dispatch) }) ?? true {
                search.found.append(id)
            }
            search.looked += 1
            last = id
            return .next
        }
        return (search, stopped)
    }

    /// The index that is walked; what it does not say is read from the records.
    private func index(for filter: DispatchFilter) throws -> (Bucket, Key) {
        switch (filter.job, filter.state) {
        case (nil, nil): return (Buckets.dispatches, Key())
        case (nil, let state?): return (Buckets.byState, Key().with(state))
        case (let job?, nil): return (Buckets.byJob, Key().with(job.text))
        case (let job?, let state?):
            let isJobRarer = UInt64(try count(job, in: DispatchState.allCases)) <= (try storeState().count(state))
            return isJobRarer ? (Buckets.byJob, Key().with(job.text)) : (Buckets.byState, Key().with(state))
        }
    }

    /// Only what may be shown is searched, so that nobody finds out a secret letter by letter.
    private func occurs(_ needle: TextNeedle, in dispatch: Dispatch) throws -> Bool {
        if let job = dispatch.job, needle.occurs(in: job.text) { return true }
        if needle.occurs(in: dispatch.queue.text) { return true }
        let request = try request(of: dispatch.id)
        if let key = request.unique?.text, needle.occurs(in: key) { return true }
        return needle.occurs(in: request.command.redacted.text)
    }
}

/// A text that is looked for in others.
struct TextNeedle {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = text.utf8.map(folded) }

    func occurs(in text: String) -> Bool {
        let text = text.utf8.map(folded)
        guard let first = bytes.first, text.count >= bytes.count else { return bytes.isEmpty }
        return (0...text.count - bytes.count).contains { start in
            text[start] == first && text[start..<start + bytes.count].elementsEqual(bytes)
        }
    }
}

/// Capital letters of ASCII as small ones.
private func folded(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
