import Glibc
import SignalboxCore

/// A file descriptor that is closed when the last reference to it goes.
public final class Descriptor: Sendable {
    /// What the kernel calls it. It means something only while this object lives.
    public let number: Int32

    /// Takes over `number`, which must be open and close-on-exec, and which nobody else may close.
    public init(owning number: Int32) {
        precondition(number >= 0, "a descriptor is at least 0, not \(number)")
        self.number = number
    }

    deinit { close(number) }
}

/// Something an ``EventLoop`` can wait for.
public protocol EventSource {
    /// Readable when there is something to attend to.
    var descriptor: Descriptor { get }
}

extension Descriptor: EventSource {
    public var descriptor: Descriptor { self }

    /// One read(2) into the start of `buffer`. It does not wait when the descriptor does not.
    public func read(into buffer: inout [UInt8]) throws(SystemCallError) -> ReadOutcome {
        precondition(!buffer.isEmpty, "a read needs a buffer of at least one byte")
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            if errno == EAGAIN { return .wouldBlock }
            if errno != EINTR { throw SystemCallError("read") }
        }
    }

    /// Reads the eight bytes that an eventfd or a timerfd gives: nil when it has none, else 0 or what went wrong.
    func takeCounter() -> Int32? {
        var count: UInt64 = 0
        while Glibc.read(number, &count, MemoryLayout<UInt64>.size) < 0 {
            if errno == EAGAIN { return nil }
            if errno != EINTR { return errno }
        }
        return 0
    }

    /// Whether it becomes readable within `limit`, from now if not given; `zero` only looks.
    func waitUntilReadable(for limit: Duration) throws(SystemCallError) -> Bool {
        let deadline = SystemClocks.bootTime() + limit
        while true {
            let left = max(.zero, deadline - SystemClocks.bootTime())
            var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            let ready = poll(&request, 1, left.wholeMilliseconds)
            if ready > 0 { return true }
            if ready < 0 && errno != EINTR { throw SystemCallError("poll") }
            if ready == 0 && left == .zero { return false }
        }
    }
}

/// What one read brought.
public enum ReadOutcome: Hashable, Sendable {
    /// So many bytes, at the start of the buffer; at least one.
    case bytes(Int)
    /// Nothing now; wait for the descriptor to be readable.
    case wouldBlock
    /// Nothing ever again: all writers have closed.
    case end
}

extension Duration {
    /// For the kernel's millisecond timeouts: rounded up, so that a wait never ends early, at most some 24 days.
    var wholeMilliseconds: Int32 {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Int32(clamping: remainder > 0 ? quotient + 1 : quotient)
    }
}
