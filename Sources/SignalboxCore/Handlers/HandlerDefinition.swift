/// A handler that any worker can start, in any language: a program that lives on, and is given one dispatch after the
/// other as lines of JSON. The article <doc:Handlers> of the module Signalbox describes what is said.
public struct HandlerDefinition: Hashable, Sendable {
    public var name: HandlerName
    /// The program; never another handler.
    public var command: Command
    /// Variables set for it besides the standard ones.
    public var environment: [String: String]
    /// Its working directory; nil means the worker's home directory.
    public var directory: String?

    public init(
        name: HandlerName, command: Command, environment: [String: String] = [:], directory: String? = nil
    ) {
        self.name = name
        self.command = command
        self.environment = environment
        self.directory = directory
    }
}
