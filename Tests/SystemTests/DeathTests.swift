import Glibc
import Testing

@Suite struct `A worker that is killed` {
    @Test func `loses its command with the whole tree before another worker starts it again`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let first = try box.startWorker("--name", "first", "--slots", "1")
            let id = try box.enqueue(shell: try treeScript(box, gate))
            let follower = try box.start("logs", "\(id)", "--follow")
            try follower.waitForOutput("said by attempt 1\n")
            try box.until("the tree stands") { try box.lines(of: "processes").count == 4 }
            _ = try box.startWorker("--name", "second", "--slots", "1")
            first.end()
            try box.until("the second attempt runs") { try box.lines(of: "attempts") == ["1", "2"] }
            #expect(try box.lines(of: "survivors") == [])
            let running = try box.dispatch(id)
            #expect(running["state"] == "IN_PROGRESS")
            #expect(running["attempt"] == 2)
            #expect(running["crashes"] == 1)
            #expect(running["worker"] == "second")
            try gate.release()
            #expect(try follower.wait() == .exited(0))
            #expect(try follower.output() == "said by attempt 1\nsaid by attempt 2\n")
            #expect(try box.succeed("logs", "\(id)", "--follow") == "said by attempt 1\nsaid by attempt 2\n")
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "SUCCESS")
            #expect(dispatch["attempts"][0]["reason"] == "worker_died")
            #expect(dispatch["attempts"][0]["worker"] == 1)
            #expect(dispatch["attempts"][1]["worker"] == 2)
        }
    }

    @Test func `is settled while the process that would do so at once is stopped`() async throws {
        try await withBox { box in
            let scheduler = try box.start("scheduler")
            let gate = try box.makeFifo("gate")
            let id = try box.enqueue(shell: try treeScript(box, gate))
            let first = try box.startWorker("--slots", "1")
            try box.until("the tree stands") { try box.lines(of: "processes").count == 4 }
            first.end()
            // It was the only one left, so its turn it is from now on.
            try scheduler.waitForLine("dispatch \(id) is PENDING again")
            scheduler.signal(SIGSTOP)
            let second = try box.startWorker("--slots", "1")
            try box.until("the second attempt runs") { try box.lines(of: "attempts") == ["1", "2"] }
            _ = try box.startWorker("--slots", "1")
            second.end()
            try box.until("the third attempt runs") { try box.lines(of: "attempts") == ["1", "2", "3"] }
            #expect(try box.lines(of: "survivors") == [])
            scheduler.signal(SIGCONT)
            try gate.release()
            try box.succeed("logs", "\(id)", "--follow")
            #expect(try box.dispatch(id)["crashes"] == 2)
            scheduler.signal(SIGTERM)
            #expect(try scheduler.wait() == .exited(0))
        }
    }

    @Test func `is settled by the next command that opens the store, where nothing else runs`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let worker = try box.startWorker()
            let id = try box.enqueue(shell: try treeScript(box, gate))
            let follower = try box.start("logs", "\(id)", "--follow")
            try follower.waitForOutput("said by attempt 1\n")
            try box.until("the tree stands") { try box.lines(of: "processes").count == 4 }
            worker.end()
            #expect(try box.dispatch(id)["state"] == "IN_PROGRESS")
            let other = try box.run("enqueue", "--", "true")
            #expect(other.output == "2\n")
            #expect(other.errors.contains("died"))
            for process in try box.lines(of: "processes") { #expect(try !isAlive(process)) }
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "PENDING")
            #expect(dispatch["attempt"] == 1)
            #expect(dispatch["reason"] == "worker_died")
            #expect(try box.succeed("logs", "\(id)") == "said by attempt 1\n")
            #expect(try box.jsonList("workers")[0]["state"] == "dead")
        }
    }

    @Test func `three times with the same dispatch makes it FAILED, for it may be the command's doing`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let id = try box.enqueue(
                shell: "echo $SIGNALBOX_ATTEMPT >>\(box.path("attempts")); read line <\(gate.path)")
            for round in 1...3 {
                let worker = try box.startWorker()
                try box.until("attempt \(round) runs") { try box.lines(of: "attempts").count == round }
                worker.end()
            }
            try box.succeed("enqueue", "--", "true")
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "FAILED")
            #expect(dispatch["reason"] == "poison")
            #expect(dispatch["crashes"] == 3)
        }
    }

    @Test func `by its own command, again and again, is the end of that command after three workers`() async throws {
        try await withBox { box in
            let never = try box.makeFifo("never")
            for _ in 1...4 { _ = try box.startWorker() }
            let id = try box.enqueue(
                shell: "echo $SIGNALBOX_ATTEMPT >>\(box.path("attempts")); kill -KILL $PPID; read line <\(never.path)")
            try box.succeed("logs", "\(id)", "--follow")
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "FAILED")
            #expect(dispatch["reason"] == "poison")
            #expect(try box.lines(of: "attempts") == ["1", "2", "3"])
            let states = try box.jsonList("workers").map { $0["state"] }
            #expect(states.count { $0 == "online" } == 1 && states.count == 4)
        }
    }

    @Test func `while it sleeps is marked dead by whoever watches`() async throws {
        try await withBox { box in
            try box.succeed("add", "now", "--boot", "--", "true")
            let watcher = try box.startWorker("--name", "watcher")
            let other = try box.startWorker("--name", "other")
            let follower = try box.startWorker("--name", "third")
            other.end()
            // A worker that starts makes the watcher look, and it looks at everybody.
            follower.signal(SIGTERM)
            #expect(try follower.wait() == .exited(0))
            watcher.signal(SIGTERM)
            #expect(try watcher.wait() == .exited(0))
            try box.succeed("pause", "now")
            let states = try box.jsonList("workers").map { [$0["name"], $0["state"]] }
            #expect(Set(states) == [["watcher", "stopped"], ["other", "dead"], ["third", "stopped"]])
        }
    }

    /// A command with a child, a child in a session of its own, and one whose parents have all gone. The first attempt
    /// waits for ever; the second looks for processes of the first, and waits for the gate.
    private func treeScript(_ box: Box, _ gate: Fifo) throws -> String {
        let never = try box.makeFifo("never")
        try box.write(
            """
            cd \(box.folder)
            if [ $SIGNALBOX_ATTEMPT != 1 ]; then
                \(survivorsLine)
                echo said by attempt $SIGNALBOX_ATTEMPT
                echo $SIGNALBOX_ATTEMPT >>attempts
                read line <\(gate.path)
                exit 0
            fi
            echo $$ >>processes
            sh -c 'echo $$ >>processes; read line <\(never.path)' &
            setsid sh -c 'echo $$ >>processes; read line <\(never.path)' &
            (setsid sh -c 'sh -c "echo \\$\\$ >>processes; read line <\(never.path)" & :' &)
            echo said by attempt 1
            echo 1 >>attempts
            read line <\(never.path)

            """, to: "tree.sh")
        return "sh \(box.path("tree.sh"))"
    }
}

@Suite struct `A worker that is stopped and goes on` {
    @Test func `keeps what it runs, however long that was, for it lives`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let first = try box.startWorker("--slots", "1")
            let id = try box.enqueue(shell: "echo started >>\(box.path("started")); read line <\(gate.path)")
            try box.until("it runs") { try box.lines(of: "started") == ["started"] }
            try first.stopWhereItWaits()
            _ = try box.startWorker("--slots", "1")
            let other = try box.enqueue(shell: "true")
            try box.succeed("logs", "\(other)", "--follow")
            #expect(try box.dispatch(other)["state"] == "SUCCESS")
            #expect(try box.dispatch(id)["state"] == "IN_PROGRESS")
            try gate.release()
            first.signal(SIGCONT)
            try box.succeed("logs", "\(id)", "--follow")
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "SUCCESS")
            #expect(dispatch["attempt"] == 1)
            #expect(dispatch["crashes"] == 0)
            #expect(try box.lines(of: "started") == ["started"])
        }
    }

    /// The one way to have a living worker taken for dead: somebody deletes the file of the locks.
    @Test func `after it was taken for dead changes nothing, and ends itself`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let first = try box.startWorker("--slots", "1")
            let id = try box.enqueue(
                shell: "echo $$ >>\(box.path("processes")); read line <\(gate.path); echo $SIGNALBOX_ATTEMPT")
            try box.until("it runs") { try box.lines(of: "processes").count == 1 }
            try first.stopWhereItWaits()
            #expect(unlink(box.store + "/workers.lock") == 0)
            _ = try box.startWorker("--slots", "1")
            try box.until("it runs again") { try box.lines(of: "processes").count == 2 }
            #expect(try !isAlive(box.lines(of: "processes")[0]))
            first.signal(SIGCONT)
            #expect(try first.wait() != .exited(0))
            #expect(try first.errors().contains("the store counts it dead"))
            #expect(try isAlive(box.lines(of: "processes")[1]))
            try gate.release()
            #expect(try box.succeed("logs", "\(id)", "--follow") == "2\n")
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "SUCCESS")
            #expect(dispatch["attempt"] == 2)
            #expect(dispatch["crashes"] == 1)
        }
    }
}
