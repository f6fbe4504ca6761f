// Where lines and records are put together: one piece of memory that serves one after the other.

/// Bytes that are appended to, and forgotten all at once; their memory is kept.
struct ByteBuffer: Sendable {
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

    /// What is appended to it goes into its memory as far as there is room; ``keep(_:)`` makes that a part of the bytes.
    @_lifetime(&self)
    @inline(__always)
    mutating func output() -> ByteOutput { ByteOutput(storage.mutableSpan, count: count) }

    /// Takes the first `count` bytes of an output as its own.
    @inline(__always)
    mutating func keep(_ count: Int) {
        precondition(count >= 0 && count <= storage.count, "kept more than there is room for")
        self.count = count
    }

    mutating func put(_ bytes: Span<UInt8>) {
        while bytes.count > storage.count &- count { grow() }
        let start = count
        var place = storage.mutableSpan
        for index in bytes.indices { place[start &+ index] = bytes[index] }
        count &+= bytes.count
    }

    /// Twice the memory, and some.
    mutating func grow() { storage.append(contentsOf: repeatElement(0, count: storage.count + 1024)) }
}
