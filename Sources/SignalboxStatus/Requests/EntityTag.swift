// Tags are made from what is shown, and not from the number of a transaction alone: a worker that dies, a disk that
// fills up and the passing of time change a page without any commit, and most commits change nothing on most pages.

/// What names one content of one address: a client that knows it need not be sent it again.
struct EntityTag: Hashable, Sendable {
    /// Between the quotes.
    private let opaque: String
    private let isWeak: Bool

    private init(_ opaque: String, isWeak: Bool) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// Two contents with this tag are the same, byte for byte.
    static func strong(sequence: UInt64, _ content: some Sequence<UInt8>) -> EntityTag {
        EntityTag("\(sequence)-\(String(contentHash(content), radix: 16))", isWeak: false)
    }

    /// Two contents with this tag show the same; they may differ in when they were read.
    static func weak(sequence: UInt64, _ shown: some Sequence<UInt8>) -> EntityTag {
        EntityTag("\(sequence)-\(String(contentHash(shown), radix: 16))", isWeak: true)
    }

    /// As it stands in a header.
    var text: String { isWeak ? "W/\"\(opaque)\"" : "\"\(opaque)\"" }

    /// Whether one of the tags that a client knows is this one, strong or weak; `*` is any.
    func isKnown(to tags: [String]) -> Bool {
        tags.contains { $0 == "*" || $0 == "\"\(opaque)\"" || $0 == "W/\"\(opaque)\"" }
    }
}

/// FNV-1a: tells contents apart, and is no guard against anybody who wants two to look alike.
func contentHash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
