import Glibc
import Testing

@Suite struct `A store that is no longer in its place` {
    private static let places: [(String, @Sendable (Box) throws -> Void)] = [
        ("moved", { box in try expectRename(box.store, box.path("aside")) }),
        ("deleted", { box in removeTree(box.store) }),
        (
            "replaced",
            { box in
                try box.succeed("enqueue", "--store", "other", "--", "true")
                try expectRename(box.path("other/data.mdb"), box.store + "/data.mdb")
            }
        ),
        ("moved with what is above it", { box in try expectRename(box.path("above"), box.path("aside")) }),
    ]

    @Test(arguments: 0..<4)
    func `ends a worker with a sentence, and the commands it ran`(_ place: Int) async throws {
        try await withBox { box in
            mkdir(box.path("above"), 0o755)
            let store = place == 3 ? box.path("above/store") : box.store
            let gate = try box.makeFifo("gate")
            let command = "echo $$ >> \(box.path("processes")); read line <\(gate.path)"
            try box.succeed("enqueue", "--store", store, "--shell", command)
            let worker = try box.startWorker("--store", store)
            try box.until("it runs") { try box.lines(of: "processes").count == 1 }
            try Self.places[place].1(box)
            #expect(try worker.wait() == .exited(74), "\(Self.places[place].0)")
            let last = try #require(try worker.errors().split(separator: "\n").last)
            #expect(last.hasPrefix("signalbox: ") && last.contains("not there any more"), "\(last)")
            #expect(try !isAlive(box.lines(of: "processes")[0]))
            if place == 0 {
                let dispatch = try JSONValue(box.succeed("dispatch", "1", "--store", "aside", "--json"))
                #expect(dispatch["state"] == "PENDING" && dispatch["crashes"] == 0)
                #expect(try box.succeed("verify", "--store", "aside").hasSuffix("no fault\n"))
            }
        }
    }

    @Test(arguments: [["scheduler"], ["up", "--listen", "127.0.0.1:0"]])
    func `ends other processes that write to it`(_ arguments: [String]) async throws {
        try await withBox { box in
            let process = try box.start(program: [Box.command] + arguments)
            // What comes up last.
            try process.waitForLine(arguments[0] == "up" ? " slots, queues" : "online")
            try expectRename(box.store, box.path("aside"))
            #expect(try process.wait() == .exited(74))
            let said = try process.errors()
            #expect(said.contains("not there any more"), "\(said)")
            #expect(access(box.store, F_OK) != 0, "it was made anew")
        }
    }

    @Test(arguments: 0..<4)
    func `ends those who watch it or wait for a dispatch, with a sentence`(_ place: Int) async throws {
        try await withBox { box in
            mkdir(box.path("above"), 0o755)
            let store = place == 3 ? box.path("above/store") : box.store
            let gate = try box.makeFifo("gate")
            try box.succeed("enqueue", "--store", store, "--shell", "echo begun; read line <\(gate.path)")
            let worker = try box.startWorker("--store", store)
            let readers = [
                (try box.start("watch", "--store", store), "\"seq\""),
                (try box.start("logs", "1", "--follow", "--store", store), "begun"),
            ]
            for (reader, text) in readers { try reader.waitForOutput(text) }
            try Self.places[place].1(box)
            for (reader, _) in readers {
                #expect(try reader.wait() == .exited(74), "\(Self.places[place].0)")
                let said = try reader.errors()
                #expect(said.contains("not there any more") && !said.contains("commands"), "\(said)")
            }
            #expect(try worker.wait() == .exited(74))
        }
    }

    @Test func `is left by the live feed for the one that is there, before anything is written to that`() async throws {
        try await withBox { box in
            for _ in 1...5 { try box.succeed("enqueue", "--", "true") }
            try box.succeed("enqueue", "--store", "other", "--", "true")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let line = try server.waitForLine("address=127.0.0.1:")
            let port = try #require(line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { UInt16($0.1) })
            let client = try FeedSocket(port: port)
            #expect(try client.text() == #"{"changes":[],"seq":5,"txn":5}"#)
            try expectRename(box.store, box.path("aside"))
            #expect(try client.closeCode() == 1011)
            try expectRename(box.path("other"), box.store)
            let next = try FeedSocket(port: port)
            #expect(try next.text() == #"{"changes":[],"seq":1,"txn":1}"#)
            try box.succeed("enqueue", "--", "true")
            #expect(try next.text()?.contains("\"id\":2,") == true)
        }
    }
}

private func expectRename(_ from: String, _ to: String) throws {
    guard rename(from, to) == 0 else { throw TestFailure("rename \(from): \(errnoText())") }
}
