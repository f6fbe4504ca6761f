import Synchronization

/// What a loop shows of itself to the process around it: that it has begun its work, and that it still turns.
///
/// Asked by another thread, the loop answers when it comes round. One that hangs does not, and so a watchdog that hears
/// the answers watches the loop that does the work, and not a thread that merely lives.
public final class Pulse: EventSource, Sendable {
    /// Raised once the loop does its work.
    public let begun: WakeUp
    private let question: WakeUp
    private let hasBegun = Atomic(false)
    private let isOpen = Atomic(false)

    public init() throws(SystemCallError) {
        begun = try WakeUp()
        question = try WakeUp()
    }

    /// Readable when an answer is wanted.
    public var descriptor: Descriptor { question.descriptor }

    /// The loop has begun its work. It may say so more than once.
    public func begin() {
        if !hasBegun.exchange(true, ordering: .sequentiallyConsistent) { begun.raise() }
    }

    /// Wants an answer. Any thread may call it; it never blocks.
    public func ask() {
        isOpen.store(true, ordering: .sequentiallyConsistent)
        question.raise()
    }

    /// The loop's answer.
    public func answer() {
        question.lower()
        isOpen.store(false, ordering: .sequentiallyConsistent)
    }

    /// Whether the last question, if any, has been answered.
    public var isAnswered: Bool { !isOpen.load(ordering: .sequentiallyConsistent) }
}
