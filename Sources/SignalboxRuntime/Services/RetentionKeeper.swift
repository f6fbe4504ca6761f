import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// Takes away what is no longer to be kept, for a process that is awake anyway: a walk over the store at its start, when
/// the settings change, when the next is too old, and while the store is nearly full; a slice of it at a time, between
/// what the process is there for. Any number of processes may do so at once: who comes second finds nothing.
struct RetentionKeeper<Engine: OrderedStore> {
    private let store: JobStore<Engine>
    private let logger: Logger
    /// The walk that is under way.
    private var walk: PruneWalk?
    private var pace = PrunePace { SystemClocks.bootTime() }
    /// When the next walk begins.
    private(set) var nextTime: BootInstant
    /// The newest change of the settings that a walk has followed.
    private var followedChange: UInt64 = 0
    /// When it is next looked how full the store is.
    private var nextLook: BootInstant

    /// No walk follows another sooner, unless the settings changed; and none later.
    private static var distances: ClosedRange<Duration> { Duration.seconds(60)...Duration.seconds(3600) }
    /// When to try again after the store had no room even for deleting, and how often to look how full it is.
    private static var lookDistance: Duration { .seconds(30) }

    init(store: JobStore<Engine>, logger: Logger, now: Now) {
        self.store = store
        self.logger = logger
        nextTime = now.boot
        nextLook = now.boot
    }

    /// Told with every look at the store: the newest change of what is kept.
    mutating func note(change: UInt64, _ now: Now) {
        guard change > followedChange else { return }
        followedChange = change
        walk = nil
        nextTime = now.boot
    }

    /// Does some of what is to be done, in one transaction at most.
    /// - Returns: whether there is more; when not, ``nextTime`` says when.
    mutating func step(_ now: Now) throws -> Bool {
        if walk == nil { try begin(now) }
        guard let walk else { return false }
        do {
            let next = try store.prune(walk, at: &pace, now: now)
            self.walk = next.isDone ? nil : next
            if next.isDone { try conclude(next, now) }
            return true
        } catch let error as any RoomError where error.isLackOfRoom {
            self.walk = nil
            nextTime = now.boot + Self.lookDistance
            return false
        }
    }

    private mutating func begin(_ now: Now) throws {
        if nextLook <= now.boot {
            nextLook = now.boot + Self.lookDistance
            if try store.room().level >= .closedToClients { return walk = PruneWalk(isHard: true) }
        }
        if nextTime <= now.boot { walk = PruneWalk() }
    }

    private mutating func conclude(_ walk: PruneWalk, _ now: Now) throws {
        guard !walk.isHard else {
            if walk.total > 0 {
                logger.warning(
                    "the store, or the disk it is on, is nearly full: pruned \(walk.total) dispatches that were to be kept"
                )
            }
            // Half is gone; as long as that is not enough, so is half of the rest.
            if walk.total > 0 { nextLook = now.boot }
            return
        }
        if walk.total > 0 { logger.info("pruned \(walk.total) dispatches") }
        let wait = walk.untilNextExpiry ?? Self.distances.upperBound
        nextTime = now.boot + min(max(wait, Self.distances.lowerBound), Self.distances.upperBound)
    }
}
