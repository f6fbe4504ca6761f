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
            let decoded = (formDecoded(halves[0]), formDecoded(halves.count > 1 ? halves[1] : ""))
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
        filter.text = try take("q", "a text of at most \(Self.textLimit) bytes") { text in
            text.utf8.count <= Self.textLimit ? text : nil
        }
        filter.before = try take("before", "the number of a dispatch") { DispatchID(text: $0) }
        filter.after = try take("after", "the number of a dispatch") { DispatchID(text: $0) }
        if filter.before != nil, filter.after != nil { throw Self.twoPlaces }
        return filter
    }

    /// The name of a job.
    mutating func takeJob(_ name: String) throws(TargetProblem) -> JobName? {
        try take(name, "the name of a job") { try? JobName($0) }
    }

    mutating func takeJobFilter() throws(TargetProblem) -> JobFilter {
        var filter = JobFilter()
        filter.after = try take("after", "the name of a job") { try? JobName($0) }
        filter.before = try take("before", "the name of a job") { try? JobName($0) }
        if filter.before != nil, filter.after != nil { throw Self.twoPlaces }
        return filter
    }

    /// How many are wanted at most; nil when nothing is said of it.
    mutating func takeLimit() throws(TargetProblem) -> Int? {
        try take("limit", "a number from 1 to \(Self.greatestLimit)") { text in
            Int(text).flatMap { (1...Self.greatestLimit).contains($0) ? $0 : nil }
        }
    }

    mutating func takeSequence() throws(TargetProblem) -> UInt64? {
        try take("since", "the number of a frame, or 0") { UInt64($0) }
    }

    private static let textLimit = 200
    private static let greatestLimit = 1000
    private static let twoPlaces = TargetProblem(
        .malformed, "Both before and after are given, but a list can only be read on from one place.")

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

/// The same of a form, which writes `+` for a blank.
private func formDecoded(_ text: some StringProtocol) -> String? {
    percentDecoded(String(text.map { $0 == "+" ? " " : $0 }))
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
