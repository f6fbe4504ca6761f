import Glibc
import Testing

@Suite struct `Scheduler, worker and server with nothing to do` {
    private static let strace = "/usr/bin/strace"

    /// From the end of one heartbeat to the end of the next every system call of all three is looked at: 10 s in which
    /// a program that polls would show it. 200 clients of the live feed wait with them; a server asks each whether it is
    /// still there, but only 30 s after they came.
    @Test(.enabled(if: access(strace, X_OK) == 0, "strace is not installed"))
    func `make no system call but for the worker's heartbeat`() async throws {
        try await withBox { box in
            let worker = try box.startWorker()
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let line = try server.waitForLine("address=127.0.0.1:")
            let port = try #require(line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { UInt16($0.1) })
            let scheduler = try box.start("scheduler")
            // When this has run, all of them have begun and gone to sleep again.
            try box.succeed("add", "soon", "--at", "+1s", "--", "true")
            try worker.waitForLine("attempt 1: SUCCESS")
            try box.succeed("logs", "soon", "--follow")
            try box.succeed("add", "later", "--cron", "0 0 1 1 *", "--", "true")
            let clients = try (0..<200).map { _ in try FeedSocket(port: port) }
            for client in clients { #expect(try client.text()?.contains("seq") == true) }
            defer { withExtendedLifetime(clients) {} }
            let processes = [worker, server, scheduler]
            let tracer = try box.start(
                program: [Self.strace, "-f", "-o", box.path("trace")] + processes.flatMap { ["-p", "\($0.pid)"] })
            do { for _ in processes { try tracer.waitForLine("attached") } } catch {
                guard try tracer.errors().contains("not permitted") else { throw error }
                try Test.cancel("this machine does not permit strace to attach")
            }
            var period: ArraySlice<String>?
            try box.until("two heartbeats passed", unlessEnds: tracer) {
                period = quietPeriod(try box.lines(of: "trace"))
                return period != nil
            }
            try check(#require(period))
        }
    }

    /// From the end of one heartbeat to the end of the next: it begins when the alarm wakes the worker's loop, and ends
    /// when the alarm is set again. On a slow machine the first may be the one in which the server asks its clients.
    private func quietPeriod(_ trace: [String]) -> ArraySlice<String>? {
        let ends = trace.indices.filter { trace[$0].contains("timerfd_settime") }
        let ping = #""\211\0""#
        return zip(ends, ends.dropFirst()).map { trace[$0...$1] }.first { !$0.contains { $0.contains(ping) } }
    }

    private func check(_ period: ArraySlice<String>) throws {
        let threads = Set(period.map { $0.prefix { $0 != " " } })
        #expect(threads.count == 1, "another thread did something: \(period)")
        let wakeUps = period.count { $0.contains("epoll_wait") && !$0.contains("unfinished") }
        #expect(wakeUps == 1, "the loop woke for nothing: \(period)")
        #expect(period.count < 20, "a heartbeat takes so many calls: \(period)")
    }
}
