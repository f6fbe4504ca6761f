import Glibc
import Testing

/// A scheduler and a worker whose wall clock the test sets, and jobs that tell what time it is to them.
private final class ClockBox {
    let box: Box
    let clock: WallClock
    private(set) var scheduler: ChildProcess?
    private(set) var worker: ChildProcess?
    private let began = bootSeconds()

    static let beat = 0.25

    init(_ box: Box, at time: String) throws {
        self.box = box
        clock = try WallClock(of: box, showing: time)
    }

    func add(_ name: String, _ schedule: String...) throws {
        let line = "echo $SIGNALBOX_SCHEDULED_FOR >>\(box.path(name))"
        let added = try box.run(
            program: [Box.command, "add", name] + schedule + ["--overlap", "allow", "--shell", line])
        guard added.status == 0 else { throw TestFailure("add \(name): \(added.errors)") }
    }

    func start(_ options: String...) throws {
        scheduler = try box.start(program: [Box.command, "scheduler"] + options)
        worker = try box.startWorker("--slots", "4")
    }

    func stop() throws {
        for process in [scheduler, worker].compactMap({ $0 }) {
            process.signal(SIGTERM)
            #expect(try process.wait() == .exited(0))
        }
    }

    func runs(of job: String) throws -> [String] { try box.lines(of: job) }

    /// Waits until `job` ran for `time`, as in 2026-11-22T12:01:00Z.
    func until(_ job: String, ranFor time: String) throws {
        try box.until("\(job) ran for \(time)", unlessEnds: scheduler) {
            try runs(of: job).contains { $0.hasPrefix(time.dropLast()) }
        }
    }

    /// Waits for `count` more beats of the interval.
    func untilBeats(_ count: Int) throws {
        let before = try runs(of: "beat").count
        try box.until("\(count) more beats", unlessEnds: scheduler) { try runs(of: "beat").count >= before + count }
    }

    /// All dispatches of a job, and the SKIPPED records.
    func records(of job: String) throws -> (all: [JSONValue], skipped: [JSONValue]) {
        let all = try box.jsonList("dispatches", "--job", job, "--limit", "100000")
        return (all, all.filter { $0["state"] == "SKIPPED" })
    }

    /// How many due times of the interval have been dealt with: never more than the boot clock has brought.
    func checkBeat() throws {
        let records = try records(of: "beat")
        let covered = records.all.reduce(0) { $0 + 1 + ($1["coalesced"].number ?? 0) }
        let passed = (bootSeconds() - began) / Self.beat
        #expect(Double(covered) <= passed + 1, "an interval ran ahead")
        #expect(!records.skipped.contains { $0["reason"] == "clock_forward" }, "an interval noticed the clock")
    }
}

@Suite(.enabled(if: PreloadedLibrary.compiler != nil, "there is no C compiler to build the clock with"))
struct `A wall clock that is set while scheduler and worker run` {
    /// Aim (reliability C1): by seconds, hours and decades, both ways, to 1970 and past 2038: the interval keeps its
    /// beat, no calendar job runs twice for a time or misses one without a record, and nobody spins. Method: the
    /// processes' clock is set, and events are waited for; what the boot clock brought is the measure of the beat.
    @Test func `moves calendar jobs by the rules, and intervals not at all`() async throws {
        try await withBox { box in
            let machine = try ClockBox(box, at: "2026-11-22T12:00:30Z")
            try machine.add("beat", "--every", "250ms")
            try machine.add("minutely", "--cron", "* * * * *")
            try machine.add("daily", "--cron", "0 15 * * *")
            try machine.start("--clock-max-wait", "0s")
            try machine.untilBeats(2)

            func set(_ time: String, minutely: String) throws {
                try machine.clock.set(to: time)
                try machine.until("minutely", ranFor: minutely)
                try machine.untilBeats(2)
            }
            try machine.clock.set(to: "2026-11-22T12:00:35Z")
            try machine.untilBeats(2)
            #expect(try machine.runs(of: "minutely").isEmpty)
            try set("2026-11-22T12:00:59Z", minutely: "2026-11-22T12:01:00Z")
            // Hours forward: the newest is made up for.
            try set("2026-11-22T16:20:10Z", minutely: "2026-11-22T16:20:00Z")
            try machine.until("daily", ranFor: "2026-11-22T15:00:00Z")
            // An hour back, and a little more: wildcard jobs go on, fixed ones do not repeat.
            try set("2026-11-22T15:20:59Z", minutely: "2026-11-22T15:21:00Z")
            try set("2026-11-22T14:59:59Z", minutely: "2026-11-22T15:00:00Z")
            #expect(try machine.runs(of: "daily").count == 1)
            // To the beginning, to where 32 bits end and beyond, and back.
            try set("1970-01-01T00:00:59Z", minutely: "1970-01-01T00:01:00Z")
            try set("2039-06-01T14:59:59Z", minutely: "2039-06-01T15:00:00Z")
            try machine.until("daily", ranFor: "2039-06-01T15:00:00Z")
            try set("2026-11-22T14:59:59Z", minutely: "2026-11-22T15:00:00Z")
            try box.until("the daily job ran at its time again") { try machine.runs(of: "daily").count == 4 }

            let daily = try machine.runs(of: "daily").map { $0.prefix(16) }
            #expect(daily == ["2026-11-22T15:00", "2039-05-31T15:00", "2039-06-01T15:00", "2026-11-22T15:00"])
            let minutely = try machine.records(of: "minutely")
            let forward = minutely.skipped.filter { $0["reason"] == "clock_forward" }
            #expect(forward.count == 2, "one record for each step forward that passed over times")
            #expect(forward.last?["coalesced"].number ?? 0 >= 257, "12:02 to 16:19")
            #expect(Set(minutely.skipped.map { $0["reason"] }).isSubset(of: ["clock_forward", "downtime"]))
            try machine.checkBeat()
            try checkProcessorTime(machine)
        }
    }

    /// Who spins uses a second of processor time for a second; a pass takes some milliseconds, also unoptimised.
    private func checkProcessorTime(_ machine: ClockBox) throws {
        let events = try machine.runs(of: "beat").count + machine.runs(of: "minutely").count
        for process in [machine.scheduler, machine.worker].compactMap({ $0 }) {
            let used = try process.processorSeconds()
            #expect(used < 0.5 + 0.05 * Double(events), "\(process.name) used \(used) s for \(events) runs")
        }
    }

    /// Aim (reliability C2): a machine without a battery for its clock.
    @Test func `after a boot in 1970 lets calendar jobs go on, which had to wait`() async throws {
        try await withBox { box in
            let machine = try ClockBox(box, at: "2026-11-22T12:00:58Z")
            try machine.add("beat", "--every", "250ms")
            try machine.add("minutely", "--cron", "* * * * *")
            try machine.start("--clock-max-wait", "0s")
            try machine.until("minutely", ranFor: "2026-11-22T12:01:00Z")
            try machine.stop()

            try machine.clock.reboot()
            try machine.clock.set(to: "1970-01-01T00:00:58Z")
            try machine.start()
            try machine.scheduler?.waitForLine("calendar jobs wait")
            try machine.untilBeats(12)
            #expect(try machine.runs(of: "minutely").count == 1)
            #expect(try box.succeed("status").contains("The clock is not trusted yet"))
            #expect(try box.json("status")["clock"]["untrusted"] == "behind_store")

            try machine.clock.set(to: "2026-11-23T12:00:59Z")
            try machine.until("minutely", ranFor: "2026-11-23T12:01:00Z")
            #expect(try !box.succeed("status").contains("not trusted"))
            let skipped = try machine.records(of: "minutely").skipped
            #expect(skipped.count == 1 && skipped[0]["coalesced"].number == 1437)
            try machine.untilBeats(2)
        }
    }
}
