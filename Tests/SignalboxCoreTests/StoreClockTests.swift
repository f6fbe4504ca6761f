import Testing

@testable import SignalboxCore

/// A machine's clocks, as a test sets them.
private struct Machine {
    var wall = Instant(seconds: 1_795_348_800)
    var boot = BootInstant(nanoseconds: 0) + .seconds(3600)
    var slept = Duration.zero
    var bootNumber = 1

    var now: Now { Now(wall: wall, boot: boot, bootID: BootID("boot \(bootNumber)"), slept: slept) }

    mutating func pass(_ duration: Duration) {
        wall += duration
        boot += duration
    }

    mutating func reboot(wall: Instant) {
        self.wall = wall
        boot = BootInstant(nanoseconds: 0) + .seconds(5)
        slept = .zero
        bootNumber += 1
    }
}

@Suite struct `A step of the wall clock` {
    private static let steps: [(jump: Duration, step: ClockStep)] = {
        let hair = Duration.microseconds(1)
        let hours = Duration.seconds(10_800)
        let decades = Duration.seconds(1_767_000_000)
        return [
            (.zero, .even), (.seconds(1), .even), (.seconds(-1), .even),
            (.seconds(1) + hair, .forward(.seconds(1) + hair)),
            (.seconds(-1) - hair, .backward(.seconds(1) + hair)),
            (hair - hours, .backward(hours - hair)), (.zero - hours, .correction(hours)),
            (decades, .forward(decades)), (.zero - decades, .correction(decades)),
        ]
    }()

    @Test(arguments: steps)
    func `is told by how far it is`(jump: Duration, step: ClockStep) {
        #expect(ClockStep(jump: jump, slept: .zero) == step)
    }

    @Test func `is none while the machine sleeps`() {
        #expect(ClockStep(jump: .zero, slept: .seconds(3600)) == .slept(.seconds(3600)))
        #expect(ClockStep(jump: .zero, slept: .seconds(1)) == .even)
        #expect(ClockStep(jump: .seconds(60), slept: .seconds(3600)) == .forward(.seconds(60)))
    }

    @Test func `takes back the cursors that stand in its future, of the jobs that it concerns`() throws {
        let to = Instant(seconds: 1_000_000)
        let (before, behind) = (to - .seconds(60), to + .seconds(60))
        let wildcard = try Schedule(text: "*/5 * * * *")
        let hourly = try Schedule(text: "@hourly")
        let fixed = try Schedule(text: "30 2 * * *")
        for schedule in [wildcard, hourly] {
            #expect(ClockRewind(.wildcard, to: to).cursor(of: schedule, at: behind, hasOccurred: true) == to)
            #expect(ClockRewind(.wildcard, to: to).cursor(of: schedule, at: before, hasOccurred: true) == before)
        }
        #expect(ClockRewind(.wildcard, to: to).cursor(of: fixed, at: behind, hasOccurred: true) == behind)
        #expect(ClockRewind(.calendar, to: to).cursor(of: fixed, at: behind, hasOccurred: true) == to)
        #expect(ClockRewind(.calendar, to: to).cursor(of: fixed, at: before, hasOccurred: true) == before)
        for other in [Schedule.every(.seconds(1)), .at(to), .boot, .manual] {
            #expect(ClockRewind(.calendar, to: to).cursor(of: other, at: behind, hasOccurred: true) == behind)
        }
        let once = Schedule.at(to + .seconds(30))
        #expect(ClockRewind(.calendar, to: to).cursor(of: once, at: behind, hasOccurred: false) == to)
        #expect(ClockRewind(.wildcard, to: to).cursor(of: once, at: behind, hasOccurred: false) == behind)
    }

    @Test func `after another, before that is done for all jobs, asks for both`() {
        var machine = Machine()
        var clock = StoreClock(first: machine.now)
        _ = clock.plan(at: machine.now)
        machine.wall -= .seconds(86_400)
        #expect(clock.plan(at: machine.now) == .correction(.seconds(86_400)))
        machine.wall -= .seconds(60)
        #expect(clock.plan(at: machine.now) == .backward(.seconds(60)))
        #expect(clock.rewind == ClockRewind(.calendar, to: machine.wall))
    }
}

@Suite struct `Steady time` {
    @Test func `begins as wall time, and does not notice how that is set`() {
        var machine = Machine()
        var clock = StoreClock(first: machine.now)
        let start = clock.steady(at: machine.boot)
        #expect(start == machine.wall)
        for jump in [2, -2, 3600, -3600, 400_000_000, -2_000_000_000] as [Int64] {
            machine.wall += .seconds(jump)
            machine.pass(.seconds(10))
            _ = clock.plan(at: machine.now)
            #expect(clock.wall(of: clock.steady(at: machine.boot), on: .steady) == machine.wall)
        }
        #expect(start.duration(to: clock.steady(at: machine.boot)) == .seconds(60))
    }

    @Test func `is found again from every clock`() {
        var machine = Machine()
        var clock = StoreClock(first: machine.now)
        machine.wall += .seconds(7200)
        _ = clock.plan(at: machine.now)
        let due = clock.steady(at: machine.boot) + .seconds(90)
        #expect(clock.boot(ofSteady: due) == machine.boot + .seconds(90))
        #expect(clock.time(on: .steady, ofWall: clock.wall(of: due, on: .steady)) == due)
        #expect(clock.time(on: .wall, ofWall: machine.wall) == machine.wall)
    }

    @Test func `goes on in the next boot by as much as the wall clock did`() {
        var machine = Machine()
        var clock = StoreClock(first: machine.now)
        machine.wall += .seconds(500)
        _ = clock.plan(at: machine.now)
        let before = clock.steady(at: machine.boot)
        machine.reboot(wall: machine.wall + .seconds(600))
        clock.enter(machine.now)
        #expect(before.duration(to: clock.steady(at: machine.boot)) == .seconds(600))
    }

    @Test func `never goes back, in whichever year the next boot begins`() {
        var machine = Machine()
        var clock = StoreClock(first: machine.now)
        _ = clock.plan(at: machine.now)
        let before = clock.steady(at: machine.boot)
        machine.reboot(wall: .epoch)
        clock.enter(machine.now)
        #expect(clock.steady(at: machine.boot) == before + .seconds(5), "the machine has been up for so long")
        machine.wall += .seconds(1_795_348_800)
        machine.pass(.seconds(30))
        _ = clock.plan(at: machine.now)
        #expect(before.duration(to: clock.steady(at: machine.boot)) == .seconds(35))
    }
}

@Suite struct `What was missed` {
    private func clock(_ change: (inout Machine) -> Void) -> (StoreClock, Machine) {
        var machine = Machine()
        var clock = StoreClock(first: machine.now)
        _ = clock.plan(at: machine.now)
        change(&machine)
        _ = clock.plan(at: machine.now)
        return (clock, machine)
    }

    @Test func `was missed for the sleep of the machine, also by intervals`() {
        let (clock, machine) = clock {
            $0.pass(.seconds(600))
            $0.slept += .seconds(500)
        }
        #expect(clock.missReason(of: machine.wall - .seconds(499), on: .wall) == .suspended)
        #expect(clock.missReason(of: machine.wall, on: .steady) == .suspended)
        #expect(clock.missReason(of: machine.wall - .seconds(500), on: .wall) == .downtime)
    }

    @Test func `was missed for a clock set forward, but not by intervals`() {
        let (clock, machine) = clock {
            $0.pass(.seconds(600))
            $0.wall += .seconds(3600)
        }
        #expect(clock.missReason(of: machine.wall - .seconds(3599), on: .wall) == .clockForward)
        #expect(clock.missReason(of: machine.wall - .seconds(3600), on: .wall) == .downtime)
        #expect(clock.missReason(of: machine.wall, on: .steady) == .downtime)
    }

    @Test func `was else missed because nobody got to it`() {
        let (clock, machine) = clock { $0.pass(.seconds(600)) }
        #expect(clock.missReason(of: machine.wall, on: .wall) == .downtime)
    }
}

@Suite struct `A wall clock` {
    private let nothing = ClockEvidence(isSynchronised: false, hasTimesyncMark: false, hasHardwareClock: false)
    private let synchronised = ClockEvidence(isSynchronised: true, hasTimesyncMark: false, hasHardwareClock: false)
    private let marked = ClockEvidence(isSynchronised: false, hasTimesyncMark: true, hasHardwareClock: false)
    private let hardware = ClockEvidence(isSynchronised: false, hasTimesyncMark: false, hasHardwareClock: true)

    private func rebooted(wall: Instant = Machine().wall + .seconds(600)) -> (clock: StoreClock, machine: Machine) {
        var machine = Machine()
        var clock = StoreClock(first: machine.now)
        _ = clock.plan(at: machine.now)
        machine.reboot(wall: wall)
        clock.enter(machine.now)
        return (clock, machine)
    }

    @Test func `is trusted where something can have told it the time`() {
        for evidence in [synchronised, marked, hardware] {
            var (clock, machine) = rebooted()
            clock.judge(evidence, at: machine.now, limit: .seconds(120))
            #expect(clock.trust == .trusted && !clock.isHeld(at: machine.now))
        }
    }

    @Test func `is else waited for, until so long after the machine's start`() {
        var (clock, machine) = rebooted()
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        let until = BootInstant(nanoseconds: 0) + .seconds(120)
        #expect(clock.trust == .held(.unsynchronised, since: machine.boot, until: until))
        machine.pass(.seconds(115) - .microseconds(1))
        #expect(clock.isHeld(at: machine.now) && !clock.hasMoved(at: machine.now))
        machine.pass(.microseconds(1))
        #expect(!clock.isHeld(at: machine.now) && clock.hasMoved(at: machine.now))
        _ = clock.plan(at: machine.now)
        #expect(clock.trust == .trusted && clock.gap?.reason == .untrustedClock)
        #expect(clock.missReason(of: machine.wall - .seconds(114), on: .wall) == .untrustedClock)
        #expect(clock.missReason(of: machine.wall - .seconds(116), on: .wall) == .downtime)
    }

    @Test func `of a machine that has long been up is not waited for`() {
        var (clock, machine) = rebooted()
        machine.pass(.seconds(120))
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        #expect(clock.trust == .trusted)
    }

    @Test(arguments: [Duration.seconds(-61), .seconds(-86_400)])
    func `behind what the store has seen is not trusted, whatever else there is`(behind: Duration) {
        for evidence in [nothing, marked, hardware] {
            var (clock, machine) = rebooted(wall: Machine().wall + behind)
            clock.judge(evidence, at: machine.now, limit: .seconds(120))
            #expect(clock.trust == .held(.behindStore, since: machine.boot, until: machine.boot + .seconds(120)))
        }
        var (clock, machine) = rebooted(wall: Machine().wall - .seconds(60))
        clock.judge(hardware, at: machine.now, limit: .seconds(120))
        #expect(clock.trust == .trusted)
    }

    @Test func `before this version was made is not trusted`() {
        var machine = Machine()
        machine.wall = StoreClock.release - .seconds(1)
        var clock = StoreClock(first: machine.now)
        clock.judge(hardware, at: machine.now, limit: .seconds(120))
        #expect(clock.trust == .held(.beforeRelease, since: machine.boot, until: machine.boot + .seconds(120)))
    }

    @Test func `that the kernel calls right is right, and what was seen before counts no more`() {
        var (clock, machine) = rebooted(wall: Machine().wall - .seconds(86_400 * 365))
        clock.judge(synchronised, at: machine.now, limit: .seconds(120))
        #expect(clock.trust == .trusted)
        #expect(clock.plan(at: machine.now) == .correction(.seconds(86_400 * 365)))
        #expect(clock.newestWall == machine.wall)
    }

    @Test func `that is set while jobs wait for it is why they missed all that it passed over`() {
        var (clock, machine) = rebooted(wall: .epoch)
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        machine.pass(.seconds(10))
        machine.wall = Machine().wall + .seconds(3600)
        clock.judge(synchronised, at: machine.now, limit: .seconds(120))
        _ = clock.plan(at: machine.now)
        for missed in [Instant.epoch + .seconds(60), machine.wall - .seconds(1800), machine.wall] {
            #expect(clock.missReason(of: missed, on: .wall) == .untrustedClock)
        }
        #expect(clock.missReason(of: .epoch, on: .wall) == .downtime)
    }

    @Test func `that was set while jobs waited for it is trusted`() {
        var (clock, machine) = rebooted()
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        machine.pass(.seconds(10))
        machine.wall += .seconds(3600)
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        #expect(clock.trust == .trusted)
    }

    @Test func `is believed at once where nobody wants to wait, and when the wait is over`() {
        var (clock, machine) = rebooted(wall: .epoch)
        clock.judge(nothing, at: machine.now, limit: .zero)
        #expect(clock.trust == .trusted)
        (clock, machine) = rebooted(wall: .epoch)
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        machine.pass(.seconds(60))
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        #expect(clock.isHeld(at: machine.now))
        machine.pass(.seconds(60))
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        #expect(clock.trust == .trusted)
    }

    @Test func `is judged once a boot`() {
        var (clock, machine) = rebooted()
        clock.judge(hardware, at: machine.now, limit: .seconds(120))
        machine.wall = .epoch
        clock.judge(nothing, at: machine.now, limit: .seconds(120))
        #expect(clock.trust == .trusted)
    }
}
