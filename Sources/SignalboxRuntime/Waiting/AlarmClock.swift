import CLinux
import Glibc
public import SignalboxCore

/// What woke the owner of an alarm.
public enum Ring: Hashable, Sendable {
    /// The time it was armed for has come.
    case due
    /// Somebody set the machine's wall clock: plan again. Only a ``WallAlarm`` reports it, and it is then disarmed.
    case clockWasSet
}

/// Wakes an ``EventLoop`` at a time on the wall clock, for calendar work. It also rings when the wall clock is set, so
/// that nobody sleeps for a time that has moved.
public final class WallAlarm: EventSource {
    private let timer: Timer
    private var missedChange = false

    public init() throws(SystemCallError) { timer = try Timer(CLOCK_REALTIME) }

    public var descriptor: Descriptor { timer.descriptor }

    /// Rings once at `instant`, at once if that has passed; replaces what it was armed for.
    public func arm(at instant: Instant) throws(SystemCallError) {
        let (seconds, rest) = instant.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let options = Int32(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)
        let setting = try timer.set(timespec(arming: seconds, nanoseconds: rest * 1_000), options)
        // The clock was set since the last look, and the kernel says so only here, and only once. Make it ring.
        if setting == .clockHadBeenSet { missedChange = true }
        if missedChange { _ = try timer.set(.soonest, options) }
    }

    /// Rings no more until it is armed again.
    public func disarm() throws(SystemCallError) {
        missedChange = false
        _ = try timer.set(.never, 0)
    }

    /// Why it rang, and quiet again; nil when it did not.
    public func acknowledge() throws(SystemCallError) -> Ring? {
        switch descriptor.takeCounter() {
        case nil: return nil
        case 0 where !missedChange: return .due
        case 0, ECANCELED:
            try disarm()
            return .clockWasSet
        case let error?: throw SystemCallError("read of a timer", error)
        }
    }
}

/// Wakes an ``EventLoop`` at a time on the boot clock, for intervals, delays and timeouts: it counts while the machine
/// sleeps, and nobody can set it.
public final class BootAlarm: EventSource {
    private let timer: Timer

    public init() throws(SystemCallError) { timer = try Timer(CLOCK_BOOTTIME) }

    public var descriptor: Descriptor { timer.descriptor }

    /// Rings once at `instant`, at once if that has passed; replaces what it was armed for.
    public func arm(at instant: BootInstant) throws(SystemCallError) {
        let (seconds, rest) = instant.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        _ = try timer.set(timespec(arming: seconds, nanoseconds: rest), Int32(TFD_TIMER_ABSTIME))
    }

    /// Rings no more until it is armed again.
    public func disarm() throws(SystemCallError) { _ = try timer.set(.never, 0) }

    /// Whether it rang; quiet again.
    public func acknowledge() -> Bool { descriptor.takeCounter() == 0 }
}

/// The timerfd below both.
private struct Timer {
    enum Setting { case armed, clockHadBeenSet }

    let descriptor: Descriptor

    init(_ clock: Int32) throws(SystemCallError) {
        let number = timerfd_create(clock, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        guard number >= 0 else { throw SystemCallError("timerfd_create") }
        descriptor = Descriptor(owning: number)
    }

    /// Sets it even when it reports that the clock had been set.
    func set(_ time: timespec, _ options: Int32) throws(SystemCallError) -> Setting {
        var setting = itimerspec(it_interval: .never, it_value: time)
        guard timerfd_settime(descriptor.number, options, &setting, nil) != 0 else { return .armed }
        guard errno == ECANCELED else { throw SystemCallError("timerfd_settime") }
        return .clockHadBeenSet
    }
}

extension timespec {
    /// What the kernel takes for "disarmed".
    fileprivate static let never = timespec(tv_sec: 0, tv_nsec: 0)
    fileprivate static let soonest = timespec(tv_sec: 0, tv_nsec: 1)

    /// A time to arm a timer for: never the one that means "disarmed", nor one before the clock's beginning.
    fileprivate init(arming seconds: Int64, nanoseconds: Int64) {
        let isAfterBeginning = seconds > 0 || (seconds == 0 && nanoseconds > 0)
        self = isAfterBeginning ? timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) : .soonest
    }
}
