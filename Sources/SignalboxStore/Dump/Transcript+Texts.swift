// Texts as JSON strings, each in one form only. What is escaped is what must be, and control characters, so that a line
// is one line and moves no cursor. Bytes that are no text are written in base 64.

internal import SignalboxCore

extension Transcript {
    // MARK: Fields of the record

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func text(_ name: FieldName) throws {
        try field(name)
        try text()
    }

    /// As the value of a field whose name is there, or an element of a list.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func text() throws {
        if isPrinting {
            try printText(try recordText())
        } else {
            output.put(littleEndian: UInt32(0))
            let start = output.count
            try parseText()
            output.set(UInt32(output.count - start), at: start - 4)
        }
    }

    /// The same, with the bytes of the text, for who has more to say of what it may be.
    @_lifetime(self: copy self)
    mutating func checkedText() throws -> [UInt8] {
        let start = isPrinting ? offset : output.count
        try text()
        return isPrinting
            ? copied(input.extracting(start + 4..<offset)) : copied(output.span.extracting(droppingFirst: start + 4))
    }

    /// The text that comes next in the record.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func recordText() throws -> Span<UInt8> { try part(Int(clamping: try recordNumber32())) }

    @_lifetime(self: copy self)
    mutating func optionalText(_ name: FieldName) throws { if try optional(name) { try text() } }

    /// The name of a field of an object that may have any names, which is itself a text of the record.
    @_lifetime(self: copy self)
    mutating func freeName() throws {
        try text()
        if isPrinting {
            output.put(UInt8(ascii: ":"))
        } else {
            guard take(UInt8(ascii: ":")) else { throw fault("expected :") }
        }
    }

    /// Bytes: a text where they are one, else the field `NAME_base64`.
    @_lifetime(self: copy self)
    mutating func bytes(_ name: FieldName, base64 base64Name: FieldName) throws {
        if isPrinting {
            let data = try recordText()
            if data.isText {
                try field(name)
                try printText(data)
            } else {
                try field(base64Name)
                printBase64(data)
            }
            return
        }
        if takeField(name) { return try text() }
        guard takeField(base64Name) else {
            throw fault("expected the field \(quoted(name.name)) or \(quoted(base64Name.name))")
        }
        output.put(littleEndian: UInt32(0))
        let (start, column) = (output.count, offset + 1)
        try parseBase64()
        guard !output.span.extracting(droppingFirst: start).isText else {
            throw DumpFault(
                column: column, reason: "these bytes are a text: expected \(quoted(name.name)) with the text itself")
        }
        output.set(UInt32(output.count - start), at: start - 4)
    }

    // MARK: Names

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func name(_ field: FieldName, of thing: NamedThing) throws {
        try self.field(field)
        try name(of: thing)
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func name(of thing: NamedThing) throws {
        if isPrinting {
            let name = try recordText()
            try thing.check(name)
            printName(name)
        } else {
            let name = try parseName(of: thing)
            output.put(littleEndian: UInt32(name.count))
            output.put(name)
        }
    }

    /// Names have no character that would have to be escaped.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printName(_ name: Span<UInt8>) {
        output.put(UInt8(ascii: "\""))
        output.put(name)
        output.put(UInt8(ascii: "\""))
    }

    @_lifetime(copy self)
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func parseName(of thing: NamedThing) throws -> Span<UInt8> {
        let column = offset + 1
        let name = try word()
        do { try thing.check(name) } catch { throw DumpFault(column: column, reason: "\(error)") }
        return name
    }

    // MARK: In a line

    @_lifetime(self: copy self)
    mutating func printText(_ text: Span<UInt8>) throws {
        output.put(UInt8(ascii: "\""))
        var (start, index, isPlain) = (0, 0, true)
        while index < text.count {
            if index <= text.count &- 8, text.number64(at: index).isPlainText {
                index &+= 8
                continue
            }
            let byte = text[index]
            if byte >= 0x80 { isPlain = false }
            let isControl = byte == 0xC2 && index &+ 1 < text.count && text[index &+ 1] < 0xA0
            guard byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F || isControl else {
                index &+= 1
                continue
            }
            output.put(text.extracting(start..<index))
            printEscaped(isControl ? text[index &+ 1] : byte)
            index &+= isControl ? 2 : 1
            start = index
        }
        output.put(text.extracting(start..<text.count))
        output.put(UInt8(ascii: "\""))
        guard isPlain || text.isText else { throw RecordFault.shape }
    }

    /// A character up to U+00FF that is not to stand there by itself.
    @_lifetime(self: copy self)
    private mutating func printEscaped(_ character: UInt8) {
        output.put(UInt8(ascii: "\\"))
        switch character {
        case 0x22, 0x5C: output.put(character)
        case 0x0A: output.put(UInt8(ascii: "n"))
        default:
            output.put(Self.escape)
            output.put(hexadecimalDigit(character >> 4))
            output.put(hexadecimalDigit(character & 15))
        }
    }

    /// What the string that comes next stands for, to the end of the record that is made.
    @_lifetime(self: copy self)
    mutating func parseText() throws {
        guard take(UInt8(ascii: "\"")) else { throw fault("expected a text in quotes") }
        let first = output.count
        var (start, isPlain) = (offset, true)
        while true {
            if offset >= 0, offset <= input.count &- 8, input.number64(at: offset).isPlainText {
                offset &+= 8
                continue
            }
            guard offset < input.count else { throw DumpFault(column: start, reason: "the text has no end") }
            let byte = input[offset]
            if byte == 0x22 || byte == 0x5C {
                output.put(input.extracting(start..<offset))
                step()
                if byte == 0x22 { break }
                try parseEscaped()
                start = offset
                continue
            }
            if byte >= 0x80 { isPlain = false }
            let isControl = byte == 0xC2 && offset &+ 1 < input.count && input[offset &+ 1] < 0xA0
            guard byte >= 0x20, byte != 0x7F, !isControl else {
                throw fault("this control character must be escaped")
            }
            step()
        }
        guard isPlain || output.span.extracting(droppingFirst: first).isText else {
            throw fault("the text in front of here is not UTF-8")
        }
    }

    private static let escape = LineText("u00")

    /// What stands behind a backslash: only what ``printEscaped(_:)`` writes.
    @_lifetime(self: copy self)
    private mutating func parseEscaped() throws {
        if take(UInt8(ascii: "n")) { return output.put(0x0A) }
        let byte = next
        if byte == 0x22 || byte == 0x5C {
            step()
            return output.put(byte)
        }
        guard take(Self.escape), offset + 2 <= input.count, let high = digit(input[offset]),
            let low = digit(input[offset + 1])
        else { throw fault(Self.escapeExpected) }
        let character = high << 4 | low
        switch character {
        case 0x0A: throw fault(Self.escapeExpected)
        case ..<0x20, 0x7F: output.put(character)
        case 0x80..<0xA0:
            output.put(0xC2)
            output.put(character)
        default: throw fault(Self.escapeExpected)
        }
        offset = offset &+ 2
    }

    private static var escapeExpected: String {
        #"expected \", \\, \n or the \u00.. of another control character, with small letters"#
    }

    // MARK: Base 64

    @_lifetime(self: copy self)
    mutating func printBase64(_ data: Span<UInt8>) {
        output.put(UInt8(ascii: "\""))
        let digits = base64(copied(data))
        output.put(digits.span)
        output.put(UInt8(ascii: "\""))
    }

    /// The bytes that the string which comes next stands for, to the end of the record that is made.
    @_lifetime(self: copy self)
    mutating func parseBase64() throws {
        let column = offset + 1
        let digits = try word()
        let fault = DumpFault(column: column, reason: "expected bytes in base 64, with = at the end where it is due")
        guard digits.count % 4 == 0 else { throw fault }
        for group in 0..<digits.count / 4 {
            let isLast = group == digits.count / 4 - 1
            let padding =
                !isLast || digits[group * 4 + 3] != UInt8(ascii: "=")
                ? 0 : digits[group * 4 + 2] != UInt8(ascii: "=") ? 1 : 2
            var bits: UInt32 = 0
            for index in 0..<4 - padding {
                guard let value = base64Value(digits[group * 4 + index]) else { throw fault }
                bits |= UInt32(value) << UInt32(18 - 6 * index)
            }
            guard bits & (padding == 1 ? 0xFF : padding == 2 ? 0xFFFF : 0) == 0 else { throw fault }
            for index in 0..<3 - padding { output.put(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index))) }
        }
    }
}

extension Span<UInt8> {
    /// Whether the bytes are UTF-8.
    var isText: Bool { (try? UTF8Span(validating: self)) != nil }

    /// The text that the bytes are; nil where they are not UTF-8.
    var text: String? {
        guard let characters = try? UTF8Span(validating: self) else { return nil }
        return String(copying: characters)
    }
}

/// What has a name of the one form that the keys of a store have.
enum NamedThing {
    case job, queue, handler

    /// Throws ``NameError`` when `name` is none.
    @inline(__always)
    func check(_ name: Span<UInt8>) throws {
        if name.isName { return }
        switch self {
        case .job: _ = try JobName(utf8: name)
        case .queue: _ = try QueueName(utf8: name)
        case .handler: _ = try HandlerName(utf8: name)
        }
    }
}

extension UInt64 {
    /// Whether eight bytes of a text are ASCII, and none of them is escaped or ends the text.
    @inline(__always)
    fileprivate var isPlainText: Bool {
        // A byte below 0x20 is 0x80 or more when 0x20 is taken away. What is borrowed from the byte behind it can only make
        // that one look special, too.
        let controls = self &- 0x2020_2020_2020_2020
        let others =
            zeroBytes(self ^ 0x2222_2222_2222_2222) | zeroBytes(self ^ 0x5C5C_5C5C_5C5C_5C5C)
            | zeroBytes(self ^ 0x7F7F_7F7F_7F7F_7F7F)
        return (controls | self | others) & 0x8080_8080_8080_8080 == 0
    }
}

/// The highest bit of each byte that is zero; and maybe of others, where there is one.
@inline(__always)
private func zeroBytes(_ word: UInt64) -> UInt64 { (word &- 0x0101_0101_0101_0101) & ~word }

@inline(__always)
private func hexadecimalDigit(_ number: UInt8) -> UInt8 {
    number < 10 ? UInt8(ascii: "0") &+ number : UInt8(ascii: "a") &- 10 &+ number
}

private func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
}

private func base64Value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
