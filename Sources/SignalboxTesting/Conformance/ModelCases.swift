import OrderedStore
import Testing

extension OrderedStoreConformance {
    static var modelCases: [Case] {
        [
            Case("random operations give what a dictionary gives") { store throws in
                let seed = UInt64.random(in: 0...(.max))
                var random = SeededRandom(seed: seed)
                var model: [[UInt8]: [UInt8]] = [:]
                for _ in 0..<60 {
                    model = try randomTransaction(store, model, &random)
                    try compare(store, model, &random, seed)
                }
            }
        ]
    }

    /// Changes the store at random; answers what it holds afterwards. One in five throws in the end.
    private static func randomTransaction(
        _ store: Store, _ model: [[UInt8]: [UInt8]], _ random: inout SeededRandom
    ) throws -> [[UInt8]: [UInt8]] {
        var changed = model
        let isToFail = Int.random(in: 0..<5, using: &random) == 0
        do {
            try store.write { transaction throws in
                for _ in 0..<Int.random(in: 1...40, using: &random) {
                    let key = randomKey(&random)
                    if Int.random(in: 0..<3, using: &random) == 0 {
                        let wasThere = changed.removeValue(forKey: key) != nil
                        #expect(try transaction.delete(key, in: first) == wasThere)
                    } else {
                        let value = [UInt8](repeating: key[0], count: Int.random(in: 0...3000, using: &random))
                        changed[key] = value
                        try transaction.put(key, value, in: first)
                    }
                }
                if isToFail { throw Refusal() }
            }
            return changed
        } catch is Refusal {
            return model
        }
    }

    private static func compare(
        _ store: Store, _ model: [[UInt8]: [UInt8]], _ random: inout SeededRandom, _ seed: UInt64
    ) throws {
        let bounds = [randomKey(&random), randomKey(&random)]
        let range = KeyRange(from: bounds[0], to: bounds[1])
        let expected = model.map(Entry.init).sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let inside = expected.filter { entry in
            !entry.key.lexicographicallyPrecedes(bounds[0]) && entry.key.lexicographicallyPrecedes(bounds[1])
        }
        try store.read { transaction throws in
            #expect(try transaction.entries(first) == expected, "seed \(seed)")
            #expect(try transaction.entries(first, range) == inside, "seed \(seed)")
            #expect(try transaction.entries(first, range, .descending) == inside.reversed(), "seed \(seed)")
        }
    }

    private static func randomKey(_ random: inout SeededRandom) -> [UInt8] {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) &* 85 }
    }
}

/// Random numbers that a seed repeats (SplitMix64).
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
