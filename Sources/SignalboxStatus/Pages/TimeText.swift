import SignalboxCore

/// How long something took, in at most two units: "350 ms", "3.2 s", "3 min 20 s", "1 h 05 min", "2 d 3 h".
func durationText(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.microseconds / 1000)
    let seconds = milliseconds / 1000
    switch seconds {
    case ..<1: return "\(milliseconds) ms"
    case ..<10: return "\(seconds).\(milliseconds % 1000 / 100) s"
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min \(twoDigits(seconds % 60)) s"
    case ..<86_400: return "\(seconds / 3600) h \(twoDigits(seconds % 3600 / 60)) min"
    default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
    }
}

/// How long something that goes on has been up, to the minute: "less than a minute", "3 min", "1 h 05 min", "2 d 3 h". A
/// page that says so is the same for a minute, and need not be sent again.
func uptimeText(_ duration: Duration) -> String {
    switch duration {
    case ..<(.seconds(60)): "less than a minute"
    case ..<(.seconds(3600)): "\(duration.microseconds / 60_000_000) min"
    default: durationText(duration)
    }
}

/// How far `instant` is from `now`, in one unit: "just now", "in 4 min", "2 d ago". In steps of ten seconds at least, so
/// that a page on which nothing happens is the same for a while, and need not be sent again.
func relativeText(from now: Instant, to instant: Instant) -> String {
    relativeText(now.duration(to: instant))
}

/// How far from now, the past being negative.
func relativeText(_ duration: Duration) -> String {
    let seconds = (duration.microseconds / 1_000_000).magnitude
    let amount: String
    switch seconds {
    // A browser knows our time to a second, and what has just happened must not be still to come.
    case ..<10: return duration > .seconds(1) ? "in a moment" : "just now"
    case ..<60: amount = "\(seconds / 10 * 10) s"
    case ..<3600: amount = "\(seconds / 60) min"
    case ..<86_400: amount = "\(seconds / 3600) h"
    default: amount = "\(seconds / 86_400) d"
    }
    return duration < .zero ? "\(amount) ago" : "in \(amount)"
}

/// Time since the beginning of an attempt: "0.012", "83.400" seconds.
func offsetText(_ offset: Duration) -> String {
    let milliseconds = max(0, offset.microseconds / 1000)
    let fraction = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
}

/// A count with its thousands apart: "1,234,567".
func countText(_ count: some BinaryInteger) -> String {
    var groups: [Substring] = []
    var digits = Substring(String(count.magnitude))
    while digits.count > 3 {
        groups.append(digits.suffix(3))
        digits.removeLast(3)
    }
    groups.append(digits)
    return (count < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
}

private func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }

extension Instant {
    /// The day and the time of day in UTC; the clock without fractions.
    var utcParts: (day: CalendarDay, clock: String) {
        let days = Int((Double(wholeSeconds) / 86_400).rounded(.down))
        let clock = description.drop { $0 != "T" }.dropFirst().prefix { $0 != "." }
        return (CalendarDay(daysSinceEpoch: days), String(clock))
    }

    /// "2026-11-22 04:23:44 UTC"
    var utcText: String {
        let parts = utcParts
        return "\(parts.day) \(parts.clock) UTC"
    }
}
