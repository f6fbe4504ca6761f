/// A time zone: what local clocks showed and will show, by a file of the tz database.
///
/// The file is read by whoever may touch a disk; here are only its bytes. Two zones are equal when name and bytes are.
public struct Zone: Hashable, Sendable, CustomStringConvertible {
    /// The IANA name, such as "Europe/Berlin".
    public let name: String
    /// A hash of the file's bytes: when it changes, cached next times are stale. The same on every machine.
    public let fingerprint: UInt64
    let file: ZoneFile

    /// Reads a TZif file of version 1, 2, 3 or 4, with the POSIX rule in its footer for times beyond the table.
    /// - Throws: `ZoneError` for bytes that are no such file; never traps, whatever they are.
    public init(name: String, tzif bytes: [UInt8]) throws(ZoneError) {
        self.name = name
        file = try ZoneFile(bytes, name: name)
        var hash = StableHash()
        for byte in bytes { hash.combine(byte) }
        fingerprint = hash.value
    }

    private init(fixed offset: ZoneOffset, name: String) {
        self.name = name
        file = ZoneFile(fixed: offset)
        fingerprint = 0
    }

    /// Coordinated universal time, which needs no file.
    public static let utc = Zone(fixed: ZoneOffset(seconds: 0, isDaylight: false, abbreviation: "UTC"), name: "UTC")

    public static func == (left: Zone, right: Zone) -> Bool {
        left.name == right.name && left.fingerprint == right.fingerprint
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(fingerprint)
    }

    public var description: String { name }

    /// Whether `name` has the form of a zone's name, which also makes it safe as a path below the zone directory:
    /// letters, digits and `_ - +`, in parts divided by single slashes, at most 64 bytes. It says nothing of whether
    /// it exists.
    public static func isWellFormed(name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= 64
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { $0.isLetter || $0.isDigit || "_-+".utf8.contains($0) }
            }
    }
}

/// What a zone's clocks are ahead of UTC during some time.
public struct ZoneOffset: Hashable, Sendable {
    /// Seconds ahead of UTC; negative in the west.
    public let seconds: Int
    public let isDaylight: Bool
    /// Such as "CEST".
    public let abbreviation: String
}

/// A change of a zone's clocks.
public struct ZoneTransition: Hashable, Sendable {
    /// The first instant with the new offset.
    public let at: Instant
    public let before: ZoneOffset
    public let after: ZoneOffset
}

extension Zone {
    /// What clocks are ahead of UTC at `instant`.
    public func offset(at instant: Instant) -> ZoneOffset {
        file.kinds[span(at: instant.wholeSeconds).kind]
    }

    /// What clocks show at `instant`, to the second.
    public func localTime(at instant: Instant) -> LocalTime {
        LocalTime(secondsSinceEpoch: localSeconds(at: instant))
    }

    /// What clocks show at `instant`, as seconds since they showed 1970-01-01 00:00:00.
    func localSeconds(at instant: Instant) -> Int64 {
        instant.wholeSeconds + span(at: instant.wholeSeconds).offset
    }

    /// The instants at which clocks show `local`: one, none in a gap, two in a fold; in order.
    public func instants(of local: LocalTime) -> [Instant] {
        let seconds = local.secondsSinceEpoch
        var found: [Instant] = []
        var piece = span(at: seconds - Self.longestOffset)
        while true {
            let candidate = seconds - piece.offset
            if candidate >= piece.start && candidate < piece.end { found.append(Instant(seconds: candidate)) }
            guard piece.end <= seconds + Self.longestOffset else { return found }
            piece = span(at: piece.end)
        }
    }

    /// The instant a person means by `local`: in a fold the first of the two, in a gap the first instant after it.
    public func instant(of local: LocalTime) -> Instant {
        if let first = instants(of: local).first { return first }
        let seconds = local.secondsSinceEpoch
        var piece = span(at: seconds - Self.longestOffset)
        while piece.start + piece.offset <= seconds && piece.end < Self.end { piece = span(at: piece.end) }
        return Instant(seconds: piece.start)
    }

    /// The changes after `start` and up to `end`, in order, at most `limit` of them.
    public func transitions(after start: Instant, through end: Instant, limit: Int = 1_000) -> [ZoneTransition] {
        var found: [ZoneTransition] = []
        var before = span(at: start.wholeSeconds)
        while found.count < limit, before.end < Self.end, before.end <= end.wholeSeconds {
            let after = span(at: before.end)
            found.append(
                ZoneTransition(
                    at: Instant(seconds: before.end), before: file.kinds[before.kind],
                    after: file.kinds[after.kind]))
            before = after
        }
        return found
    }

    /// The longest that local time may differ from UTC, with room to spare.
    private static let longestOffset: Int64 = 8 * 86_400
    /// Before and behind all times that are told apart.
    static let start: Int64 = -(1 << 50)
    static let end: Int64 = 1 << 50

    /// The time around `seconds` during which the offset does not change.
    func span(at seconds: Int64) -> ZoneSpan { file.span(at: seconds) }
}

/// A stretch of time without a change of offset; all in seconds.
struct ZoneSpan {
    /// The first second of it, and the first behind it, in UTC.
    let start: Int64
    let end: Int64
    /// Which of its zone's kinds of local time.
    let kind: Int
    let offset: Int64
    /// The offsets of the stretches before and behind; nil when there are none.
    let offsetBefore: Int64?
    let offsetAfter: Int64?
}
