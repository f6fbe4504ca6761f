// Aim: a process that may have little of something works within that, or ends with one line that names what it lacks and
// how to give it more; it neither hangs nor crashes, and no result is lost. Method: real processes under prlimit(1), and in
// a small memory cgroup.
import Glibc
import Testing

@Suite struct `A process that may have little` {
    private static let processes = [
        ["worker"], ["scheduler"], ["serve", "--listen", "127.0.0.1:0"], ["up", "--listen", "127.0.0.1:0"],
    ]

    @Test func `of descriptors says so, or works`() async throws {
        try await withBox { box throws in
            let few = try box.run(program: limited("--nofile=16") + ["enqueue", "--", "true"])
            #expect(few.output == "1\n" || few.errors.contains("ulimit -n"), "\(few.errors)")
            for words in [["enqueue", "--", "true"]] + Self.processes {
                for count in words[0] == "enqueue" ? [6, 9, 12] : [8, 16, 20] {
                    let finished = try box.run(program: limited("--nofile=\(count)") + words)
                    #expect(finished.status == 75, "\(words), \(count): \(finished.ending) \(finished.errors)")
                    #expect(finished.errors.contains("ulimit -n"), "\(words), \(count): \(finished.errors)")
                }
            }
        }
    }

    /// What is there is not called missing because it could not be opened.
    @Test func `of descriptors blames the lack of them`() async throws {
        try await withBox { box throws in
            try box.succeed("add", "nightly", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "--", "true")
            for count in 5...14 {
                for words in [["why", "nightly"], ["next", "nightly"], ["dump", box.path("dump-\(count)")]] {
                    let finished = try box.run(program: limited("--nofile=\(count)") + words)
                    let isRefused = finished.status == 75 && finished.errors.contains("ulimit -n")
                    #expect(finished.status == 0 || isRefused, "\(words), \(count): \(finished.errors)")
                    #expect(words[0] != "dump" || (access(words[1], F_OK) == 0) == (finished.status == 0))
                }
            }
            for count in 24...40 {
                let scheduler = try box.start(program: limited("--nofile=\(count)") + ["scheduler"])
                // Where it ends instead, that is looked at below.
                _ = try? scheduler.waitForLine("online:")
                scheduler.signal(SIGTERM)
                let (ending, said) = (try scheduler.wait(), try scheduler.errors())
                let isRefused = ending == .exited(75) && said.contains("ulimit -n")
                #expect(ending == .exited(0) || isRefused, "\(count): \(ending) \(said)")
            }
        }
    }

    /// At every number, for what comes when there is just none left is another thing each time.
    @Test func `of descriptors never crashes a worker`() async throws {
        try await withBox { box throws in
            for count in 30...46 {
                let id = try box.enqueue(shell: "true")
                let worker = try box.start(program: limited("--nofile=\(count)") + ["worker", "--slots", "1"])
                // Its own, or one before it that could not be started either.
                _ = try? worker.waitForLine("dispatch ")
                worker.signal(SIGTERM)
                let ending = try worker.wait()
                #expect([.exited(0), .exited(75)].contains(ending), "\(count): \(ending)")
                let settled = try box.dispatch(id)
                #expect(settled["state"] == "SUCCESS" || settled["attempt"] == 0, "\(count): \(settled)")
            }
        }
    }

    @Test func `of address space says so, or works`() async throws {
        try await withBox { box throws in
            try box.succeed("enqueue", "--", "true")
            for megabytes in [48, 72, 96, 128] {
                for words in Self.processes {
                    let process = try box.start(program: limited("--as=\(megabytes << 20)") + words)
                    // Where it ends instead, that is looked at below.
                    _ = try? process.waitForLine(words.count == 1 ? "online:" : "listens")
                    process.signal(SIGTERM)
                    let (ending, said) = (try process.wait(), try process.errors())
                    #expect(
                        [.exited(0), .exited(75)].contains(ending), "\(words), \(megabytes) MiB: \(ending) \(said)")
                    #expect(ending == .exited(0) || said.contains("ulimit -"), "\(words), \(megabytes) MiB: \(said)")
                }
            }
        }
    }

    /// Threads need address space, too: a copy is made by two of them.
    @Test func `of address space makes a copy, or says what it lacks`() async throws {
        try await withBox { box throws in
            try box.succeed("enqueue", "--", "true")
            for megabytes in stride(from: 56, through: 116, by: 6) {
                let copy = box.path("copy-\(megabytes)")
                let finished = try box.run(program: limited("--as=\(megabytes << 20)") + ["backup", copy])
                let isRefused = finished.status == 75 && finished.errors.contains("ulimit -")
                #expect(finished.status == 0 || isRefused, "\(megabytes) MiB: \(finished.ending) \(finished.errors)")
                #expect((access(copy, F_OK) == 0) == (finished.status == 0), "\(megabytes) MiB")
            }
        }
    }

    /// The dispatch was not begun: it keeps its attempts, and is there for a worker that can.
    @Test(.enabled(if: getuid() == 0, "only root can be another user"))
    func `of processes gives back what it cannot start, for another to run`() async throws {
        try await withBox { box throws in
            let user = 40_000 + UInt32(getpid()) % 20_000
            chown(box.folder, user, user)
            let asUser = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", Box.command]
            let enqueued = try box.run(program: asUser + ["enqueue", "--", "true"])
            #expect(enqueued.output == "1\n", "\(enqueued.errors)")
            // As many threads as a worker has, and no process more: found by trying.
            var poor: ChildProcess?
            for count in 2...16 where poor == nil {
                let process = try box.start(
                    program: ["/usr/bin/prlimit", "--nproc=\(count)"] + asUser + ["worker", "--slots", "1"])
                if let line = try? process.waitForLine("dispatch 1") {
                    #expect(line.contains("is given back"), "\(line)")
                    poor = process
                } else {
                    #expect(try process.wait() == .exited(75))
                    #expect(try process.errors().contains("ulimit -u"))
                }
            }
            let waiting = try box.dispatch(1)
            #expect(poor != nil && waiting["state"] == "PENDING" && waiting["attempt"] == 0, "\(waiting)")
            let other = try box.start(program: asUser + ["worker"])
            try other.waitForLine("dispatch 1, attempt 1: SUCCESS")
            for process in [poor, other] {
                process?.signal(SIGTERM)
                #expect(try process?.wait() == .exited(0))
            }
            let serving = try box.run(
                program: ["/usr/bin/prlimit", "--nproc=3"] + asUser + ["serve", "--listen", "127.0.0.1:0"])
            #expect(serving.status == 75 && serving.errors.contains("ulimit -u"), "\(serving.errors)")
            chown(box.folder, 0, 0)
        }
    }

    /// A limit of one byte is met in the midst of a write, which is then no full disk.
    @Test(arguments: [0, 1, 40, 511, 4096])
    func `of file size dumps and enqueues, or says so`(_ bytes: Int) async throws {
        try await withBox { box throws in
            try box.succeed("enqueue", "--shell", "# \(String(repeating: "x", count: 8000))")
            for words in [["dump", box.path("dump")], ["enqueue", "--", "true"]] {
                // What it says would not go into a file either.
                let script = ["/bin/sh", "-c", "{ \"$@\" 2>&1; echo exit $?; } | cat", "sh"]
                let said = try box.run(program: script + limited("--fsize=\(bytes)") + words).output
                #expect(said.contains("ulimit -f") && said.hasSuffix("exit 75\n"), "\(words): \(said)")
            }
            #expect(access(box.path("dump"), F_OK) != 0)
        }
    }

    /// SIGXFSZ ends a command that goes past its limit, and never one of ours.
    @Test func `of file size keeps its results until it may have more`() async throws {
        try await withBox { box throws in
            let gate = try box.makeFifo("gate")
            let big = try box.enqueue(
                shell: """
                    echo runs > \(box.path("started")); read line <\(gate.path)
                    exec head -c 1000000 /dev/zero > \(box.path("big"))
                    """)
            let worker = try box.startWorker()
            try box.until("the command runs") { try box.lines(of: "started") == ["runs"] }
            let children = try readFile("/proc/\(worker.pid)/task/\(worker.pid)/children")
            let threads = names(in: "/proc/\(worker.pid)/task").compactMap {
                try? readFile("/proc/\(worker.pid)/task/\($0)/children")
            }
            let commands = (children + threads.joined()).split(separator: " ").compactMap { Int32($0) }
            for pid in Set(commands + [worker.pid]) { try limit(box, pid, "4096") }
            try gate.release()
            try worker.waitForLine("ulimit -f")
            #expect(try box.dispatch(big)["state"] == "IN_PROGRESS")
            try limit(box, worker.pid, "unlimited")
            try worker.waitForLine("the store has room again")
            try worker.waitForLine("dispatch \(big), attempt 1: SCHEDULED")
            let attempt = try box.json("dispatch", "\(big)")
            #expect("\(attempt)".contains("SIGXFSZ") || "\(attempt)".contains("25"), "\(attempt)")
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
        }
    }

    /// The kernel ends the command that takes it all; its worker goes on.
    @Test(.enabled(if: getuid() == 0, "only root can make a cgroup"))
    func `of memory records the end of a command that took too much`() async throws {
        try await withBox { box throws in
            let group = try MemoryGroup(bytes: 96 << 20)
            defer { group.remove() }
            let greedy = try box.enqueue(shell: "head -c 400000000 /dev/zero | tail; exit $?")
            let modest = try box.enqueue(shell: "true")
            let worker = try box.start(program: [
                "/bin/sh", "-c", "echo $$ > \(group.path)/cgroup.procs && exec \"$@\"", "sh", Box.command, "worker",
                "--slots", "1",
            ])
            try worker.waitForLine("dispatch \(greedy), attempt 1: SCHEDULED")
            try worker.waitForLine("dispatch \(modest), attempt 1: SUCCESS")
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
        }
    }
}

private func limited(_ limit: String) -> [String] { ["/usr/bin/prlimit", limit, Box.command] }

private func limit(_ box: Box, _ pid: pid_t, _ fileSize: String) throws {
    let done = try box.run(program: ["/usr/bin/prlimit", "--pid", "\(pid)", "--fsize=\(fileSize):unlimited"])
    guard done.status == 0 else { throw TestFailure("prlimit: \(done.errors)") }
}

/// A cgroup of the test's own, of whichever version this machine has.
private struct MemoryGroup {
    let path: String

    init(bytes: Int) throws {
        let unified = (try? readFile("/sys/fs/cgroup/cgroup.subtree_control"))?.contains("memory") ?? false
        path = "/sys/fs/cgroup/\(unified ? "" : "memory/")signalbox-\(getpid())"
        guard mkdir(path, 0o755) == 0 else {
            try Test.cancel("this machine permits no cgroup: \(path): \(errnoText())")
        }
        let file = unified ? "memory.max" : "memory.limit_in_bytes"
        do { try writeFile("\(path)/\(file)", "\(bytes)") } catch {
            rmdir(path)
            try Test.cancel("this machine permits no limit of memory: \(error)")
        }
    }

    func remove() { rmdir(path) }
}
