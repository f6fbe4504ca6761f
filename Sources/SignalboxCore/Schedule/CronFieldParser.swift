/// Reads one field of a cron expression.
struct CronFieldParser {
    let field: CronField
    /// The field as written, and the column where it begins in the whole text.
    let text: String
    let column: Int
    /// The whole expression, for errors.
    let whole: String
    /// What `~` is drawn from.
    let seed: UInt64
    private var values = CronValues()

    init(field: CronField, text: String, column: Int, whole: String, seed: UInt64) {
        self.field = field
        self.text = text
        self.column = column
        self.whole = whole
        self.seed = seed
    }

    /// Every item of the comma-separated list, together.
    static func parse(
        _ field: CronField, _ text: String, column: Int, whole: String, seed: UInt64
    ) throws(ScheduleError) -> CronValues {
        var parser = CronFieldParser(field: field, text: text, column: column, whole: whole, seed: seed)
        var itemColumn = column
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            try parser.add(String(item), at: itemColumn)
            itemColumn += item.count + 1
        }
        parser.values.beginsWithStar = text.hasPrefix("*")
        return parser.values
    }

    private mutating func add(_ item: String, at itemColumn: Int) throws(ScheduleError) {
        if try addExtra(item, at: itemColumn) { return }
        let halves = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let base = halves.first, !base.isEmpty else { throw unreadable(item, at: itemColumn) }
        if base.contains("~") {
            guard halves.count == 1 else { throw unreadable(item, at: itemColumn) }
            return try addSpread(base, at: itemColumn)
        }
        let step = halves.count == 2 ? try step(halves[1], of: item, at: itemColumn + base.count + 1) : nil
        let (first, count) = try range(base, open: step != nil, at: itemColumn)
        for offset in stride(from: 0, to: count, by: step ?? 1) { insert(wrapped(first + offset)) }
    }

    private mutating func insert(_ value: Int) { values.mask |= 1 << UInt64(value) }

    /// `value` moved back into the field's range by whole turns.
    private func wrapped(_ value: Int) -> Int {
        field.values.lowerBound + (value - field.values.lowerBound) % field.values.count
    }

    /// The first value of "*", "a" or "a-b" and how many follow each other; an open "a" with a step goes to the end.
    private func range(
        _ base: String, open: Bool, at itemColumn: Int
    ) throws(ScheduleError) -> (first: Int, count: Int) {
        if base == "*" { return (field.values.lowerBound, field.values.count) }
        let ends = base.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw unreadable(base, at: itemColumn) }
        let first = try value(ends[0], at: itemColumn)
        guard ends.count == 2 else { return (first, open ? field.values.upperBound - first + 1 : 1) }
        let last = try value(ends[1], at: itemColumn + ends[0].count + 1)
        // "0-7" and "1-7" of weekdays name Sunday by its second number.
        if field.isDayOfWeek, Int(ends[1]) == 7, Int(ends[0]) != 7 { return (first, 8 - first) }
        let distance = last - first
        return (first, (distance < 0 ? distance + field.values.count : distance) + 1)
    }

    /// One number or name.
    private func value(_ text: String, at valueColumn: Int) throws(ScheduleError) -> Int {
        let lower = text.lowercased()
        if let index = field.words.firstIndex(where: { $0 == lower || $0.prefix(3) == lower }) {
            return field.values.lowerBound + index
        }
        var scanner = TextScanner(text)
        guard let number = scanner.takeNumber(width: 1...9), scanner.isAtEnd else {
            let isNumber = !text.isEmpty && text.utf8.allSatisfy { $0.isDigit }
            throw isNumber ? outOfRange(text, at: valueColumn) : unreadable(text, at: valueColumn)
        }
        if field.isDayOfWeek && number == 7 { return 0 }
        guard field.values.contains(number) else { throw outOfRange(text, at: valueColumn) }
        return number
    }

    private func step(_ text: String, of item: String, at stepColumn: Int) throws(ScheduleError) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0.isDigit }) else { throw unreadable(item, at: stepColumn) }
        guard let step = Int(text), (1...field.values.count).contains(step) else {
            throw ScheduleError(
                .outOfRange, field: field.name, text: whole, column: stepColumn,
                "the step \(quoted("/" + text)) in the \(field.name) field (column \(stepColumn)) is out of range: 1 "
                    + "to \(field.values.count); for longer distances use @every, as in @every 90m")
        }
        return step
    }
}

// MARK: - What is not plain cron: L, #, ~

extension CronFieldParser {
    /// `L`, `L-3`, `5L` and `2#1`; false when the item is none of them.
    private mutating func addExtra(_ item: String, at itemColumn: Int) throws(ScheduleError) -> Bool {
        if field.isDayOfMonth { return try addDayFromEnd(item, at: itemColumn) }
        guard field.isDayOfWeek else { return false }
        if item.count > 1, item.hasSuffix("L") || item.hasSuffix("l"), !field.words.contains(item.lowercased()) {
            values.lastWeekdays |= 1 << UInt8(try value(String(item.dropLast()), at: itemColumn))
            return true
        }
        guard let hash = item.firstIndex(of: "#") else { return false }
        let weekday = try value(String(item[..<hash]), at: itemColumn)
        var scanner = TextScanner(String(item[item.index(after: hash)...]))
        guard let nth = scanner.takeNumber(width: 1...1), scanner.isAtEnd, (1...5).contains(nth) else {
            throw ScheduleError(
                .outOfRange, field: field.name, text: whole, column: itemColumn,
                "\(quoted(item)) in the day of week field (column \(itemColumn)): # takes 1 to 5, as in 2#1, the first "
                    + "Tuesday")
        }
        values.nthWeekdays |= 1 << UInt64(7 * (nth - 1) + weekday)
        return true
    }

    private mutating func addDayFromEnd(_ item: String, at itemColumn: Int) throws(ScheduleError) -> Bool {
        guard item.hasPrefix("L") || item.hasPrefix("l") else { return false }
        if item.count == 1 {
            values.daysFromEnd |= 1
            return true
        }
        var scanner = TextScanner(String(item.dropFirst()))
        guard scanner.take("-"), let days = scanner.takeNumber(width: 1...2), scanner.isAtEnd else {
            throw unreadable(item, at: itemColumn)
        }
        guard days <= 30 else { throw outOfRange(item, at: itemColumn) }
        values.daysFromEnd |= 1 << UInt32(days)
        return true
    }

    /// `~` or `a~b`: one value of the range, drawn from the seed, the field and the place in the text.
    private mutating func addSpread(_ item: String, at itemColumn: Int) throws(ScheduleError) {
        let ends = item.split(separator: "~", omittingEmptySubsequences: false).map(String.init)
        guard field.allowsSpread, ends.count == 2 else { throw unreadable(item, at: itemColumn) }
        let first = ends[0].isEmpty ? field.values.lowerBound : try value(ends[0], at: itemColumn)
        let last = ends[1].isEmpty ? field.values.upperBound : try value(ends[1], at: itemColumn + ends[0].count + 1)
        guard first <= last else { throw outOfRange(item, at: itemColumn) }
        var hash = StableHash(seed: seed)
        hash.combine("\(field.name) \(itemColumn - column)")
        values.usesSpread = true
        insert(first + Int(hash.value % UInt64(last - first + 1)))
    }

    private func unreadable(_ item: String, at column: Int) -> ScheduleError {
        let what = item.isEmpty ? "a value is missing" : "cannot read \(quoted(item))"
        return ScheduleError(
            .malformed, field: field.name, text: whole, column: column,
            "\(what) in the \(field.name) field (column \(column)): allowed are \(field.allowed)")
    }

    private func outOfRange(_ item: String, at column: Int) -> ScheduleError {
        ScheduleError(
            .outOfRange, field: field.name, text: whole, column: column,
            "\(quoted(item)) in the \(field.name) field (column \(column)) is out of range: allowed are "
                + field.allowed)
    }
}
