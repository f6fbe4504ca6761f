import CLinux
import Glibc
import SignalboxCore

extension ClockEvidence {
    /// What this machine says of its wall clock now.
    static func current() -> ClockEvidence {
        ClockEvidence(
            isSynchronised: linux_clock_is_synchronised(),
            hasTimesyncMark: access("/run/systemd/timesync/synchronized", F_OK) == 0,
            // The second is what a container sees, which has no devices of its own.
            hasHardwareClock: access("/dev/rtc0", F_OK) == 0 || access("/sys/class/rtc/rtc0", F_OK) == 0)
    }
}
