import CLinux
import Glibc
public import SignalboxCore

/// A running command: the leader of a session of its own, with pipes to us, that dies when we do.
///
/// Why this is not swift-subprocess (1.0.2): the kernel's parent-death signal belongs to the thread that started the
/// child, so commands must start from a thread that lasts, and its own does not promise to; it hands down descriptors 0
/// to 2 only, and the control channel is 3; it closes none of the others, which would let a command keep a dead
/// worker's locks alive; it forks, copying the worker's page tables each time; it collects children on a thread that
/// waits for any child, where the orphans of a subreaper turn up; and it reads output by async calls, where the worker
/// has one loop for everything.
///
/// Used from the thread that started it; that thread must live as long as the process, since the command gets SIGKILL
/// when it ends. A command that is let go before it was collected is killed with its group.
public final class CommandProcess: EventSource {
    public let identity: ProcessIdentity
    /// Readable once the leader has ended.
    public let descriptor: Descriptor
    /// What the command and its children write, until all of them have closed it. Reads do not wait.
    public let output: Descriptor
    /// The same for standard error.
    public let errorOutput: Descriptor
    /// What they write to descriptor 3; nil when the launch asked for none.
    public let control: Descriptor?
    /// What it reads, where the launch asked for that; nil otherwise. Writes do not wait.
    public let input: Descriptor?
    /// How the leader ended; nil until it was collected.
    public private(set) var outcome: Outcome?

    /// Starts the command and returns when it runs, or could not.
    public init(_ launch: CommandLaunch) throws(CommandStartError) {
        try launch.check()
        let input: Descriptor
        let feed: Pipe?
        let (output, errorOutput): (Pipe, Pipe)
        let control: Pipe?
        do {
            feed = launch.hasInputPipe ? try Pipe(waiting: .reader) : nil
            input = try feed?.reader ?? Self.input(launch.input)
            (output, errorOutput) = (try Pipe(), try Pipe())
            control = launch.hasControlChannel ? try Pipe() : nil
        } catch { throw CommandStartError(.noResources, "cannot prepare the command: \(error)") }
        let started = try KnownChildren.start(launch, [input, output.writer, errorOutput.writer, control?.writer])
        (identity, descriptor) = (started.identity, started.descriptor)
        self.input = feed?.writer
        (self.output, self.errorOutput, self.control) = (output.reader, errorOutput.reader, control?.reader)
    }

    deinit {
        guard outcome == nil else { return }
        signalGroup(.kill)
        // A killed process ends at once, unless it is stuck in the kernel: then it is collected later, as an orphan.
        let hasEnded = try? descriptor.waitUntilReadable(for: .seconds(1))
        guard hasEnded == true, collect() != nil else { return KnownChildren.forget(identity.pid) }
    }

    /// How the leader ended; nil while it runs. Collecting it frees its number, so end its group before, or find what
    /// is left of it by ``ProcessTree`` afterwards.
    public func collect() -> Outcome? {
        if outcome == nil { outcome = KnownChildren.collect(identity.pid) }
        return outcome
    }

    /// Whether the leader has ended, collected or not.
    public var hasEnded: Bool {
        if outcome != nil { return true }
        let isReadable = try? descriptor.waitUntilReadable(for: .zero)
        return isReadable == true
    }

    /// Sends `signal` to the leader's process group; false when there is nobody left in it, or the leader has been
    /// collected, after which its group's number may belong to others.
    @discardableResult
    public func signalGroup(_ signal: Signal) -> Bool {
        precondition(identity.pid > 1 && identity.pid != getpgrp(), "never a signal to group 0, 1 or one's own")
        return outcome == nil && kill(-identity.pid, signal.rawValue) == 0
    }

    /// The first step of ending it: SIGTERM to the group, and SIGCONT, so that a stopped one can obey.
    public func askToEnd() {
        signalGroup(.terminate)
        signalGroup(.resume)
    }

    private static func input(_ bytes: [UInt8]) throws(SystemCallError) -> Descriptor {
        guard bytes.isEmpty else {
            let number = bytes.withUnsafeBytes { linux_sealed_memory($0.baseAddress, $0.count) }
            guard number >= 0 else { throw SystemCallError("memfd_create", -number) }
            return Descriptor(owning: number)
        }
        let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemCallError("open /dev/null") }
        return Descriptor(owning: number)
    }
}

@available(*, unavailable)
extension CommandProcess: Sendable {}

/// A pipe between a command and us. Its end here does not block; the command's does, as programs expect.
private struct Pipe {
    let reader: Descriptor
    let writer: Descriptor

    /// The end that is the command's.
    enum End { case reader, writer }

    init(waiting end: End = .writer) throws(SystemCallError) {
        var ends: [Int32] = [-1, -1]
        let error = linux_pipe(&ends)
        guard error == 0 else { throw SystemCallError("pipe2", error) }
        reader = Descriptor(owning: ends[0])
        writer = Descriptor(owning: ends[1])
        guard end == .reader else { return }
        guard fcntl(ends[0], F_SETFL, 0) == 0, fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0 else {
            throw SystemCallError("fcntl")
        }
    }
}
