import CLinux
import Glibc

/// Signals to this process, as something an ``EventLoop`` can wait for instead of as interruptions.
public final class SignalSource: EventSource {
    public let descriptor: Descriptor

    /// From here on `signals` come only to this source. Threads that are there already must have them blocked, as every
    /// ``LoopThread`` has, so make it on the main thread before any other kind of thread is started.
    public init(_ signals: [Signal]) throws(SystemCallError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal.rawValue) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let number = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard number >= 0 else { throw SystemCallError("signalfd") }
        descriptor = Descriptor(owning: number)
    }

    /// The next signal that came; nil when there is none.
    public func next() throws(SystemCallError) -> Signal? {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<signalfd_siginfo>.size)
        guard case .bytes = try descriptor.read(into: &bytes) else { return nil }
        let number = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        return Signal(rawValue: Int32(bitPattern: number))
    }
}
