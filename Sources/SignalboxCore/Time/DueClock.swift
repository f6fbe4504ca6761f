/// Which clock a due time is read on.
public enum DueClock: UInt8, Hashable, Sendable, CaseIterable {
    /// The time of day, which people and programs may set: for calendar schedules and `--at`.
    case wall = 0
    /// Steady time (``StoreClock``), which nobody can set: for intervals, delays and the waits between attempts.
    case steady = 1
}
