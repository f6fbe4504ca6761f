// Aim: a disk that becomes read-only under running processes ends those who have to write, each with one sentence;
// nothing acknowledged is lost, and all goes on when it has been mounted anew. Method: a real file system that is made to
// find a fault in itself, as one does whose disk fails.
//
// Asked by hand (mount -o remount,ro) the kernel does not do it as long as a process has the store open.
import Glibc
import Testing

@Suite(
    .enabled(if: getuid() == 0, "only root can mount a small disk"),
    .enabled(if: PreloadedLibrary.compiler != nil, "there is no C compiler to build the clock with"))
struct `A disk that becomes read-only` {
    @Test func `ends who writes with a sentence, is read on, and takes nothing that was acknowledged`() async throws {
        try await withBox { box throws in
            try SmallDisk.ext4.mounted(in: box) { disk throws in
                let store = ["--store", "\(disk)/store"]
                let clock = try WallClock(of: box, showing: "2026-11-22T12:00:00Z")
                let gate = try box.makeFifo("gate")
                let command = "echo runs >> \(box.path("started")); read line <\(gate.path)"
                let first = try box.run(program: [Box.command, "enqueue"] + store + ["--shell", command])
                #expect(first.output == "1\n", "\(first.errors)")
                let worker = try box.start(program: [Box.command, "worker"] + store)
                try box.until("the command runs") { try box.lines(of: "started") == ["runs"] }
                let scheduler = try box.start(
                    program: [Box.command, "scheduler", "--clock-max-wait", "0s"] + store)
                let server = try box.start(program: [Box.command, "serve", "--listen", "127.0.0.1:0"] + store)
                let line = try server.waitForLine("address=127.0.0.1:")
                let port = try #require(line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { UInt16($0.1) })
                #expect(try box.run(program: [Box.command, "enqueue"] + store + ["--", "true"]).output == "2\n")
                let later = ["add", "later"] + store + ["--at", "2026-11-22T13:00:00Z", "--", "true"]
                #expect(try box.run(program: [Box.command] + later).status == 0)
                try worker.waitForLine("dispatch 2, attempt 1: SUCCESS")

                #expect(try box.run(program: ["/usr/bin/mount", "-o", "remount,ro", disk]).status != 0)
                try makeReadOnly(disk, box)
                // The worker has to write down what ended, and the scheduler what falls due.
                try gate.release()
                try clock.set(to: "2026-11-22T13:00:00Z")
                for process in [worker, scheduler] {
                    #expect(try process.wait() == .exited(74), "\(process.name)")
                    let complaints = try process.errors().split(separator: "\n").filter { $0.contains("ead-only") }
                    #expect(complaints.count == 1)
                    #expect(complaints.first?.hasPrefix("signalbox: ") == true)
                }
                #expect(try Answer(of: "/dispatches/2", port: port).body.contains("SUCCESS"))
                let refused = try box.run(program: [Box.command, "enqueue"] + store + ["--", "true"])
                #expect(refused.status == 74 && refused.output == "")
                #expect(isOneSentence(refused.errors) && refused.errors.contains("ead-only"), "\(refused.errors)")
                server.signal(SIGTERM)
                #expect(try server.wait() == .exited(0))

                #expect(try box.run(program: ["/usr/bin/umount", disk]).status == 0)
                try SmallDisk.ext4.mount(box, at: disk)
                #expect(try box.run(program: [Box.command, "verify"] + store).status == 0)
                let next = try box.start(program: [Box.command, "worker"] + store)
                try box.until("the command runs again") { try box.lines(of: "started").count == 2 }
                try gate.release()
                try next.waitForLine("dispatch 1, attempt 2: SUCCESS")
                next.signal(SIGTERM)
                #expect(try next.wait() == .exited(0))
                let verified = try box.run(program: [Box.command, "verify"] + store)
                #expect(verified.status == 0, "\(verified.output)")
            }
        }
    }
}

/// Has the kernel find a fault in the file system at `path`.
private func makeReadOnly(_ path: String, _ box: Box) throws {
    let found = try box.run(program: ["/usr/bin/findmnt", "-n", "-o", "SOURCE", path])
    let device = found.output.split(separator: "/").last.map { $0.prefix { $0 != "\n" } } ?? ""
    let trigger = "/sys/fs/ext4/\(device)/trigger_fs_error"
    guard access(trigger, W_OK) == 0 else { try Test.cancel("this machine cannot break a file system: \(trigger)") }
    let descriptor = open(trigger, O_WRONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard write(descriptor, "1", 1) == 1 else { throw TestFailure("\(trigger): \(errnoText())") }
}
