import Glibc
import Testing

@Suite struct `signalbox enqueue --stdin` {
    private static let count = 12_000

    @Test func `keeps every line, and says which are on the disk`() async throws {
        try await withBox { box in
            let lines = (1...Self.count).map { #"{"command": ["echo", "\#($0)"], "queue": "q\#($0 % 3)"}"# }
            let finished = try box.run(
                program: [Box.command, "enqueue", "--stdin"], input: lines.joined(separator: "\n"))
            #expect(finished.status == 0)
            #expect(
                finished.output == """
                    lines 1 to 5000 are enqueued
                    lines 5001 to 10000 are enqueued
                    lines 10001 to 12000 are enqueued

                    """)
            #expect(try box.json("status")["dispatches"]["PENDING"] == 12_000)
            let told = try box.run(
                program: [Box.command, "enqueue", "--stdin", "--json"], input: #"{"shell": "true", "unique": "x"}"#)
            #expect(told.output == "{\"deduplicated\":false,\"id\":12001,\"line\":1}\n")
        }
    }

    @Test(arguments: [
        #"{"shell": "true", "quee": "x"}"#, #"{"command": "true"}"#, #"{"shell": "a", "command": ["b"]}"#, "{}", "[1]",
        "true", #"{"shell": "a", "queue": "a b"}"#, #"{"shell": "a", "delay": "soon"}"#,
        #"{"shell": "a", "after": [99]}"#,
    ])
    func `stops at a broken line, names it, and keeps those before it`(line: String) async throws {
        try await withBox { box in
            let good = #"{"shell": "true"}"#
            let finished = try box.run(
                program: [Box.command, "enqueue", "--stdin"], input: "\(good)\n\(good)\n\(line)\n\(good)\n")
            #expect(finished.status == 65)
            #expect(finished.errors.hasPrefix("signalbox: standard input:3: "))
            #expect(finished.output == "lines 1 to 2 are enqueued\n")
            #expect(try box.json("status")["dispatches"]["PENDING"] == 2)
        }
    }

    @Test func `makes no store of a first line that is broken`() async throws {
        try await withBox { box in
            let finished = try box.run(program: [Box.command, "enqueue", "--stdin"], input: "what?\n")
            #expect(finished.status == 65)
            #expect(finished.errors.hasSuffix("Nothing was enqueued\n"))
            #expect(access(box.path("signalbox.store"), F_OK) != 0)
        }
    }
}
