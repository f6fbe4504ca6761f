/// Time zone data that cannot be used.
public struct ZoneError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The bytes are no TZif file (RFC 8536), or are cut short or inconsistent.
        case malformed
        /// The rule for the years behind the table is not of the POSIX form.
        case rule
        /// A file that counts leap seconds (`right/…`): wall time here does not.
        case leapSeconds
    }

    public let code: Code
    public let message: String
    public var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
