/// Instants as the clocks of a zone show them.
extension Instant {
    /// RFC 3339 with the zone's offset, to the second: "2026-10-25T02:30:00+02:00". It reads back as the same second
    /// (``init(text:)``), also where clocks show a time twice; an offset that is no whole minute, of times long past,
    /// is rounded down to one.
    public func text(in zone: Zone) -> String {
        let offset = zone.offset(at: self).seconds
        let minutes = offset.flooredDivision(by: 60).quotient
        let local = LocalTime(secondsSinceEpoch: wholeSeconds + Int64(minutes * 60))
        let sign = minutes < 0 ? "-" : "+"
        let (hours, rest) = minutes.magnitude.quotientAndRemainder(dividingBy: 60)
        return "\(local.day)T\(local.clockText)\(sign)\(hours.padded(to: 2)):\(rest.padded(to: 2))"
    }
}
