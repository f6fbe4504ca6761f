import SignalboxCore

/// A mapping whose keys are known: every key is checked when it is opened, every value when it is asked for.
struct YAMLFields {
    let file: String
    let place: YAMLPlace
    private let entries: [String: YAMLEntry]

    /// - Parameters:
    ///   - what: what the mapping describes, for messages: "a job".
    ///   - keys: the keys that may be there.
    init(_ node: YAMLNode, file: String, what: String, keys: [String]) throws(FormatError) {
        self.file = file
        place = node.place
        guard case .mapping(let list) = node.value else {
            throw FormatError(
                .value, file: file, line: node.place.line, column: node.place.column,
                "\(what) must be a mapping of keys to values, not \(node.kind)")
        }
        for entry in list where !keys.contains(entry.key) {
            throw FormatError(
                .unknownKey, file: file, line: entry.place.line, column: entry.place.column,
                "\(what) has no key \(quoted(entry.key))" + Self.hint(for: entry.key, among: keys))
        }
        entries = Dictionary(uniqueKeysWithValues: list.map { ($0.key, $0) })
    }

    subscript(key: String) -> YAMLEntry? { entries[key] }

    /// Those of `keys` that are there, in the order of `keys`.
    func present(_ keys: [String]) -> [YAMLEntry] { keys.compactMap { entries[$0] } }

    /// The value of `key`, which must be a text that is not empty; nil when the key is not there.
    func text(_ key: String) throws(FormatError) -> String? {
        guard let entry = entries[key] else { return nil }
        return try text(of: entry.value, for: key)
    }

    func text(of node: YAMLNode, for key: String) throws(FormatError) -> String {
        guard case .scalar(let scalar) = node.value, !scalar.isNull else {
            throw error(node.place, "\(key) must be a text, not \(node.kind)")
        }
        guard !scalar.text.utf8.contains(0) else { throw error(node.place, "\(key) must not contain a NUL character") }
        return scalar.text
    }

    /// The value of `key` as `read` makes it of its text; what `read` throws becomes an error with its place.
    func value<Value>(_ key: String, _ read: (String) throws -> Value) throws(FormatError) -> Value? {
        guard let entry = entries[key], let text = try text(key) else { return nil }
        do { return try read(text) } catch { throw self.error(entry.value.place, "\(key): \(error)") }
    }

    /// A whole number in `range`.
    func number(_ key: String, in range: ClosedRange<Int>) throws(FormatError) -> Int? {
        guard let entry = entries[key], let text = try text(key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw error(
                entry.value.place,
                "\(key) is \(quoted(text)); expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number in `range`, with or without a fraction.
    func decimal(_ key: String, in range: ClosedRange<Double>) throws(FormatError) -> Double? {
        guard let entry = entries[key], let text = try text(key) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw error(
                entry.value.place,
                "\(key) is \(quoted(text)); expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// One of a few words.
    func word<Value>(_ key: String, _ known: [(word: String, value: Value)]) throws(FormatError) -> Value? {
        guard let entry = entries[key], let text = try text(key) else { return nil }
        guard let found = known.first(where: { $0.word == text }) else {
            let words = known.map(\.word)
            throw error(
                entry.value.place, "\(key) is \(quoted(text)); expected one of \(words.joined(separator: ", "))")
        }
        return found.value
    }

    /// A duration; zero only where `limits` allow it.
    func duration(_ key: String, in limits: ClosedRange<Duration>) throws(FormatError) -> Duration? {
        try value(key) { try Duration(text: $0, in: limits) }
    }

    func error(_ place: YAMLPlace, _ message: String, _ code: FormatError.Code = .value) -> FormatError {
        FormatError(code, file: file, line: place.line, column: place.column, message)
    }

    /// "; did you mean …?" or the whole list.
    private static func hint(for key: String, among keys: [String]) -> String {
        let distances = keys.map { (key: $0, distance: editDistance(key.lowercased(), $0)) }
        if let nearest = distances.min(by: { $0.distance < $1.distance }), nearest.distance <= max(1, key.count / 2) {
            return "; did you mean \(quoted(nearest.key))?"
        }
        return "; known are \(keys.joined(separator: ", "))"
    }
}

/// How many letters must be put in, left out or exchanged to turn one word into the other.
func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
    var row = Array(0...right.count)
    for (index, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in right.indices {
            let replaced = diagonal + (letter == right[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
        }
    }
    return row[right.count]
}
