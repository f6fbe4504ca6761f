import Testing

/// What `signalbox dispatch` says besides the states and times that other tests look at.
@Suite struct `A dispatch that is looked at` {
    @Test func `is shown with its limits, its keys and what it comes after`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            try box.succeed(
                "enqueue", "--timeout", "3h", "--retry", "fixed:10s", "--concurrency", "database:2", "--rate",
                "api:10/1m",
                "--unique", "nightly", "--after", "1", "--cwd", "/usr", "--payload", "[1]", "--", "true")
            let shown = try box.succeed("dispatch", "2").split(separator: "\n").map { line in
                line.split(separator: "  ", maxSplits: 1).map { String($0.drop { $0 == " " }) }
            }
            let fields = Dictionary(shown.map { ($0[0], $0.last ?? "") }) { first, _ in first }
            #expect(fields["timeout"] == "3h")
            #expect(fields["retries"] == "fixed 10s")
            #expect(fields["concurrency"] == "database:2")
            #expect(fields["rate"] == "api:10/1m")
            #expect(fields["unique key"] == "nightly, active, on conflict existing")
            #expect(fields["after"] == "dispatch 1; if that fails: cancel")
            #expect(fields["cwd"] == "/usr")
            #expect(fields["input"] == "3 bytes")
            try box.succeed("cancel", "1")
            try box.succeed("requeue", "1")
            #expect(try box.succeed("dispatch", "3").contains("from dispatch 1\n"))
        }
    }

    @Test func `says what it waits for, whatever that is`() async throws {
        try await withBox { box in
            let pairs: [(arguments: [String], sentence: String)] = [
                (["--", "true"], "it waits in the queue default, and no worker serves that"),
                (["--delay", "1h", "--", "true"], "it waits until 2"),
                (["--after", "1", "--", "true"], "it waits for dispatch 1\n"),
                (["--handler", "resize"], "it waits in the queue default, and there is no worker for resize"),
                (["--queue", "mail", "--", "true"], "it waits in the queue mail, which is paused since"),
            ]
            try box.succeed("pause", "--queue", "mail")
            for (arguments, sentence) in pairs {
                let id = try box.run(program: [Box.command, "enqueue"] + arguments).output.dropLast()
                #expect(try box.succeed("dispatch", String(id)).contains(sentence), "\(arguments)")
            }
            try box.succeed("cancel", "1")
            #expect(try !box.succeed("dispatch", "1").contains("\nnow "))
        }
    }

    @Test func `is told to who waits for it, where nobody will run it, and why it could not be run`() async throws {
        try await withBox { box in
            try box.succeed("add", "photos", "--manual", "--handler", "resize")
            try box.succeed("add", "gone", "--manual", "--", box.path("none"))
            _ = try box.startWorker()
            let waiting = try box.start("run", "photos", "--wait")
            try waiting.waitForLine("it waits in the queue default, and there is no worker for resize")
            try box.succeed("cancel", "1")
            #expect(try waiting.wait() == .exited(1))
            let failed = try box.run("run", "gone", "--wait")
            #expect(failed.status == 1)
            #expect(failed.errors.contains("; cannot run \"\(box.path("none"))\": No such file or directory"))
        }
    }

    @Test func `says that its key has no place or no start left`() async throws {
        try await withBox { box in
            let worker = try box.startWorker("--slots", "3")
            let gate = try box.makeFifo("gate")
            let key = ["--concurrency", "database", "--rate", "api:9/1h"]
            let first = try box.run(program: [Box.command, "enqueue"] + key + ["--shell", "read line <\(gate.path)"])
            let second = try box.run(program: [Box.command, "enqueue"] + key + ["--", "true"])
            #expect(first.status == 0 && second.status == 0)
            try box.until("the second is held", unlessEnds: worker) { try box.dispatch(2)["state"] == "BLOCKED" }
            #expect(
                try box.succeed("dispatch", "2")
                    .contains("it waits for a place of its concurrency key \"database\": 1 of 1 are taken\n"))
            try box.succeed("cancel", "1", "--wait")
            for _ in 1...2 { try box.succeed("enqueue", "--rate", "slow:1/1h", "--", "true") }
            try box.until("the last is held", unlessEnds: worker) { try box.dispatch(4)["state"] == "BLOCKED" }
            #expect(
                try box.succeed("dispatch", "4")
                    .contains("it waits for its rate key \"slow\", 1/1h, which allows the next start at 2"))
        }
    }
}
