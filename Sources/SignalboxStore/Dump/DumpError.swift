/// Why a file is no dump that can be believed.
public struct DumpError: Error, Hashable, CustomStringConvertible {
    /// The line that it was found in, 1 for the first.
    public let line: Int
    /// The byte of the line, 1 for the first; nil where the line as a whole is meant.
    public let column: Int?
    /// What was expected there, or what speaks against what was found.
    public let reason: String

    init(line: Int, column: Int? = nil, _ reason: String) {
        self.line = line
        self.column = column
        self.reason = reason
    }

    public var description: String { "line \(line)\(column.map { ", column \($0)" } ?? ""): \(reason)" }
}
