/// Which keys there are, or must be, in constant memory: how many, and the sum of a number that is worked out from each. Two
/// tallies are equal when they are of the same keys, in whatever order; that of others is by chance alone, once in 2⁶⁴.
struct KeyTally: Equatable {
    private(set) var count = 0
    private var sum: UInt64 = 0

    /// Other ones in every process, so that no keys can be chosen for their sum.
    struct Seed: Sendable {
        fileprivate let start = UInt64.random(in: .min ... .max)
        fileprivate let factor = UInt64.random(in: .min ... .max) | 1
    }

    @inline(__always)
    mutating func add(_ key: Span<UInt8>, _ seed: Seed) {
        var (state, index) = (seed.start ^ UInt64(truncatingIfNeeded: key.count), 0)
        while index <= key.count &- 8 {
            state = Self.mixed(state ^ key.number64(at: index), seed.factor)
            index &+= 8
        }
        var last: UInt64 = 0
        while index < key.count {
            last = last &<< 8 | UInt64(key[index])
            index &+= 1
        }
        sum &+= Self.mixed(Self.mixed(state ^ last, seed.factor) ^ seed.start, seed.factor)
        count &+= 1
    }

    /// Every bit of the result hangs on all bits of both.
    @inline(__always)
    private static func mixed(_ word: UInt64, _ factor: UInt64) -> UInt64 {
        let product = (word ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }
}

/// Numbers that were noted in their order, and are asked for in their order: as few runs of such as follow each other.
struct NumberRuns {
    private var runs: [ClosedRange<UInt64>] = []
    /// The run that the newest question was about.
    private var place = 0

    mutating func note(_ number: UInt64) {
        if let last = runs.last, last.upperBound &+ 1 == number {
            runs[runs.count - 1] = last.lowerBound...number
        } else {
            runs.append(number...number)
        }
    }

    /// Goes back to the first.
    mutating func rewind() { place = 0 }

    /// Whether the number was noted; none is asked for that is less than the one before.
    mutating func contains(_ number: UInt64) -> Bool {
        while place < runs.count, runs[place].upperBound < number { place += 1 }
        return place < runs.count && runs[place].contains(number)
    }
}
