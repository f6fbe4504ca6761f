// What people ask of a schedule: its next times, for `next`, `check` and pages.

extension Schedule {
    /// The first `count` due times strictly after `instant`, fewer where it has no more.
    /// - Parameter anchor: where `every` counts from.
    public func upcoming(after instant: Instant, in zone: Zone, anchor: Instant, count: Int) -> [Occurrence] {
        var found: [Occurrence] = []
        var from = instant
        while found.count < count, let occurrence = next(after: from, in: zone, anchor: anchor) {
            found.append(occurrence)
            from = occurrence.due
        }
        return found
    }
}
