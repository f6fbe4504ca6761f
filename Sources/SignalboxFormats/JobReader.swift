import SignalboxCore

/// Reads one job of a jobs file.
struct JobReader {
    let machine: String
    let findZone: ((String?) throws -> Zone)?
    /// The zone of jobs that name none; nil: the machine's.
    let standardZone: String?

    private static let schedules = ["cron", "every", "at", "boot", "manual"]
    private static let commands = ["shell", "exec", "handler"]
    /// What a handler has for itself, or has no use for.
    private static let commandKeys = ["env", "cwd", "stdin", "user", "umask", "nice", "limits", "success", "fatal"]
    private static let keys =
        schedules + commands + processKeys + [
            "queue", "priority", "timeout", "max_attempts", "retry", "retry_for", "retry_until", "on_crash", "overlap",
            "catchup", "env", "cwd", "stdin", "payload", "start_by", "concurrency", "rate", "zone", "dst", "days",
            "keep",
        ]

    /// The job, and the handler that it defines for itself.
    func job(_ entry: YAMLEntry, file: String) throws(FormatError) -> (JobDefinition, HandlerDefinition?) {
        let name: JobName
        do { name = try JobName(entry.key) } catch {
            throw FormatError(.value, file: file, line: entry.place.line, column: entry.place.column, "\(error)")
        }
        let what = "the job \(quoted(entry.key))"
        let fields = try YAMLFields(entry.value, file: file, what: what, keys: Self.keys)
        let zone = try Self.zone(fields, find: findZone) ?? standardZone
        let schedule = try schedule(fields, what: what, name: name, zone: zone)
        let (command, handler) = try command(fields, what: what, name: name)
        var job = JobDefinition(name: name, schedule: schedule, zone: zone, command: command)
        try treatment(fields, of: &job)
        try surroundings(fields, of: &job)
        try process(fields, of: &job.work)
        return (job, handler)
    }

    /// The value of `zone`, checked as far as that is possible here.
    static func zone(_ fields: YAMLFields, find: ((String?) throws -> Zone)?) throws(FormatError) -> String? {
        try fields.value("zone") { name in
            guard Zone.isWellFormed(name: name) else {
                throw TimeTextError(
                    .malformed, "\(quoted(name)) is no name of a zone; expected one such as Europe/Berlin")
            }
            _ = try find?(name)
            return name
        }
    }

    /// The one entry of `keys` that must be there.
    private func only(_ keys: [String], _ fields: YAMLFields, _ missing: String) throws(FormatError) -> YAMLEntry {
        let present = fields.present(keys).sorted {
            ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column)
        }
        guard let first = present.first else { throw fields.error(fields.place, missing, .missing) }
        guard present.count == 1 else {
            throw fields.error(
                present[1].place,
                "\(first.key) and \(present[1].key) exclude each other: give exactly one of "
                    + keys.joined(separator: ", "), .conflict)
        }
        return first
    }
}

// MARK: - When and what

extension JobReader {
    private func schedule(
        _ fields: YAMLFields, what: String, name: JobName, zone: String?
    ) throws(FormatError) -> Schedule {
        let entry = try only(
            Self.schedules, fields,
            "\(what) does not say when it runs: give one of \(Self.schedules.joined(separator: ", "))")
        if entry.key != "cron", let option = fields.present(["dst", "days"]).first {
            throw fields.error(option.place, "\(option.key) goes with cron only, not with \(entry.key)", .conflict)
        }
        switch entry.key {
        case "every": return .every(try fields.duration("every", in: Schedule.periods) ?? .zero)
        case "at": return .at(try time(fields, zone: zone))
        case "boot": return try flag(fields, "boot", .boot)
        case "manual": return try flag(fields, "manual", .manual)
        default: return try cron(fields, name: name)
        }
    }

    private func cron(_ fields: YAMLFields, name: JobName) throws(FormatError) -> Schedule {
        let rule = try fields.word("dst", DaylightRule.allCases.map { ($0.rawValue, $0) }) ?? .cron
        let days = try fields.word("days", DayRule.allCases.map { ($0.rawValue, $0) }) ?? .either
        let seed = "\(machine) \(name)"
        let expression = try fields.value("cron") { try CronExpression.parse($0, days: days, seed: seed) }
        guard let expression else { throw fields.error(fields.place, "cron is missing", .missing) }
        return .cron(expression, rule)
    }

    private func time(_ fields: YAMLFields, zone: String?) throws(FormatError) -> Instant {
        let time = try fields.value("at") { text in
            guard let findZone else { return try Instant(text: text) }
            guard text.utf8.first.map({ (0x30...0x39).contains($0) }) == true, text.utf8.count > 8 else {
                throw TimeTextError(
                    .malformed, "\(quoted(text)) is not a time; in a file it needs a date, as in 2026-11-22 14:30")
            }
            return try Instant(text: text, zone: try findZone(zone), now: .epoch)
        }
        guard let time else { throw fields.error(fields.place, "at is missing", .missing) }
        return time
    }

    private func flag(_ fields: YAMLFields, _ key: String, _ schedule: Schedule) throws(FormatError) -> Schedule {
        _ = try fields.word(key, [("true", true)])
        return schedule
    }

    private func command(
        _ fields: YAMLFields, what: String, name: JobName
    ) throws(FormatError) -> (Command, HandlerDefinition?) {
        let entry = try only(
            Self.commands, fields,
            "\(what) does not say what it runs: give shell: a line, exec: [program, argument], or handler: a name")
        guard entry.key == "handler" else { return (try fields.command(entry), nil) }
        guard case .mapping = entry.value.value else {
            return (try fields.value("handler", HandlerName.init).map { .handler($0) } ?? .program([]), nil)
        }
        let handler = try HandlerReader.handler(HandlerName(of: name), entry.value, what: "handler", fields)
        return (.handler(handler.name), handler)
    }
}

extension YAMLFields {
    /// The value of `shell`, `exec` or `command`.
    func command(_ entry: YAMLEntry) throws(FormatError) -> Command {
        let fields = self
        if entry.key == "shell" {
            let line = try fields.text(of: entry.value, for: "shell")
            guard !line.trimmed.isEmpty else { throw fields.error(entry.value.place, "shell is empty") }
            return .shell(line)
        }
        guard case .sequence(let items) = entry.value.value, !items.isEmpty else {
            throw fields.error(
                entry.value.place, "\(entry.key) must be a list of a program and its arguments, as in [df, -h, /]")
        }
        var arguments: [String] = []
        for item in items { arguments.append(try argument(item, of: entry.key)) }
        guard !arguments[0].isEmpty else { throw fields.error(items[0].place, "the program of \(entry.key) is empty") }
        return .program(arguments)
    }

    /// An argument; unlike other texts it may be empty, and `~` and `null` are texts.
    private func argument(_ node: YAMLNode, of key: String) throws(FormatError) -> String {
        guard case .scalar(let scalar) = node.value, !scalar.text.utf8.contains(0) else {
            throw error(node.place, "an argument of \(key) must be a text without NUL, not \(node.kind)")
        }
        return scalar.text
    }
}

// MARK: - How

extension JobReader {
    /// Queue, attempts, and what happens when something goes wrong.
    private func treatment(_ fields: YAMLFields, of job: inout JobDefinition) throws(FormatError) {
        if let queue = try fields.value("queue", QueueName.init) { job.queue = queue }
        if let priority = try fields.number("priority", in: 0...255) { job.priority = UInt8(priority) }
        job.timeout = try fields.duration("timeout", in: Work.timeoutLimits)
        if let attempts = try fields.number("max_attempts", in: 1...JobDefinition.maxAttemptsLimit) {
            job.maxAttempts = attempts
        }
        job.rescue =
            try fields.word("on_crash", RescuePolicy.allCases.map { ($0.word, $0) })
            ?? JobDefinition.standardRescue(maxAttempts: job.maxAttempts)
        if let retry = fields["retry"] { job.retry = try self.retry(retry, fields) }
        job.retry.limit = try fields.duration("retry_for", in: Work.timeoutLimits)
        job.retry.endsAtNext = try fields.word("retry_until", [("next", true)]) ?? false
        if let overlap = fields["overlap"] { job.overlap = try self.overlap(overlap, fields) }
        job.concurrency = try concurrency(fields)
        job.rate = try rate(fields)
        job.startBy = try fields.duration("start_by", in: JobDefinition.startByLimits)
        if let catchUp = fields["catchup"] { job.catchUp = try self.catchUp(catchUp, fields) }
        if let keep = fields["keep"] { job.keep = try self.keep(keep, fields) }
    }

    private func keep(_ entry: YAMLEntry, _ job: YAMLFields) throws(FormatError) -> KeepPolicy {
        if case .scalar = entry.value.value { return try job.word("keep", [("forever", KeepPolicy.forever)]) ?? .unset }
        let fields = try YAMLFields(entry.value, file: job.file, what: "keep", keys: KeepPolicy.names.map(\.name))
        var policy = KeepPolicy()
        for (name, path) in KeepPolicy.names {
            policy[keyPath: path] = try fields.value(name) { try KeepLimit(text: $0) }
        }
        return policy
    }

    private func overlap(_ entry: YAMLEntry, _ job: YAMLFields) throws(FormatError) -> OverlapRule {
        let policies = OverlapPolicy.allCases.map { (word: $0.word, value: $0) }
        if case .scalar = entry.value.value { return OverlapRule(try job.word("overlap", policies) ?? .skip) }
        let fields = try YAMLFields(entry.value, file: job.file, what: "overlap", keys: ["policy", "max"])
        guard let policy = try fields.word("policy", policies) else {
            throw fields.error(fields.place, "overlap does not say which policy: expected {policy: allow, max: 3}")
        }
        let limit = try fields.number("max", in: OverlapRule.limits)
        guard limit == nil || policy.takesLimit else {
            throw fields.error(
                fields.place, "max goes with allow and queue-all only, not with \(policy.word)", .conflict)
        }
        return OverlapRule(policy, limit: limit)
    }

    private func concurrency(_ job: YAMLFields) throws(FormatError) -> ConcurrencyLimit? {
        guard let entry = job["concurrency"] else { return nil }
        if case .scalar = entry.value.value { return try job.value("concurrency") { try ConcurrencyLimit(text: $0) } }
        let fields = try YAMLFields(entry.value, file: job.file, what: "concurrency", keys: ["key", "max"])
        let max = try fields.number("max", in: ConcurrencyLimit.limits)
        return ConcurrencyLimit(key: try limitKey(fields), max: max ?? 1)
    }

    private func rate(_ job: YAMLFields) throws(FormatError) -> RateLimit? {
        guard let entry = job["rate"] else { return nil }
        if case .scalar = entry.value.value { return try job.value("rate") { try RateLimit(text: $0) } }
        let fields = try YAMLFields(entry.value, file: job.file, what: "rate", keys: ["key", "count", "per"])
        guard let count = try fields.number("count", in: Rate.counts),
            let per = try fields.duration("per", in: Rate.periods)
        else { throw fields.error(fields.place, "expected {key: api, count: 10, per: 1m}", .missing) }
        return RateLimit(key: try limitKey(fields), rate: Rate(count: count, per: per))
    }

    private func limitKey(_ fields: YAMLFields) throws(FormatError) -> String {
        let key = try fields.value("key") { text in
            if let fault = LimitKey.fault(of: text) { throw LimitTextError(fault) }
            return text
        }
        guard let key else { throw fields.error(fields.place, "key is missing: it names what is limited", .missing) }
        return key
    }

    private func catchUp(_ entry: YAMLEntry, _ job: YAMLFields) throws(FormatError) -> CatchUpPolicy {
        let modes = CatchUpPolicy.Mode.allCases.map { (word: $0.rawValue, value: $0) }
        if case .scalar = entry.value.value {
            return CatchUpPolicy(mode: try job.word("catchup", modes) ?? .latest)
        }
        let fields = try YAMLFields(entry.value, file: job.file, what: "catchup", keys: ["mode", "window", "max"])
        var policy = CatchUpPolicy()
        if let mode = try fields.word("mode", modes) { policy.mode = mode }
        policy.window = try fields.duration("window", in: .seconds(1)...Duration.accepted.upperBound)
        if let maximum = try fields.number("max", in: CatchUpPolicy.maximumLimits) { policy.maximum = maximum }
        return policy
    }

    /// Environment, directory and standard input.
    private func surroundings(_ fields: YAMLFields, of job: inout JobDefinition) throws(FormatError) {
        guard job.command.handler == nil else {
            if let entry = fields.present(Self.commandKeys).first {
                throw fields.error(
                    entry.place,
                    "\(entry.key) goes with shell and exec only: a handler has env and cwd of its own, and is given "
                        + "a payload", .conflict)
            }
            if let payload = fields["payload"] { job.input = try fields.json(payload.value) }
            return
        }
        if let entry = fields["payload"] {
            throw fields.error(entry.place, "payload goes with handler only; a command reads stdin", .conflict)
        }
        job.environment = try fields.environment()
        if let input = try fields.text("stdin") { job.input = Array(input.utf8) }
        job.directory = try fields.directory()
    }
}

extension YAMLFields {
    /// The value of `cwd`.
    func directory() throws(FormatError) -> String? {
        guard let entry = self["cwd"] else { return nil }
        let directory = try text(of: entry.value, for: "cwd")
        guard directory.hasPrefix("/") else {
            throw error(entry.value.place, "cwd is \(quoted(directory)); expected a path that begins with /")
        }
        return directory
    }

    /// The value of `env`.
    func environment() throws(FormatError) -> [String: String] {
        guard let entry = self["env"] else { return [:] }
        let fields = self
        guard case .mapping(let variables) = entry.value.value else {
            throw fields.error(entry.value.place, "env must be a mapping of names to texts, not \(entry.value.kind)")
        }
        var environment: [String: String] = [:]
        for variable in variables {
            guard !variable.key.isEmpty, !variable.key.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") })
            else {
                throw fields.error(variable.place, "\(quoted(variable.key)) is no name of a variable")
            }
            guard !isReserved(variable: variable.key) else {
                throw fields.error(
                    variable.place,
                    "\(variable.key) cannot be set: workers set the variables whose names begin with SIGNALBOX_")
            }
            guard case .scalar(let scalar) = variable.value.value, !scalar.text.utf8.contains(0) else {
                throw fields.error(
                    variable.value.place,
                    "the variable \(variable.key) must be a text without NUL, not \(variable.value.kind)")
            }
            environment[variable.key] = scalar.text
        }
        return environment
    }
}
