public import SignalboxCore

/// Calendar jobs wait, because nobody can say yet whether the wall clock is right.
public struct ClockHold: Hashable, Sendable, Encodable {
    public var doubt: ClockDoubt
    /// They wait no longer than until then, in this boot.
    public var until: BootInstant
    public var bootID: BootID

    init?(_ clock: StoreClock) {
        guard case .held(let doubt, _, let until) = clock.trust else { return nil }
        self.doubt = doubt
        self.until = until
        bootID = clock.bootID
    }

    /// How much longer they wait at most; nil when that is over.
    public func remaining(at now: Now) -> Duration? {
        bootID == now.bootID && now.boot < until ? now.boot.duration(to: until) : nil
    }

    private enum CodingKeys: String, CodingKey { case untrusted, until_boot_seconds, boot }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(doubt.word, forKey: .untrusted)
        try fields.encode(Double(until.nanoseconds) / 1e9, forKey: .until_boot_seconds)
        try fields.encode(bootID.text, forKey: .boot)
    }
}
