import Testing

@testable import SignalboxCore

/// What people and programs mistype, and worse.
private let malformed: [String] = [
    // Numbers
    "60 * * * *", "-1 * * * *", "+5 * * * *", "1.5 * * * *", "0x10 * * * *", "1e1 * * * *", "999999999 * * * *",
    "99999999999999999999999999 * * * *", "18446744073709551616 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *",
    "* * * 0 *", "* * * 13 *", "* * * * 8", "* * * * 99999999999999999999",
    // Lists
    ", * * * *", "1, * * * *", ",1 * * * *", "1,,2 * * * *", "1,2,x * * * *", "1;2 * * * *", "1,60 * * * *",
    // Ranges
    "- * * * *", "1- * * * *", "-2 * * * *", "1-2-3 * * * *", "1--2 * * * *", "0-60 * * * *", "*-5 * * * *",
    "5-* * * * *", "a-b * * * *", "1..5 * * * *", "1-99999999999999999999 * * * *",
    // Steps
    "*/0 * * * *", "5/0 * * * *", "0-10/0 * * * *", "*/ * * * *", "/5 * * * *", "/ * * * *", "*/-5 * * * *",
    "*/61 * * * *", "*/99999999999999999999 * * * *", "*/5/5 * * * *", "*/x * * * *", "*/1.5 * * * *", "*/* * * * *",
    // Stars and marks
    "** * * * *", "*5 * * * *", "5* * * * *", "? * * * *", "* * ? * *", "% * * * *", "! * * * *", "\\* * * * *",
    // Names
    "jan * * * *", "* mon * * *", "* * * mond *", "* * * janu *", "* * * * monday,", "* * * * mo", "* * * mon *",
    "* * * * jan", "* * * * su n",
    // Extras in the wrong place or form
    "L * * * *", "* L * * *", "* * L- * *", "* * L-x * *", "* * L-31 * *", "* * L-999 * *", "* * LL * *", "* * 3L * *",
    "* * L+1 * *", "* * * L *", "* * * * L", "* * * * 8L", "* * * * xL", "* * * * 1-5L", "* * 2#1 * *", "* * * * 2#",
    "* * * * #", "* * * * 2#0", "* * * * 2#6", "* * * * 2#+1", "* * * * 2#1#1", "* * * * 8#1", "* * * * 2#1/2",
    "* * 15W * *", "* * LW * *", "~5~ * * * *", "60~ * * * *", "9~3 * * * *", "~/5 * * * *", "* * ~ * *",
    // Not ASCII, not visible
    "٥ * * * *", "５ * * * *", "𝟓 * * * *", "5\u{0} * * * *", "\u{202E}5 * * * *", "➊ * * * *", "é * * * *",
    "5\u{301} * * * *", "* * * jän *", "＊ * * * *", "\u{1B}[31m5 * * * *",
    // Dates that never come
    "30 2 31 2 *", "0 0 30 2 *", "0 0 31 4,6 *", "0 0 31 4,6,9,11 *", "0 0 30,31 2 *", "0 0 L-29 2 *", "0 0 L-30 4 *",
    // How many fields
    "", " ", "\t", "*", "* *", "* * *", "* * * *", "* * * * * * *", "0 4 * * * backup", "@", "@@daily", "@dayly",
    "@daily @weekly", "daily", "@daily 5",
]

@Suite struct `Malformed cron text` {
    @Test func `is refused in words that name the field, the place and what is expected`() throws {
        for text in malformed {
            let error = try #require(throws: ScheduleError.self, "\(text)") { try Schedule(text: text) }
            #expect((1...(text.count + 1)).contains(error.column), "\(text): column \(error.column)")
            #expect(!error.message.isEmpty && error.message.count < 400, "\(text): \(error.message)")
            switch error.code {
            case .malformed, .outOfRange:
                let field = try #require(error.field, "\(text)")
                let place = "in the \(field) field (column \(error.column))"
                #expect(error.message.contains(place), "\(text): \(error.message)")
                #expect(["allowed are", "1 to"].contains { error.message.contains($0) }, "\(text): \(error.message)")
            case .neverComes: #expect(error.field == "day of month", "\(text)")
            case .fieldCount, .unknownWord, .operand, .tooLong: break
            }
        }
    }

    @Test(arguments: [
        ("1,,2 * * * *", 3, "a value is missing in the minute field"),
        ("* 9999999999999 * * *", 3, "\"9999999999999\" in the hour field (column 3) is out of range"),
        ("*/99999999999999999999 * * * *", 3, "the step \"/99999999999999999999\""),
        ("* * * * 2#+1", 9, "# takes 1 to 5"),
    ])
    func `says just what is wrong`(text: String, column: Int, words: String) {
        let error = #expect(throws: ScheduleError.self) { try Schedule(text: text) }
        #expect(error?.column == column && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["1,", "*", "0-59/1,", "~ ", "L", "é", "* ", "\u{0}"])
    func `of ten kilobytes is refused at once`(piece: String) {
        let text = String(repeating: piece, count: 10_240 / piece.utf8.count)
        let error = #expect(throws: ScheduleError.self) { try Schedule(text: text) }
        #expect(error?.code == .tooLong && (error?.message.count ?? .max) < 700 && (error?.text.count ?? .max) <= 1_000)
    }

    @Test func `as long as can be is still read`() throws {
        let minutes = (0..<60).map(String.init).joined(separator: ",")
        let days = (1...31).map(String.init).joined(separator: ",")
        let months = (0..<12).map { CronField.month.words[$0] }.joined(separator: ",")
        let schedule = try Schedule(text: "\(minutes) \(minutes) 0-23 \(days) \(months) *")
        #expect(schedule.description.utf8.count > 500)
        #expect(schedule.next(after: .epoch, in: .utc, anchor: .epoch)?.due == Instant(seconds: 1))
    }

    /// Random pieces of the grammar: whatever comes of it is refused in words, or has a next time and reads back.
    @Test(arguments: [UInt64.random(in: 0...(.max))])
    func `or not, at random, is refused or means something`(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let good = ["*", "*", "0", "5", "7", "1-5", "*/2", "5,6", "22-3"]
        let odd = ["12", "31", "60", "-", ",", "/", "~", "L", "#", "mon", "jan", "@daily", " ", "?", "é", "2#1"]
        var (accepted, refused) = (0, 0)
        for _ in 0..<4_000 {
            let fields = (0..<[4, 5, 5, 5, 6, 7].randomElement(using: &random)!).map { _ in
                good.randomElement(using: &random)!
                    + (Int.random(in: 0..<8, using: &random) == 0 ? odd.randomElement(using: &random)! : "")
            }
            let text = fields.joined(separator: " ")
            do throws(ScheduleError) {
                let schedule = try Schedule(text: text)
                accepted += 1
                #expect(schedule.next(after: .epoch, in: .utc, anchor: .epoch) != nil, "\(text)")
                #expect((try? Schedule(text: schedule.description)) == schedule, "\(text)")
            } catch {
                refused += 1
                #expect(
                    (1...(text.count + 1)).contains(error.column) && !error.message.isEmpty, "\(text)")
            }
        }
        #expect(accepted > 100 && refused > 100)
    }
}

@Suite struct `A weekday range` {
    @Test(arguments: [
        ("0-7", "0-6"), ("0-07", "0-6"), ("1-07", "1-6,0"), ("5-07", "5,6,0"), ("07", "0"), ("7-7", "0"),
        ("7-2", "0-2"),
        ("sun-7", "0-6"), ("1-7/2", "1,3,5,0"), ("6-1", "6,0,1"), ("sat-mon/2", "6,1"), ("7L", "0L"), ("07#1", "0#1"),
    ])
    func `takes Sunday as 0 and as 7`(text: String, plain: String) throws {
        let (read, expected) = (try Schedule(text: "0 0 * * \(text)"), try Schedule(text: "0 0 * * \(plain)"))
        let times = { (schedule: Schedule) in
            Array(schedule.occurrences(after: .epoch, in: .utc, anchor: .epoch).prefix(40))
        }
        #expect(times(read) == times(expected))
    }
}
