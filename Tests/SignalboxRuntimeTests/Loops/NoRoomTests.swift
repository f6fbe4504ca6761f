import Glibc
import Logging
import OrderedStore
import SignalboxCore
import SignalboxRuntime
import SignalboxStore
import SignalboxTesting
import Testing

@Suite struct `A worker whose store is full` {
    @Test func `keeps what ended until there is room, and writes it down then`() async throws {
        try await LoopBox.with { box in
            let (gate, errors) = (try Fifo(box.folder + "/gate"), try Fifo(box.folder + "/errors"))
            let logger = Logger(label: "test") { _ in ErrorReporter(errors: errors) }
            let options = WorkerOptions(queues: [try QueueName("own")], slots: 1, version: "1", environment: [:])
            let worker = try Worker(
                store: box.store.jobs, liveness: box.liveness, options: options, clocks: box.clocks, logger: logger)
            let thread = try LoopThread(name: "worker") { try worker.run() }
            let id = try box.enqueue(["head", "-c", "1", gate.path], queue: "own")
            try box.until { try box.state(id) == .inProgress }
            box.store.jobs.engine.setRoom(Room(used: 2, limit: 1, held: 0, freeOnDisk: 0))
            gate.write()
            #expect(errors.read())
            #expect(try box.state(id) == .inProgress)
            box.store.jobs.engine.setRoom(.unlimited)
            try box.until { try box.state(id) == .success }
            worker.drain()
            try box.until { try box.store.jobs.workers().allSatisfy { $0.registration.state == .stopped } }
            return thread
        }.value()
    }
}

@Suite struct `A scheduler whose store is full` {
    @Test func `starts as soon as there is room, and ends also where there is none`() async throws {
        try await LoopBox.with { box in
            let (jobs, errors) = (box.store.jobs, try Fifo(box.folder + "/errors"))
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
                logger: Logger(label: "test") { _ in ErrorReporter(errors: errors) })
            let lack = Room(used: 2, limit: 1, held: 0, freeOnDisk: 0)
            jobs.engine.setRoom(lack)
            let thread = try LoopThread(name: "scheduler") { try scheduler.run() }
            #expect(errors.read())
            jobs.engine.setRoom(.unlimited)
            // What rings the bell.
            _ = try add("other", .manual, now: now)
            try box.until { try jobs.dispatches(DispatchFilter(job: boot)).count == 1 }
            jobs.engine.setRoom(lack)
            scheduler.stop()
            #expect(errors.read())
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

/// A logger that only tells that there was an error.
private struct ErrorReporter: LogHandler {
    let errors: Fifo
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .error

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { errors.write() }
}
