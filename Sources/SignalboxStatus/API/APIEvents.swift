import SignalboxStore

/// A part of the feed for programs.
struct APIEvents: Encodable {
    var frames: [FeedFrame]
    /// Frames are missing between the number asked for and these.
    var gap: Bool
    /// What to ask for next time.
    var since: UInt64
    /// The address of the frames behind these; null when there are none yet.
    var next: String?
    /// The store's sequence.
    var seq: UInt64

    private enum CodingKeys: String, CodingKey { case frames, gap, since, next, seq }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(frames, forKey: .frames)
        try fields.encode(gap, forKey: .gap)
        try fields.encode(since, forKey: .since)
        try fields.encode(next, forKey: .next)
        try fields.encode(seq, forKey: .seq)
    }
}
