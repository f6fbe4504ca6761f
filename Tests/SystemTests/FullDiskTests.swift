// Aim: whoever fills the disk, what runs can be finished, new work is refused with the exit code for it, and all goes
// on when there is room again, with nobody starting anything anew. Method: real disks, small
// ones: in memory, and a file with a file system in it.
import Glibc
import Testing

@Suite(.enabled(if: getuid() == 0, "only root can mount a small disk"))
struct `A disk that is full` {
    /// A page of lock.mdb, or of the bell, that the disk has no room for would be a SIGBUS.
    @Test(arguments: SmallDisk.allCases)
    func `has all of the files in shared memory that come with a store`(_ kind: SmallDisk) async throws {
        try await withBox { box throws in
            try kind.mounted(in: box) { disk throws in
                let store = ["--store", "\(disk)/store"]
                #expect(try box.run(program: [Box.command, "enqueue"] + store + ["--", "true"]).status == 0)
                for file in ["bell", "lock.mdb"] {
                    var status = stat()
                    #expect(stat("\(disk)/store/\(file)", &status) == 0)
                    #expect(status.st_blocks * 512 >= status.st_size && status.st_size > 0, "\(file)")
                }
                // As an earlier version left them: empty pages.
                #expect(truncate("\(disk)/store/bell", 0) == 0 && truncate("\(disk)/store/bell", 4096) == 0)
                try fill("\(disk)/ballast")
                let refused = try box.run(program: [Box.command, "enqueue"] + store + ["--", "true"])
                #expect(refused.status == 75, "\(refused.ending) \(refused.errors)")
                #expect(refused.errors.contains("Free some space"), "\(refused.errors)")
            }
        }
    }

    @Test(arguments: SmallDisk.allCases)
    func `takes no new work, lets what runs end, and all goes on when there is room`(_ kind: SmallDisk) async throws {
        try await withBox { box throws in
            try kind.mounted(in: box) { disk throws in
                let store = ["--store", "\(disk)/store"]
                let gate = try box.makeFifo("gate")
                let command =
                    "echo runs > \(box.path("started")); read line <\(gate.path); yes $(printf %099d 0) | head -n 1000"
                let first = try box.run(program: [Box.command, "enqueue"] + store + ["--shell", command])
                #expect(first.status == 0, "\(first.errors)")
                let worker = try box.start(program: [Box.command, "worker"] + store)
                try box.until("the command runs") { try box.lines(of: "started") == ["runs"] }
                try fill("\(disk)/ballast")

                for refused in [["enqueue", "--", "true"], ["add", "job", "--manual", "--", "true"]] {
                    let finished = try box.run(program: [Box.command] + refused.prefix(1) + store + refused.dropFirst())
                    #expect(finished.status == 75, "\(finished.ending) \(finished.errors)")
                    #expect(finished.errors.contains("takes nothing new"), "\(finished.errors)")
                }
                let full = try statistics(box, store)
                #expect(full["level"] == "finishing_only", "\(full)")
                #expect(full["disk_free_bytes"] == 0)

                try gate.release()
                try worker.waitForLine("attempt 1: SUCCESS")
                let logs = try box.run(program: [Box.command, "logs"] + store + ["1"])
                // More than the free pages within the store would have taken.
                #expect(logs.output.utf8.count == 100_000)

                unlink("\(disk)/ballast")
                let second = try box.run(program: [Box.command, "enqueue"] + store + ["--", "true"])
                #expect(second.output == "2\n", "\(second.errors)")
                try worker.waitForLine("attempt 1: SUCCESS")
                #expect(try statistics(box, store)["level"] == "normal")
                worker.signal(SIGTERM)
                #expect(try worker.wait() == .exited(0))
                let verified = try box.run(program: [Box.command, "verify"] + store)
                #expect(verified.status == 0, "\(verified.output)")
            }
        }
    }

    /// The live data lies on the same disk, and the output is larger than all that is left of it.
    @Test(arguments: SmallDisk.allCases)
    func `has due times recorded as skipped, pages shown, and no process ended`(_ kind: SmallDisk) async throws {
        try await withBox { box throws in
            try kind.mounted(in: box) { disk throws in
                let store = ["--store", "\(disk)/store"]
                let gate = try box.makeFifo("gate")
                let command =
                    "echo runs > \(box.path("started")); read line <\(gate.path); yes $(printf %099d 0) | head -c 3000000"
                let live = ["/usr/bin/env", "SIGNALBOX_LIVE=\(disk)/live", Box.command]
                let first = try box.run(program: live + ["enqueue"] + store + ["--shell", command])
                #expect(first.status == 0, "\(first.errors)")
                let all = try box.start(program: live + ["up", "--listen", "127.0.0.1:0"] + store)
                let line = try all.waitForLine("address=127.0.0.1:")
                let port = try #require(line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { UInt16($0.1) })
                let tick = ["add", "tick"] + store + ["--every", "1s", "--", "true"]
                #expect(try box.run(program: [Box.command] + tick).status == 0)
                try box.until("the command runs") { try box.lines(of: "started") == ["runs"] }
                try fill("\(disk)/ballast")
                try all.waitForLine("0 dispatched, 1 skipped")
                #expect(try Answer(of: "/", port: port).body.contains("takes no new jobs"))
                try gate.release()
                try all.waitForLine("dispatch 1, attempt 1: SUCCESS")
                let logs = try box.run(program: [Box.command, "logs"] + store + ["1"])
                #expect(logs.output.utf8.count > 100_000)
                unlink("\(disk)/ballast")
                try all.waitForLine("of tick, attempt 1: SUCCESS")
                #expect(try Answer(of: "/dispatches/1", port: port).body.contains("SUCCESS"))
                all.signal(SIGTERM)
                #expect(try all.wait() == .exited(0))
                let verified = try box.run(program: [Box.command, "verify"] + store)
                #expect(verified.status == 0, "\(verified.output)")
            }
        }
    }

    @Test(arguments: SmallDisk.allCases)
    func `takes as many lines of standard input as fit, and names the first that does not`(_ kind: SmallDisk)
        async throws
    {
        try await withBox { box throws in
            try kind.mounted(in: box) { disk throws in
                let store = ["--store", "\(disk)/store"]
                let lines = String(repeating: "{\"shell\": \"true\"}\n", count: kind == .memory ? 20_000 : 40_000)
                let finished = try box.run(program: [Box.command, "enqueue", "--stdin"] + store, input: lines)
                #expect(finished.status == 75, "\(finished.ending) \(finished.errors)")
                #expect(finished.errors.hasSuffix("The lines before it are enqueued\n"), "\(finished.errors)")
                let status = try JSONValue(box.run(program: [Box.command, "status", "--json"] + store).output)
                let kept = try #require(status["dispatches"]["PENDING"].number)
                #expect(
                    finished.errors.hasPrefix("signalbox: standard input:\(kept + 1): the store would be 90 % full"))
                let filled = try #require(try statistics(box, store)["filled_percent"].number)
                #expect((85..<95).contains(filled))
            }
        }
    }
}

private func statistics(_ box: Box, _ store: [String]) throws -> JSONValue {
    try JSONValue(box.run(program: [Box.command, "stat", "--json"] + store).output)
}
