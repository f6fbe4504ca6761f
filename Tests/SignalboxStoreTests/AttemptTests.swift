import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@Suite struct `A failed attempt` {
    @Test(arguments: EngineKind.allCases)
    func `is followed by another after a growing wait, until none is left`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(attempts: 3)
            let worker = try store.worker()
            for attempt in 1...2 {
                try store.finish(try store.claimOne(worker), .ended(.exited(1)))
                let waiting = try store.dispatch(id)
                #expect(waiting.state == .scheduled && waiting.reason == .retry && waiting.attempt == attempt)
                let wait = RetryPolicy().delay(after: attempt, of: id)
                #expect(waiting.dueAt == store.now.wall + wait)
                store.clock.advance(by: wait - .microseconds(1))
                #expect(try store.claim(worker).isEmpty)
                store.clock.advance(by: .microseconds(1))
            }
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            let failed = try store.dispatch(id)
            #expect(failed.state == .failed && failed.reason == .exit && failed.attempt == 3 && failed.exitCode == 1)
            let attempts = try #require(try store.jobs.dispatch(id, attempt: nil)).attempts
            #expect(attempts.map(\.number) == [1, 2, 3] && attempts.allSatisfy { $0.reason == .exit })
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `with a code that no retry mends is final`(engine: EngineKind) throws {
        try engine.withStore { store in
            for code in ExitCodes.standardFatal {
                let id = try store.enqueue()
                try store.finish(try store.claimOne(try store.worker()), .ended(.exited(code)))
                let failed = try store.dispatch(id)
                #expect(failed.state == .failed && failed.reason == .exit && failed.exitCode == code)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that found no room does not count`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(attempts: 1, rescue: .fail)
            let worker = try store.worker()
            for _ in 0..<2 {
                try store.finish(try store.claimOne(worker), .notBegun)
                let back = try store.dispatch(id)
                #expect(back.state == .pending && back.attempt == 0 && back.started == nil)
            }
            try store.finish(try store.claimOne(worker))
            #expect(try store.state(id) == .success)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that was drained is the only one where one start is all there may be`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(attempts: 1, rescue: .fail)
            let claimed = try store.claimOne(try store.worker())
            try store.finish(claimed, .drained(.signalled(15)), output: [line("half")])
            let detail = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(detail.view.state == .failed && detail.view.dispatch.reason == .drained)
            #expect(detail.attempts.map(\.outcome) == [.signalled(15)] && detail.output == [line("half")])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `says how it ended`(engine: EngineKind) throws {
        let ends: [(AttemptResult.Ending, DispatchReason, DispatchState)] = [
            (.ended(.signalled(11)), .killed, .failed), (.timedOut(.signalled(15)), .timeout, .failed),
            (.timedOut(.exited(3)), .timeout, .failed), (.ended(.notStarted("no such file")), .exec, .failed),
            (.timedOut(.exited(0)), .timeout, .failed), (.idle(.signalled(15)), .idleTimeout, .failed),
            (.unresponsive(.signalled(9)), .watchdog, .failed),
            (.snoozed(.exited(1), after: .seconds(1)), .exit, .failed),
        ]
        try engine.withStore { store in
            for (ending, reason, state) in ends {
                let id = try store.enqueue(attempts: 1)
                try store.finish(try store.claimOne(try store.worker()), ending)
                let ended = try store.dispatch(id)
                #expect(ended.state == state && ended.reason == reason, "\(ending)")
                let attempt = try #require(try store.jobs.dispatch(id, attempt: nil)?.attempts.first)
                #expect(attempt.reason == reason, "\(ending)")
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `keeps the output of each attempt apart, snoozed ones too`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(attempts: 2)
            let worker = try store.worker()
            for number in 1...3 {
                let claimed = try store.claimOne(worker)
                #expect(claimed.attempt == 1 && claimed.startNumber == number)
                try store.finish(
                    claimed, .snoozed(.exited(0), after: .seconds(60)), output: [line("start \(number)")])
                let asleep = try store.dispatch(id)
                #expect(asleep.state == .scheduled && asleep.reason == .snoozed && asleep.attempt == 0)
                #expect(asleep.snoozes == number && asleep.dueAt == store.now.wall + .seconds(60))
                store.clock.advance(by: .seconds(60))
            }
            try store.finish(try store.claimOne(worker), .ended(.exited(0)), output: [line("done")])
            let detail = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(detail.view.state == .success && detail.view.dispatch.attempt == 1)
            #expect(detail.attempts.map(\.number) == [1, 2, 3, 4])
            #expect(detail.attempts.map(\.reason) == [.snoozed, .snoozed, .snoozed, .none])
            #expect(detail.output == [line("done")])
            #expect(try store.jobs.dispatch(id, attempt: 2)?.output == [line("start 2")])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is told with what it has left`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let claimed = try store.claimOne(try store.worker())
            let report = AttemptReport(
                result: JSONText("{\"rows\":7}"), tags: ["customer": "acme"], survivors: [Survivor(pid: 9, name: "x")])
            try store.finish(claimed, .ended(.exited(0)), report: report)
            #expect(try store.jobs.dispatch(id, attempt: nil)?.attempts.map(\.report) == [report])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `keeps the output of each attempt apart`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            let long = (0..<500).map { line("line \($0) of the first attempt", offset: .milliseconds($0)) }
            try store.finish(try store.claimOne(worker), .ended(.exited(1)), output: long)
            store.clock.advance(by: .seconds(60))
            try store.finish(try store.claimOne(worker), .ended(.exited(0)), output: [line("second")])
            #expect(try store.jobs.dispatch(id, attempt: 1)?.output == long)
            #expect(try store.jobs.dispatch(id, attempt: 2)?.output == [line("second")])
            #expect(try store.jobs.dispatch(id, attempt: nil)?.output == [line("second")])
        }
    }
}
