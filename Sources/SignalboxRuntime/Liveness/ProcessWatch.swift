import CLinux
import Glibc
public import SignalboxCore

/// Watches a process that may be no child of ours: readable in an ``EventLoop`` once it has ended, even if nobody has
/// collected it yet. It stands for that one process for good, whatever becomes of its number.
///
/// It only wakes; whether a worker lives is what its ``LivenessLock`` says.
public final class ProcessWatch: EventSource, Sendable {
    public let identity: ProcessIdentity
    public let descriptor: Descriptor

    /// Nil when the process has ended: its number is free, or another process has it now.
    /// - Throws: `SystemCallError` when this process has no descriptors left.
    public init?(_ identity: ProcessIdentity) throws(SystemCallError) {
        let number = linux_pidfd_open(identity.pid)
        if number == -ESRCH || number == -EINVAL { return nil }
        guard number >= 0 else { throw SystemCallError("pidfd_open", -number) }
        descriptor = Descriptor(owning: number)
        // Looked at after the descriptor was opened: if it is the right process now, it was so then.
        guard ProcessIdentity(pid: identity.pid) == identity else { return nil }
        self.identity = identity
    }

    /// Whether the process has ended.
    public func hasEnded() throws(SystemCallError) -> Bool { try descriptor.waitUntilReadable(for: .zero) }

    /// Waits for the end of the process; false when `limit` passed first.
    public func waitForEnd(for limit: Duration) throws(SystemCallError) -> Bool {
        try descriptor.waitUntilReadable(for: limit)
    }

    /// Sends `signal`; false when the process has ended.
    /// - Throws: `SystemCallError` when it belongs to somebody else (EPERM).
    @discardableResult
    public func send(_ signal: Signal) throws(SystemCallError) -> Bool {
        precondition(identity.pid > 1 && identity.pid != getpid(), "never a signal to init or to oneself")
        let error = linux_pidfd_send_signal(descriptor.number, signal.rawValue)
        guard error != 0 else { return true }
        guard error == ESRCH else { throw SystemCallError("pidfd_send_signal", error) }
        return false
    }
}
