import NIOCore
import SignalboxStore

/// The newest frames, for all who follow the feed: each is kept once, however many have not taken it yet. It is bounded
/// by number and bytes; who is further behind than that is too slow.
///
/// Frames are numbered in the order they came in, so that a place among them is a number.
struct FeedRing {
    struct Entry: Sendable {
        var frame: FeedFrame
        /// Its texts for those who filter nothing.
        var texts: [ByteBuffer]
        var size: Int { texts.reduce(0) { $0 + $1.readableBytes } }

        init(_ frame: FeedFrame) {
            self.frame = frame
            texts = FeedText.texts(of: frame).map { ByteBuffer(bytes: $0) }
        }
    }

    struct Limits {
        var frames = 4096
        var bytes = 4 << 20
    }

    private let limits: Limits
    private var entries: CircularBuffer<Entry> = []
    private var bytes = 0
    /// The place of the oldest frame that is kept.
    private(set) var first = 0
    /// Every frame behind this number of the store's sequence is in the ring.
    private(set) var start: UInt64

    init(limits: Limits = Limits(), start: UInt64) {
        self.limits = limits
        self.start = start
    }

    /// The place of the next frame that comes.
    var end: Int { first + entries.count }

    subscript(place: Int) -> Entry { entries[entries.index(entries.startIndex, offsetBy: place - first)] }

    /// Takes in what came together, and drops the oldest for it; never what has just come.
    mutating func append(_ new: [Entry]) {
        let kept = end
        for entry in new {
            entries.append(entry)
            bytes += entry.size
        }
        while first < kept, entries.count > limits.frames || bytes > limits.bytes {
            let oldest = entries.removeFirst()
            bytes -= oldest.size
            start = oldest.frame.sequence
            first += 1
        }
    }

    /// The place of the first frame behind `sequence`; nil when that may have been dropped.
    func place(after sequence: UInt64) -> Int? {
        guard sequence >= start else { return nil }
        var (low, high) = (first, end)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].frame.sequence > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
