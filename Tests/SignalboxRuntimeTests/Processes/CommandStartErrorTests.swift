import Glibc
import SignalboxCore
import SignalboxRuntime
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A command that cannot start` {
    @Test func `names the PATH when its program is in none of its folders`() async throws {
        let error = try await failure(launch(.program(["no-such-program"]), job: ["PATH": "/usr/bin:/bin"]))
        #expect(error?.code == .notFound)
        #expect(
            error?.description
                == "cannot run \"no-such-program\": No such file or directory; its PATH is /usr/bin:/bin")
    }

    @Test func `says so when the file is missing`() async throws {
        let error = try await failure(launch(.program(["/no/such/program"])))
        #expect(error?.code == .notFound)
    }

    @Test func `says so when the file is not executable`() async throws {
        let folder = Folder()
        let error = try await failure(launch(.program([folder.file("script", "#!/bin/sh\n")])))
        #expect(error?.code == .notExecutable)
        #expect(error?.description.hasSuffix("Permission denied; make it executable (chmod +x)") == true)
    }

    @Test func `says so when a script has no first line`() async throws {
        let folder = Folder()
        let error = try await failure(launch(.program([folder.file("script", "echo hello\n", mode: 0o700)])))
        #expect(error?.code == .notExecutable)
        #expect(error?.description.hasSuffix("a script needs a first line such as #!/bin/sh") == true)
    }

    @Test func `says so when the interpreter is missing`() async throws {
        let folder = Folder()
        let script = folder.file("script", "#!/no/such/shell\n", mode: 0o700)
        let error = try await failure(launch(.program([script])))
        #expect(error?.code == .notFound)
    }

    @Test func `says so when its directory cannot be entered`() async throws {
        let error = try await failure(shell("true", directory: "/no/such/directory"))
        #expect(error?.code == .directory)
        #expect(
            error?.description == "cannot enter the directory \"/no/such/directory\": No such file or directory")
    }

    @Test func `names standard input when its arguments are too large`() async throws {
        let error = try await failure(shell(": " + String(repeating: "x", count: 131_072)))
        #expect(error?.code == .tooLarge)
        #expect(error?.description.hasSuffix("the limit is 131072: pass large data on standard input") == true)
    }

    @Test func `refuses a zero byte, a nameless variable and an empty command`() async throws {
        let launches = [
            launch(.program(["echo", "a\0b"])), launch(.program(["echo"]), job: ["": "x"]),
            launch(.program(["echo"]), job: ["A=B": "x"]), launch(.program([])), launch(.program([""])),
        ]
        for launch in launches {
            #expect(try await failure(launch)?.code == .invalidText)
        }
    }

    @Test func `leaves no child behind`() async {
        await #expect(processExitsWith: .success) {
            let error = try await failure(launch(.program(["/no/such/program"])))
            let own = try ProcessIdentity.current()
            let children = try ProcessRecord.all().filter { $0.parent == own.pid }
            #expect(error != nil)
            #expect(children.isEmpty)
        }
    }

    @Test func `is looked up in its own PATH, past what may not be executed`() async throws {
        let (first, second) = (Folder(), Folder())
        _ = first.file("tool", "#!/bin/sh\necho first\n")
        _ = second.file("tool", "#!/bin/sh\necho second\n", mode: 0o700)
        let path = "/no/such/folder:\(first.path):\(second.path)"
        let report = try await onThread { try run(launch(.program(["tool"]), job: ["PATH": path])) }
        #expect(report.outputText == "second\n")
    }
}

/// The error of a start that must fail; nil when it did not.
private func failure(_ launch: CommandLaunch) async throws -> CommandStartError? {
    try await onThread { () -> CommandStartError? in
        do throws(CommandStartError) {
            _ = try CommandProcess(launch)
            return nil
        } catch {
            return error
        }
    }
}
