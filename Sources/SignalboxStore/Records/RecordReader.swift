internal import SignalboxCore

/// Reads what ``RecordWriter`` wrote. The checksum is compared first; after that a record of the wrong shape can only
/// be one of another version, and says so.
struct RecordReader: ~Escapable {
    /// All but the checksum.
    private let bytes: Span<UInt8>
    private var offset: Int
    let layout: UInt8

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, key: Span<UInt8>) throws {
        guard bytes.count >= 5 else { throw RecordFault.tooShort(bytes.count) }
        self.bytes = bytes.extracting(first: bytes.count - 4)
        var checksum = CRC32C()
        checksum.add(key)
        checksum.add(self.bytes)
        layout = bytes[0]
        offset = 1
        guard bytes.number32(at: bytes.count - 4) == checksum.value else { throw RecordFault.checksum }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func byte() throws -> UInt8 {
        guard offset >= 0, offset < bytes.count else { throw RecordFault.shape }
        defer { offset &+= 1 }
        return bytes[offset]
    }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number16() throws -> UInt16 {
        guard offset >= 0, offset <= bytes.count &- 2 else { throw RecordFault.shape }
        defer { offset &+= 2 }
        return bytes.number16(at: offset)
    }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number32() throws -> UInt32 {
        guard offset >= 0, offset <= bytes.count &- 4 else { throw RecordFault.shape }
        defer { offset &+= 4 }
        return bytes.number32(at: offset)
    }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func number64() throws -> UInt64 {
        guard offset >= 0, offset <= bytes.count &- 8 else { throw RecordFault.shape }
        defer { offset &+= 8 }
        return bytes.number64(at: offset)
    }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func signed64() throws -> Int64 { Int64(bitPattern: try number64()) }
    @_lifetime(self: copy self)
    mutating func double() throws -> Double { Double(bitPattern: try number64()) }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func flag() throws -> Bool { try byte() != 0 }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func instant() throws -> Instant { Instant(microseconds: try signed64()) }
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func moment() throws -> Moment {
        let wall = try instant()
        return Moment(wall: wall, boot: BootInstant(nanoseconds: try signed64()))
    }
    @_lifetime(self: copy self)
    mutating func duration() throws -> Duration { .microseconds(try signed64()) }
    @_lifetime(self: copy self)
    mutating func data() throws -> [UInt8] { copied(try part(Int(clamping: try number32()))) }
    @_lifetime(self: copy self)
    mutating func text() throws -> String {
        let bytes = try part(Int(clamping: try number32()))
        guard let text = try? UTF8Span(validating: bytes) else { throw RecordFault.shape }
        return String(copying: text)
    }
    @_lifetime(self: copy self)
    mutating func queueName() throws -> QueueName { try QueueName(utf8: try part(Int(clamping: try number32()))) }
    /// The name made of what ``RecordWriter/put(name:)`` has written; nil when it is empty.
    @_lifetime(self: copy self)
    mutating func shortName<Name>(_ make: (Span<UInt8>) throws -> Name) throws -> Name? {
        let bytes = try part(Int(try byte()))
        return bytes.isEmpty ? nil : try make(bytes)
    }
    /// Nil where an empty text stands for none.
    @_lifetime(self: copy self)
    mutating func jobName() throws -> JobName? {
        let bytes = try part(Int(clamping: try number32()))
        return bytes.isEmpty ? nil : try JobName(utf8: bytes)
    }
    /// The next `count` bytes.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func part(_ count: Int) throws -> Span<UInt8> {
        guard offset >= 0, count >= 0, count <= bytes.count &- offset else { throw RecordFault.shape }
        defer { offset &+= count }
        return bytes.extracting(droppingFirst: offset).extracting(first: count)
    }
    /// A case of an enumeration kept by its raw value.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func value<Value: RawRepresentable>(of _: Value.Type) throws -> Value where Value.RawValue == UInt8 {
        guard let value = Value(rawValue: try byte()) else { throw RecordFault.shape }
        return value
    }
    /// How many values follow; bounded by what is left, so that no count makes us reserve more than the record has.
    @_lifetime(self: copy self)
    mutating func count() throws -> Int {
        let count = Int(clamping: try number32())
        guard count <= bytes.count - offset else { throw RecordFault.shape }
        return count
    }

    var isAtEnd: Bool { offset == bytes.count }

    /// Says that everything was read.
    func finish() throws {
        guard isAtEnd else { throw RecordFault.shape }
    }
}

/// What is wrong with a record.
enum RecordFault: Error, Hashable, CustomStringConvertible {
    case tooShort(Int)
    case checksum
    case shape
    case layout(UInt8)
    case key

    var description: String {
        switch self {
        case .tooShort(let count): "it has only \(count) bytes"
        case .checksum: "its checksum does not match"
        case .shape: "its fields do not have the expected shape"
        case .layout(let number): "its layout \(number) is not one this version knows"
        case .key: "its key does not have the expected shape"
        }
    }
}
