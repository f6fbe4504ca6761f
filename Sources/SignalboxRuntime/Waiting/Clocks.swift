import CLinux
import Glibc
public import SignalboxCore

/// Where the loops get the time from, so that a test can give them another one.
public protocol Clocks: Sendable {
    /// Both clocks, read together.
    func now() -> Now
    /// What the machine says of its wall clock.
    func evidence() -> ClockEvidence
}

/// The machine's own clocks.
public struct SystemClocks: Clocks {
    private let bootID: BootID

    /// - Throws: `SystemCallError` when /proc does not say which boot this is.
    public init() throws(SystemCallError) {
        let text = try readProcessFile("/proc/sys/kernel/random/boot_id", limit: 64)
        bootID = BootID(String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    public func now() -> Now {
        let boot = Self.bootTime()
        let awake = Self.nanoseconds(CLOCK_MONOTONIC)
        let slept = BootInstant(nanoseconds: awake).duration(to: boot)
        return Now(wall: Self.wallTime(), boot: boot, bootID: bootID, slept: slept)
    }

    public func evidence() -> ClockEvidence { .current() }

    /// Now on the wall clock, which people and programs may set (CLOCK_REALTIME).
    public static func wallTime() -> Instant {
        let time = read(CLOCK_REALTIME)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// Now on the boot clock, which only goes forward and counts sleep (CLOCK_BOOTTIME).
    public static func bootTime() -> BootInstant {
        BootInstant(nanoseconds: nanoseconds(CLOCK_BOOTTIME))
    }

    private static func nanoseconds(_ clock: Int32) -> Int64 {
        let time = read(clock)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func read(_ clock: Int32) -> timespec {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime fails only for a clock that the kernel does not have")
        return time
    }
}
