import Glibc
import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxRuntime

@Suite struct `A worker whose store is full` {
    @Test func `keeps what ended until there is room, and writes it down then`() async throws {
        try await FullBox.with { box in
            let id = try box.endWithoutRoom()
            #expect(try box.state(id) == .inProgress)
            box.makeRoom()
            try box.until { try box.state(id) == .success }
            box.worker.drain()
            try box.untilStopped()
            #expect(box.log.messages(.error).count == 1)
            #expect(box.log.messages(.notice).count == 1)
        }.value()
    }

    @Test func `keeps what ended when it is asked to end before there is room`() async throws {
        try await FullBox.with { box in
            let id = try box.endWithoutRoom()
            box.worker.drain()
            #expect(box.log.waits(for: "draining: 0 running"))
            box.makeRoom()
            try box.until { try box.state(id) == .success }
            try box.untilStopped()
        }.value()
    }

    @Test func `begins no more than what they may print has room, and the others when some have ended`() async throws {
        try await FullBox.with(slots: 2) { box in
            // For what one prints, and not for what two do.
            box.box.store.jobs.engine.setRoom(Room(used: 0, limit: 600 << 10, held: 0, freeOnDisk: .max))
            let ids = try (1...3).map { _ in try box.enqueueWaiting() }
            #expect(box.log.waits(for: "no room for what more commands might print"))
            let running = try ids.filter { try box.state($0) == .inProgress }
            #expect(running.count == 1)
            for _ in ids { box.release() }
            try box.until { try ids.allSatisfy { try box.state($0) == .success } }
            #expect(box.log.messages(.warning).count <= 3)
            box.worker.drain()
            try box.untilStopped()
        }.value()
    }

    @Test func `ends with that error when the drain ends before there is room`() async throws {
        let thread = try await FullBox.with(drainTimeout: .zero) { box in
            let id = try box.endWithoutRoom()
            box.worker.drain()
            #expect(box.log.waits(for: "1 results are lost"))
            #expect(try box.state(id) == .inProgress)
        }
        let error = await #expect(throws: MemoryEngineError.self) { try await thread.value() }
        #expect(error?.isLackOfRoom == true)
    }
}

@Suite struct `A wait for room` {
    @Test func `tries again after 1, 2, 4, 8 and then every 10 seconds, and begins anew after a success`() {
        var wait = RoomWait()
        let start = BootInstant(nanoseconds: 0)
        #expect(!wait.mustWait(at: start) && !wait.noteSuccess())
        for (index, seconds) in [1, 2, 4, 8, 10, 10].enumerated() {
            let distance: Duration = .seconds(seconds)
            #expect(wait.noteFailure(at: start) == (index == 0))
            #expect(wait.mustWait(at: start + distance - .microseconds(1)) && !wait.mustWait(at: start + distance))
        }
        #expect(wait.noteSuccess() && !wait.noteSuccess())
        #expect(!wait.mustWait(at: start))
        #expect(wait.noteFailure(at: start) && wait.retryAt == start + RoomWait.firstDistance)
    }
}

/// A worker of one queue whose store can be filled.
private struct FullBox {
    let box: LoopBox
    let worker: Worker<MemoryEngine>
    let log: ToldLog
    private let gate: Fifo

    /// - Returns: the worker's thread.
    static func with(
        slots: Int = 1, drainTimeout: Duration = .seconds(600), _ body: @escaping @Sendable (FullBox) throws -> Void
    ) async throws -> LoopThread<Void> {
        try await LoopBox.with { box in
            let log = try ToldLog(Fifo(box.folder + "/told"))
            let options = WorkerOptions(
                queues: [try QueueName("own")], slots: slots, drainTimeout: drainTimeout, version: "1", environment: [:]
            )
            let worker = try Worker(
                store: box.store.jobs, liveness: box.liveness, options: options, clocks: box.clocks,
                logger: Logger(label: "test") { _ in log })
            let thread = try LoopThread(name: "worker") { try worker.run() }
            try body(FullBox(box: box, worker: worker, log: log, gate: try Fifo(box.folder + "/gate")))
            return thread
        }
    }

    /// A command that ends when it is let go.
    func enqueueWaiting() throws -> DispatchID { try box.enqueue(["head", "-c", "1", gate.path], queue: "own") }

    func release() { gate.write() }

    /// A command that ends when there is no room to write that down; returns when the worker has noticed.
    func endWithoutRoom() throws -> DispatchID {
        let id = try enqueueWaiting()
        try until { try state(id) == .inProgress }
        box.store.jobs.engine.setRoom(Room(used: 2, limit: 1, held: 0, freeOnDisk: 0))
        release()
        #expect(log.waits(for: "What ended here is written as soon as there is room."))
        return id
    }

    func makeRoom() { box.store.jobs.engine.setRoom(.unlimited) }

    func state(_ id: DispatchID) throws -> DispatchState? { try box.state(id) }

    func until(_ holds: () throws -> Bool) throws { try box.until(holds) }

    func untilStopped() throws {
        try until { try box.store.jobs.workers().allSatisfy { $0.registration.state == .stopped } }
    }
}

@Suite struct `A scheduler whose store is full` {
    @Test func `starts as soon as there is room, and ends also where there is none`() async throws {
        try await LoopBox.with { box in
            let (jobs, log) = (box.store.jobs, try ToldLog(Fifo(box.folder + "/told")))
            func add(_ name: String, _ schedule: Schedule, now: Now) throws -> JobName {
                let definition = JobDefinition(
                    name: try JobName(name), schedule: schedule, command: .program(["true"]))
                try jobs.add(definition, zones: box.store.zones, now: now)
                return definition.name
            }
            let now = box.clocks.now()
            let boot = try add("boot", .boot, now: Now(wall: now.wall, boot: now.boot, bootID: BootID("before")))
            let scheduler = try Scheduler(
                store: jobs, options: SchedulerOptions(clockMaxWait: .zero), clocks: box.clocks,
                logger: Logger(label: "test") { _ in log })
            let lack = Room(used: 2, limit: 1, held: 0, freeOnDisk: 0)
            jobs.engine.setRoom(lack)
            let thread = try LoopThread(name: "scheduler") { try scheduler.run() }
            #expect(log.waits(for: "What is due is tried again"))
            jobs.engine.setRoom(.unlimited)
            // What rings the bell.
            _ = try add("other", .manual, now: now)
            try box.until { try jobs.dispatches(DispatchFilter(job: boot)).count == 1 }
            jobs.engine.setRoom(lack)
            scheduler.stop()
            #expect(log.waits(for: "How far the clock has come is not written down"))
            return thread
        }.value()
    }
}

/// A fifo that is held at both ends, so that no opening of it waits.
private final class Fifo: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        try #require(mkfifo(path, 0o600) == 0)
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
    }

    deinit { close(descriptor) }

    func write() { _ = Glibc.write(descriptor, "\n", 1) }

    /// Waits for a byte.
    func read() -> Bool {
        var byte: UInt8 = 0
        return Glibc.read(descriptor, &byte, 1) == 1
    }
}

/// A log that somebody waits for.
private struct ToldLog: LogHandler {
    private final class Entries: Sendable {
        let entries = Mutex<[(level: Logger.Level, message: String)]>([])
    }

    private let told: Fifo
    private let kept = Entries()
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(_ told: Fifo) { self.told = told }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        kept.entries.withLock { $0.append((event.level, "\(event.message)")) }
        told.write()
    }

    func messages(_ level: Logger.Level) -> [String] {
        kept.entries.withLock { $0.filter { $0.level == level }.map(\.message) }
    }

    /// Waits until something has been said that contains `text`.
    func waits(for text: String) -> Bool {
        while !kept.entries.withLock({ $0.contains { $0.message.contains(text) } }) {
            guard told.read() else { return false }
        }
        return true
    }
}
