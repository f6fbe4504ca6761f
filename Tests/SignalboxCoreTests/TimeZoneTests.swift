import Testing

@testable import SignalboxCore

@Suite struct `A zone` {
    @Test(arguments: [
        ("Europe/Berlin", "2026-07-01T12:00:00Z", 7_200, "CEST", true),
        ("Europe/Berlin", "2026-03-29T00:59:59.999999Z", 3_600, "CET", false),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", 7_200, "CEST", true),
        ("Europe/Berlin", "2100-07-01T12:00:00Z", 7_200, "CEST", true),
        ("Europe/Berlin", "2100-10-31T01:00:00Z", 3_600, "CET", false),
        ("Europe/Berlin", "1800-01-01T00:00:00Z", 3_208, "LMT", false),
        ("America/New_York", "2200-12-31T00:00:00Z", -18_000, "EST", false),
        ("Australia/Lord_Howe", "2060-01-01T00:00:00Z", 39_600, "+11", true),
        ("Asia/Kathmandu", "2050-01-01T00:00:00Z", 20_700, "+0545", false),
        ("America/Nuuk", "2060-07-01T00:00:00Z", -3_600, "-01", true),
        ("Africa/Casablanca", "2026-03-01T00:00:00Z", 0, "+00", true),
        ("UTC", "2026-03-01T00:00:00Z", 0, "UTC", false),
    ])
    func `knows its offset at any time`(
        name: String, time: String, seconds: Int, abbreviation: String, isDaylight: Bool
    ) throws {
        let offset = try zone(name).offset(at: instant(time))
        #expect(offset == ZoneOffset(seconds: seconds, isDaylight: isDaylight, abbreviation: abbreviation))
    }

    @Test func `shows the local time`() throws {
        let berlin = try zone("Europe/Berlin")
        #expect(berlin.localTime(at: try instant("2026-11-22T04:23:44Z")).description == "2026-11-22 05:23:44")
        #expect(berlin.localTime(at: try instant("1969-12-31T22:59:59.5Z")).description == "1969-12-31 23:59:59")
    }

    @Test(arguments: [
        ("2026-03-29 01:59:59", 1), ("2026-03-29 02:00:00", 0), ("2026-03-29 02:59:59", 0), ("2026-03-29 03:00:00", 1),
        ("2026-10-25 01:59:59", 1), ("2026-10-25 02:00:00", 2), ("2026-10-25 02:59:59", 2), ("2026-10-25 03:00:00", 1),
        ("2080-03-31 02:30:00", 0),
    ])
    func `finds a local time none, one or two times`(text: String, count: Int) throws {
        let berlin = try zone("Europe/Berlin")
        let local = LocalTime(secondsSinceEpoch: try instant(text + "Z").wholeSeconds)
        let found = berlin.instants(of: local)
        #expect(found.count == count)
        #expect(found.allSatisfy { berlin.localTime(at: $0) == local } && found == found.sorted())
    }

    @Test func `has no local 30 December 2011 in Samoa`() throws {
        let apia = try zone("Pacific/Apia")
        let noon = LocalTime(day: CalendarDay(year: 2011, month: 12, day: 30)!, hour: 12, minute: 0)
        #expect(apia.instants(of: noon).isEmpty)
        #expect(apia.localTime(at: apia.instant(of: noon)).description == "2011-12-31 00:00:00")
    }

    @Test func `lists its changes, in the table and behind it`() throws {
        let berlin = try zone("Europe/Berlin")
        let texts = { (from: String, to: String) in
            berlin.transitions(after: try instant(from), through: try instant(to)).map {
                "\($0.at) \($0.after.abbreviation)"
            }
        }
        #expect(
            try texts("2026-03-29T00:00:00Z", "2026-12-31T00:00:00Z") == [
                "2026-03-29T01:00:00.000000Z CEST", "2026-10-25T01:00:00.000000Z CET",
            ])
        #expect(try texts("2026-03-29T01:00:00Z", "2026-10-25T00:59:59Z").isEmpty)
        #expect(
            try texts("2070-01-01T00:00:00Z", "2071-01-01T00:00:00Z") == [
                "2070-03-30T01:00:00.000000Z CEST", "2070-10-26T01:00:00.000000Z CET",
            ])
        #expect(Zone.utc.transitions(after: .distantPast, through: .distantFuture).isEmpty)
    }

    @Test func `agrees with its own table where the rule takes over`() throws {
        for name in ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Europe/London", "Europe/Athens"] {
            let zone = try zone(name)
            let changes = zone.transitions(
                after: try instant("2000-01-01T00:00:00Z"), through: try instant("2100-01-01T00:00:00Z"))
            #expect(changes.count == 200, "\(name)")
            for (earlier, later) in zip(changes, changes.dropFirst()) {
                #expect(earlier.after == later.before && earlier.at < later.at, "\(name) \(later.at)")
            }
        }
    }

    @Test(arguments: ["Europe/Berlin", "America/Havana", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia"])
    func `knows at each change what was before and what comes`(name: String) throws {
        let zone = try zone(name)
        var span = zone.span(at: try instant("1980-01-01T00:00:00Z").wholeSeconds)
        let last = try instant("2070-01-01T00:00:00Z").wholeSeconds
        while span.end < last {
            let next = zone.span(at: span.end)
            #expect(span.offsetAfter == next.offset && next.offsetBefore == span.offset, "at \(span.end)")
            #expect(next.start == span.end && zone.span(at: next.start - 1).start == span.start, "at \(span.end)")
            span = next
        }
    }

    @Test func `is another one when its bytes change`() throws {
        var bytes = try zoneBytes("Europe/Berlin")
        let first = try Zone(name: "Europe/Berlin", tzif: bytes)
        #expect(try Zone(name: "Europe/Berlin", tzif: bytes) == first)
        bytes[19] &+= 0  // unchanged
        bytes.append(0)
        let second = try Zone(name: "Europe/Berlin", tzif: bytes)
        #expect(second != first && second.fingerprint != first.fingerprint)
    }
}

@Suite struct `Zone data` {
    @Test func `cut short anywhere is an error`() throws {
        let bytes = try zoneBytes("Europe/Berlin")
        for length in 0..<bytes.count {
            #expect(throws: ZoneError.self) { try Zone(name: "cut", tzif: Array(bytes[..<length])) }
        }
    }

    @Test(arguments: [UInt64.random(in: 0...(.max))])
    func `damaged anywhere is an error or a zone, never a trap`(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let slim = ZoneFileWriter(
            times: [100], indexes: [1], types: [(0, 0, 0), (3_600, 1, 4)], footer: "A-1B,M3.5.0,M10.5.0")
        let whole = try ["Australia/Lord_Howe", "America/Nuuk"].map(zoneBytes) + [slim.bytes]
        var refused = 0
        for _ in 0..<3_000 {
            var damaged = whole.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&damaged, &random) }
            do { exercise(try Zone(name: "damaged", tzif: damaged)) } catch {
                refused += 1
                #expect(!error.message.isEmpty)
            }
        }
        #expect(refused > 0 && refused < 3_000)
    }

    /// One byte changed, inserted or taken out, or the end cut off; headers and footers as often as the long tables.
    private func damage(_ bytes: inout [UInt8], _ random: inout Seeded) {
        guard !bytes.isEmpty else { return }
        let near = [0..<min(44, bytes.count), max(0, bytes.count - 40)..<bytes.count, 0..<bytes.count]
        let place = Int.random(in: near.randomElement(using: &random)!, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 1: bytes.remove(at: place)
        case 2: bytes.removeLast(Int.random(in: 0...min(50, bytes.count), using: &random))
        default: bytes[place] = UInt8.random(in: 0...255, using: &random)
        }
    }

    private func exercise(_ zone: Zone) {
        for seconds in [Int64.min, -4_000_000_000, 0, 1_774_746_000, 1_790_000_000, 20_000_000_000, .max] {
            let instant = Instant(seconds: seconds)
            let local = zone.localTime(at: instant)
            _ = (zone.instants(of: local), zone.instant(of: local))
            _ = zone.transitions(after: instant, through: .distantFuture, limit: 3)
            _ = try? Schedule(text: "30 2 * * *").next(after: instant, in: zone, anchor: .epoch)
        }
    }

    @Test func `of version 1 alone is enough`() throws {
        let zone = try Zone(name: "old", tzif: file(version: 0, times: [100], types: [(0, 0, 0), (3_600, 1, 4)]))
        #expect(zone.offset(at: Instant(seconds: 99)).seconds == 0)
        #expect(
            zone.offset(at: Instant(seconds: 100)) == ZoneOffset(seconds: 3_600, isDaylight: true, abbreviation: "DST"))
    }

    @Test(arguments: [
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01T00:00:00Z", 7_200),
        ("EST5EDT,M3.2.0,M11.1.0", "2026-07-01T00:00:00Z", -14_400),
        ("<+0330>-3:30", "2026-07-01T00:00:00Z", 12_600), ("AAA-1BBB-3,J60/0,J300/0", "2024-02-29T22:59:59Z", 3_600),
        ("AAA-1BBB-3,J60/0,J300/0", "2024-02-29T23:00:00Z", 10_800),
        ("AAA-1BBB-3,59/0,299/0", "2024-02-28T23:00:00Z", 10_800),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7_200),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3_600),
        ("XXX3EDT4,0/0,J365/23", "2026-01-01T03:00:00Z", -14_400),
    ])
    func `with a rule alone follows the rule`(rule: String, time: String, seconds: Int) throws {
        let zone = try Zone(name: "rule", tzif: file(version: 3, times: [], types: [(0, 0, 0)], footer: rule))
        #expect(zone.offset(at: try instant(time)).seconds == seconds)
    }

    @Test func `with daylight time all year has no changes`() throws {
        let zone = try Zone(
            name: "rule", tzif: file(version: 3, times: [], types: [(0, 0, 0)], footer: "XXX3EDT4,0/0,J365/23"))
        #expect(zone.transitions(after: .epoch, through: try instant("2100-01-01T00:00:00Z")).isEmpty)
        #expect(zone.offset(at: try instant("2100-01-01T00:00:00Z")).abbreviation == "EDT")
    }

    @Test(arguments: [
        "C-1", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-99", "CET-1CEST,J0,J366", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST", "<CET-1",
        "CET-1CEST,M3.5.0,M10.5.0x",
    ])
    func `with a rule that is none is an error`(rule: String) {
        let error = #expect(throws: ZoneError.self) {
            try Zone(name: "rule", tzif: file(version: 2, times: [], types: [(0, 0, 0)], footer: rule))
        }
        #expect(error?.code == .rule)
    }

    @Test func `whose counts and indexes lie is an error`() {
        #expect(throws: ZoneError.self) {
            try Zone(name: "x", tzif: file(version: 0, times: [5, 5], types: [(0, 0, 0)]))
        }
        #expect(throws: ZoneError.self) { try Zone(name: "x", tzif: file(version: 0, times: [], types: [])) }
        #expect(throws: ZoneError.self) {
            try Zone(name: "x", tzif: file(version: 0, times: [], types: [(200_000, 0, 0)]))
        }
        #expect(throws: ZoneError.self) { try Zone(name: "x", tzif: file(version: 0, times: [], types: [(0, 0, 9)])) }
        #expect(throws: ZoneError.self) { try Zone(name: "x", tzif: file(version: 0, times: [], types: [(0, 2, 0)])) }
        let leap = #expect(throws: ZoneError.self) {
            try Zone(name: "right/UTC", tzif: file(version: 0, times: [], types: [(0, 0, 0)], leapSeconds: 1))
        }
        #expect(leap?.code == .leapSeconds)
    }

    @Test(arguments: [
        ("Europe/Berlin", true), ("UTC", true), ("Etc/GMT+5", true), ("America/Port-au-Prince", true), ("", false),
        ("/etc/passwd", false), ("../x", false), ("Europe//Berlin", false), ("Europe/", false), ("a b", false),
        ("..", false), ("Europe/../UTC", false), ("./UTC", false), ("UTC\0", false),
        ("Europe\0/Berlin", false), ("Zürich", false), (String(repeating: "a", count: 65), false),
    ])
    func `has a name that is safe as a path`(name: String, isWellFormed: Bool) {
        #expect(Zone.isWellFormed(name: name) == isWellFormed)
    }

    /// A file by hand; the k-th change is to type k mod 2, and "STD" and "DST" are the abbreviations.
    private func file(
        version: UInt8, times: [Int64], types: [(Int32, UInt8, UInt8)], footer: String = "", leapSeconds: UInt32 = 0
    ) -> [UInt8] {
        ZoneFileWriter(
            version: version, times: times, indexes: times.indices.map { UInt8(($0 + 1) % 2) }, types: types,
            footer: footer, leapSeconds: leapSeconds
        ).bytes
    }
}

/// Writes a zone file, also one that lies; "STD" (at 0) and "DST" (at 4) are the abbreviations.
struct ZoneFileWriter {
    var version: UInt8 = 2
    var times: [Int64]
    var indexes: [UInt8]
    /// Offset, whether it is daylight time, and where the abbreviation begins.
    var types: [(Int32, UInt8, UInt8)]
    var footer = ""
    var leapSeconds: UInt32 = 0

    var bytes: [UInt8] {
        let digit = version == 0 ? 0 : UInt8(ascii: "0") + version
        let first = block(digit, size: 4, leapSeconds: leapSeconds)
        guard version > 1 else { return first }
        return first + block(digit, size: 8, leapSeconds: 0) + Array("\n\(footer)\n".utf8)
    }

    private func block(_ version: UInt8, size: Int, leapSeconds: UInt32) -> [UInt8] {
        var bytes = Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
        let characters = Array("STD\0DST\0".utf8)
        for count in [0, 0, leapSeconds, UInt32(times.count), UInt32(types.count), UInt32(characters.count)] {
            bytes += bigEndian(Int64(count), 4)
        }
        for time in times { bytes += bigEndian(time, size) }
        bytes += indexes
        for (offset, isDaylight, abbreviation) in types {
            bytes += bigEndian(Int64(offset), 4) + [isDaylight, abbreviation]
        }
        return bytes + characters
    }

    private func bigEndian(_ value: Int64, _ size: Int) -> [UInt8] {
        (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
    }
}
