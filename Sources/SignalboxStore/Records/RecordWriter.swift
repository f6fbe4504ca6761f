internal import SignalboxCore

/// Builds a record: a layout byte, fields in little-endian order, and at the end a checksum over the key and all before
/// it, so that a record that was changed, cut, or found under another key is never believed.
///
/// One writer serves many records, one after the other, and records of usual length take no memory besides.
struct RecordWriter {
    /// The longest record that needs no array.
    static let inlineCapacity = 2048

    private var inline = InlineArray<2048, UInt8>(repeating: 0)
    /// Bytes written; beyond the capacity when the record stands in the array.
    private var inlineCount = 0
    /// All of the record, when it is longer.
    private var long: [UInt8] = []

    /// Forgets the record before, and begins one of this layout.
    @inline(__always)
    mutating func begin(layout: UInt8) {
        if isLong { long = [] }
        inlineCount = 0
        put(layout)
    }

    /// The record as far as it is written.
    var span: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        borrowing get { isLong ? long.span : inline.span.extracting(first: inlineCount) }
    }

    @inline(__always)
    mutating func put(_ number: UInt8) {
        guard hasRoom(1) else { return append(UInt64(number), width: 1) }
        inline[inlineCount] = number
        inlineCount &+= 1
    }
    @inline(__always)
    mutating func put(_ number: UInt16) {
        guard hasRoom(2) else { return append(UInt64(number), width: 2) }
        for index in 0..<2 { inline[inlineCount &+ index] = UInt8(truncatingIfNeeded: number &>> UInt16(8 &* index)) }
        inlineCount &+= 2
    }
    @inline(__always)
    mutating func put(_ number: UInt32) {
        guard hasRoom(4) else { return append(UInt64(number), width: 4) }
        for index in 0..<4 { inline[inlineCount &+ index] = UInt8(truncatingIfNeeded: number &>> UInt32(8 &* index)) }
        inlineCount &+= 4
    }
    @inline(__always)
    mutating func put(_ number: UInt64) {
        guard hasRoom(8) else { return append(number, width: 8) }
        for index in 0..<8 { inline[inlineCount &+ index] = UInt8(truncatingIfNeeded: number &>> UInt64(8 &* index)) }
        inlineCount &+= 8
    }
    @inline(__always)
    mutating func put(_ number: Int64) { put(UInt64(bitPattern: number)) }
    @inline(__always)
    mutating func put(_ number: Double) { put(number.bitPattern) }
    @inline(__always)
    mutating func put(_ flag: Bool) { put(UInt8(flag ? 1 : 0)) }
    @inline(__always)
    mutating func put(_ instant: Instant) { put(instant.microseconds) }
    @inline(__always)
    mutating func put(_ instant: BootInstant) { put(instant.nanoseconds) }
    @inline(__always)
    mutating func put(_ moment: Moment) {
        put(moment.wall)
        put(moment.boot)
    }
    /// Microseconds: what is shorter is not kept.
    mutating func put(_ duration: Duration) { put(duration.microseconds) }
    mutating func put(_ text: String) { put(text.utf8.span) }
    mutating func put(_ data: [UInt8]) { put(data.span) }

    /// A name, which is short; an empty one for nil.
    @inline(__always)
    mutating func put(name: String?) {
        guard let name else { return put(UInt8(0)) }
        let bytes = name.utf8.span
        put(UInt8(bytes.count))
        append(bytes)
    }

    private mutating func put(_ bytes: Span<UInt8>) {
        put(UInt32(bytes.count))
        append(bytes)
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        if hasRoom(bytes.count) {
            for index in bytes.indices { inline[inlineCount &+ index] = bytes[index] }
            inlineCount &+= bytes.count
        } else {
            lengthen()
            for index in bytes.indices { long.append(bytes[index]) }
        }
    }

    /// A flag, and the value if there is one.
    @inline(__always)
    mutating func put<Value>(_ value: Value?, _ write: (inout RecordWriter, Value) -> Void) {
        put(value != nil)
        if let value { write(&self, value) }
    }

    /// A count, and so many values.
    @inline(__always)
    mutating func put<Values: Collection>(each values: Values, _ write: (inout RecordWriter, Values.Element) -> Void) {
        put(UInt32(values.count))
        for value in values { write(&self, value) }
    }

    /// Ends the record, bound to its key.
    mutating func seal(under key: Span<UInt8>) {
        var checksum = CRC32C()
        checksum.add(key)
        checksum.add(span)
        put(checksum.value)
    }

    private var isLong: Bool {
        @inline(__always) get { inlineCount > Self.inlineCapacity }
    }

    /// Whether so many bytes more still fit into the writer itself.
    @inline(__always)
    private func hasRoom(_ size: Int) -> Bool {
        inlineCount >= 0 && inlineCount <= Self.inlineCapacity &- size
    }

    @inline(never)
    private mutating func append(_ number: UInt64, width: Int) {
        lengthen()
        for index in 0..<width { long.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * index))) }
    }

    /// From here on the record stands in the array.
    private mutating func lengthen() {
        if isLong { return }
        long = copied(span)
        inlineCount = Self.inlineCapacity + 1
    }
}
