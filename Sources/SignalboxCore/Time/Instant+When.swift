/// The times people type behind `--at` and `at:`.
extension Instant {
    /// Reads "2026-11-22T14:30:00Z" (RFC 3339), "2026-11-22 14:30[:ss]" on the clocks of `zone`, "2026-11-22" for
    /// the first instant of that day, "14:30[:ss]" for the next such time after `now`, and "+10m" or "in 10m".
    ///
    /// A local time that exists twice means the first of the two; one in a gap means the end of the gap.
    /// - Throws: `TimeTextError`.
    public init(text: String, zone: Zone, now: Instant) throws(TimeTextError) {
        let trimmed = text.trimmed
        if let delay = Self.delayText(in: trimmed) {
            self = now + (try Duration(text: delay))
        } else if trimmed.utf8.prefix(3).contains(UInt8(ascii: ":")) {
            self = try Self.next(clock: trimmed, zone: zone, now: now)
        } else {
            self = try Self.dated(trimmed, zone: zone)
        }
    }

    /// The same for a question about what was: "14:30" is the newest such time.
    /// - Throws: `TimeTextError`.
    public init(past text: String, zone: Zone, now: Instant) throws(TimeTextError) {
        let time = try Instant(text: text, zone: zone, now: now)
        guard time > now, text.trimmed.prefix(3).contains(":") else {
            self = time
            return
        }
        self = try Instant(text: text, zone: zone, now: time - .seconds(2 * 86_400))
    }

    /// What follows "in " or "+".
    private static func delayText(in text: String) -> String? {
        if text.lowercased().hasPrefix("in ") { return String(text.dropFirst(3)).trimmed }
        // "+12345-01-01T…" is a year with a sign, not a delay.
        return text.hasPrefix("+") && !text.contains(":") ? String(text.dropFirst()) : nil
    }

    private static func dated(_ text: String, zone: Zone) throws(TimeTextError) -> Instant {
        // A day alone.
        if text.utf8.count == 10, let start = try? dated(text + " 00:00", zone: zone) { return start }
        var scanner = TextScanner(text)
        guard let parts = try? DateTimeParts(&scanner, of: text) else {
            // Once more, for the error: with all the forms, where it is not about a day or an hour that does not exist.
            do { return try Instant(text: text) } catch { throw error.code == .outOfRange ? error : .notAWhen(text) }
        }
        if scanner.isAtEnd { return zone.instant(of: parts.local) + .microseconds(parts.microsecond) }
        return try Instant(text: text)
    }

    private static func next(clock text: String, zone: Zone, now: Instant) throws(TimeTextError) -> Instant {
        var scanner = TextScanner(text)
        let clock = try scanner.takeClock(of: text)
        guard scanner.isAtEnd else { throw .notAWhen(text) }
        let today = zone.localTime(at: now).day.daysSinceEpoch
        var found = now
        for days in 0...2 where found <= now {
            let day = CalendarDay(daysSinceEpoch: today + days)
            let local = LocalTime(day: day, hour: clock.hour, minute: clock.minute, second: clock.second)
            found = zone.instant(of: local) + .microseconds(clock.microsecond)
        }
        return found
    }
}

extension TimeTextError {
    fileprivate static func notAWhen(_ text: String) -> TimeTextError {
        TimeTextError(
            .malformed,
            "\(quoted(text)) is not a time: expected 2026-11-22T14:30:00Z, 2026-11-22 14:30 (local), 14:30 (the next), "
                + "or a delay such as +10m")
    }
}
