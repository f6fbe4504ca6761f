import CLinux
import Glibc

/// Wakes an ``EventLoop`` from another thread: raised any number of times, seen once.
///
/// Whoever raises it first puts down what there is to do; the loop first lowers it and then looks: nothing is missed.
public final class WakeUp: EventSource, Sendable {
    public let descriptor: Descriptor

    public init() throws(SystemCallError) {
        let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard number >= 0 else { throw SystemCallError("eventfd") }
        descriptor = Descriptor(owning: number)
    }

    /// Makes the loop return from its wait. Any thread may call it; it never blocks.
    public func raise() {
        var one: UInt64 = 1
        // The one error it can have is a counter that is full; then the loop is awake anyway.
        _ = write(descriptor.number, &one, MemoryLayout<UInt64>.size)
    }

    /// Takes it down; false when nobody had raised it.
    @discardableResult
    public func lower() -> Bool { descriptor.takeCounter() != nil }
}
