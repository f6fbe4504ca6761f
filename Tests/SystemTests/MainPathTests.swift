import Glibc
import Testing

@Suite struct `A command that was enqueued` {
    @Test func `is run by a worker in another process, and what it said is kept`() async throws {
        try await withBox { box in
            #expect(try box.succeed("enqueue", "--", "echo", "hello", "two  words") == "1\n")
            #expect(try box.dispatch(1)["state"] == "PENDING")
            let worker = try box.startWorker("--slots", "1", "--name", "first")
            #expect(try box.succeed("logs", "1", "--follow") == "hello two  words\n")
            let dispatch = try box.dispatch(1)
            #expect(dispatch["state"] == "SUCCESS")
            #expect(dispatch["exit_code"] == 0)
            #expect(dispatch["attempt"] == 1)
            #expect(try box.json("status")["dispatches"]["SUCCESS"] == 1)
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            #expect(try box.succeed("logs", "1") == "hello two  words\n")
        }
    }

    @Test func `wakes a worker that sleeps`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            for number in 1...5 {
                let id = try box.enqueue(shell: "echo $SIGNALBOX_DISPATCH")
                #expect(id == number)
                #expect(try box.succeed("logs", "\(id)", "--follow") == "\(id)\n")
            }
        }
    }

    @Test func `waits for a worker of its queue, and for the dispatch it comes after`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let first = try box.enqueue(shell: "read line <\(gate.path); echo first >>\(box.path("order"))")
            try box.succeed("enqueue", "--after", "\(first)", "--shell", "echo second >>\(box.path("order"))")
            try box.succeed("enqueue", "--queue", "mail", "--shell", "echo mail >>\(box.path("order"))")
            _ = try box.startWorker("--slots", "4")
            #expect(try box.dispatch(2)["state"] == "BLOCKED")
            #expect(try box.dispatch(2)["blocked_by"] == 1)
            try gate.release()
            try box.succeed("logs", "2", "--follow")
            #expect(try box.lines(of: "order") == ["first", "second"])
            #expect(try box.dispatch(3)["state"] == "PENDING")
            _ = try box.startWorker("--queues", "mail")
            try box.succeed("logs", "3", "--follow")
            #expect(try box.lines(of: "order") == ["first", "second", "mail"])
        }
    }

    @Test func `is not made twice while one of its key waits`() async throws {
        try await withBox { box in
            let first = try box.json("enqueue", "--unique", "photo 7", "--", "true")
            let second = try box.json("enqueue", "--unique", "photo 7", "--", "true")
            #expect(first["deduplicated"] == false)
            #expect(second["deduplicated"] == true)
            #expect(first["id"] == second["id"])
            #expect(try box.jsonList("dispatches").count == 1)
        }
    }

    @Test func `tells what it has done so far, and reads what it was given`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            try box.write("line one\nline two\n", to: "payload")
            try box.succeed(
                "add", "import", "--manual", "--env", "PLACE=here", "--shell",
                "cat; echo $PLACE; pwd; echo 'progress 40 of much' >&3; read line <\(gate.path)", "--cwd", "/usr")
            _ = try box.startWorker()
            let follower = try box.start("run", "import", "--follow", "--payload", "payload")
            try follower.waitForOutput("/usr\n")
            let pages = try box.start("logs", "1", "--follow")
            try pages.waitForOutput("/usr\n")
            // The two come by pipes of their own.
            try box.until("it has told of its progress") { try box.dispatch(1)["progress"] != .null }
            let running = try box.dispatch(1)
            #expect(running["state"] == "IN_PROGRESS")
            #expect(running["progress"]["percent"] == 40)
            #expect(running["progress"]["text"] == "of much")
            try gate.release()
            #expect(try follower.wait() == .exited(0))
            #expect(try follower.output() == "1\nline one\nline two\nhere\n/usr\n")
        }
    }
}

@Suite struct `Commands that read` {
    private static let dispatchNames: Set = [
        "id", "job", "queue", "state", "priority", "attempt", "max_attempts", "crashes", "reason", "worker",
        "enqueued_at", "scheduled_for", "due_at", "started_at", "finished_at", "exit_code", "signal", "progress",
        "parent",
    ]
    private static let jobNames: Set = [
        "name", "schedule", "zone", "paused", "next_at", "last_run_at", "last_state", "running", "waiting",
    ]
    private static let workerNames: Set = [
        "id", "pid", "host", "state", "queues", "slots", "running", "processed", "failed", "started_at", "heartbeat_at",
    ]

    @Test func `print JSON with the names of the manual`() async throws {
        try await withBox { box in
            try fill(box)
            for dispatch in try box.jsonList("dispatches") + [box.dispatch(1)] {
                #expect(dispatch.names.isSuperset(of: Self.dispatchNames))
                for name in ["enqueued_at", "due_at", "started_at", "finished_at"] {
                    #expect(isTime(dispatch[name]), "\(name): \(dispatch[name])")
                }
            }
            for job in try box.jsonList("jobs") + [box.json("job", "hello")] {
                #expect(job.names.isSuperset(of: Self.jobNames))
                #expect(job["last_state"] == "SUCCESS")
                #expect(isTime(job["last_run_at"]))
            }
            let workers = try box.jsonList("workers")
            #expect(workers.count == 1)
            #expect(workers[0].names.isSuperset(of: Self.workerNames))
            #expect(workers[0]["processed"] == 2)
            #expect(isTime(workers[0]["heartbeat_at"]))
            let lines = try box.jsonList("logs", "1")
            #expect(lines.map { $0["text"] } == ["hello"])
            #expect(lines[0]["stream"] == "stdout")
            #expect(isTime(lines[0]["at"]))
        }
    }

    @Test func `count in status, and find nothing wrong in verify`() async throws {
        try await withBox { box in
            try fill(box)
            let status = try box.json("status")
            #expect(
                status.names == [
                    "jobs", "workers", "queues", "no_worker", "dispatches", "pruned", "seq", "last_24h", "clock", "store",
                ])
            #expect(status["store"].names == ["id", "format", "used_percent", "level"])
            #expect(status["store"]["level"] == "normal")
            #expect(status["jobs"] == 1)
            #expect(status["workers"] == 1)
            #expect(status["dispatches"]["SUCCESS"] == 1)
            #expect(status["dispatches"]["FAILED"] == 1)
            #expect(status["queues"][0]["name"] == "default")
            #expect(status["queues"][0]["dispatches"]["SUCCESS"] == 1)
            let (whole, job) = (status["last_24h"], try box.json("job", "hello")["last_24h"])
            #expect(whole.names == ["runs", "successes", "failures", "p50_seconds", "p95_seconds"])
            #expect(whole["runs"] == 2 && whole["failures"] == 1 && job["runs"] == 1 && job["failures"] == 0)
            guard case .number(let half) = job["p50_seconds"], case .number(let most) = job["p95_seconds"] else {
                throw TestFailure("a job that has run has taken some time: \(job)")
            }
            #expect(half > 0 && half == most)
            let verify = try box.json("verify")
            #expect(verify["ok"] == true)
            #expect(verify["faults"].count == 0)
            #expect(try #require(verify["records"].number) > 10)
        }
    }

    @Test func `print tables for people`() async throws {
        try await withBox { box in
            try fill(box)
            for (arguments, words) in [
                (["jobs"], ["NAME", "hello", "@manual", "SUCCESS"]), (["job", "hello"], ["schedule", "echo hello"]),
                (["dispatches"], ["ID", "SUCCESS", "FAILED", "exit 3"]),
                (["dispatch", "2"], ["state", "FAILED", "exit 3"]), (["workers"], ["online", "default"]),
                (["status"], ["QUEUE", "IN_PROGRESS", "format 7", "% full", "last 24 h  2 runs, 1 failed"]),
                (["verify"], ["no fault"]),
            ] {
                let finished = try box.run(program: [Box.command] + arguments)
                #expect(finished.status == 0)
                for word in words { #expect(finished.output.contains(word), "\(arguments): \(finished.output)") }
            }
        }
    }

    @Test func `choose dispatches by job, state, queue, number and age`() async throws {
        try await withBox { box in
            try fill(box)
            func ids(_ arguments: String...) throws -> [Int?] {
                let output = try box.run(program: [Box.command, "dispatches", "--json"] + arguments).output
                return try output.split(separator: "\n").map { try JSONValue($0)["id"].number }
            }
            #expect(try ids() == [2, 1])
            #expect(try ids("--job", "hello") == [1])
            #expect(try ids("--state", "FAILED") == [2])
            #expect(try ids("--queue", "mail") == [])
            #expect(try ids("--limit", "1") == [2])
            #expect(try ids("--before", "2") == [1])
        }
    }

    /// A job that ran, a command that failed for good, and a worker that sleeps again.
    private func fill(_ box: Box) throws {
        try box.succeed("add", "hello", "--manual", "--", "echo", "hello")
        let worker = try box.startWorker()
        try box.succeed("run", "hello", "--wait")
        try box.succeed("add", "fails", "--manual", "--shell", "exit 3")
        #expect(try box.run("run", "fails", "--wait").status == 1)
        try box.succeed("remove", "fails")
        // What the page says of a worker is written after the result, in the live data.
        try worker.waitForLine("dispatch 2")
        try box.succeed("logs", "2", "--follow")
        try box.until("that is written") { try box.jsonList("workers")[0]["processed"] == 2 }
    }

    /// RFC 3339 in UTC with microseconds, as in 2026-11-22T14:30:00.000000Z.
    private func isTime(_ value: JSONValue) -> Bool {
        value.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil
    }
}
