/// What the codes that a command exits with mean. One that is in neither set is a failure that another attempt may mend.
public struct ExitCodes: Hashable, Sendable {
    /// The command has done its work. 0 is always one of them.
    public let success: Set<UInt8>
    /// Another attempt would end the same.
    public let fatal: Set<UInt8>

    public init(success: Set<UInt8> = [], fatal: Set<UInt8> = standardFatal) {
        self.success = success.union([0])
        self.fatal = fatal.subtracting(self.success)
    }

    /// Wrong usage, wrong configuration, not executable, not found.
    public static let standardFatal: Set<UInt8> = [64, 78, 126, 127]

    /// "0, 3"
    public static func text(_ codes: Set<UInt8>) -> String {
        codes.isEmpty ? "none" : codes.sorted().map { "\($0)" }.joined(separator: ", ")
    }
}
