import Glibc
import SignalboxCore
@testable import SignalboxRuntime
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The settings of a command's process` {
    @Test func `are its niceness and its limits, soft and hard`() async throws {
        let report = try await onThread {
            var launch = shell("nice; ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -t; ulimit -f")
            launch.nice = 7
            launch.limits = [
                .openFiles: .amount(77), .core: .amount(0), .cpu: .amount(600), .fileSize: .amount(512 << 10),
            ]
            return try run(launch)
        }
        #expect(report.outputText == "7\n77\n77\n0\n600\n1024\n")
    }

    @Test func `hold it to them`() async throws {
        let folder = Folder()
        let report = try await onThread {
            var launch = shell("trap '' XFSZ; head -c 5000 /dev/zero >file; wc -c <file", directory: folder.path)
            launch.limits = [.fileSize: .amount(4_096)]
            return try run(launch)
        }
        #expect(report.outputText.split(separator: "\n") == ["4096"])
        #expect(report.errorText.contains("too large"))
    }

    @Test func `are the worker's where nothing is said, but for the descriptors it has made room for`() async {
        await #expect(processExitsWith: .success) {
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit(rlim_cur: 100, rlim_max: 200)
            setrlimit(resource, &limit)
            KernelLimit.raiseOpenFiles()
            let report = try await onThread { try run(shell("ulimit -Sn; ulimit -Hn")) }
            getrlimit(resource, &limit)
            exit(report.outputText == "100\n200\n" && limit.rlim_cur == 200 ? 0 : 1)
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `make it another user's, with the groups and nothing else of that`()
        async throws
    {
        let report = try await onThread {
            let other = try OtherAccount("nobody")
            var launch = shell(
                "id -u; id -g; id -G; grep -E '^(CapEff|CapPrm)' /proc/self/status; echo $$; kill -STOP $$")
            launch.account = other
            launch.environment = CommandEnvironment(account: other.account)
            let process = try CommandProcess(launch)
            let text = try nextLines(process.output, count: 6)
            process.askToEnd()
            _ = try end(of: process)
            return (text, other)
        }
        let (lines, other) = report
        #expect(lines.prefix(2) == ["\(other.user)", "\(other.group)"])
        #expect(Set(lines[2].split(separator: " ").map(String.init)) == Set(other.groups.map { "\($0)" }))
        #expect(lines[3...4].allSatisfy { $0.hasSuffix("0000000000000000") })
    }

    @Test(.enabled(if: geteuid() == 0)) func `give it the home, the name and the shell of that account`() async throws {
        let report = try await onThread {
            let other = try OtherAccount("nobody")
            var launch = launch(.program(["env"]))
            launch.account = other
            launch.environment = CommandEnvironment(account: other.account)
            return (try run(launch).outputText, other.account)
        }
        for line in ["HOME=\(report.1.home)", "USER=nobody", "LOGNAME=nobody", "SHELL=\(report.1.shell)"] {
            #expect(report.0.split(separator: "\n").contains(Substring(line)))
        }
    }

    /// The kernel forgets the parent-death signal of a process that changes its user, unless it is set afterwards.
    @Test(.enabled(if: geteuid() == 0)) func `let it die with its worker also as another user`() async throws {
        let folder = Folder()
        let path = folder.path + "/leader"
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try await onThread {
                var launch = shell("echo ready; exec sleep 1000")
                launch.account = try OtherAccount("nobody")
                let process = try CommandProcess(launch)
                _ = try nextText(process.output)
                write("\(process.identity.pid) \(process.identity.startTicks)", to: path)
                kill(getpid(), SIGKILL)
            }
        }
        #expect(try waitForEnd(ofLeaderNotedIn: path))
    }
}

@Suite(.timeLimit(.minutes(20))) struct `A command whose process cannot be set up` {
    @Test func `names an account that does not exist`() {
        let error = #expect(throws: CommandStartError.self) { try OtherAccount("no-such-account") }
        #expect(error?.code == .account)
        #expect(error?.description.contains("no-such-account") == true)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `says that only root can start commands of others, raise limits and be less nice`() async {
        await #expect(processExitsWith: .success) {
            let nobody = try OtherAccount("nobody")
            #expect(setgid(nobody.group) == 0 && setuid(nobody.user) == 0)
            let other = #expect(throws: CommandStartError.self) { try OtherAccount("root") }
            #expect(other?.code == .account && other?.description.contains("runs as nobody") == true)
            _ = try OtherAccount("nobody")
            var launches = [shell("true"), shell("true")]
            launches[0].nice = -5
            launches[1].limits = [.openFiles: .amount(1 << 40)]
            for (launch, word) in zip(launches, ["niceness to -5", "limit open_files"]) {
                let error = try await onThread { () -> CommandStartError? in
                    do throws(CommandStartError) {
                        _ = try CommandProcess(launch)
                        return nil
                    } catch { return error }
                }
                #expect(error?.code == .setting && error?.description.contains(word) == true)
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `says as whom it cannot enter its directory`() async throws {
        let folder = Folder()
        let error = try await onThread { () -> CommandStartError? in
            var launch = shell("true", directory: folder.path)
            launch.account = try OtherAccount("nobody")
            do throws(CommandStartError) {
                _ = try CommandProcess(launch)
                return nil
            } catch { return error }
        }
        #expect(error?.code == .directory)
        #expect(error?.description.contains("as nobody: Permission denied") == true)
    }
}

@Suite struct `The variables of a job` {
    @Test func `cannot be those that workers set`() {
        let account = Account(name: "ada", home: "/home/ada")
        let environment = CommandEnvironment(account: account, job: ["SIGNALBOX_STORE": "x", "SIGNALBOXES": "y"])
        #expect(environment.variables["SIGNALBOX_STORE"] == nil)
        #expect(environment.variables["SIGNALBOXES"] == "y")
    }
}

/// Waits for the first `count` lines.
private func nextLines(_ descriptor: Descriptor, count: Int) throws -> [String] {
    var text = ""
    while text.split(separator: "\n").count < count || !text.hasSuffix("\n") { text += try nextText(descriptor) }
    return text.split(separator: "\n").map(String.init)
}
