import Glibc
import Logging
import OrderedStore
import SignalboxCore
@testable import SignalboxRuntime
import SignalboxStore
import SignalboxTesting
import Testing

/// A worker on a thread of its own, with its handlers defined in the store.
private struct HandlerBox {
    let box: LoopBox
    let worker: Worker<MemoryEngine>
    let thread: LoopThread<Void>

    static func with(
        _ handlers: [String: String], slots: Int = 1, _ body: @escaping @Sendable (HandlerBox) throws -> Void
    ) async throws {
        try await LoopBox.with { box in
            try box.define(handlers)
            let options = WorkerOptions(slots: slots, version: "1", environment: [:])
            let worker = try Worker(
                store: box.store.jobs, liveness: box.liveness, options: options, clocks: box.clocks, logger: box.logger)
            let thread = try LoopThread(name: "worker") { try worker.run() }
            let result = Result { try body(HandlerBox(box: box, worker: worker, thread: thread)) }
            worker.stopNow()
            try box.until { try box.store.jobs.workers().allSatisfy { $0.registration.state == .stopped } }
            try result.get()
        }
    }

    func enqueue(
        _ handler: String = "h", payload: String = "", attempts: Int = 1, timeout: Duration? = nil,
        rescue: RescuePolicy = .retry
    ) throws -> DispatchID {
        let request = Request(
            command: .handler(try HandlerName(handler)), input: Array(payload.utf8), timeout: timeout,
            retry: RetryPolicy(base: .milliseconds(1), jitter: 0), rescue: rescue)
        return try box.store.jobs.enqueue(Enqueuing(request: request, maxAttempts: attempts), now: box.clocks.now()).id
    }

    /// Waits for its end.
    func end(of id: DispatchID) throws -> DispatchDetail {
        try box.until { try box.state(id)?.isTerminal ?? false }
        return try #require(try box.store.jobs.dispatch(id))
    }

    func untilRunning(_ id: DispatchID, says text: String) throws {
        let watch = try box.store.live.engine.watch(.anyChange)
        watch.arm()
        while try !box.store.live.output(of: id, attempt: 1).contains(where: { $0.text.contains(text) }) {
            try #require(watch.wait(timeout: .seconds(600)) == .changed)
            watch.arm()
        }
    }
}

extension LoopBox {
    /// Handlers that are lines for the shell.
    fileprivate func define(_ handlers: [String: String]) throws {
        let definitions = try handlers.map {
            HandlerDefinition(name: try HandlerName($0.key), command: .shell($0.value), directory: folder)
        }
        _ = try store.jobs.apply([], handlers: definitions, prune: true, zones: store.zones, now: clocks.now())
    }
}

extension OutputLine {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}

@Suite struct `A handler's process` {
    /// Answers every line with its own number and how many it has had, and repeats the line.
    private static let echo = """
        count=0
        while IFS= read -r line; do
            count=$((count + 1))
            printf '%s\\n' "$line" >&2
            printf '{"progress": 50, "text": "half"}\\n{"log": "pid %s count %s"}\\n' $$ $count
            printf '{"result": null}\\n'
        done
        """

    @Test func `lives on, and is given one dispatch after the other`() async throws {
        try await HandlerBox.with(["h": Self.echo]) { box in
            var seen: [String] = []
            for number in 1...3 {
                let detail = try box.end(of: try box.enqueue(payload: "{\"n\": \(number)}"))
                #expect(detail.view.state == .success)
                let output = detail.output.map(\.text)
                #expect(output.contains { $0.contains("\"payload\":{\"n\": \(number)}") })
                seen += output.filter { $0.hasPrefix("pid") }
            }
            #expect(seen.map { $0.split(separator: " ").last } == ["1\n", "2\n", "3\n"])
            #expect(Set(seen.map { $0.split(separator: " ")[1] }).count == 1)
        }
    }

    @Test func `takes a payload that no pipe holds`() async throws {
        let count = "while IFS= read -r line; do printf '{\"log\": \"%s\"}\\n{\"result\": 1}\\n' ${#line}; done"
        try await HandlerBox.with(["h": count]) { box in
            let text = String(repeating: "x", count: 500_000)
            let detail = try box.end(of: try box.enqueue(payload: "\"\(text)\""))
            let first = try #require(detail.output.first)
            let size = try #require(Int(first.text.dropLast()))
            #expect(size > 500_000)
        }
    }

    @Test func `that dies counts as a crash, and three of them are poison`() async throws {
        try await HandlerBox.with(["h": "read -r line; echo bye >&2; kill -9 $$"]) { box in
            let detail = try box.end(of: try box.enqueue(rescue: .fail))
            #expect(detail.view.state == .failed)
            #expect(detail.view.dispatch.reason == .handler)
            #expect(detail.view.dispatch.crashes == 1)
            #expect(detail.output.map(\.text) == ["bye\n"])
            guard case .handlerDied(let words)? = detail.attempts.first?.outcome else {
                Issue.record("\(detail.attempts)")
                return
            }
            #expect(words.contains("SIGKILL"))
        }
    }

    @Test func `that answers and exits has answered`() async throws {
        try await HandlerBox.with(["h": "read -r line; echo '{\"fatal\": \"no such photo\"}'; exit 3"]) { box in
            let detail = try box.end(of: try box.enqueue(attempts: 5))
            #expect(detail.attempts.map(\.outcome) == [.threw(HandlerError("no such photo", .fatal))])
        }
    }

    @Test(arguments: [
        ("echo hello", "hello"), ("exec >&-; read -r line", "standard output"),
        ("head -c 2000000 /dev/zero | tr '\\0' x; read -r line", "1048576"),
    ])
    func `that answers what is no answer fails the attempt in words, and is replaced`(
        does line: String, said: String
    ) async throws {
        try await HandlerBox.with(["h": "read -r line; \(line); read -r line"]) { box in
            let detail = try box.end(of: try box.enqueue())
            #expect((detail.view.state, detail.view.dispatch.crashes) == (.failed, 0))
            guard case .threw(let error)? = detail.attempts.first?.outcome else {
                Issue.record("\(detail.attempts)")
                return
            }
            #expect(error.text.contains(said))
        }
    }

    @Test func `that works past the timeout or is cancelled is ended with all it started`() async throws {
        let line = "while read -r line; do setsid sleep 1000 & echo $! >&2; echo up >&2; wait; done"
        try await HandlerBox.with(["h": line]) { box in
            var detail: DispatchDetail
            repeat {
                detail = try box.end(of: try box.enqueue(timeout: .milliseconds(300)))
                #expect(detail.view.dispatch.reason == .timeout)
                // A machine that is busy may not have come so far that something was started.
            } while detail.output.isEmpty
            #expect(try !box.isAlive(printedBy: detail))
            let id = try box.enqueue()
            try box.untilRunning(id, says: "up")
            _ = try box.box.store.jobs.cancel(id, now: box.box.clocks.now())
            detail = try box.end(of: id)
            #expect(detail.view.state == .cancelled)
            #expect(try !box.isAlive(printedBy: detail))
        }
    }

    @Test func `is given back when the worker is stopped`() async throws {
        try await HandlerBox.with(["h": "while read -r line; do echo up >&2; read -r never; done"]) { box in
            let id = try box.enqueue()
            try box.untilRunning(id, says: "up")
            box.worker.stopNow()
            try box.box.until { try box.box.state(id) == .pending }
            let detail = try #require(try box.box.store.jobs.dispatch(id))
            let dispatch = detail.view.dispatch
            #expect((dispatch.attempt, dispatch.reason) == (0, .drained))
        }
    }

    @Test func `gives way to a new definition, which the worker learns of at once`() async throws {
        try await HandlerBox.with(["h": Self.echo]) { box in
            _ = try box.end(of: try box.enqueue())
            let unknown = try box.enqueue("new")
            try box.box.define([
                "h": "while read -r line; do echo '{\"fatal\": \"changed\"}'; done",
                "new": "while read -r line; do echo '{\"result\": 1}'; done",
            ])
            #expect(try box.end(of: unknown).view.state == .success)
            #expect(
                try box.end(of: try box.enqueue()).attempts.map(\.outcome) == [.threw(HandlerError("changed", .fatal))])
            try box.box.until { try box.box.store.jobs.workers()[0].registration.kinds.handlers.count == 2 }
        }
    }
}

extension HandlerBox {
    /// Whether the process whose number is the first line of the output is still there.
    fileprivate func isAlive(printedBy detail: DispatchDetail) throws -> Bool {
        let first = try #require(detail.output.first)
        let pid = try #require(Int32(first.text.dropLast()))
        return ProcessRecord(pid: pid).map { !$0.isZombie } ?? false
    }
}

@Suite struct `A handler that died` {
    @Test func `is started again after a wait that doubles, up to a minute`() {
        var pause = StartPause()
        var now = BootInstant(nanoseconds: 0)
        var waits: [Duration] = []
        for _ in 0..<8 {
            pause.noteDeath(at: now)
            let until = pause.until ?? now
            waits.append(now.duration(to: until))
            let ends = [until + .nanoseconds(-1), until, until].map { pause.end(at: $0) }
            #expect(ends == [false, true, false])
            now = until
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    }
}
