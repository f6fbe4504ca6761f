import Glibc
import Testing

@Suite struct `Damaged stores` {
    private static let damage =
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/tools/soak/damage"

    /// The short form of `tools/soak/damage`, which says what is done and what must hold: so many files, in each of its
    /// ways as often. `SIGNALBOX_DAMAGED_FILES=1500` is the long one.
    private static var files: Int {
        getenv("SIGNALBOX_DAMAGED_FILES").flatMap { Int(String(cString: $0)) } ?? 39
    }

    @Test func `crash no command, hang none, and pass no verify with a record changed`() async throws {
        try await withBox { box in
            let damage = try box.start(
                program: [
                    "/usr/bin/python3", Self.damage, "--files", "\(Self.files)", "--signalbox", Box.command,
                ])
            let ending = try damage.wait(Bound(seconds: 900 + 10 * Self.files))
            let (output, errors) = (try damage.output(), try damage.errors())
            #expect(ending == .exited(0), "\(output)\(errors)")
            #expect(output.contains("files: \(Self.files)\ncrashes: 0\nhangs: 0\nundetected: 0\n"), "\(output)")
            print(output)
        }
    }

    @Test func `are named page by page by verify, as text and as JSON, and left as they are`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let path = box.store + "/data.mdb"
            let whole = try readBytes(path)
            let page = try #require(
                (2..<whole.count / 4096).first { number in
                    whole[number * 4096 + 10] == 2 && whole[number * 4096 + 12] > 16
                })
            defer { try? rewrite(path, whole) }
            try rewrite(path, whole) { $0[page * 4096] ^= 0xFF }
            let told = try box.run("verify")
            #expect(told.status == 1)
            #expect(told.output.contains("page \(page), in "), "\(told.output)")
            let verified = try JSONValue(try box.run("verify", "--json").output)
            #expect(verified["ok"] == .flag(false))
            for words in [["status"], ["enqueue", "--", "true"], ["worker"]] {
                let refused = try box.run(program: [Box.command] + words)
                #expect(refused.status == 74, "\(words): \(refused.errors)")
                #expect(refused.errors.contains("page \(page), in "), "\(refused.errors)")
            }
            #expect(try readBytes(path).count == whole.count)
        }
    }

    @Test(.enabled(if: hasTerminals, "script is not installed"), arguments: [40, 80])
    func `are salvaged with a progress bar, which is gone when it is told what was lost`(columns: Int) async throws {
        try await withBox { box in
            let requests = String(repeating: #"{"command": ["true"]}"# + "\n", count: 2000)
            #expect(try box.run(program: [Box.command, "enqueue", "--stdin"], input: requests).status == 0)
            let line = "'\(Box.command)' dump --salvage"
            let seen = try box.seen("\(line) \(box.path("saved"))", columns: columns)
            let drawings = seen.split(whereSeparator: { $0 == "\r" || $0 == "\n" || $0 == "\r\n" })
            #expect(drawings.contains { $0.contains(" %  ") && $0.contains(",0") }, "\(drawings)")
            #expect(drawings.filter { $0.contains(" %  ") }.allSatisfy { $0.count < columns }, "\(drawings)")
            let shown = shownLines(seen)
            #expect(shown.count == 2 && shown[0].hasPrefix("signalbox: ") && shown[0].hasSuffix("nothing is missing"))
            #expect(try box.run("dump", "--salvage", "-").errors == shown[0] + "\n")
        }
    }

    @Test func `that are cut off under a process make it name the store and the way out`() async throws {
        try await withBox { box in
            let worker = try box.startWorker()
            let path = box.store + "/data.mdb"
            let whole = try readBytes(path)
            #expect(truncate(path, 8192) == 0)
            worker.signal(SIGTERM)
            let ending = try worker.wait()
            let errors = try worker.errors()
            #expect(ending == .exited(74), "\(errors)")
            #expect(errors.contains(box.store), "\(errors)")
            #expect(errors.contains("signalbox verify"), "\(errors)")
            try rewrite(path, whole)
        }
    }

    /// Another file in the place of the old one, as a copy of a damaged disk is.
    private func rewrite(_ path: String, _ bytes: [UInt8], _ change: (inout [UInt8]) -> Void = { _ in }) throws {
        var bytes = bytes
        change(&bytes)
        unlink(path)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o660)
        defer { close(file) }
        guard file >= 0, write(file, bytes, bytes.count) == bytes.count else {
            throw TestFailure("\(path): \(errnoText())")
        }
    }
}
