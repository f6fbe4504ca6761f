// How long runs took, in a form of bounded size that can be added up: hours to days, jobs to the whole store. Single
// durations would have to be kept and sorted to tell a median; counts in fixed bins need neither, and the bins are the
// same for ever, so that histograms of different times can be added.

/// Counts of durations in fixed bins.
///
/// Durations are taken as whole microseconds. The bins 0 to 3 hold 0, 1, 2 and 3 µs; from 4 µs on every doubling has
/// four bins of equal width: 4, 5, 6, 7, then 8–9, 10–11, 12–13, 14–15, then 16–19 and so on. A bin is thus never wider
/// than a quarter of its lower end, and 248 of them reach as far as durations do.
public struct DurationHistogram: Hashable, Sendable {
    /// One bin that holds something.
    public struct Count: Hashable, Sendable {
        /// Which bin: 0 to ``DurationHistogram/lastBin``.
        public let bin: UInt8
        /// More than none.
        public fileprivate(set) var count: Int
    }

    /// The bins that hold something, shortest durations first.
    public private(set) var counts: [Count] = []

    public init() {}

    /// A histogram as a store found it.
    /// - Returns: Nil when the bins do not rise, one does not exist, or one holds nothing.
    public init?(counts: [(bin: UInt8, count: Int)]) {
        for (bin, count) in counts {
            guard bin <= Self.lastBin, count > 0, self.counts.last.map({ $0.bin < bin }) ?? true else { return nil }
            self.counts.append(Count(bin: bin, count: count))
        }
    }

    /// How many durations it has counted.
    public var total: Int { counts.reduce(0) { $0 + $1.count } }

    /// Counts a duration; one below zero counts as zero.
    public mutating func add(_ duration: Duration) { add(1, to: Self.bin(of: duration)) }

    /// Counts all that `other` has counted.
    public mutating func merge(_ other: DurationHistogram) {
        for entry in other.counts { add(entry.count, to: entry.bin) }
    }

    private mutating func add(_ count: Int, to bin: UInt8) {
        // A job's runs fall into a few bins beside each other: looking from the end is as good as any search.
        let place = counts.lastIndex { $0.bin <= bin }
        if let place, counts[place].bin == bin {
            counts[place].count += count
        } else {
            counts.insert(Count(bin: bin, count: count), at: place.map { $0 + 1 } ?? 0)
        }
    }
}

// MARK: - The bins

extension DurationHistogram {
    /// The bin of the longest duration: 7 × 2⁶⁰ µs and more.
    public static let lastBin: UInt8 = 247

    static func bin(of duration: Duration) -> UInt8 {
        let length = UInt64(max(0, duration.microseconds))
        guard length >= 4 else { return UInt8(length) }
        let doubling = 63 - length.leadingZeroBitCount
        return UInt8((doubling - 1) * 4 + Int(length >> UInt64(doubling - 2) & 3))
    }

    /// The shortest and the longest duration of a bin, in microseconds.
    static func bounds(of bin: UInt8) -> ClosedRange<Int64> {
        guard bin >= 4 else { return Int64(bin)...Int64(bin) }
        let width = Int64(1) << Int64(bin / 4 - 1)
        let lower = (4 + Int64(bin % 4)) * width
        return lower...lower + (width - 1)
    }
}

// MARK: - What it tells

extension DurationHistogram {
    /// An estimate of the duration that so great a part of all, 0 to 1, does not exceed: the middle of the bin that the
    /// exact one lies in, and so at most an eighth (12.5 %) of the exact one away from it.
    /// - Returns: Nil when nothing was counted.
    public func quantile(_ part: Double) -> Duration? {
        let total = total
        guard total > 0 else { return nil }
        // The rank that sorting all would look at: the smallest one that reaches the part.
        let rank = max(1, min(total, Int((Double(total) * part).rounded(.up))))
        var passed = 0
        for entry in counts {
            passed += entry.count
            guard passed >= rank else { continue }
            let bounds = Self.bounds(of: entry.bin)
            return .microseconds(bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) / 2)
        }
        return nil
    }

    /// How many were no longer than `limit`; exact where a bin ends there, as one does in front of every power of two in
    /// microseconds, else those of the bin that it lies in are left out.
    public func count(through limit: Duration) -> Int {
        counts.reduce(0) { Self.bounds(of: $1.bin).upperBound <= limit.microseconds ? $0 + $1.count : $0 }
    }

    /// What the durations that were counted can add up to.
    var possibleTotals: ClosedRange<Duration> {
        let (shortest, longest) = counts.reduce((Int64(0), Int64(0))) { sums, entry in
            let bounds = Self.bounds(of: entry.bin)
            return (
                sums.0.saturatingSum(bounds.lowerBound.saturatingProduct(Int64(entry.count))),
                sums.1.saturatingSum(bounds.upperBound.saturatingProduct(Int64(entry.count)))
            )
        }
        return .microseconds(shortest) ... .microseconds(longest)
    }
}
