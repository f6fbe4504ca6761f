internal import SignalboxCore

/// Builds a record: a layout byte, fields in little-endian order, and at the end a checksum over the key and all before
/// it, so that a record that was changed, cut, or found under another key is never believed.
struct RecordWriter {
    private(set) var bytes: [UInt8]

    init(layout: UInt8, reserving capacity: Int = 160) {
        bytes = []
        bytes.reserveCapacity(capacity)
        bytes.append(layout)
    }

    mutating func put(_ number: UInt8) { bytes.append(number) }
    mutating func put(_ number: UInt16) { append(UInt64(number), width: 2) }
    mutating func put(_ number: UInt32) { append(UInt64(number), width: 4) }
    mutating func put(_ number: UInt64) { append(number, width: 8) }
    mutating func put(_ number: Int64) { append(UInt64(bitPattern: number), width: 8) }
    mutating func put(_ number: Double) { put(number.bitPattern) }
    mutating func put(_ flag: Bool) { bytes.append(flag ? 1 : 0) }
    mutating func put(_ instant: Instant) { put(instant.microseconds) }
    mutating func put(_ instant: BootInstant) { put(instant.nanoseconds) }
    mutating func put(_ moment: Moment) {
        put(moment.wall)
        put(moment.boot)
    }
    /// Microseconds: what is shorter is not kept.
    mutating func put(_ duration: Duration) { put(duration.microseconds) }
    mutating func put(_ text: String) { put(Array(text.utf8)) }
    mutating func put(_ data: [UInt8]) {
        put(UInt32(data.count))
        bytes.append(contentsOf: data)
    }

    /// A flag, and the value if there is one.
    mutating func put<Value>(_ value: Value?, _ write: (inout RecordWriter, Value) -> Void) {
        put(value != nil)
        if let value { write(&self, value) }
    }

    /// A count, and so many values.
    mutating func put<Values: Collection>(each values: Values, _ write: (inout RecordWriter, Values.Element) -> Void) {
        put(UInt32(values.count))
        for value in values { write(&self, value) }
    }

    /// The finished record, bound to its key.
    consuming func sealed(under key: Key) -> [UInt8] {
        var checksum = CRC32C()
        checksum.add(key.bytes.span)
        checksum.add(bytes.span)
        put(checksum.value)
        return bytes
    }

    private mutating func append(_ number: UInt64, width: Int) {
        for shift in 0..<width { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift * 8))) }
    }
}
