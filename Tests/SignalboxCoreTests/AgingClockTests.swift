import SignalboxCore
import Testing

@Suite struct `The age of what has ended` {
    private let day = Duration.seconds(86_400)
    private let years = Duration.seconds(3650 * 86_400)
    private let start = Now(
        wall: Instant(seconds: 1_800_000_000), boot: BootInstant(nanoseconds: 0) + .seconds(3600),
        bootID: BootID("one"))

    private func later(_ duration: Duration, wallStep: Duration = .zero) -> Now {
        Now(wall: start.wall + duration + wallStep, boot: start.boot + duration, bootID: start.bootID)
    }

    @Test func `is that of both clocks where they agree`() {
        let clock = StoreClock(first: start).aging(at: later(day))
        #expect(clock.age(ended: start.wall, wall: start.wall) == day)
        #expect(clock.isOlder(than: day - .seconds(1), ended: start.wall) { start.wall })
        #expect(!clock.isOlder(than: day, ended: start.wall) { start.wall })
    }

    @Test func `is the smaller one where the clock was set`() {
        for step in [years, .zero - years] {
            let clock = StoreClock(first: start).aging(at: later(day, wallStep: step))
            #expect(clock.age(ended: start.wall, wall: start.wall) == day)
        }
        let back = StoreClock(first: start).aging(at: later(day, wallStep: .seconds(-3600)))
        #expect(back.age(ended: start.wall, wall: start.wall) == day - .seconds(3600))
    }

    @Test func `takes no time for passed of which a machine says that it was off, for a day`() {
        var clock = StoreClock(first: start)
        let boot = BootInstant(nanoseconds: 0) + .seconds(5)
        let now = Now(wall: start.wall + years, boot: boot, bootID: BootID("two"))
        clock.enter(now)
        #expect(clock.timeOff == years - .seconds(5) && clock.isTimeOffDoubtful(at: now))
        #expect(clock.aging(at: now).age(ended: start.wall, wall: start.wall) == .seconds(5))
        // Of what ended since, no time is in doubt.
        let ended = clock.steady(at: boot)
        let next = Now(wall: now.wall + .seconds(60), boot: boot + .seconds(60), bootID: now.bootID)
        #expect(clock.aging(at: next).age(ended: ended, wall: now.wall) == .seconds(60))
        let settled = Now(wall: now.wall + day, boot: boot + day, bootID: now.bootID)
        #expect(clock.aging(at: settled).age(ended: start.wall, wall: start.wall) == years + day)
    }

    @Test func `counts a night off at once`() {
        var clock = StoreClock(first: start)
        let now = Now(wall: start.wall + .seconds(36_000), boot: BootInstant(nanoseconds: 0), bootID: BootID("two"))
        clock.enter(now)
        #expect(clock.aging(at: now).age(ended: start.wall, wall: start.wall) == .seconds(36_000))
    }
}
