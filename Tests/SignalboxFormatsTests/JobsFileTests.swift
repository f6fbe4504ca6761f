import SignalboxCore
import SignalboxFormats
import Testing

private func parse(_ text: String) throws -> [JobDefinition] { try JobsFile.parse(text: text, fileName: "jobs.yaml") }

/// The one job of a file whose lines these are.
private func job(_ lines: String...) throws -> JobDefinition {
    let jobs = try parse("jobs:\n  a:\n" + lines.map { "    \($0)\n" }.joined())
    return try #require(jobs.first)
}

@Suite struct `A jobs file` {
    @Test func `gives every job with all that it says, in order`() throws {
        let jobs = try parse(
            """
            zone: Europe/Berlin
            jobs:
              disk:
                every: 10s
                shell: df -h /
                queue: reports
                priority: 7
                timeout: 30s
                max_attempts: 3
                retry: {base: 2s, factor: 1.5, cap: 10m, jitter: 0}
                retry_for: 2h
                retry_until: next
                on_crash: fail
                overlap: queue-one
                catchup: {mode: all, window: 1h, max: 10}
                env: {PORT: 8080, EMPTY: , NO: no}
                cwd: /tmp
                stdin: "line\\n"
                zone: UTC
              backup:
                cron: "30 2 * * *"
                exec: [/bin/backup, "", ~, 7]
            """)
        var disk = JobDefinition(
            name: try JobName("disk"), schedule: .every(.seconds(10)), zone: "UTC", queue: try QueueName("reports"),
            priority: 7, command: .shell("df -h /"), environment: ["PORT": "8080", "EMPTY": "", "NO": "no"],
            directory: "/tmp", input: Array("line\n".utf8), timeout: .seconds(30), maxAttempts: 3,
            retry: RetryPolicy(base: .seconds(2), factor: 1.5, cap: .seconds(600), jitter: 0), overlap: .queueOne,
            catchUp: CatchUpPolicy(mode: .all, window: .seconds(3_600), maximum: 10))
        disk.rescue = .fail
        disk.retry.limit = .seconds(7200)
        disk.retry.endsAtNext = true
        let backup = JobDefinition(
            name: try JobName("backup"), schedule: try Schedule(text: "30 2 * * *"), zone: "Europe/Berlin",
            command: .program(["/bin/backup", "", "~", "7"]))
        #expect(jobs == [disk, backup])
    }

    @Test func `leaves to the standard what it does not say`() throws {
        let short = try job("manual: true", "shell: date")
        #expect(short == JobDefinition(name: try JobName("a"), schedule: .manual, command: .shell("date")))
        #expect(short.rescue == .fail)
        #expect(try job("manual: true", "shell: date", "max_attempts: 2").rescue == .retry)
    }

    @Test(arguments: [
        ("retry: fixed:10s", RetryPolicy(.fixed(.seconds(10)))),
        ("retry: list:10s,1m", RetryPolicy(.list([.seconds(10), .seconds(60)]))),
        ("retry: {fixed: 10s, jitter: 0.5}", RetryPolicy(.fixed(.seconds(10)), jitter: 0.5)),
        ("retry: {linear: 10s, cap: 1m}", RetryPolicy(.linear(step: .seconds(10), cap: .seconds(60)))),
        ("retry: {list: [10s, 1m, 10m]}", RetryPolicy(.list([10, 60, 600].map { .seconds($0) }))),
        ("retry: {cap: 1m}", RetryPolicy(cap: .seconds(60))),
    ])
    func `reads the waits between attempts`(line: String, retry: RetryPolicy) throws {
        #expect(try job("every: 1m", "shell: date", line).retry == retry)
    }

    @Test(arguments: [
        ("cron: \"*/5 * * * *\"", "*/5 * * * *"), ("cron: '@daily'", "@daily"), ("every: 1h30m", "@every 1h30m"),
        ("at: 2026-11-22T14:30:00Z", "@at 2026-11-22T14:30:00.000000Z"), ("boot: true", "@boot"),
        ("manual: true", "@manual"),
        ("cron: 0 0 13 * fri\n    days: and\n    dst: skip", "0 0 13 * fri dst=skip days=and"),
    ])
    func `says when a job runs`(line: String, schedule: String) throws {
        #expect(try job(line, "shell: date").schedule.description == schedule)
    }

    @Test(arguments: [("none", CatchUpPolicy.Mode.none), ("latest", .latest), ("earliest", .earliest), ("all", .all)])
    func `takes catchup as one word`(word: String, mode: CatchUpPolicy.Mode) throws {
        #expect(try job("every: 1h", "shell: date", "catchup: \(word)").catchUp == CatchUpPolicy(mode: mode))
    }

    @Test func `takes the limits of keys as one word, or field by field`() throws {
        let two = ConcurrencyLimit(key: "a:b", max: 2)
        #expect(try job("every: 1h", "shell: date", "concurrency: a:b:2").concurrency == two)
        #expect(try job("every: 1h", "shell: date", "concurrency: {key: 'a:b', max: 2}").concurrency == two)
        #expect(try job("every: 1h", "shell: date", "concurrency: db").concurrency == ConcurrencyLimit(key: "db"))
        #expect(
            try job("every: 1h", "shell: date", "concurrency: {key: db}").concurrency == ConcurrencyLimit(key: "db"))
        let rate = RateLimit(key: "api", rate: Rate(count: 10, per: .seconds(60)))
        #expect(try job("every: 1h", "shell: date", "rate: api:10/1m").rate == rate)
        #expect(try job("every: 1h", "shell: date", "rate: {key: api, count: 10, per: 1m}").rate == rate)
        for wrong in [
            "concurrency: db:0", "concurrency: {max: 2}", "concurrency: {key: db, max: 0}", "rate: api", "rate: api:10",
            "rate: {key: api, count: 10}", "rate: {key: api, count: 1001, per: 1m}", "rate: {count: 1, per: 1m}",
        ] {
            #expect(throws: FormatError.self, "\(wrong)") { try job("every: 1h", "shell: date", wrong) }
        }
    }

    @Test func `takes overlap as one word, or with a limit`() throws {
        #expect(try job("every: 1h", "shell: date", "overlap: allow").overlap == .allow)
        let three = try job("every: 1h", "shell: date", "overlap: {policy: allow, max: 3}").overlap
        #expect(three == OverlapRule(.allow, limit: 3))
        #expect(try job("every: 1h", "shell: date", "overlap: {policy: queue-all}").overlap == .queueAll)
    }

    @Test func `says by when a run must have begun`() throws {
        #expect(try job("every: 1h", "shell: date", "start_by: 10m").startBy == .seconds(600))
        #expect(try job("every: 1h", "shell: date").startBy == nil)
    }

    @Test func `says how the process of a command is treated`() throws {
        let work = try job(
            "manual: true", "shell: date", "user: backup", "umask: 027", "nice: -5",
            "limits: {open_files: 1024, address_space: 512M, cpu: 10m, core: unlimited}", "success: [0, 3]",
            "fatal: 9", "idle_timeout: 5m", "watchdog: 30s", "kill_grace: 0s"
        ).work
        var expected = Work(command: .shell("date"), rescue: .fail)
        expected.process = ProcessSettings(
            user: "backup", fileModeMask: FileModeMask(rawValue: 0o027), nice: -5,
            limits: [
                .openFiles: .amount(1_024), .addressSpace: .amount(512 << 20), .cpu: .amount(600), .core: .unlimited,
            ])
        expected.exitCodes = ExitCodes(success: [3], fatal: [9])
        (expected.idleTimeout, expected.watchdog, expected.killGrace) = (.seconds(300), .seconds(30), .zero)
        #expect(work == expected)
    }

    @Test(arguments: [
        ("user: a b", "3:11"), ("umask: 8", "3:12"), ("nice: 20", "3:11"), ("limits: 7", "3:13"),
        ("limits: {nofile: 7}", "3:14"), ("limits: {stack: x}", "3:21"), ("success: [0, x]", "3:18"),
        ("fatal: 256", "3:12"), ("fatal: [1, 0]", "3:12"), ("idle_timeout: 5", "3:19"), ("watchdog: 0s", "3:15"),
        ("kill_grace: 2h", "3:17"), ("env: {SIGNALBOX_JOB: x}", "3:11"),
    ])
    func `says where such a setting is wrong`(line: String, place: String) {
        let error = #expect(throws: FormatError.self) {
            try parse("jobs:\n  a:\n    \(line)\n    manual: true\n    shell: x")
        }
        #expect(error.map { "\($0.line):\($0.column)" } == place)
    }

    @Test func `draws a tilde from machine and job`() throws {
        let text = "jobs:\n  a: {cron: ~ 4 * * *, shell: x}\n  b: {cron: ~ 4 * * *, shell: x}\n"
        let here = try JobsFile.parse(text: text, fileName: "f", machine: "m1")
        #expect(here[0].schedule != here[1].schedule)
        #expect(try JobsFile.parse(text: text, fileName: "f", machine: "m1") == here)
        #expect(try JobsFile.parse(text: text, fileName: "f", machine: "m2")[0].schedule != here[0].schedule)
    }

    @Test func `reads a local time in the zone it is given`() throws {
        struct Unknown: Error {}
        let find: (String?) throws -> Zone = { name in
            guard name == nil || name == "UTC" else { throw Unknown() }
            return .utc
        }
        let jobs = try JobsFile.parse(
            text: "jobs:\n  a: {at: 2026-11-22 14:30, shell: x}\n", fileName: "f", zone: find)
        #expect(jobs[0].schedule.description == "@at 2026-11-22T14:30:00.000000Z")
        let unknown = #expect(throws: FormatError.self) {
            try JobsFile.parse(text: "jobs:\n  a: {every: 1s, shell: x, zone: Mars/Base}\n", fileName: "f", zone: find)
        }
        #expect(unknown?.column == 34)
        for time in ["14:30", "+10m"] {
            #expect(throws: FormatError.self) {
                try JobsFile.parse(text: "jobs:\n  a: {at: \"\(time)\", shell: x}\n", fileName: "f", zone: find)
            }
        }
    }

    @Test func `may have no jobs`() throws {
        #expect(try parse("jobs:\n").isEmpty)
        #expect(try parse("jobs: {}\n").isEmpty)
    }

    @Test(
        arguments: [
            ("", .missing, "1:1", "a key jobs"), ("zone: UTC\n", .missing, "1:1", "a key jobs"),
            ("- a\n", .value, "1:1", "not a list"),
            ("jobs: [a]\n", .value, "1:7", "not a list"), ("job: {}\n", .unknownKey, "1:1", "did you mean \"jobs\"?"),
            ("jobs:\n  a b: {manual: true, shell: x}\n", .value, "2:3", "letters, digits"),
            ("jobs:\n  a: x\n", .value, "2:6", "a mapping"),
            ("zone: ../x\njobs:\n", .value, "1:7", "Europe/Berlin"),
            ("jobs:\n  a: {manual: true, shell: x}\n  a: {manual: true, shell: x}\n", .conflict, "3:3", "line 2"),
        ] as [(String, FormatError.Code, String, String)])
    func `of another shape is refused`(text: String, code: FormatError.Code, place: String, words: String) {
        check(text, code, place, words)
    }

    @Test(
        arguments: [
            ("shell: x", .missing, "3:5", "when it runs"), ("every: 1s", .missing, "3:5", "what it runs"),
            ("{every: 1s, cron: x, shell: x}", .conflict, "3:17", "every and cron exclude"),
            ("{every: 1s, exec: [a], shell: x}", .conflict, "3:28", "exec and shell exclude"),
            ("{every: 10, shell: x}", .value, "3:13", "w, d, h, m, s, ms or us"),
            ("{every: 0s, shell: x}", .value, "3:13", "out of range"),
            ("{cron: 61 * * * *, shell: x}", .value, "3:12", "minute field"),
            ("{cron: 0 0 31 2 *, shell: x}", .value, "3:12", "never comes"),
            ("{at: noon, shell: x}", .value, "3:10", "not a time"),
            ("{boot: false, shell: x}", .value, "3:12", "expected one of true"),
            ("{every: 1s, dst: skip, shell: x}", .conflict, "3:17", "cron only"),
            ("{every: 1s, shell: \"\"}", .value, "3:24", "empty"),
            ("{every: 1s, shell: [x]}", .value, "3:24", "a text"), ("{every: 1s, exec: x}", .value, "3:23", "a list"),
            ("{every: 1s, exec: []}", .value, "3:23", "a list"),
            ("{every: 1s, exec: [[x]]}", .value, "3:24", "argument"),
            ("{every: 1s, exec: [\"\"]}", .value, "3:24", "empty"),
            ("{every: 1s, shell: \"a\\0b\"}", .value, "3:24", "NUL"),
            ("{every: 1s, shell: x, queue: a b}", .value, "3:34", "queue"),
            ("{every: 1s, shell: x, priority: 256}", .value, "3:37", "0 to 255"),
            ("{every: 1s, shell: x, timeout: 0s}", .value, "3:36", "out of range"),
            ("{every: 1s, shell: x, max_attempts: 0}", .value, "3:41", "1 to 1000"),
            ("{every: 1s, shell: x, overlap: maybe}", .value, "3:36", "queue-one"),
            ("{every: 1s, shell: x, overlap: {max: 3}}", .value, "3:36", "which policy"),
            ("{every: 1s, shell: x, overlap: {policy: skip, max: 3}}", .conflict, "3:36", "not with skip"),
            ("{every: 1s, shell: x, overlap: {policy: allow, max: 0}}", .value, "3:57", "1 to 100000"),
            ("{every: 1s, shell: x, start_by: 0s}", .value, "3:37", "out of range"),
            ("{every: 1s, shell: x, catchup: some}", .value, "3:36", "earliest"),
            ("{every: 1s, shell: x, catchup: {max: 0}}", .value, "3:42", "1 to 10000"),
            ("{every: 1s, shell: x, retry: {factor: 0.5}}", .value, "3:43", "1.0"),
            ("{every: 1s, shell: x, retry: {bse: 1s}}", .unknownKey, "3:35", "\"base\""),
            ("{every: 1s, shell: x, retry: 3}", .value, "3:34", "a mapping"),
            ("{every: 1s, shell: x, retry: 'twice:1s'}", .value, "3:34", "fixed:10s"),
            ("{every: 1s, shell: x, retry: {list: 10s}}", .value, "3:41", "[10s, 1m, 10m]"),
            ("{every: 1s, shell: x, retry: {list: [10s, x]}}", .value, "3:47", "duration"),
            ("{every: 1s, shell: x, retry: {fixed: 1s, cap: 2s}}", .conflict, "3:46", "fixed"),
            ("{every: 1s, shell: x, retry: {linear: 1s, factor: 2}}", .conflict, "3:47", "linear"),
            ("{every: 1s, shell: x, retry: {fixed: 1s, list: [2s]}}", .conflict, "3:46", "exclude each other"),
            ("{every: 1s, shell: x, retry_until: noon}", .value, "3:40", "next"),
            ("{every: 1s, shell: x, retry_for: 0s}", .value, "3:38", "out of range"),
            ("{every: 1s, shell: x, env: [A]}", .value, "3:32", "a mapping"),
            ("{every: 1s, shell: x, env: {A=B: 1}}", .value, "3:33", "no name"),
            ("{every: 1s, shell: x, env: {A: [1]}}", .value, "3:36", "a text"),
            ("{every: 1s, shell: x, cwd: tmp}", .value, "3:32", "begins with /"),
            ("{every: 1s, shell: x, on_crash: x}", .value, "3:37", "retry, fail"),
            ("{every: 1s, shell: x, max_atempts: 3}", .unknownKey, "3:27", "\"max_attempts\""),
            ("{every: 1s, shell: x, tags: 3}", .unknownKey, "3:27", "no key \"tags\""),
        ] as [(String, FormatError.Code, String, String)])
    func `with a faulty job says where, what is wrong and what was expected`(
        body: String, code: FormatError.Code, place: String, words: String
    ) {
        check("jobs:\n  a:\n    \(body)\n", code, place, words)
    }

    private func check(_ text: String, _ code: FormatError.Code, _ place: String, _ words: String) {
        let error = #expect(throws: FormatError.self) { try parse(text) }
        #expect(error?.code == code)
        #expect(error?.description.hasPrefix("jobs.yaml:\(place): ") == true, "\(error?.description ?? "")")
        #expect(error?.message.contains(words) == true, "\(error?.description ?? "")")
    }
}
