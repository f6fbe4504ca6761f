public import OrderedStore

/// Turns the store's bell into something an ``EventLoop`` can wait for: a thread that sleeps on the bell, and raises a
/// wake-up for every commit that touches its interests.
///
/// The watch is armed before the wake-up is raised, and the loop looks at the store after it was raised: so nothing
/// that is committed can fall between looking and sleeping.
public final class BellThread<Engine: OrderedStore>: Sendable {
    public let wakeUp: WakeUp
    private let watch: Engine.Watch

    /// Raised once at the start, so that the first look needs no code of its own.
    public init(_ engine: Engine, _ interests: InterestSet, name: String) throws {
        let wakeUp = try WakeUp()
        let watch = try engine.watch(interests)
        self.wakeUp = wakeUp
        self.watch = watch
        _ = try LoopThread(name: name) {
            repeat {
                watch.arm()
                wakeUp.raise()
            } while watch.wait(timeout: nil) != .cancelled
        }
    }

    deinit { watch.cancel() }
}
