import Glibc
import Testing

/// Debian's nobody, who owns nothing and is in no other group.
private let nobody: UInt32 = 65534

@Suite(.enabled(if: geteuid() == 0, "it takes root to become another user"))
struct `A user who may only read the store` {
    @Test func `serves it with what is live, at the next boot too, and can change nothing`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            try box.succeed("add", "disk", "--manual", "--shell", "echo all is well; read line <\(gate.path)")
            // As a boot leaves it: whoever writes next makes the folder of what is live anew.
            let live = box.path("live")
            removeTree(live)
            mkdir(live, 0o750)
            for folder in [box.store, live] { try admitReaders(to: folder) }
            _ = try box.startWorker("--name", "signalman")

            let server = try box.start(program: Self.asNobody + [Box.command, "serve", "--listen", "127.0.0.1:0"])
            let line = try server.waitForLine("address=127.0.0.1:")
            let port = try #require(UInt16(line.split(separator: "127.0.0.1:").last?.prefix { $0.isNumber } ?? ""))
            let watch = try box.start("watch", "--url", "ws://127.0.0.1:\(port)/live")
            try box.start("run", "disk", "--follow").waitForOutput("well")
            #expect(try Answer(of: "/dispatches/1", port: port).body.contains("all is well"))
            let workers = try JSONValue(Answer(of: "/api/v1/workers", port: port).body)["workers"]
            #expect(workers[0]["heartbeat_at"].text != nil)
            try gate.release()
            try watch.waitForOutput("SUCCESS")

            for command in [["run", "disk"], ["enqueue", "--", "true"], ["pause", "disk"], ["cancel", "1"]] {
                let finished = try box.run(program: Self.asNobody + [Box.command] + command)
                #expect(finished.status == 77, "\(command): \(finished.ending) \(finished.errors)")
            }
            #expect(try box.run(program: Self.asNobody + [Box.command, "status"]).status == 0)
        }
    }

    @Test func `is told what is missing when lock.mdb is not for its group to write`() async throws {
        try await withBox { box in
            try box.succeed("add", "disk", "--manual", "--", "true")
            try admitReaders(to: box.store)
            chmod(box.store + "/lock.mdb", 0o640)
            let finished = try box.run(program: Self.asNobody + [Box.command, "status"])
            #expect(finished.status == 77)
            #expect(finished.errors.contains("lock.mdb"), "\(finished.errors)")
        }
    }

    private static let asNobody = [
        "/usr/bin/setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups", "--inh-caps=-all",
    ]

    /// What the article says its group needs.
    private func admitReaders(to folder: String) throws {
        try admit(folder, 0o2750)
        for name in names(in: folder) { try admit("\(folder)/\(name)", name == "lock.mdb" ? 0o660 : 0o640) }
    }

    private func admit(_ path: String, _ mode: mode_t) throws {
        guard chown(path, 0, nobody) == 0, chmod(path, mode) == 0 else { throw TestFailure("\(path): \(errnoText())") }
    }
}
