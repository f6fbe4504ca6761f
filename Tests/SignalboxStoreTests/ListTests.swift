import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A page of a list` {
    /// The pages from the newest to the oldest, and back by the way to the previous one.
    private func walk(_ store: StoreUnderTest, _ filter: DispatchFilter) throws -> (
        there: [DispatchID], back: [DispatchID]
    ) {
        var filter = filter
        var (there, back): ([DispatchID], [DispatchID]) = ([], [])
        while true {
            let page = try store.jobs.page(of: filter, now: nil)
            there += page.dispatches.map(\.id)
            guard let next = page.next else { break }
            (filter.before, filter.after) = (next, nil)
        }
        while true {
            let page = try store.jobs.page(of: filter, now: nil)
            back = page.dispatches.map(\.id) + back
            guard let previous = page.previous else { return (there, back) }
            (filter.before, filter.after) = (nil, previous)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leads to all others, there and back, whatever it is narrowed to`(engine: EngineKind) throws {
        try engine.withStore { store in
            let (job, rare) = (try store.define("job", overlap: .allow), try store.define("rare", overlap: .allow))
            let other = try QueueName("other")
            for number in 0..<40 {
                switch number % 4 {
                case 0: _ = try store.jobs.run(number == 8 ? rare : job, mode: .policy, input: nil, now: store.now)
                case 1: try store.enqueue("echo", queue: other)
                default: try store.enqueue("Mixed-Case", delay: .seconds(100))
                }
            }
            let all = try store.jobs.dispatches(DispatchFilter(limit: .max))
            let filters: [(DispatchFilter, (DispatchView) -> Bool)] = [
                (DispatchFilter(limit: 7), { _ in true }),
                (DispatchFilter(job: job, limit: 3), { $0.dispatch.job == job }),
                (DispatchFilter(job: rare, state: .pending, limit: 3), { $0.dispatch.job == rare }),
                (DispatchFilter(state: .scheduled, text: "mixed-c", limit: 3), { $0.command == "Mixed-Case" }),
                (DispatchFilter(text: "OTHER", limit: 4), { $0.dispatch.queue == other }),
                (DispatchFilter(queue: other, text: "none", limit: 4), { _ in false }),
            ]
            for (filter, matches) in filters {
                let expected = all.filter(matches).map(\.id)
                let found = try walk(store, filter)
                #expect(found.there == expected && found.back == expected, "\(filter)")
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of jobs goes on at the name it stopped at, both ways`(engine: EngineKind) throws {
        try engine.withStore { store in
            let names = try ["a", "a-b", "a.b", "ab", "b"].map { try store.define($0) }
            var (seen, filter): ([JobName], JobFilter) = ([], JobFilter(limit: 2))
            while true {
                let page = try store.jobs.page(of: filter, recent: 0, now: nil)
                seen += page.jobs.map(\.name)
                guard let next = page.next else { break }
                filter = JobFilter(after: next, limit: 2)
            }
            #expect(seen == names.sorted())
            let back = try store.jobs.page(of: JobFilter(before: seen[4], limit: 2), recent: 0, now: nil)
            #expect(back.jobs.map(\.name) == [seen[2], seen[3]])
            #expect(back.next == seen[3] && back.previous == seen[2])
            let first = try store.jobs.page(of: JobFilter(before: seen[2], limit: 2), recent: 0, now: nil)
            #expect(first.jobs.map(\.name) == [seen[0], seen[1]] && first.previous == nil)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `never searches what may not be shown`(engine: EngineKind) throws {
        try engine.withStore { store in
            let request = Request(command: .program(["curl", "--token", "hunter2"]), unique: UniqueKey("photo-7"))
            _ = try store.jobs.enqueue(Enqueuing(request: request), now: store.now)
            for (text, count) in [("hunter", 0), ("CURL", 1), ("--token", 1), ("photo", 1), ("defaul", 1), ("", 1)] {
                let page = try store.jobs.page(of: DispatchFilter(text: text), now: nil)
                #expect(page.dispatches.count == count && page.looked == 1, "\(text)")
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `shows a running dispatch with its output even when it ends meanwhile`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let id = try store.enqueue()
            let running = try store.claimOne(worker)
            var round = LiveRound()
            round.output = [OutputPiece(dispatch: id, attempt: 1, chunk: 0, change: .add([line("so far")]))]
            try store.live.write(round)
            let during = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(during.view.state == .inProgress && during.output == [line("so far")])
            try store.finish(running, output: [line("so far"), line("done")])
            let after = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(after.view.state == .success && after.output.count == 2)
        }
    }
}

@Suite struct `Totals` {
    @Test(arguments: EngineKind.allCases)
    func `count every run of a job and of all, and go with the job`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .allow)
            let worker = try store.worker()
            for code in [0, 3, 0] as [UInt8] {
                _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
                store.clock.advance(by: .seconds(2))
                let claimed = try store.claimOne(worker)
                store.clock.advance(by: .seconds(1))
                try store.finish(claimed, .ended(.exited(code)))
            }
            let lastSuccess = store.now.wall
            try store.enqueue(attempts: 1)
            try store.finish(try store.claimOne(worker), .ended(.exited(9)))
            try store.enqueue()
            store.clock.advance(by: .seconds(9))
            let metrics = try store.jobs.metrics(now: store.now)
            #expect(metrics.totals.tally.successes == 2 && metrics.totals.tally.failures == 2)
            #expect(metrics.totals.lastSuccess == lastSuccess && metrics.dispatchesMade == 5)
            #expect(metrics.oldestPending.map { $0.duration(to: store.now.wall) } == .seconds(9))
            let one = try #require(metrics.jobs.first)
            #expect(one.totals.tally.successes == 2 && one.totals.tally.failures == 1)
            #expect(one.totals.tally.totalDuration == .seconds(3) && one.lastDuration == .seconds(1))
            try store.jobs.remove(job, now: store.now)
            _ = try store.define()
            let again = try store.jobs.metrics(now: store.now)
            #expect(again.jobs.first?.totals == RunTotals() && again.totals == metrics.totals)
        }
    }
}
