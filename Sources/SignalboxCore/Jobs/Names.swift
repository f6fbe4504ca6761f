/// The name of a job: 1 to 128 ASCII letters, digits, `.`, `_`, `-`, `:`, beginning with a letter or digit.
///
/// The same characters are safe in a URL, a file name, a shell word and a key of the store.
public struct JobName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Throws ``NameError`` when `text` is no such name.
    public init(_ text: String) throws {
        self.text = try checkedName(text, of: "job")
    }

    /// The name that these bytes spell. Throws ``NameError`` when they are no such name.
    public init(utf8 bytes: Span<UInt8>) throws {
        text = try checkedName(bytes, of: "job")
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

    /// The name that these bytes spell. Throws ``NameError`` when they are no such name.
    public init(utf8 bytes: Span<UInt8>) throws {
        text = try checkedName(bytes, of: "queue")
    }

    private init(known text: String) { self.text = text }

    /// Where dispatches go that name no queue.
    public static let standard = QueueName(known: "default")

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The name of a handler: the same characters as a ``JobName``.
public struct HandlerName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Throws ``NameError`` when `text` is no such name.
    public init(_ text: String) throws {
        self.text = try checkedName(text, of: "handler")
    }

    /// The name that these bytes spell. Throws ``NameError`` when they are no such name.
    public init(utf8 bytes: Span<UInt8>) throws {
        text = try checkedName(bytes, of: "handler")
    }

    /// The handler that a job defines for itself.
    public init(of job: JobName) { text = job.text }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// A text that is no name of a job, queue or handler.
public struct NameError: Error, Hashable, CustomStringConvertible {
    public let description: String
}

private func checkedName(_ text: String, of kind: String) throws -> String {
    let limit = 128
    let bytes = text.utf8
    guard !bytes.isEmpty else { throw NameError(description: "a \(kind) name cannot be empty") }
    guard bytes.count <= limit else {
        throw NameError(description: "the \(kind) name has \(bytes.count) bytes; at most \(limit) are allowed")
    }
    guard bytes.span.isName else {
        throw NameError(
            description: "\(quoted(text)) is no \(kind) name: letters, digits and . _ - : are allowed, "
                + "beginning with a letter or digit, as in \(exampleNames[kind] ?? kind)")
    }
    return text
}

private let exampleNames = ["job": "backup-home", "queue": "default", "handler": "resize"]

private func checkedName(_ bytes: Span<UInt8>, of kind: String) throws -> String {
    guard let text = try? UTF8Span(validating: bytes) else {
        throw NameError(description: "the bytes of a \(kind) name are not UTF-8")
    }
    return bytes.isName ? String(copying: text) : try checkedName(String(copying: text), of: kind)
}

extension Span<UInt8> {
    /// Whether the bytes spell the name of a job, queue or handler.
    package var isName: Bool {
        guard (1...128).contains(count), self[0].isLetter || self[0].isDigit else { return false }
        for index in indices where !self[index].isNameCharacter { return false }
        return true
    }
}

extension UInt8 {
    /// A letter, a digit, or one of `.`, `_`, `-`, `:`.
    fileprivate var isNameCharacter: Bool {
        // One bit for each character of ASCII: those from 0 to 63, and those from 64 on.
        let marks: UInt64 = self < 64 ? 0x07FF_6000_0000_0000 : 0x07FF_FFFE_87FF_FFFE
        return self < 128 && marks &>> UInt64(self & 63) & 1 == 1
    }
}
