/// One ordered map of bytes to bytes inside a store: the unit that keys are unique in.
///
/// A user of the store declares its buckets once, as constants, with indexes counting from 0 and no gaps; an engine
/// opens them all when it opens, and never later. Names are kept on disk, indexes are not.
public struct Bucket: Hashable, Sendable {
    /// The position of this bucket in the list its user opens the store with.
    public let index: Int
    /// The name on disk: 1 to 64 bytes, no NUL.
    public let name: String

    public init(_ index: Int, _ name: String) {
        self.index = index
        self.name = name
    }
}
