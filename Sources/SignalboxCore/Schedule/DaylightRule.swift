/// What a calendar schedule does where its zone's clock is set forward or back by less than three hours.
///
/// A job is *wildcard* if its minute or hour field begins with `*`: it is matched at every real minute, and none of
/// these rules but `utc` changes it. Any other is *fixed*, and meets the rule.
public enum DaylightRule: String, Hashable, Sendable, CaseIterable {
    /// As Debian's cron: a time in the gap runs once, at the first instant after it; a repeated time runs at the
    /// first of the two.
    case cron
    /// A time in the gap is left out; a repeated time runs at the first of the two.
    case skip
    /// A time in the gap runs once after it; a repeated time runs both times.
    case twice
    /// The fields are read in UTC, whatever the zone; nothing is ever skipped or repeated.
    case utc
}

/// How the day-of-month and day-of-week fields combine when both restrict.
public enum DayRule: String, Hashable, Sendable, CaseIterable {
    /// A day matches if either does: the rule of cron.
    case either = "or"
    /// A day matches only if both do.
    case both = "and"
}
