// Numbers, words and flags as fields.

internal import SignalboxCore

extension Transcript {
    // MARK: In a line

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printNumber(_ number: UInt64) {
        guard number >= 10 else { return output.put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number)) }
        printDigits(number, atLeast: 1)
    }

    /// With zeros in front up to so many digits, at most 20.
    @_lifetime(self: copy self)
    mutating func printDigits(_ number: UInt64, atLeast width: Int) {
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var (rest, first) = (number, 20)
        while rest > 0 || first > 20 &- width {
            first &-= 1
            digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        output.put(digits.span.extracting(droppingFirst: first))
    }

    /// A number from 0 to `maximum`, without zeros in front.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func parseNumber(upTo maximum: UInt64) throws -> UInt64 {
        let start = offset
        var (number, overflows): (UInt64, Bool) = (0, false)
        while true {
            let digit = next &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            if number >= 1_844_674_407_370_955_161 {
                let (product, over) = number.multipliedReportingOverflow(by: 10)
                let (sum, beyond) = product.addingReportingOverflow(UInt64(digit))
                overflows = overflows || over || beyond
                number = sum
            } else {
                number = number &* 10 &+ UInt64(digit)
            }
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
    mutating func number8(_ name: String) throws {
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
    mutating func number32(_ name: String) throws {
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
    mutating func number64(_ name: String) throws {
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
    mutating func signed32(_ name: String) throws {
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
    mutating func hash(_ name: String) throws {
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
    mutating func double(_ name: String) throws {
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

    @_lifetime(self: copy self)
    mutating func flag(_ name: String) throws {
        try field(name)
        if isPrinting {
            output.put(try recordFlag() ? "true" : "false")
        } else if take("true") {
            output.put(1)
        } else {
            guard take("false") else { throw fault("expected true or false") }
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
    @inline(__always)
    mutating func word<Value: RawRepresentable<UInt8> & CaseIterable>(
        _ name: String, _: Value.Type, _ text: (Value) -> String
    ) throws {
        try field(name)
        if isPrinting {
            guard let value = Value(rawValue: try recordByte()) else { throw RecordFault.shape }
            printWord(text(value))
        } else {
            output.put(try parseWord(text).rawValue)
        }
    }

    /// Why, where there is a reason; there is no field where there is none.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func reason(_ name: String) throws {
        if isPrinting {
            guard let reason = DispatchReason(rawValue: try recordByte()) else { throw RecordFault.shape }
            guard let word = reason.word else { return }
            try field(name)
            printWord(word)
        } else {
            let reason: DispatchReason = takeField(name) ? try parseWord { $0.word } : .none
            output.put(reason.rawValue)
        }
    }
}

extension Span<UInt8> {
    @inline(__always)
    func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
