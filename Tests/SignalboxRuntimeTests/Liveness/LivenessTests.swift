import Glibc
import SignalboxCore
import SignalboxRuntime
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A liveness lock` {
    private let folder = Folder()
    private var file: LivenessFile { LivenessFile(path: folder.path + "/liveness") }
    private let first = LivenessFile.Role.worker(WorkerID(1))
    private let second = LivenessFile.Role.worker(WorkerID(2))

    @Test func `is held while its object lives, by one only`() async throws {
        var lock = try file.tryLock(first)
        #expect(lock != nil)
        #expect(try file.isHeld(first))
        #expect(try file.tryLock(first) == nil)
        lock = nil
        withExtendedLifetime(lock) {}
        _ = try await waitForLock()
    }

    /// Returns once the lock can be had. A test may have to wait a moment for that even if all have let go of it: a
    /// command that another test starts has copies of all descriptors from its birth until it executes.
    private func waitForLock() async throws -> LivenessLock {
        let (file, first) = (file, first)
        return try await onThread { try file.lock(first) }
    }

    @Test func `excludes nobody else's role`() throws {
        let lock = try file.tryLock(first)
        let last = LivenessFile.Role.worker(WorkerID((1 << 62) - 1))
        #expect(try file.tryLock(second) != nil)
        #expect(try file.tryLock(last) != nil)
        #expect(try file.tryLock(.reaper) != nil)
        withExtendedLifetime(lock) {}
    }

    @Test func `is nobody's while there is no file`() throws {
        #expect(try !file.isHeld(first))
    }

    @Test func `says so when its folder is missing`() {
        let file = LivenessFile(path: "/no/such/folder/liveness")
        #expect(throws: SystemCallError("open /no/such/folder/liveness", ENOENT)) { try file.tryLock(.reaper) }
    }

    @Test func `outlives the closing of another descriptor of the file`() throws {
        let lock = try file.tryLock(first)
        _ = try contents(of: file.path)
        write("", to: file.path)
        #expect(try file.isHeld(first))
        withExtendedLifetime(lock) {}
    }

    @Test func `is not inherited by a command`() async throws {
        let (file, first) = (file, first)
        let isRunning = try await onThread {
            var lock = try file.tryLock(first)
            let process = try CommandProcess(shell("exec sleep 1000"))
            lock = nil
            withExtendedLifetime(lock) {}
            _ = try file.lock(first)
            return process.collect() == nil
        }
        #expect(isRunning)
    }

    @Test func `is free the moment its holder is killed`() async throws {
        let news = folder.pipe("news")
        let path = file.path
        async let holder = onThread { try identity(printed: contents(of: news)) }
        async let death = #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, news = news as String] in
            let lock = try LivenessFile(path: path).tryLock(.worker(WorkerID(1)))
            write("\(getpid())", to: news)
            while lock != nil { pause() }
        }
        let watch = try #require(try ProcessWatch(try await holder))
        #expect(try file.isHeld(first))
        try watch.send(.kill)
        #expect(try watch.waitForEnd(for: .seconds(600)))
        #expect(try !file.isHeld(first))
        _ = await death
    }

    @Test func `of the reaper passes to the one who waits for it`() async throws {
        let file = file
        var lock = try file.tryLock(.reaper)
        let waiting = try LoopThread(name: "waits") { try file.lock(.reaper) }
        #expect(try file.tryLock(.reaper) == nil)
        lock = nil
        withExtendedLifetime(lock) {}
        let next = try await waiting.value()
        #expect(try file.isHeld(.reaper))
        withExtendedLifetime(next) {}
    }
}

@Suite(.timeLimit(.minutes(20))) struct `A process watch` {
    @Test func `wakes a loop when a process that is not our child is killed`() async throws {
        let (tokens, hadEnded) = try await onThread {
            let process = try CommandProcess(shell("sh -c 'echo $$; exec sleep 1000' & wait"))
            let grandchild = try identity(printed: try nextText(process.output))
            guard let watch = try ProcessWatch(grandchild) else { throw NotAProcess(text: "\(grandchild)") }
            let hadEnded = try watch.hasEnded()
            let loop = try EventLoop<String>()
            try loop.add(watch, token: "grandchild")
            kill(grandchild.pid, SIGKILL)
            return (try loop.wait().map(\.token), hadEnded)
        }
        #expect(tokens == ["grandchild"])
        #expect(!hadEnded)
    }

    @Test func `is nil for another process with the same number`() throws {
        var identity = try ProcessIdentity.current()
        identity.startTicks -= 1
        #expect(try ProcessWatch(identity) == nil)
    }

    @Test func `is nil for a process that was collected`() async throws {
        let watch = try await onThread {
            let process = try CommandProcess(shell("true"))
            _ = try end(of: process)
            return try ProcessWatch(process.identity)
        }
        #expect(watch == nil)
    }
}
