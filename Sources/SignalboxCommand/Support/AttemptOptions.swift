import ArgumentParser
import SignalboxCore

/// How long and how often something may be started, and in which surroundings. What is not said depends on whether it
/// is a job or a request by itself.
struct AttemptOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long an attempt may run, or none (default: a job without limit, what is enqueued 1h).",
            valueName: "duration"),
        transform: Parse.timeout)
    var timeout: TimeoutSetting?

    @Option(
        help: ArgumentHelp(
            "Starts allowed before a failure is final (default: 1 of a job, 5 of what is enqueued).",
            valueName: "number"))
    var maxAttempts: Int?

    @Option(
        help: ArgumentHelp("A variable for the command; may be repeated.", valueName: "K=V"), transform: Parse.variable)
    var env: [Variable] = []

    @Option(help: ArgumentHelp("Where the command runs (default: the worker's home directory).", valueName: "dir"))
    var cwd: String?

    var isEmpty: Bool { timeout == nil && maxAttempts == nil && env.isEmpty && cwd == nil }

    func validate() throws {
        if let maxAttempts, let fault = Parse.fault(inAttempts: maxAttempts) {
            throw ValidationError("--max-attempts is \(fault)")
        }
    }
}

/// A limit of time, or that there is none.
struct TimeoutSetting {
    /// Nil: without limit.
    let timeout: Duration?
}
