import Glibc
import Testing

/// Processes that follow one another's map: each grows it when it meets the end first.
@Suite struct `A store that outgrows its map several times` {
    @Test func `takes all that four processes give it, while others read and run`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            #expect(try mapSize(box) == 16)
            let worker = try box.startWorker()
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let line = try server.waitForLine("address=127.0.0.1:")
            let port = try #require(line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { UInt16($0.1) })
            let input = String(repeating: "x", count: 16_000)
            let lines = String(
                repeating: "{\"shell\": \"true\", \"queue\": \"later\", \"stdin\": \"\(input)\"}\n", count: 700)
            let clients = try (0..<4).map { _ in
                try box.start(program: [Box.command, "enqueue", "--stdin"], input: lines)
            }
            let last = try box.enqueue(shell: "true")
            for client in clients { #expect(try client.wait() == .exited(0)) }
            #expect(try mapSize(box) ?? 0 >= 64)
            #expect(try Answer(of: "/dispatches", port: port).status == 200)
            try box.succeed("logs", "\(last)", "--follow")
            #expect(try box.json("status")["dispatches"]["PENDING"].number == 2_800)
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            #expect(try !worker.errors().contains("warning"))
        }
    }

    private func mapSize(_ box: Box) throws -> Int? { try box.json("stat")["map_bytes"].number.map { $0 >> 20 } }
}
