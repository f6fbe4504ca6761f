import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `A bell` {
    @Test(arguments: [UInt64.random(in: 0...(.max))])
    func `loses no wake-up between two processes, however their steps interleave`(seed: UInt64) async throws {
        try await withTemporaryStorePathAsync { path async throws in
            async let other: Void = answerInAnotherProcess(path, seed)
            try await onOwnThread { () throws in
                let store = try openVolatile(path)
                let noise = OSThread { try ringOtherSubjects(store) }
                try converse(store, seed, asking: true)
                try store.write { try $0.setCount(1, in: quietBucket) }
                try noise.join()
            }
            await other
        }
    }

    @Test func `rung between the last look and the sleep keeps the sleeper awake`() throws {
        try withTemporaryStorePath { path throws in
            let bell = try Bell(path + "/bell", .readWrite)
            for subject in (0..<32).map({ InterestSet(rawValue: 1 << $0) }) {
                let (seen, before) = (bell.sequence, bell.counters(subject))
                bell.ring(subject)
                // The limit is for a bell that is broken, so that the test ends.
                #expect(bell.sleep(seen, subject, until: MonotonicDeadline(after: .seconds(600))))
                #expect(bell.counters(subject) != before)
            }
        }
    }

    @Test func `rung for one subject leaves the others' counters alone`() throws {
        try withTemporaryStorePath { path throws in
            let bell = try Bell(path + "/bell", .readWrite)
            for bit in 0..<32 as Range<UInt32> {
                let others = InterestSet(rawValue: ~(1 << bit))
                let before = bell.counters(others)
                bell.ring(InterestSet(rawValue: 1 << bit))
                #expect(bell.counters(others) == before)
            }
        }
    }

    @Test func `wakes a waiter in another process that may not write to it`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            for name in ["data.mdb", "bell", "open.lock"] { #expect(chmod("\(path)/\(name)", 0o644) == 0) }
            #expect(chmod("\(path)/lock.mdb", 0o666) == 0 && chmod(path, 0o755) == 0)
            let store = try openStore(path)
            async let reader: Void = waitAsStranger(path)
            try await onOwnThread { try increment(store, times: 5) }
            await reader
        }
    }

    @Test func `lets everybody go who waits on a watch that is cancelled`() throws {
        try withTemporaryStore { store throws in
            for _ in 0..<200 {
                let watch = try store.watch(changed)
                let waiting = (0..<3).map { _ in OSThread { watch.wait(timeout: nil) } }
                watch.cancel()
                for thread in waiting { #expect(try thread.join() == .cancelled) }
            }
        }
    }

    @Test func `is cancelled for one watch and not for another`() throws {
        try withTemporaryStore { store throws in
            let (cancelled, other) = (try store.watch(changed), try store.watch(changed))
            cancelled.cancel()
            #expect(other.wait(timeout: .zero) == .timedOut)
            try increment(store, times: 1)
            #expect(other.wait(timeout: nil) == .changed)
        }
    }

    @Test func `can be waited on when its environment is closed`() throws {
        try withTemporaryStorePath { path throws in
            let watch = try openStore(path).watch(changed)
            try increment(openStore(path), times: 1)
            #expect(watch.wait(timeout: nil) == .changed)
        }
    }

    @Test(arguments: ["missing", "short", "another file", "a directory", "a symbolic link"])
    func `is made anew when its file is`(_ damage: String) throws {
        try withTemporaryStorePath { path throws in
            try spoilBell(path + "/bell", damage)
            let store = try openStore(path)
            let watch = try store.watch(changed)
            try increment(store, times: 1)
            #expect(watch.wait(timeout: nil) == .changed)
            #expect(try directoryListing(path) == ["bell", "data.mdb", "lock.mdb", "open.lock"])
        }
    }

    @Test func `that is missing cannot be waited on by who only reads, and nothing is created`() throws {
        try withTemporaryStorePath { path throws in
            unlink(path + "/bell")
            let store = try openStore(path, .readOnly)
            #expect(code { try store.watch(changed) } == .notFound)
            #expect(try store.read { try $0.count() } == 0)
            #expect(try directoryListing(path) == ["data.mdb", "lock.mdb", "open.lock"])
        }
    }
}

private let rounds = 3000
private let quietBucket = secondBucket

/// Two sides take turns: each waits for the other's number of the round, then writes its own. Who waits for which
/// subject, and how long each dawdles before every step, is drawn by lot.
private func converse(_ store: Environment, _ seed: UInt64, asking: Bool) throws {
    var shared = SeededRandom(seed: seed)
    var own = SeededRandom(seed: seed ^ (asking ? 1 : 2))
    for round in 1...rounds {
        let subjects = (0..<2).map { _ in InterestSet(rawValue: 1 << UInt32.random(in: 0..<31, using: &shared)) }
        if asking { try say(round, [3], subjects[0], store, &own) }
        try hear(round, asking ? [4] : [3], subjects[asking ? 1 : 0], store, &own)
        if !asking { try say(round, [4], subjects[1], store, &own) }
    }
}

private func say(
    _ round: Int, _ key: [UInt8], _ subject: InterestSet, _ store: Environment, _ random: inout SeededRandom
) throws {
    dawdle(&random)
    try store.write { transaction in
        try transaction.put(key, [UInt8(round >> 8), UInt8(round & 255)], in: firstBucket)
        transaction.notify(subject)
    }
}

private func hear(
    _ round: Int, _ key: [UInt8], _ subject: InterestSet, _ store: Environment, _ random: inout SeededRandom
) throws {
    let watch = try store.watch(subject)
    while true {
        watch.arm()
        dawdle(&random)
        if try store.read({ try $0.value(key, in: firstBucket) }) == [UInt8(round >> 8), UInt8(round & 255)] { return }
        dawdle(&random)
        // The limit is for a bell that is broken, so that the test ends.
        if watch.wait(timeout: .seconds(600)) == .timedOut { throw Failure("a lost wake-up in round \(round)") }
    }
}

private func dawdle(_ random: inout SeededRandom) {
    var left = Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0..<20_000, using: &random) : 0
    while left > 0 { left -= 1 }
}

/// Touches a subject nobody waits for, again and again, until the conversation is over.
private func ringOtherSubjects(_ store: Environment) throws {
    while try store.read({ try $0.count(in: quietBucket) }) == 0 {
        try store.write { $0.notify(InterestSet(rawValue: 1 << 31)) }
    }
}

private func openVolatile(_ path: String) throws -> Environment {
    try Environment.open(at: path, buckets: conformanceBuckets, access: .readWrite, durability: .volatile)
}

private func answerInAnotherProcess(_ path: String, _ seed: UInt64) async {
    await #expect(processExitsWith: .success) { [path = path as String, seed = seed as UInt64] in
        try converse(openVolatile(path), seed, asking: false)
    }
}

private func waitAsStranger(_ path: String) async {
    await #expect(processExitsWith: .success) { [path = path as String] in
        if getuid() == 0 { #expect(seteuid(65_534) == 0) }
        try waitForFive(path)
    }
}

private func waitForFive(_ path: String) throws {
    let store = try openStore(path, .readOnly)
    try waitForCount(5, on: store.watch(changed), of: store)
}

private func spoilBell(_ path: String, _ damage: String) throws {
    unlink(path)
    switch damage {
    case "missing": break
    case "short": try writeFile(path, [1, 2, 3])
    case "a directory": try makeDirectory(path)
    case "a symbolic link": #expect(symlink("/dev/null", path) == 0)
    default: try writeFile(path, [UInt8](repeating: 0xA5, count: 10_000))
    }
}
