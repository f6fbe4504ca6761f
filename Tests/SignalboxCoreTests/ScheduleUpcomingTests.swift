import SignalboxCore
import Testing

@Suite struct `The upcoming times of a schedule` {
    @Test func `follow each other, with the reason of each`() throws {
        let schedule = try Schedule(text: "30 2 * * *")
        let berlin = try zone("Europe/Berlin")
        let found = schedule.occurrences(
            after: try instant("2026-03-28T12:00:00Z"), in: berlin, anchor: .epoch
        ).prefix(2)
        #expect(found.map { $0.due.text(in: berlin) } == ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"])
        #expect(found.map(\.reason.rawValue) == ["dst_gap", "regular"])
    }

    @Test func `are fewer where there are no more`() throws {
        let once = Schedule.at(try instant("2026-03-29T01:00:00Z"))
        #expect(once.occurrences(after: .epoch, in: .utc, anchor: .epoch).prefix(5).map(\.due).count == 1)
        #expect(Schedule.manual.occurrences(after: .epoch, in: .utc, anchor: .epoch).prefix(5).map(\.due).isEmpty)
    }
}

@Suite struct `An instant on the clocks of a zone` {
    @Test(arguments: [
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00"),
        ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00"),
        ("UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        ("America/St_Johns", "2026-01-01T00:00:00Z", "2025-12-31T20:30:00-03:30"),
        ("Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T05:45:00+05:45"),
    ])
    func `carries the offset, so that it is told apart in a fold`(name: String, utc: String, local: String) throws {
        let instant = try instant(utc)
        #expect(instant.text(in: try zone(name)) == local)
        #expect(try SignalboxCoreTests.instant(local) == instant)
    }

    @Test func `reads back where the offset was no whole minute`() throws {
        let old = try instant("1880-01-01T12:00:00Z")
        #expect(try instant(old.text(in: try zone("Europe/Berlin"))) == old)
        #expect(try instant(old.text(in: try zone("America/New_York"))) == old)
    }
}
