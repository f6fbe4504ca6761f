import Glibc
import Testing

@Suite struct `A request to end` {
    @Test func `lets a worker's command finish, and no other begin`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let worker = try box.startWorker("--slots", "2")
            let id = try box.enqueue(shell: "echo started >\(box.path("started")); read line <\(gate.path); echo done")
            try box.until("it runs", unlessEnds: worker) { try box.lines(of: "started") == ["started"] }
            worker.signal(SIGTERM)
            try worker.waitForLine("draining: 1 running")
            #expect(try box.jsonList("workers")[0]["state"] == "draining")
            let later = try box.enqueue(shell: "true")
            try gate.release()
            #expect(try worker.wait() == .exited(0))
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "SUCCESS")
            #expect(try box.succeed("logs", "\(id)") == "done\n")
            #expect(try box.dispatch(later)["state"] == "PENDING")
            #expect(try box.jsonList("workers")[0]["state"] == "stopped")
        }
    }

    @Test func `sent twice ends a worker at once, and its dispatch waits as if it had not begun`() async throws {
        try await withBox { box in
            let never = try box.makeFifo("never")
            let worker = try box.startWorker()
            let id = try box.enqueue(
                shell: "trap '' TERM; echo $$ >\(box.path("process")); read line <\(never.path)")
            try box.until("it runs", unlessEnds: worker) { try box.lines(of: "process").count == 1 }
            worker.signal(SIGTERM)
            try worker.waitForLine("draining: 1 running")
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            #expect(try !isAlive(box.lines(of: "process")[0]))
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "PENDING")
            #expect(dispatch["attempt"] == 0)
            #expect(dispatch["reason"] == "drained")
        }
    }

    @Test func `gives a command back when the drain timeout has passed`() async throws {
        try await withBox { box in
            let never = try box.makeFifo("never")
            let worker = try box.startWorker("--drain-timeout", "10ms")
            let id = try box.enqueue(shell: "echo started >\(box.path("started")); read line <\(never.path)")
            try box.until("it runs", unlessEnds: worker) { try box.lines(of: "started") == ["started"] }
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            let dispatch = try box.dispatch(id)
            #expect(dispatch["state"] == "PENDING")
            #expect(dispatch["attempt"] == 0)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `ends scheduler, server and all three in one with exit 0, as SIGINT does`(signal: Int32) async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let scheduler = try box.start("scheduler")
            try scheduler.waitForLine("online")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            try server.waitForLine("listens")
            let all = try box.start("up", "--listen", "unix:\(box.path("socket"))")
            try all.waitForLine("listens")
            try box.succeed("logs", "1", "--follow")
            for process in [scheduler, server, all] {
                process.signal(signal)
                let ending = try process.wait()
                let said = try process.errors()
                #expect(ending == .exited(0), "\(process.name): \(said)")
            }
            #expect(access(box.path("socket"), F_OK) != 0)
            #expect(try box.jsonList("workers").map { $0["state"] } == ["stopped"])
        }
    }
}
