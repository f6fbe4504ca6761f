// Pages are looked at where they lie in memory: a walk over a store of a gigabyte meets ten million nodes, and none of
// them may cost an array. Every access is checked against the part's own bounds, so that no number found on a damaged
// page can lead out of it.

import Glibc

/// A part of a page in memory; it lives no longer than the ``PageMemory`` that it was read into holds that page.
@safe struct PageBytes {
    private let start: UnsafeRawPointer
    let count: Int

    fileprivate init(_ start: UnsafeRawPointer, _ count: Int) {
        unsafe self.start = start
        self.count = count
    }

    func byte(at offset: Int) -> UInt8 { integer(at: offset) }
    func number16(at offset: Int) -> UInt16 { integer(at: offset) }
    func number32(at offset: Int) -> UInt32 { integer(at: offset) }
    func number64(at offset: Int) -> UInt64 { integer(at: offset) }

    /// A little-endian integer.
    @inline(__always)
    private func integer<Value: FixedWidthInteger>(at offset: Int) -> Value {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "a number beyond the end of its page")
        return Value(littleEndian: unsafe start.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    func part(at offset: Int, count part: Int) -> PageBytes {
        precondition(offset >= 0 && part >= 0 && offset <= count - part, "a part beyond the end of its page")
        return unsafe PageBytes(start + offset, part)
    }

    /// In the order of LMDB's keys: byte by byte, and what begins another comes before it.
    func precedes(_ other: PageBytes) -> Bool {
        let order = unsafe memcmp(start, other.start, min(count, other.count))
        return order != 0 ? order < 0 : count < other.count
    }

    func withSpan<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        let bytes = unsafe UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: count)
        return try body(unsafe bytes.span)
    }

    var array: [UInt8] {
        withSpan { span in
            [UInt8](capacity: span.count) { output in
                for index in span.indices { output.append(span[index]) }
            }
        }
    }
}

/// Memory that pages are read into, one after the other.
@safe final class PageMemory {
    private let start: UnsafeMutableRawPointer
    let capacity: Int

    init(capacity: Int) {
        unsafe start = .allocate(byteCount: capacity, alignment: 16)
        self.capacity = capacity
    }

    deinit { unsafe start.deallocate() }

    /// The `count` bytes of the file from `offset` on, or fewer where it ends. What was read before is gone.
    func read(_ file: FileDescriptor, at offset: Int, count: Int) throws -> PageBytes {
        precondition(count <= capacity, "more than the memory holds")
        var filled = 0
        while filled < count {
            let got = unsafe pread(file.number, start + filled, count - filled, off_t(offset + filled))
            if got < 0 && errno == EINTR { continue }
            if got < 0 { throw EnvironmentError.system(errno, "pread", file.path) }
            if got == 0 { break }
            filled += got
        }
        return unsafe PageBytes(start, filled)
    }

    /// As `read`; nil: the disk cannot read them (EIO).
    func readIfPossible(_ file: FileDescriptor, at offset: Int, count: Int) throws -> PageBytes? {
        do {
            return try read(file, at: offset, count: count)
        } catch let error as EnvironmentError where error.code == .systemCall(EIO) {
            return nil
        }
    }
}

/// A set of pages, a bit for each that there may be.
struct PageSet {
    private var words: [UInt64]
    let capacity: UInt64
    private(set) var count: UInt64 = 0

    init(capacity: UInt64) {
        self.capacity = capacity
        words = [UInt64](repeating: 0, count: Int((capacity + 63) / 64))
    }

    func contains(_ page: UInt64) -> Bool {
        page < capacity && words[Int(page / 64)] & 1 << (page % 64) != 0
    }

    /// False: it was there already.
    mutating func insert(_ page: UInt64) -> Bool {
        let bit: UInt64 = 1 << (page % 64)
        guard words[Int(page / 64)] & bit == 0 else { return false }
        words[Int(page / 64)] |= bit
        count += 1
        return true
    }
}
