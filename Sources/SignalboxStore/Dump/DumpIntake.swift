/// The first that the bytes of a dump which is read come by: it hashes all lines but the last, which is to be the footer and
/// has the digest of all others.
public struct DumpIntake {
    /// Bytes of a dump.
    public struct Piece: Sendable {
        /// None at the end.
        public var bytes: [UInt8]
        /// At the end, the SHA-256 of all lines but the last.
        public var digest: String?
    }

    private let source: () throws -> [UInt8]
    private var hash = SHA256()
    /// The newest line, as far as it is known: not hashed yet.
    private var tail: [UInt8] = []

    /// - Parameter source: the next bytes of the file, as many as there are; empty at its end.
    public init(source: @escaping () throws -> [UInt8]) { self.source = source }

    public mutating func next() throws -> Piece {
        let bytes = try source()
        guard !bytes.isEmpty else { return Piece(bytes: [], digest: hash.hexadecimalDigest) }
        take(bytes)
        return Piece(bytes: bytes)
    }

    private mutating func take(_ bytes: [UInt8]) {
        var hash = hash
        defer { self.hash = hash }
        // A line feed at the very end may be that of the last line.
        if let end = bytes.dropLast().lastIndex(of: UInt8(ascii: "\n")) {
            hash.add(tail.span)
            hash.add(bytes.span.extracting(first: end + 1))
            tail = Array(bytes[(end + 1)...])
        } else if tail.last == UInt8(ascii: "\n") {
            hash.add(tail.span)
            tail = bytes
        } else {
            tail += bytes
        }
    }
}
