/// What somebody waits for: a set of at most 32 subjects, which only the user of the store gives a meaning.
///
/// A write transaction names the subjects it touched (`notify`); after its commit the engine wakes the processes that
/// wait for one of them, and leaves the others asleep.
public struct InterestSet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// How a wait ended.
public enum WaitOutcome: Sendable { case changed, timedOut, cancelled }

/// A place to wait for commits that touch certain subjects.
///
/// Call `arm()`, then look at the store, then `wait`: whatever is committed after `arm()` ends the wait, so no change
/// can fall between looking and sleeping. `wait` blocks its thread; it never belongs on one of Swift's own threads.
public protocol ChangeWatch: AnyObject, Sendable {
    /// Remembers the present: a later `wait` returns at once if anything was committed since.
    func arm()
    /// Blocks until one of the subjects was touched since `arm()`, until `timeout` has passed (nil: without limit), or
    /// until `cancel()`. It makes no system call while it sleeps.
    @available(*, noasync, message: "this blocks the thread; wait on a thread of your own")
    func wait(timeout: Duration?) -> WaitOutcome
    /// Ends the present and every later `wait` of this watch; returns when no thread is inside one any more.
    func cancel()
}
