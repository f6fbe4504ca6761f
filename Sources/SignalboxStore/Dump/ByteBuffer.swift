// Where lines and records are put together: one piece of memory that serves one after the other.

/// Bytes that are appended to, and forgotten all at once; their memory is kept.
struct ByteBuffer {
    private var storage: [UInt8]
    private(set) var count = 0

    init(capacity: Int) { storage = [UInt8](repeating: 0, count: capacity) }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        borrowing get { storage.span.extracting(first: count) }
    }

    /// Forgets what stands behind the first `count` bytes.
    @inline(__always)
    mutating func cut(to count: Int = 0) {
        precondition(count <= self.count, "cut to more than there is")
        self.count = count
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        if count == storage.count { makeRoom(1) }
        storage[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func put(_ bytes: Span<UInt8>) {
        if bytes.count > storage.count &- count { makeRoom(bytes.count) }
        let start = count
        var place = storage.mutableSpan
        for index in bytes.indices { place[start &+ index] = bytes[index] }
        count &+= bytes.count
    }

    @inline(__always)
    mutating func put(_ text: String) { put(text.utf8.span) }

    /// The lowest byte first, as in records.
    @inline(__always)
    mutating func put(littleEndian number: some FixedWidthInteger & UnsignedInteger) {
        let width = number.bitWidth / 8
        if width > storage.count &- count { makeRoom(width) }
        for index in 0..<width { storage[count &+ index] = UInt8(truncatingIfNeeded: number &>> (8 &* index)) }
        count &+= width
    }

    /// The highest byte first, as in keys.
    @inline(__always)
    mutating func put(bigEndian number: some FixedWidthInteger & UnsignedInteger) {
        put(littleEndian: number.byteSwapped)
    }

    /// Writes a number over four bytes that were put before.
    @inline(__always)
    mutating func set(_ number: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset <= count &- 4, "set where nothing was put")
        for index in 0..<4 { storage[offset &+ index] = UInt8(truncatingIfNeeded: number &>> UInt32(8 &* index)) }
    }

    @inline(__always)
    mutating func set(byte: UInt8, at offset: Int) {
        precondition(offset >= 0 && offset < count, "set where nothing was put")
        storage[offset] = byte
    }

    @inline(never)
    private mutating func makeRoom(_ size: Int) {
        let missing = max(storage.count, count + size - storage.count)
        storage.append(contentsOf: repeatElement(0, count: missing))
    }
}
