import Testing

@testable import SignalboxStore

@Suite struct `A tally of keys` {
    private func tally(_ keys: [[UInt8]], _ seed: KeyTally.Seed) -> KeyTally {
        keys.reduce(into: KeyTally()) { tally, key in tally.add(key.span, seed) }
    }

    @Test func `is the same in any order, and another one when any bit is`() {
        let seed = KeyTally.Seed()
        var random = SplitMix(state: 3)
        var keys = (1...40).map { length in (0..<length).map { _ in random.byte() } }
        let whole = tally(keys, seed)
        #expect(tally(keys.shuffled(using: &random), seed) == whole)
        #expect(tally(keys.dropLast(), seed) != whole)
        #expect(tally(keys + [keys[0]], seed) != whole)
        for index in keys.indices {
            for place in keys[index].indices {
                let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                keys[index][place] ^= bit
                #expect(tally(keys, seed) != whole)
                keys[index][place] ^= bit
            }
        }
        #expect(tally(keys, KeyTally.Seed()) != whole)
    }

    /// What one key loses another one has: their sum would be the same if bytes were only added up.
    @Test func `sees keys that have changed places in parts`() {
        let seed = KeyTally.Seed()
        #expect(tally([[1, 2], [3, 4]], seed) != tally([[1, 4], [3, 2]], seed))
        #expect(tally([[0], [0, 0]], seed) != tally([[0, 0, 0], []], seed))
    }
}

@Suite struct `Runs of numbers` {
    @Test func `have those that were noted, asked for in order`() {
        var random = SplitMix(state: 4)
        let numbers = Set((0..<500).map { _ in UInt64.random(in: 1...900, using: &random) })
        var runs = NumberRuns()
        for number in numbers.sorted() { runs.note(number) }
        for _ in 0..<2 {
            for number in UInt64(0)...1000 {
                let (isThere, isStillThere) = (runs.contains(number), runs.contains(number))
                #expect(isThere == numbers.contains(number) && isStillThere == isThere)
            }
            runs.rewind()
        }
        var last = NumberRuns()
        last.note(.max)
        let isThere = last.contains(.max)
        #expect(isThere)
    }
}
