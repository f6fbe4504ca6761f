/// The name of a job: 1 to 128 ASCII letters, digits, `.`, `_`, `-`, `:`, beginning with a letter or digit.
///
/// The same characters are safe in a URL, a file name, a shell word and a key of the store.
public struct JobName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Throws ``NameError`` when `text` is no such name.
    public init(_ text: String) throws {
        self.text = try checkedName(text, of: "job")
    }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The name of a queue: the same characters as a ``JobName``.
public struct QueueName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Throws ``NameError`` when `text` is no such name.
    public init(_ text: String) throws {
        self.text = try checkedName(text, of: "queue")
    }

    private init(known text: String) { self.text = text }

    /// Where dispatches go that name no queue.
    public static let standard = QueueName(known: "default")

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// A text that is no name of a job or queue.
public struct NameError: Error, Hashable, CustomStringConvertible {
    public let description: String
}

private func checkedName(_ text: String, of kind: String) throws -> String {
    let limit = 128
    let bytes = text.utf8
    guard let first = bytes.first else { throw NameError(description: "a \(kind) name cannot be empty") }
    guard bytes.count <= limit else {
        throw NameError(description: "the \(kind) name has \(bytes.count) bytes; at most \(limit) are allowed")
    }
    guard first.isLetter || first.isDigit,
        bytes.allSatisfy({ $0.isLetter || $0.isDigit || ".-_:".utf8.contains($0) })
    else {
        throw NameError(
            description: "\(quoted(text)) is no \(kind) name: letters, digits and . _ - : are allowed, "
                + "beginning with a letter or digit, as in \(kind == "job" ? "backup-home" : "default")")
    }
    return text
}
