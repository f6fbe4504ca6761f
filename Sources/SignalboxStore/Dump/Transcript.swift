// A dump shows each record as a line of JSON, and a restore makes the same record of the line again. That both are exact
// must not hang on two pieces of code that somebody keeps alike: each kind of record is described once, field by field,
// and that description is gone through in either direction. There is no tree in between, and no value is made: fields go
// from bytes to bytes.

internal import SignalboxCore

/// The fields of one entry of a store, in their order, on their way from the record to a line or from a line to the
/// record.
///
/// A line has no white space, its fields stand in one order, and each value can be written in one way only: so that what
/// was read from a line and is written again is the same line, and the other way round.
struct Transcript: ~Copyable, ~Escapable {
    enum Direction { case printing, parsing }

    let direction: Direction
    /// Whether values that look secret are left out of what is printed.
    let redacts: Bool
    /// The record without layout and checksum, or the line.
    private(set) var input: Span<UInt8>
    var offset = 0
    /// The key of the record that is printed.
    private var key: Span<UInt8>
    private var keyOffset = 0
    /// The line, or the record without its checksum.
    var output: ByteOutput
    /// The key of the record that is made.
    var keyOutput: ByteOutput
    /// The day of the instant before.
    var day: DayText
    /// Whether a value stands in front of the next one in the same object or list.
    private var needsComma = false

    /// From a record to a line.
    @_lifetime(copy body, copy key, copy output)
    init(
        printing body: Span<UInt8>, key: Span<UInt8>, into output: consuming ByteOutput, redacts: Bool,
        day: DayText = DayText()
    ) {
        direction = .printing
        self.redacts = redacts
        input = body
        self.key = key
        self.output = output
        keyOutput = ByteOutput(MutableSpan(), count: 0)
        self.day = day
    }

    /// From a line to a record.
    @_lifetime(copy line, copy output, copy key)
    init(
        parsing line: Span<UInt8>, into output: consuming ByteOutput, key: consuming ByteOutput,
        day: DayText = DayText()
    ) {
        direction = .parsing
        redacts = false
        input = line
        self.key = Span()
        self.output = output
        keyOutput = key
        self.day = day
    }

    /// Whether the memory for what is made was too small: then all must be done again with more of it.
    var needsMoreRoom: Bool { output.isFull || keyOutput.isFull }

    var isPrinting: Bool {
        @inline(__always) get { direction == .printing }
    }

    // MARK: Where it stands

    /// What is wrong, here.
    func fault(_ reason: String) -> DumpFault { DumpFault(column: offset + 1, reason: reason) }

    /// What of the input is left.
    var isAtEnd: Bool {
        @inline(__always) get { offset == input.count }
    }

    /// The next byte of the line; 0, which stands in no line, at its end.
    var next: UInt8 {
        @inline(__always) get { offset >= 0 && offset < input.count ? input[offset] : 0 }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func step() { offset &+= 1 }

    /// Whether `text` stands here in the line; then it is passed over.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func take(_ text: LineText) -> Bool {
        guard text.stands(in: input, at: offset) else { return false }
        offset &+= text.count
        return true
    }

    @_lifetime(self: copy self)
    mutating func take(_ text: String) -> Bool {
        let bytes = text.utf8.span
        guard offset >= 0, bytes.count <= input.count &- offset,
            input.extracting(droppingFirst: offset).extracting(first: bytes.count).isEqual(to: bytes)
        else { return false }
        offset &+= bytes.count
        return true
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte, !isAtEnd else { return false }
        step()
        return true
    }

    /// The next `count` bytes of the input.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func part(_ count: Int) throws -> Span<UInt8> {
        guard offset >= 0, count >= 0, count <= input.count &- offset else { throw RecordFault.shape }
        defer { offset &+= count }
        return input.extracting(droppingFirst: offset).extracting(first: count)
    }

    /// All bytes of the input that are left.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func rest() -> Span<UInt8> {
        defer { offset = input.count }
        return input.extracting(droppingFirst: offset)
    }

    // MARK: Objects, lists and names

    /// The brace in front of the first field.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func beginObject() throws {
        if isPrinting {
            output.put(UInt8(ascii: "{"))
        } else {
            guard take(UInt8(ascii: "{")) else { throw fault("expected an object, which begins with {") }
        }
        needsComma = false
    }

    /// The brace behind the last field.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func endObject() throws {
        if isPrinting {
            output.put(UInt8(ascii: "}"))
        } else {
            guard take(UInt8(ascii: "}")) else { throw fault("expected } behind the last field") }
        }
        needsComma = true
    }

    /// The name of a field that is always there, and whatever parts it from the one before.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func field(_ name: FieldName) throws {
        if isPrinting {
            printField(name)
        } else {
            guard takeField(name) else { throw fault("expected the field \(quoted(name.name))") }
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func printField(_ name: FieldName) {
        output.put(needsComma ? name.withComma : name.withComma.rest)
        needsComma = true
    }

    /// Whether the field comes next in the line; then its name is passed over.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func takeField(_ name: FieldName) -> Bool {
        guard take(needsComma ? name.withComma : name.withComma.rest) else { return false }
        needsComma = true
        return true
    }

    /// Whether a field that may be missing is there: a record says so with a flag in front of the value.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func optional(_ name: FieldName) throws -> Bool {
        if isPrinting {
            guard try recordFlag() else { return false }
            try field(name)
            return true
        }
        let isThere = takeField(name)
        output.put(isThere ? 1 : 0)
        return isThere
    }

    /// The same for several fields with one flag, of which this is the first and is always there.
    @_lifetime(self: copy self)
    mutating func optionalGroup(_ first: FieldName) throws -> Bool {
        if isPrinting { return try recordFlag() }
        let start = offset
        let isThere = takeField(first)
        rewind(to: start)
        output.put(isThere ? 1 : 0)
        return isThere
    }

    /// Back to a field in front of which another one stands.
    @_lifetime(self: copy self)
    mutating func rewind(to start: Int) {
        offset = start
        needsComma = true
    }

    /// Begins a list, or an object of any names, that a record has its number of elements in front of.
    @_lifetime(self: copy self)
    mutating func beginList(_ name: FieldName, _ open: UInt8 = UInt8(ascii: "[")) throws -> TranscriptList {
        try field(name)
        return try beginList(open)
    }

    @_lifetime(self: copy self)
    mutating func beginList(_ open: UInt8) throws -> TranscriptList {
        needsComma = false
        let close = open &+ 2
        if isPrinting {
            output.put(open)
            return TranscriptList(close: close, left: try recordNumber32())
        }
        guard take(open) else { throw fault("expected \(Character(UnicodeScalar(open)))") }
        output.put(littleEndian: UInt32(0))
        return TranscriptList(close: close, left: 0, place: output.count - 4)
    }

    /// Whether the list has another element, which then comes next.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func nextElement(_ list: inout TranscriptList) throws -> Bool {
        if isPrinting {
            guard list.left > 0 else {
                output.put(list.close)
                needsComma = true
                return false
            }
            list.left &-= 1
            if list.count > 0 { output.put(UInt8(ascii: ",")) }
        } else {
            if take(list.close) {
                output.set(list.count, at: list.place)
                needsComma = true
                return false
            }
            guard list.count == 0 || take(UInt8(ascii: ",")) else {
                throw fault("expected , or \(Character(UnicodeScalar(list.close)))")
            }
        }
        list.count &+= 1
        needsComma = false
        return true
    }

    /// Begins a list whose elements a record has to its end, without their number.
    @_lifetime(self: copy self)
    mutating func beginUncounted() throws {
        if isPrinting {
            output.put(UInt8(ascii: "["))
        } else {
            guard take(UInt8(ascii: "[")) else { throw fault("expected [") }
        }
    }

    @_lifetime(self: copy self)
    mutating func nextUncounted(_ isFirst: Bool) throws -> Bool {
        if isPrinting {
            guard !isAtEnd else {
                output.put(UInt8(ascii: "]"))
                return false
            }
            if !isFirst { output.put(UInt8(ascii: ",")) }
            return true
        }
        if take(UInt8(ascii: "]")) { return false }
        guard isFirst || take(UInt8(ascii: ",")) else { throw fault("expected , or ]") }
        return true
    }

    // MARK: Numbers of the record, as they are

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func recordByte() throws -> UInt8 { try part(1)[0] }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func recordNumber16() throws -> UInt16 { try part(2).number16(at: 0) }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func recordNumber32() throws -> UInt32 { try part(4).number32(at: 0) }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func recordNumber64() throws -> UInt64 { try part(8).number64(at: 0) }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func recordFlag() throws -> Bool {
        let byte = try recordByte()
        guard byte <= 1 else { throw RecordFault.shape }
        return byte == 1
    }

    /// What stands in the record once more, in another field or in its key.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func again(_ number: UInt64) throws {
        if isPrinting {
            guard try recordNumber64() == number else { throw RecordFault.shape }
        } else {
            output.put(littleEndian: number)
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func again(_ number: UInt32) throws {
        if isPrinting {
            guard try recordNumber32() == number else { throw RecordFault.shape }
        } else {
            output.put(littleEndian: number)
        }
    }

    @_lifetime(self: copy self)
    mutating func again(_ name: Span<UInt8>) throws {
        if isPrinting {
            guard try recordText().isEqual(to: name) else { throw RecordFault.shape }
        } else {
            output.put(littleEndian: UInt32(name.count))
            output.put(name)
        }
    }

    // MARK: The key

    @_lifetime(copy self)
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func keyPart(_ count: Int) throws -> Span<UInt8> {
        guard keyOffset >= 0, count >= 0, count <= key.count &- keyOffset else { throw RecordFault.key }
        defer { keyOffset &+= count }
        return key.extracting(droppingFirst: keyOffset).extracting(first: count)
    }

    /// The bytes of the key up to the next zero, which is passed over.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func keyText() throws -> Span<UInt8> {
        var end = keyOffset
        while end < key.count, key[end] != 0 { end &+= 1 }
        guard end < key.count else { throw RecordFault.key }
        let text = try keyPart(end - keyOffset)
        _ = try keyPart(1)
        return text
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func keyNumber64() throws -> UInt64 { try keyPart(8).number64(at: 0).byteSwapped }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func keyNumber32() throws -> UInt32 { try keyPart(4).number32(at: 0).byteSwapped }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func keyByte() throws -> UInt8 { try keyPart(1)[0] }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func keyNumber64(_ name: FieldName) throws -> UInt64 {
        try field(name)
        if isPrinting {
            let number = try keyNumber64()
            printNumber(number)
            return number
        }
        let number = try parseNumber(upTo: .max)
        keyOutput.put(bigEndian: number)
        return number
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func keyNumber32(_ name: FieldName) throws -> UInt32 {
        try field(name)
        if isPrinting {
            let number = try keyNumber32()
            printNumber(UInt64(number))
            return number
        }
        let number = UInt32(try parseNumber(upTo: UInt64(UInt32.max)))
        keyOutput.put(bigEndian: number)
        return number
    }

    @_lifetime(self: copy self)
    mutating func keyInstant(_ name: FieldName) throws {
        try field(name)
        if isPrinting {
            printInstant(Instant(microseconds: Int64(bitPattern: try keyNumber64() ^ (1 << 63))))
        } else {
            keyOutput.put(bigEndian: UInt64(bitPattern: try parseInstant().microseconds) ^ (1 << 63))
        }
    }

    /// A name, which the key ends or goes on behind with a zero.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func keyName(_ field: FieldName, of thing: NamedThing) throws -> Span<UInt8> {
        try self.field(field)
        if isPrinting {
            let name = try keyText()
            try thing.check(name)
            printName(name)
            return name
        }
        let name = try parseName(of: thing)
        keyOutput.put(name)
        keyOutput.put(0)
        return name
    }

    /// A text of so many bytes, none of them zero, that the key ends with.
    @_lifetime(self: copy self)
    mutating func keyText(_ name: FieldName, lengths: ClosedRange<Int>) throws {
        try field(name)
        if isPrinting {
            let text = try keyText()
            guard lengths.contains(text.count) else { throw RecordFault.key }
            return try printText(text)
        }
        let column = offset + 1
        // It is read where the record is made, and moved.
        let start = output.count
        try parseText()
        let text = copied(output.span.extracting(droppingFirst: start))
        guard lengths.contains(text.count), !text.contains(0) else {
            throw DumpFault(
                column: column,
                reason: "expected \(lengths.lowerBound) to \(lengths.upperBound) bytes of text, none of them zero")
        }
        keyOutput.put(text.span)
        keyOutput.put(0)
        output.cut(to: start)
    }

    // MARK: The line

    /// What every line begins with.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func begin(_ kind: LineText) {
        output.put(kind)
        needsComma = true
    }

    /// Whether the line begins so; then that is passed over.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func takeBeginning(_ text: LineText) -> Bool {
        needsComma = true
        return take(text)
    }

    private static let beginning = LineText("{\"kind\":")

    /// What a line of that kind begins with.
    static func beginning(_ kind: String) -> LineText { LineText("{\"kind\":\"\(kind)\"") }

    /// The word that says what kind of line this is.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func parseKind() throws -> Span<UInt8> {
        guard take(Self.beginning) else { throw fault(#"expected {"kind":"#) }
        needsComma = true
        return try word()
    }

    /// Says that everything was gone through.
    func finish() throws {
        guard isPrinting else {
            guard isAtEnd else { throw fault("expected the end of the line") }
            return
        }
        guard isAtEnd else { throw RecordFault.shape }
        guard keyOffset == key.count else { throw RecordFault.key }
    }
}

/// Where a list stands that is gone through.
struct TranscriptList {
    /// What it ends with in a line.
    let close: UInt8
    /// How many elements a record has more.
    var left: UInt32
    /// How many there were.
    var count: UInt32 = 0
    /// Where their number stands in the record that is made.
    var place = 0
}
