import LMDBEngine
import OrderedStore
import Signalbox
import SignalboxCore
import SignalboxStore
import Synchronization
import Testing

/// A store of a test's own, with a worker that runs until the test is done; verified at the end.
private func withWorker(
    slots: Int = 2, drainTimeout: Duration = .zero, _ register: @escaping @Sendable (inout Handlers) -> Void,
    _ body: @escaping @Sendable (Store) async throws -> Void
) async throws {
    let folder = try TemporaryFolder()
    let store = try await Store.open(at: folder.path + "/store")
    let worker = Worker(store, slots: slots, drainTimeout: drainTimeout, register)
    let running = Task { try await worker.run() }
    let result: Result<Void, any Error>
    do { result = .success(try await body(store)) } catch { result = .failure(error) }
    running.cancel()
    try await running.value
    #expect(try store.verify().faults == [])
    #expect(try store.workers().map(\.registration.state) == [.stopped])
    try result.get()
}

extension Store {
    /// Waits on the store's bell until the dispatch is in one of `states`.
    fileprivate func dispatch(_ id: DispatchID, in states: Set<DispatchState>) async throws -> DispatchDetail {
        try await onThread {
            let watch = try self.engine.watch(.anyChange)
            watch.arm()
            while true {
                if let detail = try self.dispatch(id), states.contains(detail.view.state) { return detail }
                // The limit is for a worker that is broken, so that the test ends.
                try #require(watch.wait(timeout: .seconds(600)) == .changed)
                watch.arm()
            }
        }
    }

    fileprivate func end(of id: DispatchID) async throws -> DispatchDetail {
        try await dispatch(id, in: [.success, .failed, .cancelled])
    }
}

@Suite struct `A handler in Swift` {
    private struct Echo: JobPayload {
        var text: String
        var number = 1.5
    }

    @Test func `is given its payload, and what it says is kept`() async throws {
        try await withWorker { handlers in
            handlers.handle(Echo.self) { job, context in
                context.progress(40, "half")
                context.log("\(job.text) \(job.number), attempt \(context.attempt), \(context.deadline != nil)")
            }
        } _: { store in
            let detail = try await store.end(of: try await store.enqueue(Echo(text: "ä\"\n")))
            #expect(detail.view.state == .success)
            #expect(detail.view.dispatch.handler?.text == "echo")
            #expect(String(decoding: detail.request.input, as: UTF8.self) == #"{"number":1.5,"text":"ä\"\n"}"#)
            #expect(
                detail.output.map { String(decoding: $0.bytes, as: UTF8.self) } == ["ä\"\n", " 1.5, attempt 1, true\n"])
        }
    }

    @Test func `ends its dispatch by returning, or by one of four errors, or any other`() async throws {
        struct Broken: Error, CustomStringConvertible { let description = "the disk is full" }
        try await withWorker { handlers in
            handlers.handle(Echo.self) { job, _ in
                switch job.text {
                case "retry": throw Retry(after: .seconds(3600), "not now")
                case "fatal": throw Fatal("no such photo")
                case "snooze": throw Snooze(for: .seconds(3600))
                case "cancel": throw Cancel()
                default: throw Broken()
                }
            }
        } _: { store in
            func end(_ text: String) async throws -> DispatchDetail {
                let id = try await store.enqueue(Echo(text: text))
                return try await store.dispatch(id, in: [.failed, .cancelled, .scheduled])
            }
            var detail = try await end("retry")
            #expect(detail.view.dispatch.reason == .retry)
            #expect(detail.attempts.map(\.outcome) == [.threw(HandlerError("not now", .retry(after: .seconds(3600))))])
            detail = try await end("fatal")
            #expect(detail.view.state == .failed)
            #expect(detail.attempts.map(\.outcome) == [.threw(HandlerError("no such photo", .fatal))])
            detail = try await end("snooze")
            #expect(detail.view.dispatch.reason == .snoozed)
            #expect(detail.view.dispatch.attempt == 0)
            #expect(try await end("cancel").view.dispatch.state == .cancelled)
            detail = try await end("other")
            #expect(detail.attempts.map(\.outcome) == [.threw(HandlerError("the disk is full", .retry(after: nil)))])
        }
    }

    @Test func `refuses a payload of another kind for good, and says why`() async throws {
        try await withWorker {
            $0.handle(Echo.self) { _, _ in }
        } _: { store in
            for (payload, words) in [("{}", "text"), ("[1", "JSON"), (#"{"number": "x", "text": ""}"#, "number")] {
                let request = Request(command: .handler(try HandlerName("echo")), input: Array(payload.utf8))
                let now = try SystemTime.now()
                let detail = try await store.end(of: try store.enqueue(Enqueuing(request: request), now: now).id)
                #expect(detail.view.state == .failed)
                guard case .threw(let error)? = detail.attempts.first?.outcome else { continue }
                #expect(error.text.contains("cannot be read as Echo"))
                #expect(error.text.contains(words))
            }
        }
    }

    @Test func `has its task cancelled when somebody cancels, when its time is over, and at the end`() async throws {
        let started = Signal()
        try await withWorker(drainTimeout: .zero) { handlers in
            handlers.handle(Echo.self) { _, _ in
                started.raise()
                try await Task.cancelled()
            }
        } _: { store in
            let id = try await store.enqueue(Echo(text: ""), timeout: nil)
            await started.wait()
            _ = try store.cancel(id, now: try SystemTime.now())
            #expect(try await store.end(of: id).view.state == .cancelled)
            let late = try await store.enqueue(Echo(text: ""), maxAttempts: 1, timeout: .milliseconds(50))
            #expect(try await store.end(of: late).view.dispatch.reason == .timeout)
            await started.wait()
            let drained = try await store.enqueue(Echo(text: ""), timeout: nil)
            await started.wait()
            _ = try await store.dispatch(drained, in: [.inProgress])
        }
    }

    @Test func `is for nothing but what names it: commands and other handlers wait`() async throws {
        try await withWorker {
            $0.handle(Echo.self) { _, _ in }
        } _: { store in
            let now = try SystemTime.now()
            let command = try store.enqueue(Enqueuing(request: Request(command: .program(["true"]))), now: now).id
            let other = try await store.enqueue(Resize(photo: 1, width: 1))
            _ = try await store.end(of: try await store.enqueue(Echo(text: "")))
            #expect(try store.dispatch(command)?.view.state == .pending)
            #expect(try store.dispatch(other)?.view.lacksWorker == true)
            #expect(try store.status().unserved.map(\.handler.text) == ["resize"])
        }
    }

    @Test func `is as the article shows it`() async throws {
        let folder = try TemporaryFolder()
        let store = try await Store.open(at: folder.path + "/store")
        let running = Task { try await serve(store) }
        try await ask(store)
        #expect(try await store.end(of: DispatchID(1)).view.state == .success)
        running.cancel()
        try await running.value
        let source = try snippet(try read("Tests/SignalboxTests/Resize.swift"), from: "// begin\n", to: "// end\n")
        let article = try read("Sources/Signalbox/Signalbox.docc/HandlersInSwift.md")
        #expect(article.contains("```swift\n\(source)```\n"))
    }

    @Test func `is set up with names that can be`() async throws {
        let folder = try TemporaryFolder()
        let store = try await Store.open(at: folder.path + "/store")
        await #expect(throws: WorkerSetupError.self) { try await Worker(store) { _ in }.run() }
        await #expect(throws: NameError.self) {
            try await Worker(store, queues: ["a b"]) { $0.handle(Echo.self) { _, _ in } }.run()
        }
        await #expect(throws: WorkerSetupError.self) {
            try await Worker(store) {
                $0.handle(Echo.self) { _, _ in }
                $0.handle(Echo.self) { _, _ in }
            }.run()
        }
        await #expect(throws: WorkerSetupError.self) {
            try await Worker(store, slots: 0) { $0.handle(Echo.self) { _, _ in } }.run()
        }
    }

    @Test func `is called after its type where it names nothing else`() {
        struct SendMail: JobPayload {}
        struct HTTPCall: JobPayload {}
        struct V2Resize: JobPayload { static let handler = "resize.2" }
        #expect(SendMail.handler == "send-mail")
        #expect(HTTPCall.handler == "http-call")
        #expect(V2Resize.handler == "resize.2")
        #expect(V2Resize.queue == "default")
    }
}
