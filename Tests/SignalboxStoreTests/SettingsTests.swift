import OrderedStore
import SignalboxCore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxStore

@Suite struct `The settings of a store` {
    /// A store that keeps what its engine was told at the end of each transaction.
    private func withFollowedStore(
        _ body: (JobStore<MemoryEngine>, _ told: () -> [Durability], Now) throws -> Void
    ) throws {
        try withMemoryStore { store in
            let told = Told()
            let jobs = try JobStore(
                engine: store.jobs.engine, live: nil,
                follow: { _, settings in
                    told.levels.withLock { $0.append(settings.durability) }
                })
            try body(jobs, { told.levels.withLock { $0 } }, store.now)
        }
    }

    private final class Told: Sendable {
        let levels = Mutex<[Durability]>([])
    }

    @Test func `say that it is fully durable until somebody changes that`() throws {
        try withFollowedStore { jobs, _, now in
            #expect(try jobs.settings().durability == .full)
            try jobs.setDurability(.relaxed, now: now)
            #expect(try jobs.settings().durability == .relaxed)
            try jobs.setDurability(.full, now: now)
            #expect(try jobs.settings().durability == .full)
        }
    }

    @Test func `are told to the engine at the end of every transaction, that of the change included`() throws {
        try withFollowedStore { jobs, told, now in
            let item = Enqueuing(request: Request(command: .program(["true"])))
            _ = try jobs.enqueue(item, now: now)
            try jobs.setDurability(.relaxed, now: now)
            _ = try jobs.enqueue(item, now: now)
            try jobs.setDurability(.full, now: now)
            #expect(told() == [.full, .relaxed, .relaxed, .full])
        }
    }

    @Test func `of a store that was made before there were any are the standard ones`() throws {
        try EngineKind.memory.withStore { store in
            try store.raw.delete(StoreSettings.key.bytes, Buckets.meta)
            try store.enqueue()
            #expect(try store.jobs.settings() == StoreSettings())
        }
    }

    @Test func `have words for each level`() {
        for level in Durability.allCases { #expect(Durability(word: level.word) == level) }
        #expect(Durability(word: "volatile") == nil)
    }
}
