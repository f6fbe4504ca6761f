import SignalboxCore
@testable import SignalboxStatus
@testable import SignalboxStore
import Testing

@Suite struct `The health` {
    private func source(_ change: (inout FixedSource) throws -> Void = { _ in }) throws -> FixedSource {
        var source = FixedSource()
        source.shown.jobs = [try Fixtures.job("backup", "0 3 * * *", next: .seconds(240))]
        source.shown.workers = [Fixtures.worker(1, "gateway:812")]
        try change(&source)
        return source
    }

    private func verdict(_ source: FixedSource) -> String {
        let page = answer("/", of: source).text
        let found = page.firstMatch(of: /<section class="health [a-z]+".*?<\/section>/)
        return found.map { String($0.output).replacing(/<[^>]*>/, with: "|").replacing(/\|+/, with: "|") } ?? ""
    }

    @Test func `is clear when there is nothing to do`() throws {
        #expect(verdict(try source()) == "|All clear|1 job · 1 worker online · the store 1 % full|")
    }

    @Test func `names the jobs that failed when last run`() throws {
        let source = try source { source in
            let run = try Fixtures.run(2, from: .seconds(-3600), .exited(3))
            source.shown.jobs += try ["a", "b", "c", "d"].map { try Fixtures.job($0, "@manual", recent: [run]) }
        }
        #expect(verdict(source).contains("|Worth a look|"))
        #expect(verdict(source).contains("|a|, |b|, |c| and 1 more failed when last run.|"))
    }

    @Test func `tells that nobody deals with due times`() throws {
        let overdue = try source { $0.shown.jobs = [try Fixtures.job("backup", "0 3 * * *", next: .seconds(-61))] }
        #expect(verdict(overdue).contains("|Needs attention|"))
        #expect(
            verdict(overdue).contains("|backup| was due more than a minute ago, and no scheduler has dealt with it."))
        let due = try source { $0.shown.jobs = [try Fixtures.job("backup", "0 3 * * *", next: .seconds(-59))] }
        #expect(verdict(due).contains("|All clear|"))
        let paused = try source {
            $0.shown.jobs = [try Fixtures.job("backup", "0 3 * * *", next: .seconds(-61), paused: true)]
        }
        #expect(verdict(paused).contains("|All clear|") && verdict(paused).contains("|backup| is paused."))
    }

    @Test func `tells of workers that are gone or silent, and of queues without one`() throws {
        let none = try source { $0.shown.workers = [Fixtures.worker(1, "gone", state: .dead)] }
        #expect(verdict(none).contains("|Needs attention|") && verdict(none).contains("No worker is online"))
        let silent = try source { $0.shown.workers = [Fixtures.worker(1, "slow", heartbeat: .seconds(-95))] }
        #expect(verdict(silent).contains("|slow| was last heard of |1 min ago|."))
        let unserved = try source {
            $0.shown.status.queues = [QueueView(name: try QueueName("media"), dispatches: [.pending: 2])]
        }
        #expect(verdict(unserved).contains("|Queue media| is served by no worker: 2 dispatches wait.|"))
    }

    @Test func `is looked at again when it may have changed by itself`() throws {
        func renewal(_ source: FixedSource, _ path: String = "/") throws -> String {
            let found = answer(path, of: source).text.firstMatch(of: /data-renew="([^"]*)"/)
            return String(try #require(found).1)
        }
        // The worker, heard of 3 s ago, will be late 30 s after that; the job is overdue a minute after its time.
        #expect(try renewal(try source()) == "2026-11-22T14:30:28.000000Z")
        let idle = try source { $0.shown.workers = [] }
        #expect(try renewal(idle) == "2026-11-22T14:35:01.000000Z")
        #expect(try renewal(idle, "/dispatches") == "2026-11-22T15:00:00.000000Z")
    }
}
