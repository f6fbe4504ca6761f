import SignalboxCore
import Testing

@testable import SignalboxFormats

/// One line of Corpus/calendar.txt: what systemd makes of an expression.
private struct CalendarVector: CustomTestStringConvertible {
    let form: String
    /// Nil: systemd refuses it.
    let times: [String]?

    var testDescription: String { form }

    static let all: [CalendarVector] = {
        guard let text = try? Corpus.text("calendar.txt") else { return [] }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let halves = line.split(separator: "\t", maxSplits: 1).map(String.init)
            let times = halves[1].split(separator: " ").map(String.init)
            return CalendarVector(form: halves[0], times: times == ["refused"] ? nil : times == ["never"] ? [] : times)
        }
    }()

    /// What systemd knows and schedules here do not: fractions of a second, and years.
    static let unsayable: Set<String> = ["05:40:23.42", "2026..2027-12-31 23:00"]
}

private let start = try! Instant(text: "2026-11-22T04:00:00Z")

private func timer(_ lines: [String]) throws -> TimerImport {
    let text = "[Timer]\n" + lines.map { "OnCalendar=\($0)\n" }.joined()
    let service = UnitSource(file: "x.service", text: "[Service]\nType=oneshot\nExecStart=/bin/true\n")
    return try SystemdTimers.read(
        "x.timer", [UnitSource(file: "x.timer", text: text)], now: start, zone: findZone, service: { _ in [service] })
}

private func times(_ job: JobDefinition, count: Int) throws -> [Instant] {
    let zone = try findZone(job.zone)
    return job.schedule.occurrences(after: start, in: zone, anchor: start).prefix(count).map(\.due)
}

@Suite struct `An OnCalendar expression` {
    @Test func `is tested against a table of systemd's own answers`() {
        #expect(CalendarVector.all.count == 89)
        #expect(CalendarVector.all.count { ($0.times?.count ?? 0) == 20 } == 67)
    }

    @Test(arguments: CalendarVector.all)
    private func `falls due when systemd says`(_ vector: CalendarVector) throws {
        let result = try timer([vector.form])
        guard let expected = vector.times, !CalendarVector.unsayable.contains(vector.form) else {
            #expect(result.jobs.isEmpty && result.errors.count == 1, "\(result)")
            return
        }
        guard !expected.isEmpty else {
            #expect(result.jobs.isEmpty && result.notes.count + result.errors.count == 1, "\(result)")
            return
        }
        let job = try #require(result.jobs.first, "\(result.errors)").definition
        #expect(try times(job, count: expected.count) == expected.map { try Instant(text: $0) }, "\(job.schedule)")
        #expect(result.jobs.count == 1 && result.errors.isEmpty)
    }

    @Test(arguments: [
        ("daily", "0 0 * * *"), ("Mon..Fri 09:00", "0 9 * * mon-fri"), ("sat,sun 4:30", "30 4 * * sat,sun"),
        ("*-*-* 6,18:00", "0 6,18 * * *"), ("*:0/15", "*/15 * * * *"), ("*:*:0/10", "*/10 * * * * *"),
        ("Mon *-05~07/1", "0 0 L-6,L-5,L-4,L-3,L-2,L-1,L 5 mon days=and"), ("*-*~01", "0 0 L * *"),
        ("Fri *-*-13", "0 0 13 * fri days=and"), ("quarterly", "0 0 1 */3 *"), ("1..5:30", "30 1-5 * * *"),
        ("2027-03-01 12:00", "@at 2027-03-01T12:00:00.000000Z"),
        ("2027-03-01 12:00 Europe/Berlin", "@at 2027-03-01T11:00:00.000000Z"),
    ])
    func `becomes a schedule that people can read`(form: String, schedule: String) throws {
        #expect(try timer([form]).jobs.first?.definition.schedule.description == schedule)
    }

    @Test func `keeps its zone`() throws {
        #expect(try timer(["Mon 04:00 Europe/Berlin"]).jobs.first?.definition.zone == "Europe/Berlin")
        #expect(try timer(["Mon 04:00"]).jobs.first?.definition.zone == nil)
    }

    @Test func `says what is wrong with it, and where`() throws {
        for (form, words) in [
            ("Fri..Mon", "goes backwards"), ("22..3:00", "range a..b"), ("*:61", "0 to 59"),
            ("Foo 10:00", "no weekday"),
            ("05:40:23.42", "fractions"), ("2026..2027-12-31", "certain years"), ("*-02-30", "never comes"),
            ("10:00 x Europe/Berlin", "too many"), ("@1395716396", "1970"), ("daily Europe/Nowhere", "Nowhere"),
        ] {
            let error = try #require(try timer(["daily", form]).errors.first)
            #expect(error.line == 3 && error.message.contains(words), "\(form): \(error)")
        }
        let past = try timer(["2003..2005-03-05"])
        #expect(
            past.errors.isEmpty && past.jobs.isEmpty && past.notes.first?.message.contains("never comes again") == true)
    }
}

@Suite struct `Several OnCalendar lines` {
    @Test func `are one job where one schedule can say them`() throws {
        #expect(try schedules(["*-*-* 6:00", "*-*-* 18:00", "12:00"]) == ["0 6,12,18 * * *"])
        #expect(try schedules(["Mon 6:00", "Tue 6:00", "Sun 6:00"]) == ["0 6 * * mon,tue,sun"])
        #expect(try schedules(["daily", "daily"]) == ["0 0 * * *"])
    }

    @Test func `are several jobs where it takes more, with names of their own and a note`() throws {
        let result = try timer(["Mon 6:00", "Tue 7:00", "Wed 6:00"])
        #expect(result.jobs.map(\.definition.schedule.description) == ["0 6 * * mon,wed", "0 7 * * tue"])
        #expect(result.jobs.map(\.definition.name.text) == ["x", "x-2"])
        #expect(result.notes.map(\.message.count).count == 1 && result.notes[0].message.contains("2 schedules"))
        #expect(try schedules(["6:00 UTC", "7:00 Europe/Berlin"]).count == 2)
    }

    @Test func `that are taken back by an empty one do not count`() throws {
        #expect(try schedules(["daily", "", "weekly"]) == ["0 0 * * mon"])
    }

    @Test func `together fall due when either of them does`() throws {
        let forms = CalendarVector.all.filter { $0.times?.count == 20 }.map(\.form)
            .filter { !CalendarVector.unsayable.contains($0) }
        for (index, first) in forms.enumerated() {
            for second in forms[(index + 1)...].prefix(1) {
                let both = try timer([first, second])
                let apart = try [first, second].flatMap {
                    try times(try #require(timer([$0]).jobs.first).definition, count: 6)
                }
                let together = try both.jobs.flatMap { try times($0.definition, count: 6) }
                #expect(Set(together).sorted().prefix(6) == Set(apart).sorted().prefix(6), "\(first) and \(second)")
            }
        }
    }

    private func schedules(_ lines: [String]) throws -> [String] {
        try timer(lines).jobs.map(\.definition.schedule.description)
    }
}
