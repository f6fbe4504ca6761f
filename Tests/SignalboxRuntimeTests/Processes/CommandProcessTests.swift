import CLinux
import Glibc
import SignalboxCore
import SignalboxRuntime
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A command` {
    @Test(arguments: [0, 1, 78, 255])
    func `ends with its exit code`(code: Int) async throws {
        let report = try await onThread { try run(shell("exit \(code)")) }
        #expect(report.outcome == .exited(UInt8(code)))
    }

    @Test(arguments: [SIGTERM, SIGKILL, SIGSEGV])
    func `ends with the signal that killed it`(signal: Int32) async throws {
        let report = try await onThread { try run(shell("kill -\(signal) $$")) }
        #expect(report.outcome == .signalled(UInt8(signal)))
    }

    @Test func `gets its arguments as they are`() async throws {
        let words = ["", "two words", "*", "$HOME", "a\nb", "ü"]
        let report = try await onThread { try run(launch(.program(["printf", "[%s]"] + words))) }
        #expect(report.outputText == words.map { "[\($0)]" }.joined())
    }

    @Test func `writes to two streams and the control channel`() async throws {
        let report = try await onThread {
            try run(shell("echo out; echo err >&2; echo progress 40 >&3", hasControlChannel: true))
        }
        #expect(report.outputText == "out\n")
        #expect(report.errorText == "err\n")
        #expect(report.control == Array("progress 40\n".utf8))
    }

    @Test func `leads a session of its own with default signals`() async throws {
        signal(SIGUSR2, SIG_IGN)
        let (record, pid, status) = try await onThread {
            let process = try CommandProcess(shell("echo ready; kill -STOP $$"))
            _ = try nextText(process.output)
            let pid = process.identity.pid
            return (ProcessRecord(pid: pid), pid, try contents(of: "/proc/\(pid)/status"))
        }
        #expect(record?.session == pid)
        #expect(record?.group == pid)
        let masks = status.split(separator: "\n").filter { $0.hasPrefix("SigBlk") || $0.hasPrefix("SigIgn") }
        #expect(masks == ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"])
    }

    @Test(arguments: [false, true])
    func `has no descriptor but its own`(hasControlChannel: Bool) async throws {
        let numbers = try await onThread {
            // Two that a careless program left to be inherited.
            let (low, high) = (open("/dev/null", O_RDONLY), fcntl(0, F_DUPFD, 900))
            defer { for number in [low, high] { close(number) } }
            let process = try CommandProcess(
                shell("echo ready; kill -STOP $$", hasControlChannel: hasControlChannel))
            _ = try nextText(process.output)
            return descriptors(of: process.identity.pid)
        }
        #expect(numbers == (hasControlChannel ? [0, 1, 2, 3] : [0, 1, 2]))
    }

    @Test func `is started right by a process that has closed its own streams`() async {
        await #expect(processExitsWith: .success) {
            let folder = Folder()
            for number in 0...2 as ClosedRange<Int32> { close(number) }
            let report = try await onThread {
                try run(shell("cat; echo err >&2", directory: folder.path, input: Array("in".utf8)))
            }
            exit(report.outputText == "in" && report.errorText == "err\n" ? 0 : 1)
        }
    }

    @Test func `has an exit code even where ours was told to ignore its children`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGCHLD, SIG_IGN)
            let report = try await onThread { try run(shell("exit 3")) }
            #expect(report.outcome == .exited(3))
        }
    }

    @Test func `starts with the environment it was given and nothing else`() async throws {
        setenv("SIGNALBOX_TEST_LEAK", "1", 1)
        let report = try await onThread {
            try run(launch(.program(["env"]), job: ["GREETING": "a=b\nc"], ours: ["SIGNALBOX_RUN_ID": "r1"]))
        }
        #expect(
            report.outputText == """
                GREETING=a=b
                c
                HOME=/
                LANG=C.UTF-8
                LOGNAME=someone
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
                SHELL=/bin/sh
                SIGNALBOX_RUN_ID=r1
                USER=someone

                """)
    }

    @Test func `runs in its directory with its file mode mask`() async throws {
        let report = try await onThread {
            var launch = shell("pwd; umask", directory: "/usr")
            launch.fileModeMask = FileModeMask(rawValue: 0o077)
            return try run(launch)
        }
        #expect(report.outputText == "/usr\n0077\n")
    }

    @Test func `reads nothing when it is given nothing`() async throws {
        let report = try await onThread { try run(shell("cat; readlink /proc/self/fd/0")) }
        #expect(report.outputText == "/dev/null\n")
    }

    @Test(arguments: [1, 65_536, 65_537, 3_000_000])
    func `reads the bytes it is given, to their end`(size: Int) async throws {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let report = try await onThread { try run(launch(.program(["cat"]), input: payload), keeping: 4 << 20) }
        #expect(report.output == payload)
        #expect(report.outcome == .exited(0))
    }

    @Test func `is drained of 100 MB a piece at a time`() async throws {
        let size = 100 << 20
        let report = try await onThread {
            try run(launch(.program(["head", "-c", "\(size)", "/dev/zero"])), keeping: 16)
        }
        #expect(report.outputSize == size)
        #expect(report.output.count == 16)
    }

    @Test func `that is stopped obeys when it is asked to end`() async throws {
        let outcome = try await onThread {
            let process = try CommandProcess(shell("trap 'exit 9' TERM; echo ready; kill -STOP $$; exit 1"))
            _ = try nextText(process.output)
            process.askToEnd()
            return try end(of: process)
        }
        #expect(outcome == .exited(9))
    }

    @Test func `takes its group with it when that is killed`() async throws {
        let (outcome, childEnded) = try await onThread {
            let process = try CommandProcess(shell("trap '' TERM; sh -c 'echo $$; exec sleep 1000' & wait"))
            let child = try ProcessWatch(identity(printed: try nextText(process.output)))
            let sent = process.signalGroup(.kill)
            return (try end(of: process), try sent && child?.waitForEnd(for: .seconds(600)) ?? true)
        }
        #expect(outcome == .signalled(UInt8(SIGKILL)))
        #expect(childEnded)
    }

    @Test func `is killed with its group and collected when nobody holds it any more`() async throws {
        @Sendable func startAndLetGo() throws -> (leader: ProcessIdentity, child: ProcessWatch?) {
            let process = try CommandProcess(shell("sh -c 'echo $$; exec sleep 1000' & wait"))
            return (process.identity, try ProcessWatch(identity(printed: try nextText(process.output))))
        }
        let (leader, childEnded) = try await onThread {
            let (leader, child) = try startAndLetGo()
            return (ProcessRecord(pid: leader.pid), try child?.waitForEnd(for: .seconds(600)) ?? true)
        }
        #expect(leader == nil)
        #expect(childEnded)
    }

    @Test func `gets no signal after it was collected`() async throws {
        let sent = try await onThread {
            let process = try CommandProcess(shell("exit 0"))
            _ = try end(of: process)
            return process.signalGroup(.terminate)
        }
        #expect(!sent)
    }

    @Test func `dies when the process that started it is killed`() async throws {
        let folder = Folder()
        let path = folder.path + "/leader"
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try await onThread {
                let process = try CommandProcess(shell("trap '' TERM HUP; echo ready; exec sleep 1000"))
                _ = try nextText(process.output)
                write("\(process.identity.pid) \(process.identity.startTicks)", to: path)
                kill(getpid(), SIGKILL)
            }
        }
        #expect(try waitForEnd(ofLeaderNotedIn: path))
    }
}

@Suite struct `Closing descriptors by their list` {
    @Test func `closes all from a number on where the kernel has no call for it`() async {
        await #expect(processExitsWith: .success) {
            let numbers = [open("/dev/null", O_RDONLY), fcntl(2, F_DUPFD, 100), fcntl(2, F_DUPFD, 5_000)]
            let kept = dup2(2, 90)
            let result = linux_close_listed_descriptors(100)
            let closed = numbers.dropFirst().allSatisfy { fcntl($0, F_GETFD) == -1 }
            exit(result == 0 && closed && fcntl(kept, F_GETFD) != -1 && fcntl(numbers[0], F_GETFD) != -1 ? 0 : 1)
        }
    }
}

private func descriptors(of pid: Int32) -> [Int] {
    guard let folder = opendir("/proc/\(pid)/fd") else { return [] }
    defer { closedir(folder) }
    var numbers: [Int] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if let number = Int(name) { numbers.append(number) }
    }
    return numbers.sorted()
}
