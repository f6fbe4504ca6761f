/// Why a command could not be started. Nothing of it ran.
public struct CommandStartError: Error, Hashable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// There is no such program, or the interpreter it names does not exist.
        case notFound
        /// It is there, but is not executable, or no program.
        case notExecutable
        /// Its working directory cannot be entered.
        case directory
        /// The account it is to run as does not exist, or is not one we can become.
        case account
        /// A limit or a niceness that we may not set.
        case setting
        /// Arguments and environment are larger than ``CommandLaunch/sizeLimit``.
        case tooLarge
        /// An argument, a variable or a path that no process can be given.
        case invalidText
        /// The machine could not make another process now; another attempt may succeed.
        case noResources
    }

    public let code: Code
    /// The cause, the value, and the way out.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
