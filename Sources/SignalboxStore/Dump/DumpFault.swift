/// What is wrong with a line of a dump.
struct DumpFault: Error, Hashable, CustomStringConvertible {
    /// The byte of the line, 1 for the first.
    let column: Int
    /// What was expected there, or what speaks against what was found.
    let reason: String

    var description: String { "column \(column): \(reason)" }
}
