import Testing

@testable import SignalboxCore

@Suite struct `A file mode mask` {
    @Test(arguments: [("022", 0o022, "022"), ("0077", 0o077, "077"), ("000", 0, "000"), ("777", 0o777, "777")])
    func `is three octal digits`(text: String, value: UInt16, shown: String) throws {
        #expect(try FileModeMask(text: text) == FileModeMask(rawValue: value))
        #expect(FileModeMask(rawValue: value).text == shown)
    }

    @Test(arguments: ["", "22", "1022", "088", "-22", "+22", "u=rwx", "00022"])
    func `is nothing else`(text: String) {
        #expect(throws: SettingError.self) { try FileModeMask(text: text) }
    }
}

@Suite struct `A limit of a process` {
    @Test(
        arguments: [
            ("open_files", "1024", 1_024, "1024"), ("processes", "0", 0, "0"), ("core", "0", 0, "0"),
            ("address_space", "512M", 512 << 20, "512M"), ("file_size", "1536K", 1_536 << 10, "1536K"),
            ("stack", "8388608", 8 << 20, "8M"), ("data", "2T", 2 << 40, "2T"), ("locked_memory", "1G", 1 << 30, "1G"),
            ("cpu", "10m", 600, "10m"), ("cpu", "90s", 90, "1m30s"),
        ])
    func `is read in its own unit, and shown so that it reads the same`(
        word: String, text: String, amount: UInt64, shown: String
    ) throws {
        let limit = try ResourceLimit(word: word)
        let value = try LimitValue(text: text, of: limit)
        #expect(value == .amount(amount))
        #expect(value.text(of: limit) == shown)
        #expect(try LimitValue(text: shown, of: limit) == value)
    }

    @Test(arguments: ResourceLimit.allCases)
    func `has a word, and may be lifted`(limit: ResourceLimit) throws {
        #expect(try ResourceLimit(word: limit.word) == limit)
        #expect(try LimitValue(text: "unlimited", of: limit) == .unlimited)
        #expect(LimitValue.unlimited.text(of: limit) == "unlimited")
    }

    @Test(
        arguments: [
            ("open_files", "1K"), ("open_files", "-1"), ("stack", "8 M"), ("stack", "M"), ("stack", "99999999T"),
            ("cpu", "60"), ("cpu", "500ms"), ("cpu", "0s"), ("data", "18446744073709551615"),
        ])
    func `says what was expected`(word: String, text: String) throws {
        let limit = try ResourceLimit(word: word)
        let error = #expect(throws: SettingError.self) { try LimitValue(text: text, of: limit) }
        #expect(error?.description.contains("expected") == true)
    }

    @Test func `that does not exist is told with those that do`() {
        let error = #expect(throws: SettingError.self) { try ResourceLimit(word: "nofile") }
        #expect(error?.description.contains("open_files") == true)
    }
}

@Suite struct `The words for how work is treated` {
    @Test func `name what is not as usual, and nothing else`() throws {
        #expect(Work(command: .shell("x")).facts.isEmpty)
        let work = Work(
            command: .shell("x"), idleTimeout: .seconds(300), watchdog: .seconds(30), killGrace: .seconds(1),
            process: ProcessSettings(
                user: "backup", fileModeMask: FileModeMask(rawValue: 0o027), nice: 10,
                limits: [.openFiles: .amount(1_024), .stack: .unlimited]),
            exitCodes: ExitCodes(success: [3], fatal: []))
        #expect(
            work.facts.map { "\($0.label): \($0.text)" } == [
                "User: backup", "Umask: 027", "Nice: 10", "Limits: open_files 1024, stack unlimited", "Success: 0, 3",
                "Fatal: none", "Idle timeout: 5m", "Watchdog: 30s", "Kill grace: 1s",
            ])
    }
}

@Suite struct `A report of an attempt` {
    @Test func `has so many tags, of which each may change`() {
        var report = AttemptReport()
        for number in 1...AttemptReport.tagsLimit + 5 { report.tag("tag\(number)", "a") }
        report.tag("tag1", "b")
        #expect(report.tags.count == AttemptReport.tagsLimit)
        #expect(report.tags["tag1"] == "b")
    }
}
