import ArgumentParser
import SignalboxCore
import SignalboxStatus
import SignalboxStore

/// What to run: the words behind `--`, a line for the shell, or a handler.
struct CommandOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A line for /bin/sh -c, instead of a program and its arguments.", valueName: "line"))
    var shell: String?

    @Option(help: ArgumentHelp("Nothing to start: a handler that a worker has, by its name.", valueName: "name"))
    var handler: String?

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The program and its arguments.", valueName: "argument"))
    var program: [String] = []

    var isEmpty: Bool { shell == nil && handler == nil && program.isEmpty }

    func requireOne() throws {
        guard [shell != nil, handler != nil, !program.isEmpty].count(where: { $0 }) == 1 else {
            throw ValidationError(
                "say what to run: a program behind --, as in -- df -h, or --shell LINE, or --handler NAME")
        }
    }

    func command() throws -> Command {
        if let handler { return .handler(try HandlerName(handler)) }
        return shell.map { .shell($0) } ?? .program(program)
    }
}

/// Limits that what is run shares with others of the same key.
struct LimitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "At most MAX (1 unless it is said) with this key run at once, whatever their jobs and queues.",
            valueName: "KEY[:MAX]"),
        transform: Parse.concurrency)
    var concurrency: ConcurrencyLimit?

    @Option(
        help: ArgumentHelp(
            "With this key no more are started than so many in any such time, as in api:10/1m.",
            valueName: "KEY:COUNT/TIME"),
        transform: Parse.rate)
    var rate: RateLimit?

    var isEmpty: Bool { concurrency == nil && rate == nil }

    func apply(to work: inout Work) { (work.concurrency, work.rate) = (concurrency, rate) }
}

/// How the values of options are read: what is wrong with one is said in a sentence.
enum Parse {
    static func duration(_ text: String) throws -> Duration { try Duration(text: text) }

    /// As in 10m; or none.
    static func timeout(_ text: String) throws -> TimeoutSetting {
        TimeoutSetting(timeout: text == "none" ? nil : try Duration(text: text, in: Work.timeoutLimits))
    }

    /// "0; 1 to 1000 are possible", or nil where the number is.
    static func fault(inAttempts number: Int) -> String? {
        let possible = 1...JobDefinition.maxAttemptsLimit
        return possible.contains(number)
            ? nil : "\(number); \(possible.lowerBound) to \(possible.upperBound) are possible"
    }

    static func startBy(_ text: String) throws -> Duration {
        try Duration(text: text, in: JobDefinition.startByLimits)
    }

    /// A length of time that is more than none.
    static func window(_ text: String) throws -> Duration { try Duration(text: text, in: UniqueScope.windows) }

    static func retry(_ text: String) throws -> RetryPolicy { try RetryPolicy(text: text) }

    static func conflict(_ text: String) throws -> ConflictPolicy {
        guard let policy = ConflictPolicy(word: text) else { throw unknown(ConflictPolicy.allCases.map(\.word)) }
        return policy
    }

    static func parentFailure(_ text: String) throws -> ParentFailure {
        guard let policy = ParentFailure(word: text) else { throw unknown(ParentFailure.allCases.map(\.word)) }
        return policy
    }

    static func next(_ text: String) throws -> Bool {
        guard text == "next" else { throw unknown(["next"]) }
        return true
    }

    static func dispatch(_ text: String) throws -> DispatchID {
        guard let id = DispatchID(text: text) else {
            throw ValidationError("a dispatch has a whole number from 1 on, as `signalbox dispatches` shows it")
        }
        return id
    }

    static func state(_ text: String) throws -> DispatchState {
        guard let state = DispatchState(name: text) else { throw unknown(DispatchState.allCases.map(\.name)) }
        return state
    }

    static func overlap(_ text: String) throws -> OverlapRule {
        guard let rule = OverlapRule(text: text) else {
            throw unknown(OverlapPolicy.allCases.map { $0.word + ($0.takesLimit ? "[:LIMIT]" : "") })
        }
        return rule
    }

    static func catchUp(_ text: String) throws -> CatchUpPolicy.Mode {
        guard let mode = CatchUpPolicy.Mode(rawValue: text) else {
            throw unknown(CatchUpPolicy.Mode.allCases.map(\.rawValue))
        }
        return mode
    }

    static func durability(_ text: String) throws -> Durability {
        guard let durability = Durability(word: text) else { throw unknown(Durability.allCases.map(\.word)) }
        return durability
    }

    static func keep(_ text: String) throws -> KeepPolicy { try KeepPolicy(text: text) }

    static func concurrency(_ text: String) throws -> ConcurrencyLimit { try ConcurrencyLimit(text: text) }

    static func rate(_ text: String) throws -> RateLimit { try RateLimit(text: text) }

    static func rateOrNone(_ text: String) throws -> RateSetting {
        RateSetting(rate: text == "none" ? nil : try Rate(text: text))
    }

    static func address(_ text: String) throws -> ListenAddress { try ListenAddress(text: text) }

    static func feed(_ text: String) throws -> FeedAddress { try FeedAddress(text: text) }

    /// As in default,mail.
    static func queues(_ text: String) throws -> [QueueName] {
        let names = try text.split(separator: ",", omittingEmptySubsequences: false).map { try QueueName(String($0)) }
        guard Set(names).count == names.count else { throw ValidationError("a queue is named twice") }
        return names
    }

    /// As in NAME=value.
    static func variable(_ text: String) throws -> Variable {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2, !halves[0].isEmpty else { throw ValidationError("expected NAME=value") }
        if let fault = fault(inVariable: halves[0]) { throw ValidationError(fault) }
        return Variable(name: halves[0], value: halves[1])
    }

    /// What speaks against a variable of that name; nil when nothing does.
    static func fault(inVariable name: String) -> String? {
        if name.isEmpty || name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") }) {
            return "\(quoted(name)) is no name of a variable"
        }
        guard isReserved(variable: name) else { return nil }
        return "workers set the variables whose names begin with SIGNALBOX_, and nobody else does"
    }

    /// As in open_files=1024.
    static func limit(_ text: String) throws -> ProcessOptions.Limit {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2 else { throw ValidationError("expected NAME=value, as in open_files=1024") }
        let name = try ResourceLimit(word: halves[0])
        return ProcessOptions.Limit(name: name, value: try LimitValue(text: halves[1], of: name))
    }

    private static func unknown(_ known: [String]) -> ValidationError {
        ValidationError("known are \(known.joined(separator: ", "))")
    }
}

/// A variable of a command's environment.
struct Variable {
    let name: String
    let value: String
}

extension Array<Variable> {
    var dictionary: [String: String] { reduce(into: [:]) { $0[$1.name] = $1.value } }
}
