// Where lines and records are put together byte by byte: some thirty puts a line, and millions of lines. So nothing is asked
// for anew at each of them: the memory is lent once for a line, and a word of eight bytes is stored at once.

/// Memory that bytes are appended to, lent by a ``ByteBuffer``.
///
/// It does not grow. What no longer fits is left out, and ``isFull`` says so: whoever lent the memory then does the same
/// again with more of it. Some bytes at the end may stay unused.
struct ByteOutput: ~Copyable, ~Escapable {
    private var place: MutableSpan<UInt8>
    private(set) var count: Int
    private(set) var isFull = false

    /// Goes on behind the first `count` bytes.
    @_lifetime(copy place)
    @inline(__always)
    init(_ place: consuming MutableSpan<UInt8>, count: Int) {
        self.place = place
        self.count = count
    }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        borrowing get { place.span.extracting(first: count) }
    }

    /// Forgets what stands behind the first `count` bytes.
    @_lifetime(self: copy self)
    mutating func cut(to count: Int) {
        precondition(count <= self.count, "cut to more than there is")
        self.count = count
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func put(_ byte: UInt8) {
        guard count >= 0, count < place.count else { return leaveOut() }
        place[count] = byte
        count &+= 1
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func put(_ text: LineText) {
        guard hasRoom(LineText.capacity) else { return leaveOut() }
        store(text.words.0, at: count)
        store(text.words.1, at: count &+ 8)
        store(text.words.2, at: count &+ 16)
        store(text.words.3, at: count &+ 24)
        count &+= text.count
    }

    /// The first `width` bytes of a word, at most 8.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func put(word: UInt64, width: Int) {
        guard hasRoom(8) else { return leaveOut() }
        store(word, at: count)
        count &+= width
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func put(_ bytes: Span<UInt8>) {
        guard count >= 0, bytes.count <= place.count &- count else { return leaveOut() }
        let (start, end) = (count, count &+ bytes.count)
        if bytes.count >= 8 {
            var index = 0
            while index < bytes.count &- 8 {
                store(bytes.number64(at: index), at: start &+ index)
                index &+= 8
            }
            store(bytes.number64(at: bytes.count &- 8), at: end &- 8)
        } else {
            for index in bytes.indices { place[start &+ index] = bytes[index] }
        }
        count = end
    }

    @_lifetime(self: copy self)
    mutating func put(_ text: String) { put(text.utf8.span) }

    /// The lowest byte first, as in records.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func put(littleEndian number: some FixedWidthInteger & UnsignedInteger) {
        put(word: UInt64(truncatingIfNeeded: number), width: number.bitWidth / 8)
    }

    /// The highest byte first, as in keys.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func put(bigEndian number: some FixedWidthInteger & UnsignedInteger) {
        put(littleEndian: number.byteSwapped)
    }

    /// Writes a number over four bytes that were put before.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func set(_ number: UInt32, at offset: Int) {
        for index in 0..<4 { set(byte: UInt8(truncatingIfNeeded: number &>> UInt32(8 &* index)), at: offset &+ index) }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    mutating func set(byte: UInt8, at offset: Int) {
        // What was to stand there may have been left out.
        if isFull { return }
        precondition(offset >= 0 && offset < count, "set where nothing was put")
        place[offset] = byte
    }

    @inline(__always)
    private func hasRoom(_ size: Int) -> Bool { count >= 0 && count <= place.count &- size }

    @_lifetime(self: copy self)
    @inline(never)
    private mutating func leaveOut() { isFull = true }

    /// Written so that the compiler sees one bound to check and one store.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func store(_ word: UInt64, at offset: Int) {
        precondition(offset >= 0 && offset <= place.count &- 8, "a word beyond the end")
        for index in 0..<8 { place[offset &+ index] = UInt8(truncatingIfNeeded: word &>> UInt64(8 &* index)) }
    }
}
