import SignalboxCore

/// A remark on one line of a file: what works differently here than the line may suggest.
public struct FormatNote: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1.
    public var line: Int
    public var message: String

    public init(file: String, line: Int, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    public var description: String { "\(printable(file)):\(line): \(message)" }
}
