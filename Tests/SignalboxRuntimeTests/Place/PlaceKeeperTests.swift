import SignalboxRuntime
import Synchronization
import Testing

@Suite struct `The keeper of a place` {
    @Test func `looks again where nothing can be told, and believes what it then sees`() throws {
        let answers = Mutex<[Bool?]>([nil, nil, nil, false])
        let place = StorePlace(folder: "/") { answers.withLock { $0.removeFirst() } }
        let keeper = try PlaceKeeper(place, doubtfulSleep: .zero)
        #expect(throws: StoreGone.self) { try keeper.run() }
        #expect(answers.withLock { $0.isEmpty })
    }

    @Test func `tells why a store is gone`() throws {
        struct Reason: Error, CustomStringConvertible { let description = "no such directory" }
        let keeper = try PlaceKeeper(StorePlace(folder: "/store") { throw Reason() })
        let gone = #expect(throws: StoreGone.self) { try keeper.run() }
        #expect(gone?.description.contains("/store") == true)
        #expect(gone?.description.contains("no such directory") == true)
    }
}
