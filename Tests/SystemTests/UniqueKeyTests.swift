import Testing

@Suite struct `Processes that enqueue the same unique key at once` {
    private static let processes = 12

    /// Method: a dozen shells wait for the same moment, each of them then enqueues one request under the same key.
    private func race(_ box: Box, _ options: String, words: Int = processes) throws -> [JSONValue] {
        let line =
            "read go <\(box.path("gate")); "
            + "'\(Box.command)' enqueue --json --unique key \(options) --shell \"echo $0\""
        let gate = try box.makeFifo("gate")
        let shells = try (1...words).map { try box.start(program: ["/bin/sh", "-c", line, "\($0)"]) }
        for _ in shells { try gate.release() }
        return try shells.map { shell in
            #expect(try shell.wait() == .exited(0))
            return try JSONValue(try shell.output())
        }
    }

    @Test func `make one dispatch, whose number all are told`() async throws {
        try await withBox { box in
            let answers = try race(box, "")
            #expect(Set(answers.map { $0["id"] }).count == 1)
            #expect(answers.count { $0["deduplicated"] == false } == 1)
            #expect(try box.json("status")["dispatches"]["PENDING"] == 1)
        }
    }

    @Test func `leave one of those that replace each other`() async throws {
        try await withBox { box in
            let answers = try race(box, "--on-conflict replace")
            #expect(Set(answers.map { $0["id"] }).count == Self.processes)
            let status = try box.json("status")["dispatches"]
            #expect(status["PENDING"] == 1)
            #expect(status["CANCELLED"] == .number(Double(Self.processes - 1)))
            // Each replaced another: together they name all but the last.
            let replaced = Set(answers.compactMap { $0["replaced"].number })
            #expect(replaced.count == Self.processes - 1)
        }
    }

    @Test func `leave one that runs and one that waits of those that keep the latest`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("work")
            _ = try box.startWorker("--slots", "4")
            let first = try box.succeed(
                "enqueue", "--unique", "key", "--shell", "echo ran >>\(box.path("ran")); read end <\(box.path("work"))")
            try box.until("it runs") { try box.lines(of: "ran").count == 1 }
            let answers = try race(box, "--on-conflict keep-latest")
            #expect(Set(answers.map { $0["id"] }).count == 1)
            let second = try #require(answers[0]["id"].number)
            let waiting = try box.dispatch(second)
            #expect(waiting["state"] == "BLOCKED" && waiting["reason"] == "unique_key")
            #expect(waiting["blocked_by"].number.map { "\($0)\n" } == first)
            try gate.release()
            try box.start("logs", "\(second)", "--follow").waitForOutput("\n")
            let word = try #require(waiting["command"].text).dropFirst("echo ".count)
            #expect(try box.succeed("logs", "\(second)") == "\(word)\n", "the newest arguments")
        }
    }
}

@Suite struct `signalbox enqueue with a unique key` {
    @Test func `is refused with exit code 3 where it is to be rejected, alone and among lines`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--unique", "key", "--unique-window", "1h", "--", "true")
            let refused = try box.run("enqueue", "--unique", "key", "--on-conflict", "reject", "--", "true")
            #expect(refused.status == 3)
            #expect(
                refused.errors == "signalbox: the unique key \"key\" is held by dispatch 1, which is PENDING\n")
            let line = #"{"shell": "true", "unique": "key", "on_conflict": "reject"}"#
            let lines = try box.run(
                program: [Box.command, "enqueue", "--stdin"], input: "{\"shell\": \"true\"}\n\(line)\n")
            #expect(lines.status == 3)
            #expect(lines.errors.hasPrefix("signalbox: standard input:2: the unique key"))
            let unique = try box.dispatch(1)["unique"]
            #expect(unique["key"] == "key" && unique["scope"] == "window" && unique["window"] == "1h")
            #expect(unique["on_conflict"] == "existing")
        }
    }

    @Test func `tells what it stands for, what it replaced, and that it was debounced`() async throws {
        try await withBox { box in
            func enqueue(_ policy: String) throws -> JSONValue {
                try JSONValue(
                    try box.succeed(
                        "enqueue", "--json", "--unique", "k", "--on-conflict", policy, "--delay", "1h", "--shell",
                        policy))
            }
            let first = try enqueue("existing")
            #expect(first == .object(["id": 1, "deduplicated": false, "replaced": .null]))
            #expect(try enqueue("debounce") == .object(["id": 1, "deduplicated": true, "replaced": .null]))
            #expect(try box.dispatch(1)["command"] == "debounce")
            #expect(try enqueue("replace") == .object(["id": 2, "deduplicated": false, "replaced": 1]))
        }
    }

    @Test(arguments: [
        ["--unique-scope", "forever"], ["--on-conflict", "reject"], ["--unique", "k", "--unique-scope", "window"],
        ["--unique", "k", "--unique-scope", "forever", "--unique-window", "1h"],
        ["--unique", "k", "--unique-scope", "week"], ["--unique", "k", "--on-conflict", "fight"],
        ["--unique", "k", "--on-conflict", "debounce"], ["--on-parent-fail", "run"], ["--retry", "twice"],
        ["--retry-for", "0s"],
    ])
    func `that contradicts itself is a wrong usage`(options: [String]) async throws {
        try await withBox { box in
            let finished = try box.run(program: [Box.command, "enqueue"] + options + ["--", "true"])
            #expect(finished.status == 64, "\(finished.errors)")
        }
    }
}

@Suite struct `Commands that fail` {
    @Test func `are tried again after the waits of a list, and hold back what comes after until that is made again`()
        async throws
    {
        try await withBox { box in
            let worker = try box.startWorker("--slots", "2")
            let line = "echo >>\(box.path("tries")); test -e \(box.path("mended"))"
            let parent = try box.succeed("enqueue", "--retry", "list:10ms,20ms", "--shell", line).dropLast()
            let child = try box.succeed(
                "enqueue", "--after", "\(parent)", "--on-parent-fail", "wait", "--shell", "echo >>\(box.path("child"))"
            ).dropLast()
            try box.until("five attempts failed") { try box.lines(of: "tries").count == 5 }
            // It was the last: the worker writes that down, then it is made again.
            worker.signal(15)
            #expect(try worker.wait() == .exited(0))
            #expect(try box.json("dispatch", "\(parent)")["state"] == "FAILED")
            let parked = try box.json("dispatch", "\(child)")
            #expect(parked["state"] == "BLOCKED" && parked["on_parent_fail"] == "wait")
            try box.write("", to: "mended")
            let copy = try box.succeed("requeue", "\(parent)").dropLast()
            #expect(try box.json("dispatch", "\(child)")["blocked_by"].number.map { "\($0)" } == String(copy))
            _ = try box.startWorker()
            try box.until("the child ran") { try box.lines(of: "child").count == 1 }
        }
    }

    @Test func `of a job tell of their waits in what a change of them says`() async throws {
        try await withBox { box in
            try box.succeed(
                "add", "job", "--every", "1h", "--max-attempts", "3", "--retry", "fixed:10s", "--retry-for", "2h",
                "--retry-until", "next", "--", "true")
            try box.write(
                "jobs:\n  job: {every: 1h, exec: [\"true\"], max_attempts: 3, retry: {list: [1s, 1m]}}\n",
                to: "jobs.yaml")
            let said = try box.run("diff", box.path("jobs.yaml")).output
            #expect(said.contains("retry: \"fixed 10s\" → \"list 1s, 1m\""), "\(said)")
            #expect(said.contains("retry_for: \"2h\" → none"), "\(said)")
            #expect(said.contains("retry_until: \"next\" → none"), "\(said)")
        }
    }
}
