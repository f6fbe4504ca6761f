import SignalboxCore
import SignalboxStore

/// The parameters behind the `?`: each may be taken once, and what nobody took is an error, because a filter that is
/// misspelt and ignored would show everything as if it matched.
struct Query {
    private var values: [String: String] = [:]

    /// Reads "state=FAILED&job=backup".
    init(text: String) throws(TargetProblem) {
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = (percentDecoded(halves[0]), percentDecoded(halves.count > 1 ? halves[1] : ""))
            guard case (let name?, let value?) = decoded else {
                throw TargetProblem(.malformed, "The parameter \(quoted(pair)) is not percent-encoded UTF-8.")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw TargetProblem(.malformed, "The parameter \(quoted(name)) is given more than once.")
            }
        }
    }

    /// `refresh=off` or `refresh=on`, which is also what is meant when there is none.
    mutating func takeRefresh() throws(TargetProblem) -> Bool {
        switch values.removeValue(forKey: "refresh") {
        case nil, "on": return true
        case "off": return false
        case .some(let text): throw TargetProblem(.malformed, "refresh is \(quoted(text)), but can only be on or off.")
        }
    }

    mutating func takeFilter() throws(TargetProblem) -> DispatchFilter {
        var filter = DispatchFilter()
        let states = DispatchState.allCases.map(\.name).joined(separator: ", ")
        filter.state = try take("state", "one of \(states)") { DispatchState(name: $0) }
        filter.job = try takeJob("job")
        filter.queue = try take("queue", "the name of a queue") { try? QueueName($0) }
        filter.before = try take("before", "the number of a dispatch") { DispatchID(text: $0) }
        return filter
    }

    /// The name of a job.
    mutating func takeJob(_ name: String) throws(TargetProblem) -> JobName? {
        try take(name, "the name of a job") { try? JobName($0) }
    }

    /// Nil when there is none, or an empty one, as a form sends it.
    mutating func take<Value>(
        _ name: String, _ expected: String, _ read: (String) -> Value?
    ) throws(TargetProblem) -> Value? {
        guard let text = values.removeValue(forKey: name), !text.isEmpty else { return nil }
        guard let value = read(text) else {
            throw TargetProblem(.malformed, "\(name) is \(quoted(text)), but must be \(expected).")
        }
        return value
    }

    /// To be called when everything that is known has been taken.
    func finish() throws(TargetProblem) {
        guard let name = values.keys.sorted().first else { return }
        throw TargetProblem(.malformed, "There is no parameter \(quoted(name)) on this page.")
    }
}

/// `text` with `%2F` turned into `/` and `+` left alone; nil when it is not well formed, or not UTF-8 behind it.
func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexDigit) else { return nil }
        guard let low = rest.popFirst().flatMap(hexDigit) else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
