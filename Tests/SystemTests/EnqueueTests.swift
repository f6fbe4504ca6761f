import Testing

/// What may be said of a request by itself, by options and in lines of JSON.
@Suite struct `What is enqueued` {
    private static let script = "cat; echo $TARGET; pwd; [ $SIGNALBOX_DEADLINE ] || echo no deadline"

    @Test func `reads its payload, and has its own timeout, attempts, variables and directory`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            try box.write("dear reader\n", to: "letter")
            let id = try box.number(
                of: box.succeed(
                    "enqueue", "--payload", box.path("letter"), "--timeout", "none", "--max-attempts", "2", "--env",
                    "TARGET=nas", "--cwd", "/usr", "--shell", Self.script))
            #expect(try box.succeed("logs", "\(id)", "--follow") == "dear reader\nnas\n/usr\nno deadline\n")
            #expect(try box.dispatch(id)["max_attempts"] == 2)
            let hurried = try box.number(of: box.succeed("enqueue", "--timeout", "10ms", "--", "sleep", "1000"))
            try box.until("it ran out of time") { try box.dispatch(hurried)["attempts"][0]["reason"] == "timeout" }
        }
    }

    @Test func `says the same in a line of JSON`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            let line = """
                {"shell": "\(Self.script)", "stdin": "dear reader\\n", "timeout": "none", "max_attempts": 2, \
                "env": {"TARGET": "nas"}, "cwd": "/usr"}
                """
            let finished = try box.run(program: [Box.command, "enqueue", "--stdin"], input: line)
            #expect(finished.status == 0, "\(finished.errors)")
            #expect(try box.succeed("logs", "1", "--follow") == "dear reader\nnas\n/usr\nno deadline\n")
            #expect(try box.dispatch(1)["max_attempts"] == 2)
        }
    }

    /// A setting that nobody looks at would be taken for one that holds.
    @Test(arguments: [
        ["enqueue", "--handler", "resize", "--user", "nobody"], ["enqueue", "--handler", "resize", "--nice", "4"],
        ["enqueue", "--handler", "resize", "--env", "A=b"],
        ["add", "job", "--manual", "--handler", "resize", "--cwd", "/usr"],
        ["add", "job", "--manual", "--cwd", "here", "--", "true"], ["enqueue", "--shell", " "],
    ])
    func `is refused where a setting could not hold`(arguments: [String]) async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let finished = try box.run(program: [Box.command] + arguments)
            #expect(finished.status == 65, "\(arguments): \(finished.ending)")
            #expect(finished.errors.hasPrefix("signalbox: "))
            #expect(try box.jsonList("jobs").isEmpty)
            #expect(try box.jsonList("dispatches").count == 1)
        }
    }

    @Test(arguments: [
        ["--timeout", "0s", "--", "true"], ["--max-attempts", "0", "--", "true"], ["--env", "=b", "--", "true"],
        ["--max-attempts", "1001", "--", "true"], ["--stdin", "--timeout", "1s"], ["--retry", "twice", "--", "true"],
    ])
    func `is refused as usage where an option is out of range`(arguments: [String]) async throws {
        try await withBox { box in
            for command in [["enqueue"], ["add", "job", "--manual"]] {
                let finished = try box.run(program: [Box.command] + command + arguments)
                #expect(finished.status == 64, "\(arguments): \(finished.ending)")
            }
        }
    }
}
