/// A schedule that cannot be read. The message names the field, what was found, where, and what is allowed there.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Not five or six fields, or nothing at all.
        case fieldCount
        /// Longer than any schedule.
        case tooLong
        /// Something in a field that is no value, range or step.
        case malformed
        /// A value or a step beyond what the field allows.
        case outOfRange
        /// An `@word` or an option that does not exist.
        case unknownWord
        /// A date that does not come within eight years of any time.
        case neverComes
        /// The duration or the time behind `@every` or `@at`.
        case operand
    }

    public let code: Code
    /// The name of the field, such as "day of month"; nil when the error is not about one.
    public let field: String?
    /// The whole text that was read.
    public let text: String
    /// Where in the text the trouble begins, counted in characters from 1.
    public let column: Int
    public let message: String

    init(_ code: Code, field: String? = nil, text: String, column: Int, _ message: String) {
        self.code = code
        self.field = field
        self.text = text
        self.column = column
        self.message = message
    }

    public var description: String { message }

    /// The text with a caret under the place, as two lines for a terminal.
    public var marked: String { printable(text) + "\n" + String(repeating: " ", count: max(0, column - 1)) + "^" }
}
