/// One kind of field of a cron expression: what it is called and which values it has.
struct CronField: Sendable {
    let name: String
    let values: ClosedRange<Int>
    /// Words for the values, the first for the lowest, in lower case; empty when there are none.
    var words: [String] = []

    static let second = CronField(name: "second", values: 0...59)
    static let minute = CronField(name: "minute", values: 0...59)
    static let hour = CronField(name: "hour", values: 0...23)
    static let dayOfMonth = CronField(name: "day of month", values: 1...31)
    static let month = CronField(
        name: "month", values: 1...12,
        words: [
            "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november",
            "december",
        ])
    /// Sunday is 0; 7 is read as Sunday too.
    static let dayOfWeek = CronField(
        name: "day of week", values: 0...6,
        words: ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"])

    var isDayOfMonth: Bool { values.upperBound == 31 }
    var isDayOfWeek: Bool { values.upperBound == 6 }
    /// Only where cronie has it: a value drawn for the job.
    var allowsSpread: Bool { name == Self.minute.name || name == Self.hour.name }

    /// For error messages: everything that may stand in this field.
    var allowed: String {
        let numbers = isDayOfWeek ? "0-7 (0 and 7 are Sunday)" : "\(values.lowerBound)-\(values.upperBound)"
        let names = words.isEmpty ? "" : ", \(words[0].prefix(3))-\(words[words.count - 1].prefix(3))"
        let extras = isDayOfMonth ? ", L, L-3" : isDayOfWeek ? ", 5L (last Friday), 2#1 (first Tuesday)" : ""
        return "\(numbers)\(names), *, lists a,b, ranges a-b, steps /n\(allowsSpread ? ", ~" : "")\(extras)"
    }
}

/// What one field of an expression says.
struct CronValues: Hashable, Sendable {
    /// Bit v: the value v matches.
    var mask: UInt64 = 0
    /// Bit k: the day k days before the last of the month matches (`L` is 0).
    var daysFromEnd: UInt32 = 0
    /// Bit w: the last weekday w of the month matches (`5L`).
    var lastWeekdays: UInt8 = 0
    /// Bit 7·(n−1)+w: the n-th weekday w of the month matches (`2#1`).
    var nthWeekdays: UInt64 = 0
    /// The field begins with `*`: it does not restrict in the sense of the day rule, and makes a job wildcard.
    var beginsWithStar = false
    var usesSpread = false
}
