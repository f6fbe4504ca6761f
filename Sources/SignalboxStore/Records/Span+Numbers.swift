internal import SignalboxCore

/// Numbers as records keep them, the lowest byte first. Written so that the compiler sees one bound to check and one
/// load: the indexes after the first cannot overflow, for the bound has been checked.
extension Span<UInt8> {
    @inline(__always)
    func number64(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count &- 8, "a number beyond the end")
        return UInt64(self[offset]) | UInt64(self[offset &+ 1]) << 8 | UInt64(self[offset &+ 2]) << 16
            | UInt64(self[offset &+ 3]) << 24 | UInt64(self[offset &+ 4]) << 32 | UInt64(self[offset &+ 5]) << 40
            | UInt64(self[offset &+ 6]) << 48 | UInt64(self[offset &+ 7]) << 56
    }

    @inline(__always)
    func number32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count &- 4, "a number beyond the end")
        return UInt32(self[offset]) | UInt32(self[offset &+ 1]) << 8 | UInt32(self[offset &+ 2]) << 16
            | UInt32(self[offset &+ 3]) << 24
    }

    @inline(__always)
    func number16(at offset: Int) -> UInt16 {
        precondition(offset >= 0 && offset <= count &- 2, "a number beyond the end")
        return UInt16(self[offset]) | UInt16(self[offset &+ 1]) << 8
    }

    @inline(__always)
    func instant(at offset: Int) -> Instant { Instant(microseconds: Int64(bitPattern: number64(at: offset))) }

    @inline(__always)
    func moment(at offset: Int) -> Moment {
        let boot = BootInstant(nanoseconds: Int64(bitPattern: number64(at: offset &+ 8)))
        return Moment(wall: instant(at: offset), boot: boot)
    }
}
