public import SignalboxCore
import Synchronization

/// A pair of clocks that stand still until a test moves them: the wall's, the boot's, and which boot it is.
public final class VirtualClock: Sendable {
    private struct Time {
        var now: Now
        var boots: UInt64
    }
    private let time: Mutex<Time>

    /// The machine has been up for an hour.
    public init(wall: Instant = Instant(seconds: 1_795_348_800)) {
        let boot = BootInstant(nanoseconds: 0) + .seconds(3600)
        time = Mutex(Time(now: Now(wall: wall, boot: boot, bootID: Self.bootID(1)), boots: 1))
    }

    public func now() -> Now { time.withLock(\.now) }

    /// Lets time pass, on both clocks.
    public func advance(by duration: Duration) {
        time.withLock {
            $0.now.wall += duration
            $0.now.boot += duration
        }
    }

    /// The machine sleeps for so long.
    public func sleep(for duration: Duration) {
        advance(by: duration)
        time.withLock { $0.now.slept += duration }
    }

    /// Somebody sets the wall clock, by so much forward or (negative) back; the boot clock does not notice.
    public func stepWall(by duration: Duration) { time.withLock { $0.now.wall += duration } }

    /// The machine goes down and comes up again `downtime` later: another boot, whose clock begins at zero.
    public func reboot(after downtime: Duration = .seconds(60)) {
        time.withLock {
            $0.boots += 1
            $0.now = Now(
                wall: $0.now.wall + downtime, boot: BootInstant(nanoseconds: 0), bootID: Self.bootID($0.boots))
        }
    }

    private static func bootID(_ number: UInt64) -> BootID {
        let digits = String(number, radix: 16)
        return BootID("00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits)
    }
}
