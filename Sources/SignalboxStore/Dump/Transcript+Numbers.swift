// Numbers, words and flags as fields.

internal import SignalboxCore

extension Transcript {
    // MARK: In a line

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printNumber(_ number: UInt64) {
        guard number >= 10 else { return output.put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number)) }
        guard number < 100_000_000 else { return printLongNumber(number) }
        let values = EightDigits.values(of: number)
        let zeros = values.trailingZeroBitCount / 8
        output.put(word: (values | EightDigits.zeros) &>> UInt64(8 &* zeros), width: 8 &- zeros)
    }

    @_lifetime(self: copy self)
    @inline(never)
    private mutating func printLongNumber(_ number: UInt64) {
        let (front, last) = number.quotientAndRemainder(dividingBy: 100_000_000)
        if front < 100_000_000 { printNumber(front) } else { printLongNumber(front) }
        output.put(word: EightDigits.values(of: last) | EightDigits.zeros, width: 8)
    }

    /// A number from 0 to `maximum`, without zeros in front.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func parseNumber(upTo maximum: UInt64) throws -> UInt64 {
        guard offset >= 0, offset <= input.count &- 8 else { return try parseLongNumber(upTo: maximum) }
        let text = input.number64(at: offset)
        let count = EightDigits.countInFront(text)
        guard count > 0, count < 8, count == 1 || input[offset] != UInt8(ascii: "0") else {
            return try parseLongNumber(upTo: maximum)
        }
        let number = EightDigits.number(text &<< UInt64(64 &- 8 &* count))
        guard number <= maximum else { return try parseLongNumber(upTo: maximum) }
        offset &+= count
        return number
    }

    /// The same digit by digit, for one of any length, at the end of the line, or that is none.
    @_lifetime(self: copy self)
    @inline(never)
    private mutating func parseLongNumber(upTo maximum: UInt64) throws -> UInt64 {
        let start = offset
        var (number, overflows): (UInt64, Bool) = (0, false)
        while true {
            let digit = next &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            let (product, over) = number.multipliedReportingOverflow(by: 10)
            let (sum, beyond) = product.addingReportingOverflow(UInt64(digit))
            overflows = overflows || over || beyond
            number = sum
            step()
        }
        let length = offset &- start
        guard length == 1 || length > 1 && input[start] != UInt8(ascii: "0"), !overflows, number <= maximum else {
            throw DumpFault(column: start + 1, reason: "expected a whole number from 0 to \(maximum)")
        }
        return number
    }

    // MARK: Fields of the record

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number8(_ name: FieldName) throws {
        try field(name)
        try number8()
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number8() throws {
        if isPrinting {
            printNumber(UInt64(try recordByte()))
        } else {
            output.put(UInt8(try parseNumber(upTo: 255)))
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number32(_ name: FieldName) throws {
        try field(name)
        try number32()
    }

    /// As the value of a field whose name is there, or an element of a list.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number32() throws {
        if isPrinting {
            printNumber(UInt64(try recordNumber32()))
        } else {
            output.put(littleEndian: UInt32(try parseNumber(upTo: UInt64(UInt32.max))))
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number64(_ name: FieldName) throws {
        try field(name)
        try number64()
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number64() throws {
        if isPrinting {
            printNumber(try recordNumber64())
        } else {
            output.put(littleEndian: try parseNumber(upTo: .max))
        }
    }

    /// A number below zero has a minus in front.
    @_lifetime(self: copy self)
    mutating func signed32(_ name: FieldName) throws {
        try field(name)
        if isPrinting {
            let number = Int32(bitPattern: try recordNumber32())
            if number < 0 { output.put(UInt8(ascii: "-")) }
            printNumber(UInt64(number.magnitude))
        } else {
            output.put(
                littleEndian: UInt32(bitPattern: Int32(try parseSigned(in: Int64(Int32.min)...Int64(Int32.max)))))
        }
    }

    @_lifetime(self: copy self)
    mutating func signed8() throws {
        if isPrinting {
            let number = Int8(bitPattern: try recordByte())
            if number < 0 { output.put(UInt8(ascii: "-")) }
            printNumber(UInt64(number.magnitude))
        } else {
            output.put(UInt8(bitPattern: Int8(try parseSigned(in: Int64(Int8.min)...Int64(Int8.max)))))
        }
    }

    @_lifetime(self: copy self)
    private mutating func parseSigned(in range: ClosedRange<Int64>) throws -> Int64 {
        let start = offset
        let isNegative = take(UInt8(ascii: "-"))
        let magnitude = Int64(try parseNumber(upTo: UInt64(Int64.max)))
        let number = isNegative ? -magnitude : magnitude
        guard range.contains(number), !isNegative || number != 0 else {
            throw DumpFault(
                column: start + 1, reason: "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// 64 bits as sixteen digits of base 16, in quotes: a hash, which is no quantity.
    @_lifetime(self: copy self)
    mutating func hash(_ name: FieldName) throws {
        try field(name)
        if isPrinting {
            let digits = String(try recordNumber64(), radix: 16)
            output.put("\"" + String(repeating: "0", count: 16 - digits.utf8.count) + digits + "\"")
        } else {
            let start = offset
            let digits = try word().text ?? ""
            guard digits.utf8.count == 16, digits == digits.lowercased(), !digits.hasPrefix("+"),
                let number = UInt64(digits, radix: 16)
            else {
                throw DumpFault(column: start + 1, reason: "expected sixteen digits of base 16 in small letters")
            }
            output.put(littleEndian: number)
        }
    }

    /// The shortest form that reads back as the same number.
    @_lifetime(self: copy self)
    mutating func double(_ name: FieldName) throws {
        try field(name)
        if isPrinting {
            let number = Double(bitPattern: try recordNumber64())
            guard number.isFinite else { throw RecordFault.shape }
            output.put(number.description)
            return
        }
        let start = offset
        while !isAtEnd, next != UInt8(ascii: ","), next != UInt8(ascii: "}") { step() }
        let digits = input.extracting(droppingFirst: start).extracting(first: offset - start)
        guard digits.count <= 32, let text = digits.text,
            let number = Double(text), number.isFinite, number.description == text
        else {
            throw DumpFault(column: start + 1, reason: "expected a number, as in 0.1 or 2.0, in its shortest form")
        }
        output.put(littleEndian: number.bitPattern)
    }

    // MARK: Flags and words

    static let trueText = LineText("true")
    static let falseText = LineText("false")

    @_lifetime(self: copy self)
    mutating func flag(_ name: FieldName) throws {
        try field(name)
        if isPrinting {
            output.put(try recordFlag() ? Self.trueText : Self.falseText)
        } else if take(Self.trueText) {
            output.put(1)
        } else {
            guard take(Self.falseText) else { throw fault("expected true or false") }
            output.put(0)
        }
    }

    /// What stands between two quotes, without any that would have to be escaped.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func word() throws -> Span<UInt8> {
        guard take(UInt8(ascii: "\"")) else { throw fault("expected a text in quotes") }
        let start = offset
        while offset < input.count, input[offset] != UInt8(ascii: "\"") { offset &+= 1 }
        guard !isAtEnd else { throw DumpFault(column: start, reason: "the text has no end") }
        defer { offset &+= 1 }
        return input.extracting(droppingFirst: start).extracting(first: offset &- start)
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printWord(_ word: String) {
        output.put(UInt8(ascii: "\""))
        output.put(word)
        output.put(UInt8(ascii: "\""))
    }

    /// One of the cases, by its word.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func parseWord<Value: CaseIterable>(_ text: (Value) -> String?) throws -> Value {
        let start = offset
        let found = try word()
        for value in Value.allCases {
            guard let text = text(value) else { continue }
            if text.utf8.span.isEqual(to: found) { return value }
        }
        let known = Value.allCases.compactMap { text($0) }.joined(separator: ", ")
        throw DumpFault(column: start + 1, reason: "expected one of \(known)")
    }

    /// A case of an enumeration that a record keeps by its raw value.
    @_lifetime(self: copy self)
    mutating func word<Value: RawRepresentable<UInt8> & CaseIterable>(
        _ name: FieldName, _: Value.Type, _ text: (Value) -> String
    ) throws {
        try field(name)
        if isPrinting {
            guard let value = Value(rawValue: try recordByte()) else { throw RecordFault.shape }
            printWord(text(value))
        } else {
            output.put(try parseWord(text).rawValue)
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func word<Value>(_ name: FieldName, _ table: WordTable<Value>) throws {
        try field(name)
        if isPrinting {
            try printWord(try recordByte(), table)
        } else {
            output.put(try parseWord(table).rawValue)
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printWord<Value>(_ rawValue: UInt8, _ table: WordTable<Value>) throws {
        guard let word = table[rawValue] else { throw RecordFault.shape }
        output.put(word)
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func parseWord<Value>(_ table: WordTable<Value>) throws -> Value {
        guard let (value, text) = table.find(in: input, at: offset) else {
            throw fault("expected one of \(table.list)")
        }
        offset &+= text.count
        return value
    }

    /// Why, where there is a reason; there is no field where there is none.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func reason(_ name: FieldName) throws {
        if isPrinting {
            let reason = try recordByte()
            guard reason != DispatchReason.none.rawValue else { return }
            try field(name)
            try printWord(reason, Words.reasons)
        } else {
            output.put(takeField(name) ? try parseWord(Words.reasons).rawValue : DispatchReason.none.rawValue)
        }
    }
}

/// The words that stand in nearly every line.
enum Words {
    static let states = WordTable(DispatchState.self) { $0.name }
    static let reasons = WordTable(DispatchReason.self) { $0.word }
    static let rescuePolicies = WordTable(RescuePolicy.self) { $0.word }
    static let parentFailures = WordTable(ParentFailure.self) { $0.word }
    static let streams = WordTable(OutputLine.Stream.self) { $0.word }
}

extension Span<UInt8> {
    @inline(__always)
    func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
