import Testing

@testable import SignalboxCore

@Suite struct `The patience with an attempt` {
    private let start = BootInstant(nanoseconds: 1_000_000_000)

    private func patience(
        timeout: Int64? = nil, idle: Int64? = nil, watchdog: Int64? = nil
    ) -> AttemptPatience {
        let work = Work(
            command: .shell("x"), timeout: timeout.map { .seconds($0) }, idleTimeout: idle.map { .seconds($0) },
            watchdog: watchdog.map { .seconds($0) })
        return AttemptPatience(work, from: start)
    }

    private func after(_ seconds: Double) -> BootInstant { start + .seconds(seconds) }

    @Test func `has no end where nothing is set`() {
        #expect(patience().ends == nil)
        #expect(patience().exceeded(at: after(1e9)) == nil)
    }

    @Test func `of a timeout ends whatever is said`() {
        var patience = patience(timeout: 10)
        patience.noteSign(at: after(9))
        #expect(patience.ends == after(10))
        #expect(patience.exceeded(at: after(9.999)) == nil)
        #expect(patience.exceeded(at: after(10)) == .timeout)
    }

    @Test func `with silence begins anew with everything that is written`() {
        var patience = patience(idle: 5)
        #expect(patience.ends == after(5))
        patience.noteOutput(at: after(4))
        #expect(patience.ends == after(9))
        patience.noteSign(at: after(8))
        #expect(patience.exceeded(at: after(12.999)) == nil)
        #expect(patience.exceeded(at: after(13)) == .idle)
    }

    @Test func `of a watchdog counts from the start, and begins anew with control lines only`() {
        var patience = patience(watchdog: 5)
        #expect(patience.exceeded(at: after(5)) == .watchdog)
        patience.noteOutput(at: after(4))
        #expect(patience.ends == after(5))
        patience.noteSign(at: after(4))
        #expect(patience.ends == after(9))
    }

    @Test func `names what ended first`() {
        var patience = patience(timeout: 30, idle: 4, watchdog: 7)
        #expect(patience.exceeded(at: after(100)) == .idle)
        patience.noteOutput(at: after(6))
        #expect(patience.exceeded(at: after(100)) == .watchdog)
        patience.noteSign(at: after(29))
        #expect(patience.exceeded(at: after(100)) == .timeout)
    }
}
