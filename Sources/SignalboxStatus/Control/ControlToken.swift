/// The secret that whoever controls the store by its pages has to know.
public struct ControlToken: Sendable {
    private let bytes: [UInt8]

    /// The fewest characters: nobody guesses so many.
    public static let shortest = 16
    public static let longest = 512

    /// - Throws: ``ControlTokenError`` when `text` is too short, too long, or not of visible ASCII characters.
    public init(_ text: String) throws(ControlTokenError) {
        bytes = Array(text.utf8)
        guard (Self.shortest...Self.longest).contains(bytes.count) else {
            throw ControlTokenError(
                "the control token has \(bytes.count) characters; expected \(Self.shortest) to \(Self.longest): make one "
                    + "with `openssl rand -hex 16`")
        }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ControlTokenError("the control token holds spaces or characters that are not ASCII's")
        }
    }

    /// Compares all of it, whatever differs first: how long that takes tells nothing of the token.
    func matches(_ text: String) -> Bool {
        var difference = UInt8(truncatingIfNeeded: text.utf8.count == bytes.count ? 0 : 1)
        let offered = Array(text.utf8)
        for index in bytes.indices { difference |= bytes[index] ^ (index < offered.count ? offered[index] : 0) }
        return difference == 0
    }
}

/// A text that is no control token.
public struct ControlTokenError: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
