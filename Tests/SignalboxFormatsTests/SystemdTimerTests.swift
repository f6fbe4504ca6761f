import SignalboxCore
import SignalboxFormats
import Testing

private let start = try! Instant(text: "2026-11-22T04:00:00Z")

private func read(
    timer: String, service: String? = "[Service]\nExecStart=/bin/true\n", name: String = "backup.timer",
    dropIns: [String] = []
) throws -> TimerImport {
    let sources = ([timer] + dropIns).enumerated().map { UnitSource(file: "t\($0)", text: $1) }
    return try SystemdTimers.read(name, sources, now: start, zone: findZone) { _ in
        service.map { [UnitSource(file: "s", text: $0)] }
    }
}

private func job(service: String, name: String = "backup.timer") throws -> JobDefinition {
    let result = try read(timer: "[Timer]\nOnCalendar=daily\n", service: service, name: name)
    return try #require(result.jobs.first, "\(result.errors)").definition
}

@Suite struct `A systemd timer` {
    @Test func `is read with its drop-ins, comments and lines that go on`() throws {
        let text =
            "# x\n[Unit]\nDescription=y\n\n[Timer]\n; z\nOnCalendar=Mon \\\n# in between\n  04:00\nPersistent = true\n"
        let plain = try read(timer: text)
        #expect(plain.jobs.map(\.definition.schedule.description) == ["0 4 * * mon"])
        #expect(plain.jobs.map(\.line) == [7] && plain.jobs[0].definition.catchUp.mode == .latest)
        let dropped = try read(timer: text, dropIns: ["[Timer]\nOnCalendar=\nOnCalendar=5:00\nPersistent=no\n"])
        #expect(dropped.jobs.map(\.definition.schedule.description) == ["0 5 * * *"])
        #expect(dropped.jobs[0].file == "t0" && dropped.jobs[0].definition.catchUp.mode == .none)
    }

    @Test(arguments: [
        ("OnUnitActiveSec=1d", "@every 1d", CatchUpPolicy.Mode.none),
        ("OnUnitInactiveSec=1h 30min", "@every 1h30m", .none),
        ("OnBootSec=15min\nOnUnitActiveSec=1d", "@every 1d", .latest), ("OnUnitActiveSec=90", "@every 1m30s", .none),
        ("OnUnitActiveSec=1d\nOnUnitActiveSec=6h", "@every 6h", .none), ("OnBootSec=5min", "@boot", .none),
        ("OnStartupSec=0", "@boot", .none), ("OnUnitActiveSec=1.5h", "@every 1h30m", .none),
        ("OnUnitActiveSec=2weeks", "@every 2w", .none),
    ])
    func `that counts from a boot or a run is once per boot, or an interval`(
        lines: String, schedule: String, catchUp: CatchUpPolicy.Mode
    ) throws {
        let result = try read(timer: "[Timer]\n\(lines)\n")
        #expect(result.jobs.map(\.definition.schedule.description) == [schedule], "\(result.errors)")
        #expect(result.jobs[0].definition.catchUp.mode == catchUp)
        #expect(result.notes.count == (lines == "OnStartupSec=0" ? 0 : 1))
    }

    @Test func `with several kinds of trigger is several jobs`() throws {
        let result = try read(timer: "[Timer]\nOnBootSec=1h\nOnCalendar=daily\n")
        #expect(
            result.jobs.map { "\($0.definition.name) \($0.definition.schedule)" } == [
                "backup 0 0 * * *", "backup-boot @boot",
            ])
    }

    @Test func `says what a job does not have`() throws {
        let timer =
            "[Unit]\nConditionACPower=true\n[Timer]\nOnCalendar=daily\nRandomizedDelaySec=1h\nAccuracySec=1s\n"
            + "WakeSystem=yes\n"
        let service = "[Service]\nType=notify\nUser=www\nNice=5\nPrivateTmp=yes\nRestart=always\nExecStart=+/bin/true\n"
        let notes = try read(timer: timer, service: service).notes.map(\.description)
        for words in [
            "t0:2: ConditionACPower", "t0:5: RandomizedDelaySec", "t0:6: AccuracySec", "t0:7: WakeSystem",
            "s:7: it runs as the worker's user", "s:2: Type=notify", "s:3: it runs as the worker's user, not as www",
            "s:6: Restart=always", "s:4: not carried over: Nice, PrivateTmp",
        ] {
            #expect(notes.contains { $0.hasPrefix(words) }, "\(words) is not in \(notes)")
        }
        #expect(notes.count == 9)
    }

    @Test(arguments: [
        ("[Timer]\nPersistent=no\n", "never starts anything", 1), ("", "masked", 1),
        ("[Timer]\nOnCalendar=daily\nnonsense\n", "KEY=value", 3),
        ("[Timer]\nOnClockChange=yes\n", "no such schedule", 2), ("OnCalendar=daily\n", "a section", 1),
        ("[Timer]\nOnUnitActiveSec=soon\n", "no time span", 2),
        ("[Timer]\nOnCalendar=daily\nPersistent=maybe\n", "yes or no", 3),
        ("[Timer]\nOnCalendar=daily\nUnit=x.target\n", "no service", 3),
        ("[Timer]\nOnUnitActiveSec=0\n", "no distance", 2),
    ])
    func `that cannot be a job is refused with its line`(text: String, words: String, line: Int) throws {
        let result = try read(timer: text)
        #expect(result.jobs.isEmpty && result.errors.count == 1)
        #expect(
            result.errors.first?.message.contains(words) == true && result.errors.first?.line == line,
            "\(result.errors)")
    }

    @Test func `needs its service, and no template is one by itself`() throws {
        let alone = try read(timer: "[Timer]\nOnCalendar=daily\n", service: nil)
        #expect(alone.errors.first?.message.contains("there is no backup.service") == true)
        let template = try read(timer: "[Timer]\nOnCalendar=daily\n", name: "backup@.timer")
        #expect(template.errors.first?.message.contains("template") == true)
        let other = try read(timer: "[Timer]\nOnCalendar=daily\nUnit=x.service\n", service: nil)
        #expect(other.errors.first?.message.contains("there is no x.service") == true)
    }
}

@Suite struct `The service of a timer` {
    @Test(arguments: [
        ("ExecStart=/bin/a b 'c d'", Command.program(["/bin/a", "b", "c d"])),
        ("ExecStart=/bin/a \"x\\ty\" \\x41 it\\'s", .program(["/bin/a", "x\ty", "A", "it's"])),
        ("ExecStart=-/bin/a b", .shell("/bin/a b || true")),
        ("ExecStart=/bin/a --b=\"c d\" ''", .program(["/bin/a", "--b=c d", ""])),
        ("ExecStart=/bin/a '\\.gz$$' \\q \\101 \\u00e4 \\x4", .shell("/bin/a \"\\\\.gz\\$\" '\\q' A 'ä' '\\x4'")),
        ("ExecStart=@/bin/a a0 b", .program(["/bin/a", "b"])),
        ("ExecStart=:/bin/a $B", .program(["/bin/a", "$B"])),
        ("ExecStart=/bin/a $B pre${C}post d$$e", .shell("/bin/a $B \"pre${C}post\" \"d\\$e\"")),
        ("ExecStart=/bin/a ; /bin/b ';'", .shell("/bin/a && /bin/b ';'")),
        (
            "ExecStartPre=-/bin/p\nExecStart=/bin/a\nExecStart=/bin/b\nExecStartPost=/bin/q",
            .shell("{ /bin/p || true; } && /bin/a && /bin/b && /bin/q")
        ),
        (
            "ExecStart=/bin/x\nExecStart=\nExecStart=/bin/a %n %p 100%%",
            .program(["/bin/a", "backup.service", "backup", "100%"])
        ),
    ])
    func `is a program, or a line for the shell`(lines: String, command: Command) throws {
        #expect(try job(service: "[Service]\nType=oneshot\n\(lines)\n").command == command)
    }

    @Test func `that is an instance knows its name`() throws {
        let definition = try job(
            service: "[Service]\nExecStart=/bin/a %i %I\nWorkingDirectory=%S/x\n", name: "b@my-disk.timer")
        #expect(definition.command == .program(["/bin/a", "my-disk", "my/disk"]))
        #expect(definition.name.text == "b-my-disk" && definition.directory == "/var/lib/x")
    }

    @Test func `brings its variables, folder and time limit`() throws {
        let text =
            "[Service]\nType=oneshot\nExecStart=/bin/a\nEnvironment=A=1 \"B=two words\"\nEnvironment=C=\n"
            + "WorkingDirectory=-/srv\nTimeoutStartSec=10min\n"
        let definition = try job(service: text)
        #expect(definition.environment == ["A": "1", "B": "two words", "C": ""])
        #expect(definition.directory == "/srv" && definition.timeout == .seconds(600))
        #expect(
            try job(service: "[Service]\nExecStart=/bin/a\nTimeoutStartSec=10min\nRuntimeMaxSec=1h\n").timeout
                == .seconds(3_600))
        #expect(
            try job(service: "[Service]\nType=oneshot\nExecStart=/bin/a\nTimeoutStartSec=infinity\n").timeout == nil)
    }

    @Test(arguments: [
        ("[Service]\nType=oneshot\n", "no ExecStart", 1), ("[Service]\nExecStart=/bin/a %h\n", "running system", 2),
        ("[Service]\nExecStart=/bin/a 'x\n", "not closed", 2),
        ("[Service]\nExecStart=/bin/a\nWorkingDirectory=srv\n", "begins with /", 3),
        ("[Service]\nExecStart=/bin/a\nEnvironment=x\n", "NAME=value", 3),
        ("[Service]\nExecStart=-\n", "no command", 2),
        ("[Service]\nExecStart=/bin/a\nRuntimeMaxSec=x\n", "time span", 3),
    ])
    func `that cannot be run is refused with its line`(text: String, words: String, line: Int) throws {
        let result = try read(timer: "[Timer]\nOnCalendar=daily\n", service: text)
        #expect(result.jobs.isEmpty && result.errors.count == 1)
        let error = try #require(result.errors.first)
        #expect(error.message.contains(words) && error.line == line && error.file == "s", "\(error)")
    }

    @Test func `of any bytes is read without a trap`() throws {
        for character in "%\\\"'=[]#;$@-+!:~*/.,\0\t" {
            for place in 0...20 {
                var line = Array("ExecStart=-/bin/a b %i")
                line[place] = character
                _ = try read(timer: "[Timer]\nOnCalendar=\(String(line))\n", service: "[Service]\n\(String(line))\n")
            }
        }
    }
}
