import SignalboxCore
import Testing

@Suite struct `An instant` {
    @Test func `is written in UTC with six digits`() {
        #expect(Instant.epoch.description == "1970-01-01T00:00:00.000000Z")
        #expect(Instant(microseconds: -1).description == "1969-12-31T23:59:59.999999Z")
        #expect(Instant(seconds: 1_795_321_424).description == "2026-11-22T04:23:44.000000Z")
    }

    @Test(arguments: [
        ("2026-11-22T04:23:44Z", 1_795_321_424_000_000), ("2026-11-22 04:23:44Z", 1_795_321_424_000_000),
        ("2026-11-22t05:23:44+01:00", 1_795_321_424_000_000), ("2026-11-21T20:53:44-07:30", 1_795_321_424_000_000),
        ("2026-11-22T04:23Z", 1_795_321_380_000_000), ("2026-11-22T04:23:44.5Z", 1_795_321_424_500_000),
        ("2026-11-22T04:23:44.123456789Z", 1_795_321_424_123_456), ("1969-12-31T23:59:59.9z", -100_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
    ])
    func `reads the forms of RFC 3339`(text: String, microseconds: Int64) throws {
        #expect(try Instant(text: text).microseconds == microseconds)
    }

    @Test(arguments: [
        "", "now", "2026-11-22", "2026-11-22T04:23:44", "2026-11-22T04:23:44+1", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T04:60:00Z", "2026-11-22T04:23:44.Z",
        "2026-11-22T04:23:44.1234567890Z", "2026-11-22T04:23:44Zx", "2026-1-2T00:00:00Z", "1795321424",
        "2026-11-22T04:23:44+24:00",
    ])
    func `refuses what is no time`(text: String) {
        #expect(throws: TimeTextError.self) { try Instant(text: text) }
    }

    @Test func `names the day that does not exist`() {
        let error = #expect(throws: TimeTextError.self) { try Instant(text: "2026-02-29T00:00:00Z") }
        #expect(error?.code == .outOfRange)
        #expect(error?.message.contains("2026-02-29") == true)
    }

    @Test func `reads back every text it writes`() throws {
        var random = Seeded(state: 1)
        for _ in 0..<2_000 {
            let instant = Instant(microseconds: Int64.random(in: .min ... .max, using: &random))
            #expect(try Instant(text: instant.description) == instant)
        }
        for instant in [Instant.distantPast, .distantFuture] {
            #expect(try Instant(text: instant.description) == instant)
        }
    }

    @Test func `saturates instead of overflowing`() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.distantPast - .seconds(1) == .distantPast)
        #expect(Instant.epoch + .seconds(Int64.max) == .distantFuture)
        #expect(Instant(seconds: .min) == .distantPast)
        #expect(Instant.distantPast.duration(to: .distantFuture) == .microseconds(Int64.max))
    }

    @Test func `subtracts into the duration that leads back`() throws {
        let (early, late) = (try instant("2026-01-01T00:00:00Z"), try instant("2026-01-02T00:00:00.5Z"))
        #expect(late - early == .seconds(86_400) + .milliseconds(500))
        #expect(early - late == .zero - (late - early))
        #expect(early + (late - early) == late)
        #expect(early < late)
    }
}

@Suite struct `A typed time` {
    private let now = Instant(seconds: 1_795_321_424)  // 2026-11-22T04:23:44Z, 05:23:44 in Berlin

    private func read(_ text: String) throws -> String {
        try Instant(text: text, zone: zone("Europe/Berlin"), now: now).description
    }

    @Test(arguments: [
        ("2026-11-22T14:30:00Z", "2026-11-22T14:30:00.000000Z"), ("2026-11-22 14:30", "2026-11-22T13:30:00.000000Z"),
        ("2026-07-01 14:30:05", "2026-07-01T12:30:05.000000Z"),
        ("2026-07-01T14:30:05.25", "2026-07-01T12:30:05.250000Z"),
        ("14:30", "2026-11-22T13:30:00.000000Z"), ("05:23:44", "2026-11-23T04:23:44.000000Z"),
        ("4:00", "2026-11-23T03:00:00.000000Z"), ("+10m", "2026-11-22T04:33:44.000000Z"),
        ("in 1h30m", "2026-11-22T05:53:44.000000Z"), ("2026-11-22T14:30:00-05:00", "2026-11-22T19:30:00.000000Z"),
    ])
    func `is read in the zone, or counted from now`(text: String, expected: String) throws {
        #expect(try read(text) == expected)
    }

    @Test func `that clocks show twice means the first, and one they never show the end of the gap`() throws {
        #expect(try read("2026-10-25 02:30") == "2026-10-25T00:30:00.000000Z")
        #expect(try read("2026-03-29 02:30") == "2026-03-29T01:00:00.000000Z")
    }

    @Test(arguments: [
        "tomorrow", "25:00", "14:30x", "+10", "in ten minutes", "2026-11-31 10:00", "", "2026-11-22 14:30 CET",
    ])
    func `that is none is refused`(text: String) {
        #expect(throws: TimeTextError.self) { try read(text) }
    }
}
