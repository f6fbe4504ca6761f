// Times are RFC 3339 in UTC with microseconds; lengths of time are seconds as decimal numbers, exact to the microsecond
// and those of the boot clock to the nanosecond.

internal import SignalboxCore

extension Transcript {
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func instant(_ name: String) throws {
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
    mutating func moment(_ name: String, boot: String) throws {
        try instant(name)
        try bootInstant(boot)
    }

    @_lifetime(self: copy self)
    mutating func bootInstant(_ name: String) throws {
        try field(name)
        try seconds(digits: 9)
    }

    @_lifetime(self: copy self)
    mutating func duration(_ name: String) throws {
        try field(name)
        try duration()
    }

    @_lifetime(self: copy self)
    mutating func duration() throws { try seconds(digits: 6) }

    @_lifetime(self: copy self)
    mutating func optionalInstant(_ name: String) throws { if try optional(name) { try instant() } }
    @_lifetime(self: copy self)
    mutating func optionalDuration(_ name: String) throws { if try optional(name) { try duration() } }

    // MARK: Seconds

    @_lifetime(self: copy self)
    private mutating func seconds(digits: Int) throws {
        if isPrinting {
            printSeconds(Int64(bitPattern: try recordNumber64()), digits: digits)
        } else {
            output.put(littleEndian: UInt64(bitPattern: try parseSeconds(digits: digits)))
        }
    }

    /// `parts` of so many digits of the second.
    @_lifetime(self: copy self)
    mutating func printSeconds(_ parts: Int64, digits: Int) {
        let unit: UInt64 = digits == 9 ? 1_000_000_000 : 1_000_000
        if parts < 0 { output.put(UInt8(ascii: "-")) }
        let (whole, fraction) = parts.magnitude.quotientAndRemainder(dividingBy: unit)
        printNumber(whole)
        guard fraction > 0 else { return }
        output.put(UInt8(ascii: "."))
        var (shown, width) = (fraction, digits)
        while shown % 10 == 0 {
            shown /= 10
            width -= 1
        }
        printDigits(shown, atLeast: width)
    }

    @_lifetime(self: copy self)
    mutating func parseSeconds(digits: Int) throws -> Int64 {
        let start = offset
        let unit: UInt64 = digits == 9 ? 1_000_000_000 : 1_000_000
        let isNegative = take(UInt8(ascii: "-"))
        let whole = try parseNumber(upTo: UInt64.max / unit)
        var (fraction, width): (UInt64, Int) = (0, 0)
        if take(UInt8(ascii: ".")) {
            let first = offset
            while width < digits, next >= UInt8(ascii: "0"), next <= UInt8(ascii: "9") {
                fraction = fraction * 10 + UInt64(next - UInt8(ascii: "0"))
                width += 1
                step()
            }
            guard width > 0, input[first + width - 1] != UInt8(ascii: "0") else {
                throw DumpFault(
                    column: first + 1, reason: "expected 1 to \(digits) digits of the second, the last of them no 0")
            }
            for _ in width..<digits { fraction *= 10 }
        }
        let (magnitude, overflows) = (whole * unit).addingReportingOverflow(fraction)
        let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
        guard !overflows, magnitude <= limit, !isNegative || magnitude > 0 else {
            throw DumpFault(column: start + 1, reason: "expected a number of seconds that fits 64 bits")
        }
        return Int64(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
    }

    // MARK: Instants

    @_lifetime(self: copy self)
    mutating func printInstant(_ instant: Instant) {
        let (day, rest) = instant.microseconds.flooredParts(by: 86_400_000_000)
        let date = CalendarDay(daysSinceEpoch: Int(day))
        guard (0...9999).contains(date.year) else { return printWord(instant.description) }
        let (second, fraction) = UInt64(rest).quotientAndRemainder(dividingBy: 1_000_000)
        var text = InlineArray<29, UInt8>(repeating: UInt8(ascii: "\""))
        text.put(UInt64(date.year), width: 4, at: 1, then: UInt8(ascii: "-"))
        text.put(UInt64(date.month), width: 2, at: 6, then: UInt8(ascii: "-"))
        text.put(UInt64(date.day), width: 2, at: 9, then: UInt8(ascii: "T"))
        text.put(second / 3600, width: 2, at: 12, then: UInt8(ascii: ":"))
        text.put(second / 60 % 60, width: 2, at: 15, then: UInt8(ascii: ":"))
        text.put(second % 60, width: 2, at: 18, then: UInt8(ascii: "."))
        text.put(fraction, width: 6, at: 21, then: UInt8(ascii: "Z"))
        output.put(text.span)
    }

    @_lifetime(self: copy self)
    mutating func parseInstant() throws -> Instant {
        let start = offset
        let text = try word()
        if let instant = Instant(usualForm: text) { return instant }
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

extension InlineArray where Element == UInt8, count == 29 {
    @inline(__always)
    fileprivate mutating func put(_ number: UInt64, width: Int, at offset: Int, then end: UInt8) {
        var rest = number
        for index in 0..<width {
            self[offset &+ width &- 1 &- index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        self[offset &+ width] = end
    }
}

extension Instant {
    /// "2026-11-22T04:23:44.000000Z" and nothing else; nil for whatever has another form.
    fileprivate init?(usualForm text: Span<UInt8>) {
        guard text.count == 27, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] == UInt8(ascii: "T"), text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            text[19] == UInt8(ascii: "."), text[26] == UInt8(ascii: "Z"),
            let year = text.digits(0, 4), let month = text.digits(5, 2), let day = text.digits(8, 2),
            let hour = text.digits(11, 2), let minute = text.digits(14, 2), let second = text.digits(17, 2),
            let fraction = text.digits(20, 6), hour < 24, minute < 60, second < 60,
            let date = CalendarDay(year: year, month: month, day: day)
        else { return nil }
        let seconds = ((date.daysSinceEpoch * 24 + hour) * 60 + minute) * 60 + second
        self.init(microseconds: Int64(seconds * 1_000_000 + fraction))
    }
}

extension Span<UInt8> {
    @inline(__always)
    fileprivate func digits(_ first: Int, _ width: Int) -> Int? {
        var number = 0
        for index in first..<first + width {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number &* 10 &+ Int(digit)
        }
        return number
    }
}

extension Int64 {
    fileprivate func flooredParts(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
