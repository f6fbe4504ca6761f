public import SignalboxCore

/// All that is needed to start one command.
public struct CommandLaunch: Hashable, Sendable {
    public var command: Command
    public var environment: CommandEnvironment
    /// Where it runs; nil means where this process runs.
    public var directory: String?
    /// What it reads on its standard input; empty means /dev/null. It is a file in memory, so nobody has to feed it.
    public var input: [UInt8]
    /// Whether it reads a pipe that we write to, instead of the input.
    public var hasInputPipe = false
    /// Whether it gets a pipe to us on descriptor 3.
    public var hasControlChannel: Bool
    /// The permissions that files it makes do not get.
    public var fileModeMask: FileModeMask
    /// The account it runs as; nil: ours.
    public var account: OtherAccount?
    /// Its niceness; nil: ours.
    public var nice: Int?
    /// What it is kept to; what is not named is as it is for us, or was when we began.
    public var limits: [ResourceLimit: LimitValue]

    public init(
        _ command: Command, environment: CommandEnvironment, directory: String? = nil, input: [UInt8] = [],
        hasControlChannel: Bool = false, fileModeMask: FileModeMask = .standard, account: OtherAccount? = nil,
        nice: Int? = nil, limits: [ResourceLimit: LimitValue] = [:]
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.input = input
        self.hasControlChannel = hasControlChannel
        self.fileModeMask = fileModeMask
        self.account = account
        self.nice = nice
        self.limits = limits
    }

    /// The most bytes that arguments and environment may have together, each with the zero that ends it.
    public static let sizeLimit = 131_072

    /// What the program gets as its arguments, its own name first.
    var arguments: [String] {
        switch command {
        case .program(let arguments): arguments
        case .shell(let line): ["/bin/sh", "-c", line]
        case .handler(let name): preconditionFailure("the handler \(name) is started by its definition")
        }
    }

    /// The paths to try in turn: the program's own when it contains a slash, else one in each folder of the PATH.
    var candidates: [String] {
        guard let name = arguments.first, !name.isEmpty else { return [] }
        if name.utf8.contains(UInt8(ascii: "/")) { return [name] }
        return environment.path.split(separator: ":", omittingEmptySubsequences: false).map { folder in
            folder.isEmpty ? "./\(name)" : "\(folder)/\(name)"
        }
    }

    /// Finds what the kernel would refuse, or would silently cut short.
    func check() throws(CommandStartError) {
        guard !candidates.isEmpty else {
            throw CommandStartError(.invalidText, "the command is empty: name a program")
        }
        let texts = arguments + environment.entries
        for text in texts + [directory ?? ""] where text.utf8.contains(0) {
            throw CommandStartError(
                .invalidText,
                "\"\(text.prefix(40))\" contains a zero byte, which no argument can: pass it on standard input")
        }
        if let name = environment.variables.keys.first(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) }) {
            throw CommandStartError(
                .invalidText, "\"\(name)\" is no name for a variable: it is empty or contains \"=\"")
        }
        let size = texts.reduce(0) { $0 + $1.utf8.count + 1 }
        guard size <= Self.sizeLimit else {
            throw CommandStartError(
                .tooLarge,
                "arguments and environment have \(size) bytes, the limit is \(Self.sizeLimit): "
                    + "pass large data on standard input")
        }
    }
}
