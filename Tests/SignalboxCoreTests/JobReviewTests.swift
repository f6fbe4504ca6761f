import SignalboxCore
import Testing

@Suite struct `The review of a job` {
    private func notes(
        _ schedule: String, in name: String = "UTC", overlap: OverlapRule = .skip, timeout: Duration? = nil
    ) throws -> [String] {
        let job = JobDefinition(
            name: try JobName("job"), schedule: try Schedule(text: schedule), command: .shell("true"),
            timeout: timeout, overlap: overlap)
        return JobReview(of: job, zone: try zone(name), now: try instant("2026-01-15T12:00:00Z")).notes
    }

    private func expectNotes(_ found: [String], _ words: [String]) {
        #expect(found.count == words.count && zip(found, words).allSatisfy { $0.contains($1) }, "\(found)")
    }

    @Test(arguments: ["0 4 * * *", "*/15 * * * *", "0 */2 * * *", "@daily", "@every 7m", "@boot", "@manual"])
    func `has nothing to say of most`(schedule: String) throws {
        #expect(try notes(schedule) == [])
    }

    @Test func `says what two days together mean`() throws {
        expectNotes(try notes("0 4 13 * fri"), ["either of them"])
        expectNotes(try notes("0 4 13 * fri days=and"), [])
        expectNotes(try notes("0 4 */2 * fri"), ["begins anew on every 1st"])
    }

    @Test func `says where a step is not even`() throws {
        expectNotes(try notes("0 4 */2 * *"), ["after the 31 comes the 1 of the next month"])
        expectNotes(try notes("0 4 */3 * *"), ["after the 31"])
        expectNotes(try notes("0 4 */4 * *"), ["after the 29"])
        expectNotes(try notes("*/7 * * * *"), ["after 56 comes 0, only 4 minutes later"])
        expectNotes(try notes("0 */5 * * *"), ["after 20 comes 0, only 4 hours later"])
        expectNotes(try notes("*/45 0 4 * * *"), ["after 45 comes 0, only 15 seconds later"])
    }

    @Test(
        arguments: [
            ("30 2 * * *", ["2026-03-29 02:30:00 does not exist", "2026-10-25 02:30:00 comes twice"]),
            ("30 2 * * * dst=skip", ["left out that day", "first of the two"]),
            ("30 2 * * * dst=twice", ["runs once", "both times"]), ("30 2 * * * dst=utc", []), ("30 4 * * *", []),
            ("30 2 1 1 *", []), ("*/10 2 * * *", []), ("0 3 * * *", []), ("59 2 25 10 *", ["comes twice"]),
        ] as [(String, [String])])
    func `tells of the next gap and fold that it meets`(schedule: String, words: [String]) throws {
        expectNotes(try notes(schedule, in: "Europe/Berlin"), words)
    }

    @Test func `tells of a run that is longer than its period, by what then happens`() throws {
        expectNotes(try notes("@every 5m", timeout: .seconds(600)), ["skipped (overlap: skip)"])
        expectNotes(try notes("@every 5m", timeout: .seconds(300)), [])
        expectNotes(try notes("@every 5m", overlap: .queueAll, timeout: .seconds(600)), ["wait (overlap: queue-all)"])
        expectNotes(try notes("@every 5m", overlap: .queueOne), ["holds up all that follow"])
        expectNotes(try notes("@every 5m", overlap: .allow, timeout: .seconds(600)), [])
        expectNotes(try notes("@manual", overlap: .queueOne), [])
    }

    @Test func `tells of a time that has passed`() throws {
        expectNotes(try notes("@at 2020-01-01T00:00:00Z"), ["it never runs"])
        expectNotes(try notes("@at 2030-01-01T00:00:00Z"), [])
    }
}
