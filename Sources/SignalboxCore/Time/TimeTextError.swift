/// A time or a duration that cannot be read. The message says what was found, what was expected, and the way out.
public struct TimeTextError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Not in any of the forms that are understood.
        case malformed
        /// In the right form, but no such date, hour or offset exists, or the value is outside its limits.
        case outOfRange
        /// A number without a unit.
        case unitMissing
    }

    public let code: Code
    public let message: String
    public var description: String { message }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
