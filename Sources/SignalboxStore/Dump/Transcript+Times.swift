// Times are RFC 3339 in UTC with microseconds; lengths of time are seconds as decimal numbers, exact to the microsecond
// and those of the boot clock to the nanosecond.

internal import SignalboxCore

extension Transcript {
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func instant(_ name: FieldName) throws {
        try field(name)
        try instant()
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func instant() throws {
        if isPrinting {
            printInstant(Instant(microseconds: Int64(bitPattern: try recordNumber64())))
        } else {
            output.put(littleEndian: UInt64(bitPattern: try parseInstant().microseconds))
        }
    }

    /// One on both clocks: `NAME_at` and `NAME_boot_seconds`.
    @_lifetime(self: copy self)
    mutating func moment(_ name: FieldName, boot: FieldName) throws {
        try instant(name)
        try bootInstant(boot)
    }

    @_lifetime(self: copy self)
    mutating func bootInstant(_ name: FieldName) throws {
        try field(name)
        try seconds(digits: 9)
    }

    @_lifetime(self: copy self)
    mutating func duration(_ name: FieldName) throws {
        try field(name)
        try duration()
    }

    @_lifetime(self: copy self)
    mutating func duration() throws { try seconds(digits: 6) }

    @_lifetime(self: copy self)
    mutating func optionalInstant(_ name: FieldName) throws { if try optional(name) { try instant() } }
    @_lifetime(self: copy self)
    mutating func optionalDuration(_ name: FieldName) throws { if try optional(name) { try duration() } }

    // MARK: Seconds

    @_lifetime(self: copy self)
    private mutating func seconds(digits: Int) throws {
        if isPrinting {
            printSeconds(Int64(bitPattern: try recordNumber64()), digits: digits)
        } else {
            output.put(littleEndian: UInt64(bitPattern: try parseSeconds(digits: digits)))
        }
    }

    /// `parts` of so many digits of the second, 6 or 9.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printSeconds(_ parts: Int64, digits: Int) {
        let unit: UInt64 = digits == 9 ? 1_000_000_000 : 1_000_000
        if parts < 0 { output.put(UInt8(ascii: "-")) }
        let (whole, fraction) = parts.magnitude.quotientAndRemainder(dividingBy: unit)
        printNumber(whole)
        if fraction > 0 { printFraction(fraction, digits: digits) }
    }

    /// The point and what stands behind it, without zeros at the end.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func printFraction(_ fraction: UInt64, digits: Int) {
        output.put(UInt8(ascii: "."))
        // The first eight digits, and the ninth.
        let (front, last) = digits == 9 ? fraction.quotientAndRemainder(dividingBy: 10) : (fraction &* 100, 0)
        let values = EightDigits.values(of: front)
        let zeros = last > 0 ? 0 : values.leadingZeroBitCount / 8
        output.put(word: values | EightDigits.zeros, width: 8 &- zeros)
        if last > 0 { output.put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: last)) }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func parseSeconds(digits: Int) throws -> Int64 {
        let start = offset
        let unit: UInt64 = digits == 9 ? 1_000_000_000 : 1_000_000
        let isNegative = take(UInt8(ascii: "-"))
        let whole = try parseNumber(upTo: UInt64.max / unit)
        let fraction = take(UInt8(ascii: ".")) ? try parseFraction(digits: digits) : 0
        let (magnitude, overflows) = (whole &* unit).addingReportingOverflow(fraction)
        let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
        guard !overflows, magnitude <= limit, !isNegative || magnitude > 0 else {
            throw DumpFault(column: start + 1, reason: "expected a number of seconds that fits 64 bits")
        }
        return Int64(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
    }

    /// What stands behind the point, in parts of so many digits.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func parseFraction(digits: Int) throws -> UInt64 {
        let first = offset
        var (fraction, width): (UInt64, Int) = (0, 0)
        if offset >= 0, offset <= input.count &- 8 {
            let text = input.number64(at: offset)
            width = min(EightDigits.countInFront(text), digits)
            if width > 0 { fraction = EightDigits.number(text &<< UInt64(64 &- 8 &* width)) }
            offset &+= width
        }
        while width < digits, next >= UInt8(ascii: "0"), next <= UInt8(ascii: "9") {
            fraction = fraction &* 10 &+ UInt64(next &- UInt8(ascii: "0"))
            width &+= 1
            step()
        }
        guard width > 0, input[first &+ width &- 1] != UInt8(ascii: "0") else {
            throw DumpFault(
                column: first + 1, reason: "expected 1 to \(digits) digits of the second, the last of them no 0")
        }
        for _ in width..<digits { fraction = fraction &* 10 }
        return fraction
    }

    // MARK: Instants

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printInstant(_ instant: Instant) {
        let (number, rest) = instant.microseconds.flooredParts(by: 86_400_000_000)
        guard let day = dayText(number) else { return printWord(instant.description) }
        let (seconds, fraction) = UInt64(rest).quotientAndRemainder(dividingBy: 1_000_000)
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        output.put(UInt8(ascii: "\""))
        output.put(word: day.yearAndMonth, width: 8)
        output.put(word: day.dayOfMonth, width: 3)
        output.put(
            word: digitPair(hour) | digitPair(minute) << 24 | digitPair(second) << 48 | 0x3A_0000_3A_0000, width: 8)
        // The zeros in front of the six digits make way for the point.
        output.put(word: EightDigits.values(of: fraction) &>> 8 | 0x30_3030_3030_302E, width: 7)
        output.put(word: 0x225A, width: 2)
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func dayText(_ number: Int64) -> DayText? {
        if number == day.number { return day }
        guard let other = DayText(number) else { return nil }
        day = other
        return other
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func parseInstant() throws -> Instant {
        guard let instant = usualInstant() else { return try parseAnyInstant() }
        offset &+= 29
        return instant
    }

    /// "2026-11-22T04:23:44.000000Z" in quotes and nothing else; nil for whatever has another form.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func usualInstant() -> Instant? {
        guard offset >= 0, offset <= input.count &- 32, input[offset] == UInt8(ascii: "\"") else { return nil }
        let (date, clock) = (input.number64(at: offset &+ 1), input.number64(at: offset &+ 9))
        let (rest, end) = (input.number64(at: offset &+ 17), input.number32(at: offset &+ 25))
        if date != day.yearAndMonth || clock & 0xFF_FFFF != day.dayOfMonth {
            guard let other = DayText(date, clock & 0xFF_FFFF) else { return nil }
            day = other
        }
        // The marks between the digits; then the digits of hour, minute and second, and those of the fraction.
        guard clock &>> 40 & 0xFF == 0x3A, rest & 0xFF == 0x3A, rest &>> 24 & 0xFF == 0x2E, end &>> 16 == 0x225A else {
            return nil
        }
        let (minutes, seconds) = (clock &>> 48, rest &>> 8 & 0xFFFF)
        let time = clock &>> 24 & 0xFFFF | minutes &<< 16 | seconds &<< 32 | 0x3030 << 48
        let fraction = rest &>> 32 | UInt64(end & 0xFFFF) &<< 32 | 0x3030 << 48
        guard EightDigits.countInFront(time) == 8, EightDigits.countInFront(fraction) == 8 else { return nil }
        let number = EightDigits.number(time) / 100
        let (hour, minute, second) = (number / 10_000, number / 100 % 100, number % 100)
        guard hour < 24, minute < 60, second < 60 else { return nil }
        let whole = (UInt64(bitPattern: day.number) &* 24 &+ hour) &* 3600 &+ minute &* 60 &+ second
        let microseconds = whole &* 1_000_000 &+ EightDigits.number(fraction) / 100
        return Instant(microseconds: Int64(bitPattern: microseconds))
    }

    @_lifetime(self: copy self)
    @inline(never)
    private mutating func parseAnyInstant() throws -> Instant {
        let start = offset
        let text = try word()
        guard text.count <= 40, let shown = text.text,
            let instant = try? Instant(text: shown), instant.description == shown
        else {
            throw DumpFault(
                column: start + 1, reason: "expected a time in UTC with microseconds, as in 2026-11-22T04:23:44.000000Z"
            )
        }
        return instant
    }
}

/// A day as times have it in a line. Most times are of the day of the one before.
struct DayText: Sendable {
    /// Days since 1970.
    private(set) var number: Int64 = 0
    /// "1970-01-", the first byte the lowest.
    private(set) var yearAndMonth: UInt64 = 0x2D31_302D_3037_3931
    /// "01T".
    private(set) var dayOfMonth: UInt64 = 0x54_3130

    /// 1 January 1970.
    init() {}

    /// Nil for what has no year of four digits.
    init?(_ number: Int64) {
        let date = CalendarDay(daysSinceEpoch: Int(number))
        guard (0...9999).contains(date.year) else { return nil }
        self.number = number
        let (century, year) = UInt64(date.year).quotientAndRemainder(dividingBy: 100)
        yearAndMonth =
            digitPair(century) | digitPair(year) << 16 | 0x2D << 32 | digitPair(UInt64(date.month)) << 40
            | 0x2D << 56
        dayOfMonth = digitPair(UInt64(date.day)) | 0x54 << 16
    }

    /// The day that is written so; nil where it is none.
    init?(_ yearAndMonth: UInt64, _ dayOfMonth: UInt64) {
        let digits = (yearAndMonth & 0xFFFF_FFFF) | (yearAndMonth &>> 40 & 0xFFFF) << 32 | (dayOfMonth & 0xFFFF) << 48
        guard EightDigits.countInFront(digits) == 8 else { return nil }
        let date = Int(EightDigits.number(digits))
        guard let day = CalendarDay(year: date / 10_000, month: date / 100 % 100, day: date % 100),
            let text = DayText(Int64(day.daysSinceEpoch)), text.yearAndMonth == yearAndMonth,
            text.dayOfMonth == dayOfMonth
        else { return nil }
        self = text
    }
}

/// Two digits, the first in the lower byte.
@inline(__always)
private func digitPair(_ number: UInt64) -> UInt64 { number / 10 | (number % 10) << 8 | 0x3030 }

extension Int64 {
    fileprivate func flooredParts(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
