import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

extension StoreUnderTest {
    @discardableResult
    fileprivate func enqueue(
        handler: String, payload: String = "", priority: UInt8 = 100, attempts: Int = 5, rescue: RescuePolicy = .retry
    ) throws -> DispatchID {
        let request = Request(
            command: .handler(try HandlerName(handler)), input: Array(payload.utf8), retry: RetryPolicy(jitter: 0),
            rescue: rescue)
        return try jobs.enqueue(
            Enqueuing(request: request, priority: priority, maxAttempts: attempts), now: now
        ).id
    }

    fileprivate func claim(
        _ worker: WorkerID, commands: Bool = false, handlers: [String], slots: Int = 1
    ) throws -> [ClaimedDispatch] {
        let kinds = ServedKinds(commands: commands, handlers: try handlers.map(HandlerName.init))
        return try jobs.round(
            of: worker, results: [], queues: [.standard], kinds: kinds, slots: slots, now: now
        ).claimed
    }

    fileprivate func define(handlers: [HandlerDefinition], prune: Bool = false) throws -> [JobChange] {
        try jobs.apply([], handlers: handlers, prune: prune, replacePending: false, zones: zones, now: now)
    }

    /// Has a dispatch of a handler end so.
    fileprivate func end(_ id: DispatchID, _ outcome: Outcome, by worker: WorkerID) throws -> Dispatch {
        let claimed = try #require(try claim(worker, handlers: ["resize"]).first)
        #expect(claimed.dispatch.id == id)
        return try #require(try finish(claimed.dispatch, .ended(outcome)).settled.first)
    }
}

@Suite struct `A dispatch for a handler` {
    @Test(arguments: EngineKind.allCases)
    func `that no worker has stays, is shown, and is in nobody's way`(engine: EngineKind) throws {
        try engine.withStore { store in
            let unknown = try store.enqueue(handler: "resize", priority: 0)
            let command = try store.enqueue(priority: 255)
            let worker = try store.worker()
            #expect(try store.claim(worker, slots: 5).map(\.dispatch.id) == [command])
            #expect(try store.state(unknown) == .pending)
            let detail = try #require(try store.jobs.dispatch(unknown, attempt: nil))
            #expect(detail.view.lacksWorker)
            #expect(detail.view.dispatch.handler?.text == "resize")
            #expect(
                try store.jobs.status().unserved
                    == [UnservedHandler(handler: try HandlerName("resize"), queue: .standard)])
            #expect(try !store.jobs.workerView(queues: [.standard], now: store.now).hasWork)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is claimed by a worker that has it, in one order with commands and other handlers`(
        engine: EngineKind
    ) throws {
        try engine.withStore { store in
            let first = try store.enqueue(handler: "resize", payload: "{}", priority: 1)
            let fourth = try store.enqueue(handler: "mail", priority: 4)
            let second = try store.enqueue(priority: 2)
            let third = try store.enqueue(handler: "resize", priority: 3)
            try store.enqueue(handler: "resize-all", priority: 0)
            let worker = try store.worker()
            let kinds = ServedKinds(commands: true, handlers: [try HandlerName("resize"), try HandlerName("mail")])
            try store.jobs.setKinds(kinds, of: worker, now: store.now)
            #expect(try store.jobs.workerView(queues: [.standard], kinds: kinds, now: store.now).hasWork)
            let claimed = try store.claim(worker, commands: true, handlers: ["resize", "mail"], slots: 9)
            #expect(claimed.map(\.dispatch.id) == [first, second, third, fourth])
            #expect(claimed[0].request.input == Array("{}".utf8))
            #expect(try store.jobs.status().unserved.map(\.handler.text) == ["resize-all"])
            #expect(try store.jobs.workers().first?.registration.kinds == kinds)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `tells why its job waits`(engine: EngineKind) throws {
        try engine.withStore { store in
            var job = try store.definition("thumbs", "@manual")
            job.command = .handler(try HandlerName("resize"))
            try store.jobs.add(job, zones: store.zones, now: store.now)
            _ = try store.worker()
            _ = try store.jobs.run(job.name, mode: .policy, input: Array("7".utf8), now: store.now)
            func wait() throws -> WhyWait? {
                let report = try store.jobs.why(job.name, at: nil, zones: store.zones, now: store.now)
                guard case .waiting(let dispatch)? = report?.present else { return nil }
                return dispatch.wait
            }
            #expect(try wait() == .handler(try HandlerName("resize"), .standard, draining: 0))
            let kinds = ServedKinds(commands: false, handlers: [try HandlerName("resize")])
            try store.jobs.setKinds(kinds, of: try store.worker("other"), now: store.now)
            #expect(try wait() == .nothing)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `ends as its handler says`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            var id = try store.enqueue(handler: "resize")
            #expect(try store.end(id, .returned, by: worker).state == .success)

            id = try store.enqueue(handler: "resize", attempts: 2)
            let error = HandlerError("the disk is full", .retry(after: .seconds(7)))
            var ended = try store.end(id, .threw(error), by: worker)
            #expect((ended.state, ended.reason) == (.scheduled, .retry))
            store.clock.advance(by: .seconds(7))
            ended = try store.end(id, .threw(error), by: worker)
            #expect((ended.state, ended.reason, ended.attempt) == (.failed, .handler, 2))
            let attempts = try #require(try store.jobs.dispatch(id, attempt: nil)).attempts
            #expect(attempts.map(\.outcome) == [.threw(error), .threw(error)])
            #expect(attempts.map(\.reason) == [.handler, .handler])

            id = try store.enqueue(handler: "resize")
            ended = try store.end(id, .threw(HandlerError("no such photo", .fatal)), by: worker)
            #expect((ended.state, ended.reason, ended.attempt) == (.failed, .handler, 1))

            id = try store.enqueue(handler: "resize")
            ended = try store.end(id, .threw(HandlerError("", .snooze(.seconds(300)))), by: worker)
            #expect((ended.state, ended.reason, ended.attempt, ended.snoozes) == (.scheduled, .snoozed, 0, 1))
            store.clock.advance(by: .seconds(300))
            ended = try store.end(id, .threw(HandlerError("not wanted", .cancel)), by: worker)
            #expect((ended.state, ended.reason) == (.cancelled, .handler))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is FAILED as poison once its handler has died three times with it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let id = try store.enqueue(handler: "resize", attempts: 1)
            for crash in 1...3 {
                let ended = try store.end(id, .handlerDied("SIGSEGV"), by: worker)
                #expect(ended.crashes == crash)
                #expect(ended.state == (crash < 3 ? .scheduled : .failed))
                #expect(ended.reason == (crash < 3 ? .retry : .poison))
                #expect(ended.ending == .handlerDied)
                store.clock.advance(by: .seconds(3600))
            }
            let once = try store.enqueue(handler: "resize", rescue: .fail)
            let ended = try store.end(once, .handlerDied("SIGSEGV"), by: worker)
            #expect((ended.state, ended.reason, ended.crashes) == (.failed, .handler, 1))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that was to stop does, whatever its handler says then`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            for outcome in [Outcome.signalled(15), .handlerDied("x"), .threw(HandlerError("x", .snooze(.seconds(1))))] {
                let id = try store.enqueue(handler: "resize")
                let claimed = try #require(try store.claim(worker, handlers: ["resize"]).first)
                _ = try store.jobs.cancel(id, now: store.now)
                let ended = try #require(try store.finish(claimed.dispatch, .cancelled(outcome)).settled.first)
                #expect((ended.state, ended.reason) == (.cancelled, .requested))
            }
            try store.enqueue(handler: "resize")
            let claimed = try #require(try store.claim(worker, handlers: ["resize"]).first)
            #expect(try store.finish(claimed.dispatch, .timedOut(.signalled(15))).settled.first?.reason == .retry)
        }
    }
}

@Suite struct `The handlers of a store` {
    @Test(arguments: EngineKind.allCases)
    func `are what was applied last, and changes are told`(engine: EngineKind) throws {
        try engine.withStore { store in
            func definition(_ name: String, _ word: String) throws -> HandlerDefinition {
                HandlerDefinition(
                    name: try HandlerName(name), command: .program([word]), environment: ["A": word], directory: "/tmp")
            }
            func newest() throws -> UInt64 { try store.jobs.workerView(queues: [], now: store.now).newestHandlers }
            #expect(try newest() == 0)
            let (resize, mail) = (try definition("resize", "a"), try definition("mail", "b"))
            #expect(try store.define(handlers: [resize, mail]).map(\.change) == [.added, .added])
            #expect(try store.jobs.handlers() == [mail, resize])
            let first = try newest()
            #expect(first > 0)
            #expect(try store.define(handlers: [resize, mail]).map(\.change) == [.unchanged, .unchanged])
            #expect(try newest() == first)
            let changed = try definition("resize", "c")
            let changes = try store.define(handlers: [changed], prune: true)
            #expect(changes.map(\.change) == [.changed, .removed])
            #expect(changes.allSatisfy { $0.subject == .handler })
            #expect(changes[0].fields.map(\.field) == ["command", "env.A"])
            #expect(try store.jobs.handlers() == [changed])
            #expect(try newest() > first)
            #expect(code { _ = try store.define(handlers: [changed, changed]) } == .invalid)
        }
    }
}
