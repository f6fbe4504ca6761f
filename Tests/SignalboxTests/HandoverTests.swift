import LMDBEngine
import SignalboxCore
import SignalboxRuntime
import SignalboxStore
import Synchronization
import Testing

@testable import Signalbox

private struct Broken: Error, Equatable { var number = 1 }

@Suite struct `A handover` {
    @Test func `brings all in order, with few of them on the way`() async throws {
        let numbers = Handover<Int>(room: 2)
        let made = Mutex(0)
        let maker = try LoopThread<Void>(name: "maker") {
            for number in 0..<1000 {
                made.withLock { $0 = number }
                try numbers.put(number)
            }
            numbers.end()
        }
        let taken = try await onThread {
            var taken: [Int] = []
            while let number = try numbers.take() {
                taken.append(number)
                // Two lie there, and one may wait for room.
                #expect(made.withLock { $0 } <= number + 3)
            }
            return taken
        }
        #expect(taken == Array(0..<1000))
        try await maker.value()
    }

    @Test func `that fails stops both sides, when all was taken that was brought before`() throws {
        let numbers = Handover<Int>(room: 2)
        try numbers.put(7)
        numbers.fail(Broken())
        numbers.fail(Broken(number: 2))
        #expect(throws: Broken()) { try numbers.put(8) }
        #expect(try numbers.take() == 7)
        #expect(throws: Broken()) { try numbers.take() }
    }

    @Test func `wakes who waits for room when it fails`() async throws {
        let numbers = Handover<Int>(room: 1)
        let maker = try LoopThread<Void>(name: "maker") { while true { try numbers.put(1) } }
        _ = try await onThread { try numbers.take() }
        numbers.fail(Broken())
        await #expect(throws: Broken()) { try await maker.value() }
    }
}

@Suite struct `A dump with threads of its own` {
    /// Of a few pieces.
    private func filled(_ path: String) async throws -> Store {
        let store = try await Store.open(at: path)
        let item = Enqueuing(request: Request(command: .program(["/bin/true"])))
        try await onThread { _ = try store.enqueue(Array(repeating: item, count: 8000), now: SystemTime.now()) }
        return store
    }

    @Test func `is the same as without, and becomes the same store`() async throws {
        let folder = try TemporaryFolder()
        let store = try await filled(folder.path + "/store")
        try await onThread {
            let plain = Mutex<[UInt8]>([])
            let threaded = Mutex<[UInt8]>([])
            let counts = try store.dump(
                DumpSelection(hasSecrets: true),
                to: { bytes in
                    plain.withLock { all in bytes.indices.forEach { all.append(bytes[$0]) } }
                })
            let others = try store.dump(
                DumpSelection(hasSecrets: true),
                writing: { bytes in
                    threaded.withLock { all in bytes.indices.forEach { all.append(bytes[$0]) } }
                })
            #expect(counts == others)
            let dump = threaded.withLock { $0 }
            #expect(dump.count > 3 << 20)
            #expect(dump == plain.withLock { $0 })
            let reader = try DumpReader(ahead: pieces(of: dump))
            let restored = try Store.restore(reader, at: folder.path + "/copy")
            #expect(restored.records > 16_000)
            let copy = try Store.openToRepair(at: folder.path + "/copy")
            #expect(try copy.verify().faults == [])
            let again = Mutex<[UInt8]>([])
            try copy.dump(
                DumpSelection(hasSecrets: true),
                writing: { bytes in
                    again.withLock { all in bytes.indices.forEach { all.append(bytes[$0]) } }
                })
            #expect(again.withLock { $0 } == dump)
        }
    }

    @Test func `that cannot be written fails with the reason`() async throws {
        let folder = try TemporaryFolder()
        let store = try await filled(folder.path + "/store")
        try await onThread {
            let written = Mutex(0)
            #expect(throws: Broken()) {
                try store.dump(
                    DumpSelection(),
                    writing: { _ in
                        let count = written.withLock { count in
                            count += 1
                            return count
                        }
                        if count == 2 { throw Broken() }
                    })
            }
            #expect(written.withLock { $0 } == 2)
        }
    }

    @Test func `that cannot be read fails with the reason, and leaves nothing`() async throws {
        let folder = try TemporaryFolder()
        let store = try await filled(folder.path + "/store")
        try await onThread {
            let dump = Mutex<[UInt8]>([])
            try store.dump(
                DumpSelection(),
                writing: { bytes in
                    dump.withLock { all in bytes.indices.forEach { all.append(bytes[$0]) } }
                })
            let source = pieces(of: dump.withLock { $0 })
            let reads = Mutex(0)
            let reader = try DumpReader(ahead: {
                let count = reads.withLock { count in
                    count += 1
                    return count
                }
                if count == 3 { throw Broken() }
                return try source()
            })
            #expect(throws: Broken()) { _ = try Store.restore(reader, at: folder.path + "/copy") }
            #expect(throws: EnvironmentError.self) { _ = try Store.openToRepair(at: folder.path + "/copy") }
        }
    }
}

/// Pieces of a mebibyte.
private func pieces(of bytes: [UInt8]) -> @Sendable () throws -> [UInt8] {
    let place = Mutex(0)
    return {
        place.withLock { place in
            let end = min(bytes.count, place + (1 << 20))
            defer { place = end }
            return Array(bytes[place..<end])
        }
    }
}
