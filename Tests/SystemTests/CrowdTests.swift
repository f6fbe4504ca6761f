import Glibc
import Testing

@Suite struct `Three workers, a scheduler and a server on one store` {
    @Test func `run each of 2,000 enqueued commands once, and count them right`() async throws {
        try await withBox { box in
            let count = 2000
            try box.start("scheduler").waitForLine("online")
            try box.start("serve", "--listen", "unix:\(box.path("socket"))").waitForLine("listens")
            let workers = try (1...3).map { try box.startWorker("--name", "worker-\($0)", "--slots", "4") }
            let shells = try (1...4).map { _ in
                try box.start(program: ["/bin/sh", "-c", try enqueueLoop(box, count / 4)])
            }
            for shell in shells { #expect(try shell.wait() == .exited(0)) }
            try box.until("every command ran") { try box.lines(of: "ran").count >= count }
            for worker in workers {
                worker.signal(SIGTERM)
                #expect(try worker.wait() == .exited(0))
            }
            #expect(try box.lines(of: "ran").compactMap { Int($0) }.sorted() == Array(1...count))
            let status = try box.json("status")
            #expect(status["dispatches"]["SUCCESS"] == .number(Double(count)))
            for state in ["SCHEDULED", "BLOCKED", "PENDING", "IN_PROGRESS", "FAILED", "CANCELLED", "SKIPPED"] {
                #expect(status["dispatches"][state] == 0, "\(state)")
            }
            let dispatches = try box.run("dispatches", "--json", "--limit", "100000").output.split(separator: "\n")
            #expect(dispatches.count == count)
            for line in dispatches { #expect(try JSONValue(line)["attempt"] == 1) }
            let processed = try box.jsonList("workers").compactMap { $0["processed"].number }
            #expect(processed.count == 3)
            #expect(processed.reduce(0, +) == count)
        }
    }

    private func enqueueLoop(_ box: Box, _ count: Int) throws -> String {
        """
        number=0
        while [ $number -lt \(count) ]; do
            '\(Box.command)' enqueue --shell 'echo $SIGNALBOX_DISPATCH >>\(box.path("ran"))' >>enqueued || exit
            number=$((number + 1))
        done
        """
    }
}

@Suite struct `Two schedulers` {
    @Test func `dispatch every due time of every job once`() async throws {
        try await withBox { box in
            let jobs = ["every-a", "every-b", "cron-a", "cron-b"]
            for job in jobs {
                let schedule = job.hasPrefix("every") ? ["--every", "1s"] : ["--cron", "* * * * * *"]
                // A machine that is busy for a second may delay a run, and may not lose one.
                let line = "echo $SIGNALBOX_JOB >>\(box.path("ran"))"
                let arguments = schedule + ["--overlap", "allow", "--catchup", "all", "--shell", line]
                #expect(try box.run(program: [Box.command, "add", job] + arguments).status == 0)
            }
            let schedulers = [try box.start("scheduler"), try box.start("scheduler")]
            let worker = try box.startWorker("--slots", "4")
            try box.until("every job ran four times") {
                let ran = try box.lines(of: "ran")
                return jobs.allSatisfy { job in ran.count { $0 == job } >= 4 }
            }
            for process in schedulers + [worker] {
                process.signal(SIGTERM)
                #expect(try process.wait() == .exited(0))
            }
            for job in jobs {
                let dispatches = try box.jsonList("dispatches", "--job", job)
                let times = try dispatches.reversed().map { try seconds($0["scheduled_for"]) }
                #expect(times.count >= 4)
                for (time, next) in zip(times, times.dropFirst()) { #expect(next == time + 1, "\(job)") }
            }
        }
    }

    @Test func `keep a job for the start of the machine until the machine starts again`() async throws {
        try await withBox { box in
            try box.succeed("add", "start", "--boot", "--", "true")
            let schedulers = [try box.start("scheduler"), try box.start("scheduler")]
            for scheduler in schedulers {
                try scheduler.waitForLine("online")
                scheduler.signal(SIGTERM)
                #expect(try scheduler.wait() == .exited(0))
            }
            #expect(try box.jsonList("dispatches") == [])
            #expect(try box.json("job", "start")["schedule"] == "@boot")
        }
    }

    /// Whole seconds since 1970; what lies between them must be the same for all, so it is left out.
    private func seconds(_ value: JSONValue) throws -> Int {
        let numbers = try #require(value.text).split { !$0.isNumber }.compactMap { Int32($0) }
        guard numbers.count == 7 else { throw TestFailure("\(value) is no time") }
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (numbers[3], numbers[4], numbers[5])
        return timegm(&fields)
    }
}
