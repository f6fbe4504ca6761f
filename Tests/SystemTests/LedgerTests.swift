import Glibc
import LMDBEngine
import OrderedStore
import SignalboxStore
import Testing

@Suite struct `Four schedulers of a thousand schedules` {
    /// Method: whole processes on one store, two of them killed and started again in the midst; then the ledger is
    /// recounted from the schedules. Nobody takes what falls due but the job `tick`, by which the test sees time pass.
    @Test func `deal with every due time of each exactly once, though two are killed`() async throws {
        try await withBox { box in
            try box.write(jobsFile(box), to: "jobs.yaml")
            try box.succeed("apply", "jobs.yaml")
            let worker = try box.startWorker("--queues", "tick")
            var schedulers = try (1...4).map { _ in try box.start("scheduler") }
            for (kill, ticks) in [1, 2].enumerated() {
                try box.until("\(ticks) seconds have passed") { try box.lines(of: "ticks").count >= ticks }
                schedulers[kill].end()
                schedulers.append(try box.start("scheduler"))
            }
            try box.until("time goes on") { try box.lines(of: "ticks").count >= 3 }
            for process in schedulers + [worker] {
                process.signal(SIGTERM)
                _ = try process.wait()
            }
            let report = try box.json("verify", "--schedule", "..")
            #expect(report["ok"] == true, "\(report["faults"])")
            let due = try #require(report["due"].number)
            #expect(due >= 1000, "too little fell due: \(due)")
            let dispatches = try box.json("status")["dispatches"]
            #expect(dispatches["SKIPPED"] == 0, "none was missed, so each became a dispatch")
            #expect(dispatches["PENDING"].number.map { $0 + 3 <= due } == true)
            let states = ["SCHEDULED", "BLOCKED", "PENDING", "IN_PROGRESS", "SUCCESS", "FAILED", "CANCELLED"]
            #expect(states.compactMap { dispatches[$0].number }.reduce(0, +) == due, "and there is no other")
        }
    }

    private func jobsFile(_ box: Box) -> String {
        let zones = [
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
            "America/St_Johns", "Pacific/Apia",
        ]
        let schedules = [
            "cron: '* * * * * *'", "cron: '*/2 * * * * *'", "cron: '1-59/2 * * * * *'", "every: 1s", "every: 1500ms",
            "cron: '0 0 4 * * *'", "cron: '* * * * * mon-sun'", "every: 2s",
        ]
        let jobs = (0..<1000).map { number in
            "  job-\(number): {\(schedules[number % schedules.count]), zone: \(zones[number / 8 % zones.count]), "
                + "queue: nobody, overlap: allow, catchup: all, shell: 'true'}"
        }
        let tick =
            "  tick: {every: 1s, queue: tick, overlap: allow, catchup: all, shell: 'echo >>\(box.path("ticks"))'}"
        return (["jobs:", tick] + jobs).joined(separator: "\n") + "\n"
    }
}

@Suite struct `signalbox verify --schedule` {
    @Test func `names a due time that nothing accounts for, and exits with 1`() async throws {
        try await withBox { box in
            try box.succeed("add", "beat", "--every", "1s", "--shell", "echo >>\(box.path("beats"))")
            let processes = [try box.start("scheduler"), try box.startWorker()]
            try box.until("something fell due") { try !box.lines(of: "beats").isEmpty }
            for process in processes {
                process.signal(SIGTERM)
                #expect(try process.wait() == .exited(0))
            }
            let sound = try box.run("verify", "--schedule", "..", "--job", "beat")
            #expect(sound.status == 0 && sound.output.contains("no fault"), "\(sound.output)\(sound.errors)")
            #expect(sound.output.contains("beat"))
            let lost = try forgetFirstOccurrence(box)
            let faulty = try box.run("verify", "--schedule", "..")
            #expect(faulty.status == 1 && faulty.output.contains("the job beat: nothing accounts for the due time"))
            let plain = try box.run("verify")
            #expect(plain.status == 1 && plain.output.contains("occurrences names it for 0"), "\(plain.output)")
            try withStore(box) { try $0.put(lost.key.span, lost.value.span, in: occurrences) }
        }
    }

    @Test func `takes a range with two ends, and a job with a range only`() async throws {
        try await withBox { box in
            try box.succeed("add", "job", "--manual", "--", "true")
            for command in [["--schedule", "today"], ["--job", "job"], ["--schedule", ""]] {
                #expect(try box.run(program: [Box.command, "verify"] + command).status == 64, "\(command)")
            }
            #expect(try box.run("verify", "--schedule", "noon..").status == 65)
            #expect(try box.run("verify", "--schedule", "..", "--job", "none").status == 4)
            try box.succeed("verify", "--schedule", "2026-01-01T00:00:00Z..2026-01-02 12:00")
        }
    }

    private let occurrences = Buckets.all.first { $0.name == "occurrences" }!

    private func forgetFirstOccurrence(_ box: Box) throws -> (key: [UInt8], value: [UInt8]) {
        var first: (key: [UInt8], value: [UInt8])?
        try withStore(box) { transaction in
            try transaction.scan(occurrences, .all, .ascending) { key, value in
                first = (key.indices.map { key[$0] }, value.indices.map { value[$0] })
                return .stop
            }
            if let first { _ = try transaction.delete(first.key.span, in: occurrences) }
        }
        return try #require(first)
    }

    private func withStore(_ box: Box, _ body: (inout Environment.Writing) throws -> Void) throws {
        try Environment.open(at: box.store, buckets: Buckets.all, access: .readWrite).write(body)
    }
}

@Suite struct `A job's limits` {
    @Test func `are taken as options and shown`() async throws {
        try await withBox { box in
            try box.succeed(
                "add", "job", "--every", "1h", "--overlap", "allow:2", "--start-by", "10m", "--shell", "true")
            let job = try box.json("job", "job")
            #expect(job["overlap"] == "allow:2" && job["start_by_seconds"] == 600)
            #expect(try box.succeed("job", "job").contains("10 min"))
            for option in [["--overlap", "allow:0"], ["--overlap", "skip:2"], ["--start-by", "0s"]] {
                let refused = try box.run(
                    program: [Box.command, "add", "other", "--manual"] + option + ["--", "true"])
                #expect(refused.status == 64, "\(option)")
            }
        }
    }
}
