import Glibc
import OrderedStore
import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxRuntime

/// A folder of zones that a test may change as an update of tzdata does: a new file takes the old one's place.
private struct ZoneFolder {
    let path: String
    var folder: String { path + "/zoneinfo" }
    var localtime: String { path + "/etc/localtime" }
    var options: SchedulerOptions {
        SchedulerOptions(clockMaxWait: .zero, zoneFolder: folder, localtime: localtime)
    }

    init(_ path: String) throws {
        self.path = path
        for name in ["", "/zoneinfo", "/zoneinfo/Test", "/etc"] { mkdir(path + name, 0o700) }
        try put(localtime, rule: "UTC0")
    }

    func put(_ path: String, rule: String) throws {
        let new = path + ".dpkg-new"
        let file = try #require(fopen(new, "we"))
        let bytes = Self.file(rule)
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
        #expect(rename(new, path) == 0)
    }

    func putZone(_ rule: String) throws { try put(folder + "/Test/Zone", rule: rule) }

    /// A file of RFC 8536 that has only a rule.
    private static func file(_ rule: String) -> [UInt8] {
        let counts: [UInt8] = [0, 0, 0].flatMap { [0, 0, 0, $0] } + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4]
        let block =
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + counts + [0, 0, 0, 0, 0, 0]
            + Array("XXX\0".utf8)
        return block + block + Array("\n\(rule)\n".utf8)
    }
}

extension LoopBox {
    fileprivate func add(_ name: String, _ schedule: Schedule, zone: String? = nil) throws -> JobName {
        let definition = JobDefinition(
            name: try JobName(name), schedule: schedule, zone: zone, command: .program(["true"]), overlap: .allow)
        try store.jobs.add(definition, zones: ZoneTable(machine: .utc, named: ["Test/Zone": .utc]), now: clocks.now())
        return definition.name
    }

    fileprivate func count(_ job: JobName) throws -> Int {
        try store.jobs.dispatches(DispatchFilter(job: job, limit: .max)).count
    }

    fileprivate func nextHour(_ job: JobName) throws -> Int? {
        try store.jobs.job(job)?.view.job.progress.nextDue.map { Int($0.wholeSeconds % 86_400 / 3600) }
    }

    /// Runs a scheduler as long as `body` runs.
    fileprivate func scheduling(_ zones: ZoneFolder, _ body: () throws -> Void) throws -> LoopThread<Void> {
        let scheduler = try Scheduler(store: store.jobs, options: zones.options, clocks: clocks, logger: logger)
        let thread = try LoopThread(name: "scheduler") { try scheduler.run() }
        defer { scheduler.stop() }
        try body()
        return thread
    }
}

/// The machine's clocks, of which nothing says that they are right until a test does.
private final class DoubtfulClocks: Clocks {
    private let clocks: SystemClocks
    private let isSynchronised = Mutex(false)

    init(_ clocks: SystemClocks) { self.clocks = clocks }

    func now() -> Now { clocks.now() }
    func synchronise() { isSynchronised.withLock { $0 = true } }
    func evidence() -> ClockEvidence {
        ClockEvidence(
            isSynchronised: isSynchronised.withLock { $0 }, hasTimesyncMark: false, hasHardwareClock: false)
    }
}

@Suite struct `A scheduler` {
    /// Runs `body` in a box with zones of its own.
    private func with(_ body: @escaping @Sendable (LoopBox, ZoneFolder) throws -> LoopThread<Void>) async throws {
        try await LoopBox.with { box in
            try withTemporaryDirectory { path in try body(box, try ZoneFolder(path)) }
        }.value()
    }

    @Test func `sleeps on both clocks at once`() async throws {
        try await with { box, zones in
            let once = try box.add("once", .at(box.clocks.now().wall + .milliseconds(300)))
            let beat = try box.add("beat", .every(.milliseconds(50)))
            return try box.scheduling(zones) {
                try box.until { try box.count(once) == 1 && box.count(beat) >= 3 }
            }
        }
    }

    @Test func `asks again, while calendar jobs wait, whether the clock is right now`() async throws {
        try await with { box, zones in
            let job = try box.add("job", try Schedule(text: "* * * * * *"))
            var options = zones.options
            options.clockMaxWait = .seconds(1 << 30)
            options.clockLook = .milliseconds(10)
            let clocks = DoubtfulClocks(box.clocks)
            let scheduler = try Scheduler(
                store: box.store.jobs, options: options, clocks: clocks, logger: box.logger)
            let thread = try LoopThread(name: "scheduler") { try scheduler.run() }
            defer { scheduler.stop() }
            try box.until { try box.store.jobs.status().clockHold != nil }
            clocks.synchronise()
            try box.until { try box.count(job) >= 1 }
            return thread
        }
    }

    @Test func `works out next times anew when zone data change, of a zone and of the machine's own`() async throws {
        try await with { box, zones in
            try zones.putZone("XXX0")
            let named = try box.add("named", try Schedule(text: "0 15 * * *"), zone: "Test/Zone")
            let local = try box.add("local", try Schedule(text: "0 15 * * *"))
            return try box.scheduling(zones) {
                #expect(try box.nextHour(named) == 15 && box.nextHour(local) == 15)
                try zones.putZone("XXX-2")
                try box.until { try box.nextHour(named) == 13 }
                try zones.put(zones.localtime, rule: "XXX3")
                try box.until { try box.nextHour(local) == 18 }
                #expect(try box.nextHour(named) == 13)
            }
        }
    }

    @Test func `notices at its start what changed while none ran`() async throws {
        try await with { box, zones in
            let named = try box.add("named", try Schedule(text: "0 15 * * *"), zone: "Test/Zone")
            try zones.putZone("XXX-2")
            return try box.scheduling(zones) { try box.until { try box.nextHour(named) == 13 } }
        }
    }

    @Test func `holds a job whose zone cannot be read, and no other, until there is one`() async throws {
        try await with { box, zones in
            let held = try box.add("held", try Schedule(text: "* * * * * *"), zone: "Test/Zone")
            let other = try box.add("other", .every(.milliseconds(50)))
            return try box.scheduling(zones) {
                try box.until { try box.count(other) >= 25 }
                #expect(try box.count(held) == 0)
                try zones.putZone("XXX0")
                try box.until { try box.count(held) >= 1 }
            }
        }
    }
}

@Suite struct `A watch on zone files` {
    @Test func `tells of files of zones, at any depth, and of the machine's, and of nothing beside it`() throws {
        try withTemporaryDirectory { path in
            let zones = try ZoneFolder(path)
            mkdir(zones.folder + "/Test/Deep", 0o700)
            let watch = try ZoneWatch(folder: zones.folder, localtime: zones.localtime)
            #expect(try !watch.acknowledge())
            try zones.put(path + "/etc/resolv.conf", rule: "no zone")
            #expect(try watch.descriptor.waitUntilReadable(for: .zero))
            #expect(try !watch.acknowledge())
            for file in ["/UTC", "/Test/Zone", "/Test/Deep/Zone"] {
                try zones.put(zones.folder + file, rule: "XXX0")
                #expect(try watch.acknowledge(), "\(file)")
                #expect(try !watch.acknowledge())
            }
            try zones.put(zones.localtime, rule: "XXX0")
            #expect(try watch.acknowledge())
        }
    }

    @Test func `does without a folder of zones`() throws {
        let watch = try ZoneWatch(folder: "/nonexistent", localtime: "/nonexistent/localtime")
        #expect(try !watch.acknowledge())
    }
}
