/// A piece of what a command printed: a line, or part of one that is longer than ``limit``.
public struct OutputLine: Hashable, Sendable {
    public enum Stream: UInt8, Hashable, Sendable, CaseIterable {
        case standardOutput = 1
        case standardError = 2
        /// Ours: the note of how much was left out.
        case note = 3

        /// The word used in JSON.
        public var word: String {
            switch self {
            case .standardOutput: "stdout"
            case .standardError: "stderr"
            case .note: "signalbox"
            }
        }
    }

    public var stream: Stream
    /// Boot-clock time since the attempt began.
    public var offset: Duration
    /// The bytes as printed, with the end of the line if it was reached.
    public var bytes: [UInt8]

    public init(stream: Stream, offset: Duration, bytes: [UInt8]) {
        self.stream = stream
        self.offset = offset
        self.bytes = bytes
    }

    /// The most bytes of one piece, so that a record of it stays inside a page of the store.
    public static let limit = 1024
    /// What a piece costs besides its bytes, in a record as in memory.
    public static let overhead = 16
}
