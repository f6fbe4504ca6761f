import CLinux
import Glibc

/// How a process ended.
enum Ending: Hashable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    var description: String {
        switch self {
        case .exited(let code): "exit \(code)"
        case .signalled(let number): "signal \(number)"
        }
    }
}

/// A process that has ended, and what it said.
struct Finished {
    let ending: Ending
    let output: String
    let errors: String

    /// Its exit code; -1 when a signal ended it.
    var status: Int32 { if case .exited(let code) = ending { code } else { -1 } }
}

/// A process of a test. Its output goes to files in the box's folder, so that it never waits for a reader.
final class ChildProcess {
    let name: String
    let pid: pid_t
    /// Readable once the process has ended.
    let pidfd: Int32
    private let box: Box
    private var ending: Ending?
    private var linesSeen = 0

    init(_ arguments: [String], name: String, in box: Box, input: String?) throws {
        self.name = name
        self.box = box
        if let input { try box.write(input, to: name + ".in") }
        pid = try spawn(
            arguments, in: box.folder, input: input == nil ? "/dev/null" : box.path(name + ".in"),
            output: box.path(name + ".out"), errors: box.path(name + ".err"),
            environment: [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(box.folder)",
                "LANG=C.UTF-8", "TZ=UTC", "SIGNALBOX_STORE=\(box.store)", "SIGNALBOX_LIVE=\(box.folder)/live",
            ] + box.environment)
        pidfd = linux_pidfd_open(pid)
        guard pidfd >= 0 else { throw TestFailure("pidfd_open of \(name): error \(-pidfd)") }
    }

    deinit { close(pidfd) }

    func signal(_ number: Int32) { if ending == nil { kill(pid, number) } }

    /// Waits for the end.
    @discardableResult
    func wait(_ bound: Bound = Bound()) throws -> Ending {
        guard try bound.wait(for: [pidfd]) else { throw TestFailure("\(name) does not end") }
        return collect()
    }

    /// Stops it where it waits for something to happen: elsewhere it may hold a lock that others wait for.
    func stopWhereItWaits() throws {
        repeat {
            signal(SIGCONT)
            signal(SIGSTOP)
            var status: Int32 = 0
            guard waitpid(pid, &status, WUNTRACED) == pid, status & 0xff == 0x7f else {
                throw TestFailure("\(name) has ended, and cannot be stopped")
            }
        } while !isWaiting
    }

    /// Whether each of its threads is in a call that waits; of a process that is stopped.
    private var isWaiting: Bool {
        #if arch(x86_64)
        let waits: Set<Substring> = ["202", "232", "281"]  // futex, epoll_wait, epoll_pwait
        #else
        let waits: Set<Substring> = ["98", "22"]
        #endif
        return names(in: "/proc/\(pid)/task").allSatisfy { thread in
            // A kernel that does not tell may have stopped it anywhere.
            guard let call = try? readFile("/proc/\(pid)/task/\(thread)/syscall"), !call.isEmpty else { return true }
            return waits.contains(call.prefix { $0 != " " })
        }
    }

    var hasEnded: Bool {
        var ready = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        return ending != nil || poll(&ready, 1, 0) == 1
    }

    /// Ends it now, if it has not ended.
    func end() {
        signal(SIGKILL)
        _ = collect()
    }

    private func collect() -> Ending {
        if let ending { return ending }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            precondition(errno == EINTR, "\(name) was collected by others: \(errnoText())")
        }
        let number = status & 0x7f
        let result = number == 0 ? Ending.exited(status >> 8 & 0xff) : .signalled(number)
        ending = result
        return result
    }

    func output() throws -> String { try readFile(box.path(name + ".out")) }
    func errors() throws -> String { try readFile(box.path(name + ".err")) }

    /// Waits until it has written a line that holds `text` to standard error, after the line waited for before.
    @discardableResult
    func waitForLine(_ text: String) throws -> String {
        var found: String?
        try box.until("\(name) said \"\(text)\"", unlessEnds: self) {
            for line in try box.lines(of: name + ".err").dropFirst(linesSeen) {
                linesSeen += 1
                guard line.contains(text) else { continue }
                found = line
                return true
            }
            return false
        }
        return found ?? ""
    }

    /// Waits until its standard output holds `text`.
    func waitForOutput(_ text: String) throws {
        try box.until("\(name) printed \"\(text)\"", unlessEnds: self) { try output().contains(text) }
    }
}

/// How long a test waits for what has to happen: far longer than it ever takes, also on a slow machine that is busy with
/// something else, so that a hang is a failure and not the end of the whole run.
struct Bound {
    private let end: Int

    init(seconds: Int = 900) { end = Self.now() + seconds * 1000 }

    /// Whether one of the descriptors became readable before the bound.
    func wait(for descriptors: [Int32]) throws -> Bool {
        var list = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            let count = poll(&list, nfds_t(list.count), Int32(max(0, end - Self.now())))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TestFailure("poll: \(errnoText())") }
            return count > 0
        }
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}

/// Starts a program in `folder`, with default signals. It gets SIGKILL when the thread of its test ends, so that none
/// outlives the tests.
private func spawn(
    _ arguments: [String], in folder: String, input: String, output: String, errors: String, environment: [String]
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
    for (descriptor, path) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
        posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (all, none) = (sigset_t(), sigset_t())
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    // Both say what posix_spawn cannot, and become the program itself.
    let prefix = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "/usr/bin/env", "-C", folder]
    var words = (prefix + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var pid = pid_t()
    let error = posix_spawn(&pid, prefix[0], &actions, &attributes, &words, &variables)
    guard error == 0 else { throw TestFailure("\(prefix[0]): \(String(cString: strerror(error)))") }
    return pid
}
