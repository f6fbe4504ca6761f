import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Enqueue: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a command into a queue, to be run once by a worker, and print its number.",
        usage: "signalbox enqueue [options] (-- ARGV… | --shell LINE | --handler NAME | --stdin)",
        discussion: """
            When the number is printed, the request is on the disk.

            With --stdin each line is a request as a JSON object with the fields command (a list) or shell (with stdin, \
            env and cwd), or handler (with a payload), and queue, priority, delay, unique, unique_scope, unique_window, \
            on_conflict, after (a list of numbers), on_parent_fail, timeout, max_attempts, retry, retry_for, concurrency \
            and rate: \
            {"command": ["resize", "7"], "queue": "photos"}, {"handler": "resize", "payload": {"photo": 7}}. They are \
            enqueued by the thousand; what is wrong with a line ends it there, and all lines before it count. Lines that \
            name no queue or priority have those of the options.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption
    @OptionGroup var what: CommandOptions

    @Option(
        help: ArgumentHelp(
            "What the command reads on its standard input, or the handler is given: JSON, or a file, or - for ours.",
            valueName: "-|file|json"))
    var payload: String?

    @Option(help: "The queue.")
    var queue = QueueName.standard.text

    @Option(help: "0 is claimed first, 255 last.")
    var priority = JobDefinition.standardPriority

    @Option(help: ArgumentHelp("Not before so much time has passed.", valueName: "duration"), transform: Parse.duration)
    var delay: Duration?

    @Option(help: ArgumentHelp("Not before this time: 14:30, 2026-11-22T14:30:00Z, +10m.", valueName: "time"))
    var at: String?

    @OptionGroup var unique: UniqueOptions

    @Option(
        help: ArgumentHelp("Only once this dispatch has succeeded; may be repeated.", valueName: "id"),
        transform: Parse.dispatch)
    var after: [DispatchID] = []

    @Option(
        help: ArgumentHelp(
            "If that has failed: cancel (the standard), run all the same, or wait until it was requeued and succeeded.",
            valueName: "policy"),
        transform: Parse.parentFailure)
    var onParentFail: ParentFailure?

    @OptionGroup var attempt: AttemptOptions
    @OptionGroup var retry: RetryOptions

    @OptionGroup var limits: LimitOptions
    @OptionGroup(title: "Process") var process: ProcessOptions

    @Flag(help: "Read requests from standard input, one JSON object a line.")
    var stdin = false

    func validate() throws {
        if stdin {
            guard what.isEmpty, delay == nil, at == nil, unique.isEmpty, after.isEmpty, onParentFail == nil,
                retry.isEmpty, limits.isEmpty, attempt.isEmpty, payload == nil, process.settings == ProcessSettings()
            else {
                throw ValidationError("with --stdin each line says for itself what to run, and when")
            }
            return
        }
        try what.requireOne()
        if delay != nil, at != nil { throw ValidationError("--delay and --at exclude each other") }
        if unique.onConflict == .debounce, delay == nil {
            throw ValidationError("--on-conflict debounce needs --delay")
        }
        if onParentFail != nil, after.isEmpty { throw ValidationError("--on-parent-fail needs --after") }
    }

    func run() throws {
        let queue = try QueueName(queue)
        if stdin {
            let defaults = EnqueueLine.Defaults(queue: queue, priority: priority)
            return try BulkEnqueue(open: { try store.open(.create) }, defaults: defaults, isJSON: output.json).run()
        }
        let now = try currentTime()
        var request = Request(
            command: try what.command(), environment: attempt.env.dictionary, directory: attempt.cwd,
            input: try input(), timeout: attempt.timeout.map(\.timeout) ?? Enqueuing.standardTimeout,
            retry: retry.policy, unique: try unique.key(), after: after, onParentFail: onParentFail ?? .cancel)
        limits.apply(to: &request.work)
        request.process = process.settings
        let item = Enqueuing(
            request: request, queue: queue, priority: priority,
            maxAttempts: attempt.maxAttempts ?? Enqueuing.standardAttempts, due: try due(now), delay: delay)
        let enqueued = try store.open(.create).enqueue(item, now: now)
        if output.json { return try JSON.write(Answer(enqueued)) }
        Terminal.writeLine("\(enqueued.id)")
    }

    /// What begins as JSON does is meant as it is; anything else is a name of a file.
    private func input() throws -> [UInt8] {
        guard let payload else { return [] }
        return JSONText(payload) == nil ? try Terminal.read(payload, limit: Request.inputLimit) : Array(payload.utf8)
    }

    private func due(_ now: Now) throws -> Instant? {
        try at.map { try Instant(text: $0, zone: try ZoneFiles().machine(), now: now.wall) }
    }

    private struct Answer: Encodable {
        let id: UInt64
        let deduplicated: Bool
        /// Null where none was.
        let replaced: UInt64?

        private enum CodingKeys: String, CodingKey { case id, deduplicated, replaced }

        init(_ enqueued: Enqueued) {
            id = enqueued.id.number
            deduplicated = enqueued.deduplicated
            replaced = enqueued.replaced?.number
        }

        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(id, forKey: .id)
            try fields.encode(deduplicated, forKey: .deduplicated)
            try fields.encode(replaced, forKey: .replaced)
        }
    }
}
