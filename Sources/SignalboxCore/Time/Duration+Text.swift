/// Durations as people write them: "500ms", "10s", "1h30m", "2d", "1w".
extension Duration {
    /// What a typed duration may be: from nothing to ten years.
    public static let accepted: ClosedRange<Duration> = .zero ... .seconds(3_653 * 86_400)

    /// Reads whole numbers with units, the larger first: `w d h m s ms us`.
    /// - Parameter limits: what is accepted; zero to ten years unless narrowed.
    /// - Throws: `TimeTextError`; for a bare number one that lists the units.
    public init(text: String, in limits: ClosedRange<Duration> = accepted) throws(TimeTextError) {
        var scanner = TextScanner(text.trimmed)
        var total: Int64 = 0
        var finest = Int64.max
        repeat {
            let (amount, unit) = try scanner.takeAmount(of: text)
            guard unit < finest else {
                throw TimeTextError(.malformed, "\"\(text)\": the larger unit comes first, each once, as in 1h30m")
            }
            finest = unit
            total = total.saturatingSum(Int64(amount).saturatingProduct(unit))
        } while !scanner.isAtEnd
        self = .microseconds(total)
        guard limits.contains(self) else {
            throw TimeTextError(
                .outOfRange, "\"\(text)\" is out of range: from \(limits.lowerBound.text) to \(limits.upperBound.text)")
        }
    }

    /// The short form that reads back as the same duration, down to microseconds: "1h30m", "0s", "-5s".
    public var text: String {
        let magnitude = microseconds.magnitude
        guard magnitude > 0 else { return "0s" }
        var rest = magnitude
        var result = microseconds < 0 ? "-" : ""
        for (name, unit) in Self.units {
            // Weeks only when nothing else is needed: ten days are 10d.
            if name == "w" && magnitude % unit.magnitude != 0 { continue }
            if rest >= unit.magnitude { result += "\(rest / unit.magnitude)\(name)" }
            rest %= unit.magnitude
        }
        return result
    }

    /// Whole microseconds, less than one dropped, clamped to 64 bits.
    public var microseconds: Int64 {
        // A microsecond is 2^12 · 244,140,625 attoseconds: up to ten hours that needs no division of 128 bits.
        let parts = self.attoseconds >> 12
        if parts >= 0, let parts = Int64(exactly: parts) { return parts / 244_140_625 }
        let (seconds, attoseconds) = components
        return seconds.saturatingProduct(1_000_000).saturatingSum(attoseconds / 1_000_000_000_000)
    }

    /// Each unit with its length in microseconds, the largest first.
    fileprivate static let units: [(name: String, microseconds: Int64)] = [
        ("w", 604_800_000_000), ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000),
        ("ms", 1_000), ("us", 1),
    ]
}

extension TextScanner {
    /// One "30m": the number, and the unit in microseconds.
    fileprivate mutating func takeAmount(of text: String) throws(TimeTextError) -> (amount: Int, unit: Int64) {
        let known = "w, d, h, m, s, ms or us"
        guard let amount = takeNumber(width: 1...15) else {
            throw TimeTextError(
                .malformed, "\"\(text)\" is not a duration: expected whole numbers with a unit (\(known)), as in 1h30m")
        }
        let name = String(decoding: takeWhile { $0.isLetter }, as: UTF8.self)
        if name.isEmpty {
            let what = isAtEnd ? "\(amount) of what?" : "expected a unit after \(amount), in whole numbers"
            throw TimeTextError(.unitMissing, "\"\(text)\": \(what) The units are \(known), as in 10s or 1h30m")
        }
        guard let unit = Duration.units.first(where: { $0.name == name }) else {
            throw TimeTextError(.malformed, "\"\(text)\": there is no unit \"\(name)\"; the units are \(known)")
        }
        return (amount, unit.microseconds)
    }
}
