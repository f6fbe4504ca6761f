import SignalboxCore
import Testing

@testable import SignalboxRuntime

@Suite struct `Why a due time was missed` {
    private let last = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))

    private func later(wall: Duration, boot: Duration, slept: Duration) -> Now {
        Now(wall: last.wall + wall, boot: last.boot + boot, bootID: last.bootID, slept: slept)
    }

    @Test func `is the sleep of the machine, a clock set forward, or that nobody got to it`() {
        let hour = Duration.seconds(3600)
        #expect(missReason(since: last, now: later(wall: hour, boot: hour, slept: hour)) == .suspended)
        #expect(missReason(since: last, now: later(wall: hour, boot: .seconds(1), slept: .zero)) == .clockForward)
        #expect(missReason(since: last, now: later(wall: hour, boot: hour, slept: .zero)) == .downtime)
    }
}
