import Glibc
import Testing

@Suite struct `signalbox run` {
    @Test func `waits, and says by its exit code how the job ended`() async throws {
        try await withBox { box in
            try box.succeed("add", "good", "--manual", "--shell", "echo fine")
            try box.succeed("add", "bad", "--manual", "--shell", "echo wrong >&2; exit 3")
            _ = try box.startWorker()
            let good = try box.run("run", "good", "--wait")
            #expect(good.status == 0)
            #expect(good.output == "1\n")
            #expect(good.errors.contains("SUCCESS"))
            let bad = try box.run("run", "bad", "--follow")
            #expect(bad.status == 1)
            #expect(bad.output == "2\nwrong\n")
            #expect(bad.errors.contains("FAILED"))
            #expect(bad.errors.contains("exit 3"))
            #expect(try box.json("run", "good", "--wait")["state"] == "SUCCESS")
        }
    }

    @Test func `refuses a job that runs, unless it is told to queue or to force`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            try box.succeed(
                "add", "job", "--manual", "--shell",
                "echo $SIGNALBOX_DISPATCH >>\(box.path("started")); read line <\(gate.path)")
            _ = try box.startWorker("--slots", "4")
            try box.succeed("run", "job")
            try box.until("it runs") { try box.lines(of: "started") == ["1"] }
            let refused = try box.run("run", "job")
            #expect(refused.status == 3)
            #expect(refused.output == "")
            #expect(isOneSentence(refused.errors))
            #expect(try box.succeed("run", "job", "--queue") == "2\n")
            #expect(try box.dispatch(2)["state"] == "BLOCKED")
            #expect(try box.succeed("run", "job", "--force") == "3\n")
            try box.until("the forced one runs beside it") { try box.lines(of: "started") == ["1", "3"] }
            for _ in 1...3 { try gate.release() }
            for id in 1...3 { try box.succeed("logs", "\(id)", "--follow") }
            #expect(try box.lines(of: "started") == ["1", "3", "2"])
            #expect(try box.json("status")["dispatches"]["SUCCESS"] == 3)
        }
    }

    @Test func `runs a paused job only when forced to`() async throws {
        try await withBox { box in
            try box.succeed("add", "job", "--every", "1h", "--", "true")
            try box.succeed("pause", "job")
            #expect(try box.json("job", "job")["paused"] == true)
            try box.succeed("resume", "job")
            #expect(try box.json("job", "job")["paused"] == false)
            try box.succeed("remove", "job")
            #expect(try box.run("run", "job").status == 4)
        }
    }
}

@Suite struct `A command that runs` {
    @Test func `ends when it is cancelled`() async throws {
        try await withBox { box in
            let never = try box.makeFifo("never")
            _ = try box.startWorker()
            let id = try box.enqueue(
                shell: """
                    setsid sh -c 'echo $$ >>\(box.path("processes")); read line <\(never.path)' &
                    echo $$ >>\(box.path("processes")); read line <\(never.path)
                    """)
            try box.until("it runs") { try box.lines(of: "processes").count == 2 }
            #expect(try box.succeed("cancel", "\(id)", "--wait") == "dispatch \(id): CANCELLED\n")
            for process in try box.lines(of: "processes") { #expect(try !isAlive(process)) }
            #expect(try box.dispatch(id)["reason"] == "requested")
            #expect(try box.succeed("cancel", "\(id)") == "dispatch \(id): CANCELLED\n")
            try box.succeed("enqueue", "--delay", "1h", "--", "true")
            #expect(try box.succeed("cancel", "2") == "dispatch 2: CANCELLED\n")
        }
    }

    @Test func `past its timeout is ended with its whole tree, and tried again`() async throws {
        try await withBox { box in
            let never = try box.makeFifo("never")
            try box.write(
                """
                cd \(box.folder)
                touch processes
                \(survivorsLine)
                if [ $(wc -l <processes) = 2 ]; then exit 0; fi
                rm processes
                setsid sh -c 'echo $$ >>processes; read line <\(never.path)' &
                echo $$ >>processes
                read line <\(never.path)

                """, to: "slow.sh")
            try box.write(
                """
                jobs:
                  slow:
                    manual: true
                    exec: [sh, "\(box.path("slow.sh"))"]
                    timeout: 1s
                    max_attempts: 900
                    retry: {base: 10ms, cap: 10ms}

                """, to: "jobs.yaml")
            #expect(try box.succeed("apply", "jobs.yaml") == "added      slow\n")
            _ = try box.startWorker()
            #expect(try box.run("run", "slow", "--wait").status == 0)
            #expect(try box.lines(of: "processes").count == 2)
            #expect(try box.lines(of: "survivors") == [])
            let attempts = try box.dispatch(1)["attempts"]
            // On a machine so busy that the tree does not stand within the timeout, there are more of the first kind.
            let last = attempts.count - 1
            #expect(last >= 1)
            for index in 0..<last {
                #expect(attempts[index]["reason"] == "timeout")
                #expect(attempts[index]["signal"] == 15)
            }
            #expect(attempts[last]["exit_code"] == 0)
        }
    }

    @Test func `and fails is tried again until its attempts are used up`() async throws {
        try await withBox { box in
            try box.write(
                """
                jobs:
                  fails:
                    manual: true
                    shell: echo attempt $SIGNALBOX_ATTEMPT; exit 3
                    max_attempts: 3
                    retry: {base: 10ms, factor: 2, cap: 20ms}
                  killed:
                    manual: true
                    shell: kill -KILL $$

                """, to: "jobs.yaml")
            try box.succeed("apply", "jobs.yaml")
            _ = try box.startWorker()
            let failed = try box.run("run", "fails", "--follow")
            #expect(failed.status == 1)
            #expect(failed.output == "1\nattempt 1\nattempt 2\nattempt 3\n")
            let dispatch = try box.dispatch(1)
            #expect(dispatch["state"] == "FAILED")
            #expect(dispatch["reason"] == "exit")
            #expect(dispatch["attempts"].count == 3)
            for index in 0..<3 { #expect(dispatch["attempts"][index]["exit_code"] == 3) }
            let killed = try box.run("run", "killed", "--wait")
            #expect(killed.status == 1)
            #expect(killed.errors.contains("signal 9"))
            #expect(try box.dispatch(2)["reason"] == "killed")
        }
    }

    @Test func `cannot be started, and its dispatch says why`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            try box.succeed("enqueue", "--", "/no/such/program")
            try box.succeed("logs", "1", "--follow")
            let dispatch = try box.dispatch(1)
            #expect(dispatch["state"] == "FAILED")
            #expect(dispatch["reason"] == "exec")
            #expect(try #require(dispatch["attempts"][0]["error"].text).contains("/no/such/program"))
        }
    }

    @Test func `prints more than is kept, and the first and last of it stay`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            let id = try box.enqueue(
                shell: "echo first; head -c 3000000 /dev/zero | tr '\\0' x | fold -w 99; echo; echo last")
            try box.succeed("logs", "\(id)", "--follow")
            let output = try box.succeed("logs", "\(id)")
            #expect(output.hasPrefix("first\nxxx"))
            #expect(output.hasSuffix("\nlast\n"))
            #expect((200_000...300_000).contains(output.utf8.count))
        }
    }
}
