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
            #expect(told.output == "{\"deduplicated\":false,\"id\":12001,\"line\":1,\"replaced\":null}\n")
        }
    }

    @Test func `gives the options' queue and priority to the lines that name none`() async throws {
        try await withBox { box in
            let lines = #"{"shell": "a"}"# + "\n" + #"{"shell": "b", "queue": "own", "priority": 7}"#
            let finished = try box.run(
                program: [Box.command, "enqueue", "--stdin", "--queue", "photos", "--priority", "5"], input: lines)
            #expect(finished.status == 0, "\(finished.errors)")
            for (id, queue, priority) in [(1, "photos", 5), (2, "own", 7)] {
                let shown = try box.json("dispatch", "\(id)")
                #expect(shown["queue"].text == queue && shown["priority"].number == priority)
            }
        }
    }

    @Test(arguments: [
        #"{"shell": "true", "quee": "x"}"#, #"{"command": "true"}"#, #"{"shell": "a", "command": ["b"]}"#, "{}", "[1]",
        "true", #"{"shell": "a", "queue": "a b"}"#, #"{"shell": "a", "delay": "soon"}"#,
        #"{"shell": "a", "after": [99]}"#, #"{"shell": "a", "unique_scope": "forever"}"#,
        #"{"shell": "a", "unique": "k", "unique_scope": "window"}"#, #"{"shell": "a", "retry": "twice"}"#,
        #"{"shell": "a", "unique": "k", "on_conflict": "debounce"}"#, #"{"shell": "a", "on_parent_fail": "x"}"#,
        #"{"shell": "a", "on_parent_fail": "run"}"#, #"{"shell": "a", "timeout": "0s"}"#, #"{"shell": ""}"#,
        #"{"shell": "a", "max_attempts": 0}"#, #"{"shell": "a", "env": {"SIGNALBOX_JOB": "x"}}"#,
        #"{"shell": "a", "cwd": "here"}"#, #"{"shell": "a", "payload": 1}"#, #"{"handler": "a", "stdin": "x"}"#,
        #"{"handler": "a", "env": {"A": "b"}}"#,
        #"{"shell": "a", "unique": "\u0000"}"#, #"{"shell": "a", "unique": ""}"#,
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

@Suite struct `The progress bar of signalbox enqueue --stdin` {
    private static let good = #"{"shell": "true"}"#

    @Test(.enabled(if: hasTerminals, "script is not installed"), arguments: [30, 60, 200])
    func `is drawn on a terminal, within its width, and is gone at the end`(columns: Int) async throws {
        try await withBox { box in
            try box.write(String(repeating: Self.good + "\n", count: 12_000), to: "requests")
            let seen = try box.seen(
                "'\(Box.command)' enqueue --stdin <\(box.path("requests"))", columns: columns)
            let drawings = seen.split(whereSeparator: { $0 == "\r" || $0 == "\n" || $0 == "\r\n" })
            #expect(drawings.contains { $0.contains("41 %") && $0.contains("5,000 lines") }, "\(drawings)")
            #expect(drawings.contains { $0.contains("[=====") } == (columns >= 60))
            #expect(drawings.allSatisfy { $0.count < columns || $0.hasPrefix("lines ") }, "\(drawings)")
            #expect(
                shownLines(seen) == [
                    "lines 1 to 5000 are enqueued", "lines 5001 to 10000 are enqueued",
                    "lines 10001 to 12000 are enqueued", "",
                ])
        }
    }

    @Test(.enabled(if: hasTerminals, "script is not installed"))
    func `has no end when nobody knows it, and makes room for what is wrong with a line`() async throws {
        try await withBox { box in
            try box.write(String(repeating: Self.good + "\n", count: 5_002) + "what?\n", to: "requests")
            let seen = try box.seen(
                "cat \(box.path("requests")) | '\(Box.command)' enqueue --stdin >\(box.path("told"))", columns: 80,
                expecting: 65)
            #expect(seen.contains("\r5,000 lines  "))
            #expect(!seen.contains("%"))
            let last = shownLines(seen)
            #expect(last.count == 2 && last[0].hasPrefix("signalbox: standard input:5003: this is no JSON object"))
            #expect(try box.lines(of: "told") == ["lines 1 to 5000 are enqueued", "lines 5001 to 5002 are enqueued"])
            #expect(try box.json("status")["dispatches"]["PENDING"] == 5_002)
        }
    }

    @Test func `is not written into a pipe or a file`() async throws {
        try await withBox { box in
            let finished = try box.run(
                program: [Box.command, "enqueue", "--stdin"],
                input: String(repeating: Self.good + "\n", count: 10_001))
            #expect(finished.status == 0)
            #expect(finished.errors == "")
        }
    }
}
