// Time spans as systemd writes them (systemd.time(7)): "15min", "1h 30min", "1.5h", and 90, which is seconds.

import SignalboxCore

enum TimeSpan {
    /// Nil for `infinity`.
    /// - Throws: `TimeTextError`.
    static func parse(_ text: String) throws -> Duration? {
        let trimmed = text.trimmed
        if trimmed == "infinity" { return nil }
        var rest = Substring(trimmed)
        var total = 0.0
        repeat { total += try takePart(&rest, of: text) } while !rest.isEmpty
        guard total <= Duration.accepted.upperBound.components.seconds.asDouble else { throw malformed(text) }
        return .microseconds(Int64((total * 1e6).rounded()))
    }

    /// One "30min", in seconds.
    private static func takePart(_ rest: inout Substring, of text: String) throws -> Double {
        let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let amount = Double(digits), !digits.isEmpty else { throw malformed(text) }
        rest = rest[digits.endIndex...].drop { $0 == " " }
        let word = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest[word.endIndex...].drop { $0 == " " }
        guard let unit = units.first(where: { $0.words.contains(String(word)) }) else { throw malformed(text) }
        return amount * unit.seconds
    }

    private static func malformed(_ text: String) -> TimeTextError {
        TimeTextError(
            .malformed, "\(quoted(text)) is no time span of at most ten years; expected as in 15min, 1h 30min or 90")
    }

    private static let units: [(words: Set<String>, seconds: Double)] = [
        (["", "seconds", "second", "sec", "s"], 1), (["minutes", "minute", "min", "m"], 60),
        (["hours", "hour", "hr", "h"], 3_600), (["days", "day", "d"], 86_400), (["weeks", "week", "w"], 604_800),
        (["months", "month", "M"], 2_629_800), (["years", "year", "y"], 31_557_600),
        (["msec", "ms"], 0.001), (["usec", "us", "µs"], 0.000_001),
    ]
}

extension Int64 {
    fileprivate var asDouble: Double { Double(self) }
}
