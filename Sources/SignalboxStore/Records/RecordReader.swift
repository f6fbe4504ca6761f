internal import SignalboxCore

/// Reads what ``RecordWriter`` wrote. The checksum is compared first; after that a record of the wrong shape can only
/// be one of another version, and says so.
struct RecordReader: ~Escapable {
    private let bytes: Span<UInt8>
    private var offset: Int
    private let end: Int
    let layout: UInt8

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, key: Span<UInt8>) throws {
        guard bytes.count >= 5 else { throw RecordFault.tooShort(bytes.count) }
        self.bytes = bytes
        end = bytes.count - 4
        var checksum = CRC32C()
        checksum.add(key)
        checksum.add(bytes.extracting(0..<end))
        layout = bytes[0]
        offset = 1
        var stored: UInt32 = 0
        for index in 0..<4 { stored |= UInt32(bytes[end + index]) << UInt32(index * 8) }
        guard stored == checksum.value else { throw RecordFault.checksum }
    }

    @_lifetime(self: copy self)
    mutating func byte() throws -> UInt8 {
        guard offset < end else { throw RecordFault.shape }
        defer { offset += 1 }
        return bytes[offset]
    }
    @_lifetime(self: copy self)
    mutating func number16() throws -> UInt16 { UInt16(try integer(2)) }
    @_lifetime(self: copy self)
    mutating func number32() throws -> UInt32 { UInt32(try integer(4)) }
    @_lifetime(self: copy self)
    mutating func number64() throws -> UInt64 { try integer(8) }
    @_lifetime(self: copy self)
    mutating func signed64() throws -> Int64 { Int64(bitPattern: try integer(8)) }
    @_lifetime(self: copy self)
    mutating func double() throws -> Double { Double(bitPattern: try integer(8)) }
    @_lifetime(self: copy self)
    mutating func flag() throws -> Bool { try byte() != 0 }
    @_lifetime(self: copy self)
    mutating func instant() throws -> Instant { Instant(microseconds: try signed64()) }
    @_lifetime(self: copy self)
    mutating func moment() throws -> Moment {
        let wall = try instant()
        return Moment(wall: wall, boot: BootInstant(nanoseconds: try signed64()))
    }
    @_lifetime(self: copy self)
    mutating func duration() throws -> Duration { .microseconds(try signed64()) }
    @_lifetime(self: copy self)
    mutating func data() throws -> [UInt8] {
        let count = Int(clamping: try number32())
        guard count <= end - offset else { throw RecordFault.shape }
        defer { offset += count }
        return [UInt8](capacity: count) { output in
            for index in offset..<offset + count { output.append(bytes[index]) }
        }
    }
    @_lifetime(self: copy self)
    mutating func text() throws -> String {
        guard let text = String(validating: try data(), as: UTF8.self) else { throw RecordFault.shape }
        return text
    }
    /// A case of an enumeration kept by its raw value.
    @_lifetime(self: copy self)
    mutating func value<Value: RawRepresentable>(of _: Value.Type) throws -> Value where Value.RawValue == UInt8 {
        guard let value = Value(rawValue: try byte()) else { throw RecordFault.shape }
        return value
    }
    /// How many values follow; bounded by what is left, so that no count makes us reserve more than the record has.
    @_lifetime(self: copy self)
    mutating func count() throws -> Int {
        let count = Int(clamping: try number32())
        guard count <= end - offset else { throw RecordFault.shape }
        return count
    }

    /// Says that everything was read.
    func finish() throws {
        guard offset == end else { throw RecordFault.shape }
    }

    @_lifetime(self: copy self)
    private mutating func integer(_ width: Int) throws -> UInt64 {
        guard offset + width <= end else { throw RecordFault.shape }
        var number: UInt64 = 0
        for index in 0..<width { number |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
        offset += width
        return number
    }
}

/// What is wrong with a record.
enum RecordFault: Error, Hashable, CustomStringConvertible {
    case tooShort(Int)
    case checksum
    case shape
    case layout(UInt8)

    var description: String {
        switch self {
        case .tooShort(let count): "it has only \(count) bytes"
        case .checksum: "its checksum does not match"
        case .shape: "its fields do not have the expected shape"
        case .layout(let number): "its layout \(number) is not one this version knows"
        }
    }
}
