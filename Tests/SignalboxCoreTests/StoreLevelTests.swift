import SignalboxCore
import Testing

@Suite struct `The level of a store` {
    @Test(arguments: [
        (0, StoreLevel.normal), (799, .normal), (800, .warning), (899, .warning), (900, .closedToClients),
        (949, .closedToClients), (950, .finishingOnly), (1000, .finishingOnly), (2000, .finishingOnly),
    ])
    func `follows from how much of its room is in use`(_ used: Int, _ level: StoreLevel) {
        #expect(StoreLevel(used: used, capacity: 1000) == level)
    }

    @Test func `is the last one where there is no room at all`() {
        #expect(StoreLevel(used: 0, capacity: 0) == .finishingOnly)
        #expect(StoreLevel(used: .max, capacity: .max) == .finishingOnly)
        #expect(StoreLevel(used: 0, capacity: .max) == .normal)
    }

    @Test func `is said in words where something should be done`() {
        for level in StoreLevel.allCases { #expect((level.sentence == nil) == (level == .normal)) }
        #expect(Set(StoreLevel.allCases.map(\.word)).count == StoreLevel.allCases.count)
    }
}
