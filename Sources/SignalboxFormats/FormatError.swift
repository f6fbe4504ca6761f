import SignalboxCore

/// A hand-written file that cannot be read. Its text is "FILE:LINE:COLUMN: what is wrong, what was expected".
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Not even of the file's syntax.
        case syntax
        /// Syntax that is understood and not wanted: anchors, tags, several documents.
        case unsupported
        /// A key that does not exist here.
        case unknownKey
        /// A key, or another of which only one may stand, that is there twice.
        case conflict
        /// Something that must be there is not.
        case missing
        /// A value that cannot be read or is out of range.
        case value
        /// Larger or deeper than is accepted.
        case tooLarge
    }

    public let code: Code
    public let file: String
    /// From 1.
    public let line: Int
    /// In characters, from 1.
    public let column: Int
    public let message: String

    public init(_ code: Code, file: String, line: Int, column: Int, _ message: String) {
        self.code = code
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String { "\(printable(file)):\(line):\(column): \(message)" }
}
