/// The contents of a TZif file (RFC 8536): a table of changes, and a rule for the time behind it.
struct ZoneFile: Sendable {
    struct Transition: Sendable {
        /// The first second with the new offset.
        let at: Int64
        let before: ZoneOffset
        let after: ZoneOffset
    }

    /// In order of time.
    private let table: [Transition]
    /// Before the first change.
    private let initial: ZoneOffset
    private let rule: ZoneRule?

    init(fixed offset: ZoneOffset) {
        table = []
        initial = offset
        rule = nil
    }

    init(_ bytes: [UInt8], name: String) throws(ZoneError) {
        guard bytes.count <= 1 << 20 else {
            throw ZoneError(.malformed, "\(quoted(name)): more than 1 MiB of zone data")
        }
        var reader = ZoneFileReader(bytes: bytes, name: name)
        let contents = try reader.contents()
        rule = contents.rule
        initial = contents.transitions.isEmpty ? contents.rule?.permanent ?? contents.types[0] : contents.types[0]
        var before = contents.types[0]
        var table: [Transition] = []
        for (time, type) in contents.transitions {
            // Instants reach some 9·10^12 seconds; earlier entries, such as the Big Bang of old files, are as good as
            // -∞.
            let clamped = min(max(time, Zone.start + 1), Zone.end - 1)
            table.append(Transition(at: clamped, before: before, after: contents.types[type]))
            before = contents.types[type]
        }
        self.table = table
    }

    func offset(at seconds: Int64) -> ZoneOffset {
        if let last = transition(atOrBefore: seconds) { return last.after }
        return initial
    }

    /// The newest change that has happened at `seconds`.
    func transition(atOrBefore seconds: Int64) -> Transition? {
        if isBehindTable(seconds), let rule {
            let tableEnd = table.last?.at ?? .min
            if let found = rule.transitions(around: seconds).last(where: { $0.at <= seconds && $0.at > tableEnd }) {
                return found
            }
        }
        let index = tableIndex(after: seconds)
        return index > 0 ? table[index - 1] : nil
    }

    /// The first change behind `seconds`.
    func transition(after seconds: Int64) -> Transition? {
        let index = tableIndex(after: seconds)
        if index < table.count { return table[index] }
        return rule?.transitions(around: seconds).first { $0.at > seconds }
    }

    private func isBehindTable(_ seconds: Int64) -> Bool { seconds >= table.last?.at ?? .min }

    /// The position of the first entry later than `seconds`.
    private func tableIndex(after seconds: Int64) -> Int {
        var (low, high) = (0, table.count)
        while low < high {
            let middle = (low + high) / 2
            if table[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
