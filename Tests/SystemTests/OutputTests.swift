import Glibc
import Testing

@Suite struct `The output of a command` {
    /// In full (1 GiB, and a line of 100 MB) it is the same, and takes longer.
    @Test(arguments: ["yes $(printf %01000d 0) | head -c 24000000", "head -c 24000000 /dev/zero | tr '\\0' x"])
    func `may be huge, and a worker's memory stays small`(line: String) async throws {
        try await withBox { box in
            let worker = try box.startWorker()
            let before = try peakMemory(of: worker)
            let id = try box.enqueue(shell: "echo first; \(line); echo; echo last")
            try box.succeed("logs", "\(id)", "--follow")
            #expect(try box.dispatch(id)["state"] == "SUCCESS")
            #expect(try peakMemory(of: worker) - before < 24_000)
            let output = try box.succeed("logs", "\(id)")
            #expect(output.hasPrefix("first\n") && output.hasSuffix("\nlast\n"))
            let leftOut = try #require(try box.logNotes(id).first)
            let kept = output.utf8.count - leftOut.utf8.count - 1
            #expect(leftOut == "… \(24_000_012 - kept) bytes left out here …")
        }
    }

    @Test func `is kept byte by byte, and taken for text where that is asked`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            let id = try box.enqueue(shell: "printf 'a\\377\\000\\302b\\n'")
            try box.succeed("logs", "\(id)", "--follow")
            let logs = try box.start("logs", "\(id)")
            #expect(try logs.wait() == .exited(0))
            #expect(try readBytes(box.path(logs.name + ".out")) == [0x61, 0xFF, 0, 0xC2, 0x62, 0x0A])
            #expect(try box.json("logs", "\(id)")["text"] == "a\u{FFFD}\0\u{FFFD}b")
        }
    }

    /// ESC, the clipboard's OSC 52, CR, C1, and what turns the direction of writing.
    @Test func `moves no cursor, and sets no clipboard, when a terminal shows it`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            let hostile = "\u{1B}[2J\u{1B}]52;c;aGk=\u{7}\r\u{9B}1A\u{202E}\u{7F}"
            try box.write(hostile + "\tfine\n", to: "hostile")
            let id = try box.enqueue(shell: "cat \(box.path("hostile"))")
            try box.succeed("logs", "\(id)", "--follow")
            for follow in ["", " --follow"] {
                let line = "\(Box.command) logs \(id)\(follow)"
                let terminal = try box.run(program: ["/usr/bin/script", "-qec", line, "/dev/null"])
                #expect(terminal.output.contains("\tfine"))
                #expect(terminal.output.contains("\\u{1b}[2J\\u{1b}]52;c;aGk=\\u{7}\\u{d}\\u{9b}1A\\u{202e}\\u{7f}"))
                // The terminal itself ends lines with CR.
                let dangerous = hostile.unicodeScalars.filter { $0.value < 0x20 || $0.value > 0x7E }
                #expect(terminal.output.unicodeScalars.allSatisfy { !dangerous.contains($0) || $0 == "\r" })
            }
            #expect(try box.succeed("logs", "\(id)") == hostile + "\tfine\n")
        }
    }

    @Test func `of what a command left behind is taken for a while after its end`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            // The end of the shell, which holds the fifo open, is what the child it leaves behind waits for.
            let id = try box.enqueue(
                shell: "cd \(box.folder); mkfifo end; (cat end; echo late) & exec 9>end; echo early")
            try box.succeed("logs", "\(id)", "--follow")
            #expect(try box.succeed("logs", "\(id)") == "early\nlate\n")
            #expect(try box.dispatch(id)["state"] == "SUCCESS")
        }
    }

    @Test func `can be followed from before it begins, and before anybody has told anything in this boot`() async throws
    {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let id = try box.enqueue(shell: "echo hello; read line <\(gate.path); echo end")
            removeTree(box.path("live"))
            let follower = try box.start("logs", "\(id)", "--follow")
            _ = try box.startWorker()
            try follower.waitForOutput("hello\n")
            #expect(try box.dispatch(id)["state"] == "IN_PROGRESS")
            try gate.release()
            #expect(try follower.wait() == .exited(0))
            #expect(try follower.output() == "hello\nend\n")
        }
    }

    /// The most that a process has ever had in memory, in KiB.
    private func peakMemory(of process: ChildProcess) throws -> Int {
        let status = try readFile("/proc/\(process.pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return try #require(line.flatMap { Int($0.filter(\.isNumber)) })
    }
}

extension Box {
    /// What the store says itself between the lines of a dispatch's output.
    fileprivate func logNotes(_ id: Int) throws -> [String] {
        try jsonList("logs", "\(id)").filter { $0["stream"] == "signalbox" }.compactMap { $0["text"].text }
    }
}
