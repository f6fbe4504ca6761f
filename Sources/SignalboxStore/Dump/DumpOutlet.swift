// The bytes of a dump go from who makes them to who hashes and writes them, in large pieces: so that each may have a
// thread of its own.

/// A piece of a dump on its way. Its memory is used again when it comes back.
public struct DumpPiece: Sendable {
    /// So many bytes are handed on at once.
    static let size = 1 << 20

    var bytes = ByteBuffer(capacity: 0)
    /// What is in the whole dump; only the last piece says so.
    var counts: DumpCounts?

    /// One with nothing in it.
    public init() {}
}

/// The last that the bytes of a dump come by: they are hashed and handed on, and behind the last comes the footer.
public struct DumpOutlet {
    private let sink: (Span<UInt8>) throws -> Void
    private var hash = SHA256()

    /// - Parameter sink: takes the bytes of the dump, in order.
    public init(sink: @escaping (Span<UInt8>) throws -> Void) { self.sink = sink }

    /// Takes all that is in the piece.
    public mutating func take(_ piece: inout DumpPiece) throws {
        hash.add(piece.bytes.span)
        try sink(piece.bytes.span)
        piece.bytes.cut()
        guard let counts = piece.counts else { return }
        let footer = try DumpFooter(counts: counts, digest: hash.hexadecimalDigest).line()
        try sink(footer.span)
    }
}
