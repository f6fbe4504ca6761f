import CLinux
import Glibc
import SignalboxCore
import SignalboxRuntime
import Testing

@Suite(.timeLimit(.minutes(20))) struct `An event loop` {
    @Test func `is woken from another thread, once for many raises`() async throws {
        let wakeUp = try WakeUp()
        let waiter = try LoopThread(name: "waiter") {
            let loop = try EventLoop<String>()
            try loop.add(wakeUp, token: "wake-up")
            return try loop.wait().map(\.token)
        }
        wakeUp.raise()
        wakeUp.raise()
        #expect(try await waiter.value() == ["wake-up"])
        #expect(wakeUp.lower())
        #expect(!wakeUp.lower())
    }

    @Test func `reports a source until it is attended to, and not after it was removed`() throws {
        let (loop, wakeUp) = (try EventLoop<Int>(), try WakeUp())
        try loop.add(wakeUp, token: 1)
        #expect(try loop.wait(for: .zero).isEmpty)
        wakeUp.raise()
        for _ in 1...2 { #expect(try loop.wait().count == 1) }
        loop.remove(1)
        #expect(try loop.wait(for: .zero).isEmpty)
        #expect(loop.tokens.isEmpty)
        try loop.add(wakeUp, token: 1)
        #expect(try loop.wait().map(\.token) == [1])
    }

    @Test func `reports every one of many sources`() throws {
        let loop = try EventLoop<Int>()
        let wakeUps = try (0..<200).map { _ in try WakeUp() }
        for (token, wakeUp) in wakeUps.enumerated() {
            try loop.add(wakeUp, token: token)
            wakeUp.raise()
        }
        var seen = Set<Int>()
        while seen.count < 200 {
            for event in try loop.wait() {
                wakeUps[event.token].lower()
                #expect(seen.insert(event.token).inserted)
            }
        }
    }

    @Test func `keeps a source open until it is removed`() throws {
        let loop = try EventLoop<Int>()
        var wakeUp: WakeUp? = try WakeUp()
        let number = try #require(wakeUp).descriptor.number
        try loop.add(try #require(wakeUp), token: 1)
        wakeUp = nil
        #expect(fcntl(number, F_GETFD) >= 0)
    }

    @Test func `gives up when the time is over`() throws {
        #expect(try EventLoop<Int>().wait(for: .milliseconds(1)).isEmpty)
    }
}

@Suite(.timeLimit(.minutes(20))) struct `An alarm` {
    @Test func `on the boot clock rings when its time has come`() throws {
        let (loop, alarm) = (try EventLoop<Int>(), try BootAlarm())
        try loop.add(alarm, token: 1)
        let due = SystemClocks.bootTime() + .milliseconds(20)
        try alarm.arm(at: due)
        #expect(try loop.wait().map(\.token) == [1])
        #expect(SystemClocks.bootTime() >= due)
        #expect(alarm.acknowledge())
        #expect(!alarm.acknowledge())
    }

    @Test func `on the wall clock rings when its time has come`() throws {
        let (loop, alarm) = (try EventLoop<Int>(), try WallAlarm())
        try loop.add(alarm, token: 1)
        try alarm.arm(at: SystemClocks.wallTime() + .milliseconds(20))
        #expect(try loop.wait().map(\.token) == [1])
        #expect(try alarm.acknowledge() == .due)
        #expect(try alarm.acknowledge() == nil)
    }

    @Test(arguments: [Instant.distantPast, .epoch, Instant(microseconds: -1), Instant(seconds: 1)])
    func `for a time that has passed rings at once`(instant: Instant) throws {
        let (loop, alarm) = (try EventLoop<Int>(), try WallAlarm())
        try loop.add(alarm, token: 1)
        try alarm.arm(at: instant)
        #expect(try loop.wait().count == 1)
        #expect(try alarm.acknowledge() == .due)
    }

    @Test func `for the end of time, or disarmed, does not ring`() throws {
        let (loop, wall, boot) = (try EventLoop<Int>(), try WallAlarm(), try BootAlarm())
        try loop.add(wall, token: 1)
        try loop.add(boot, token: 2)
        try wall.arm(at: .distantPast)
        try boot.arm(at: .distantPast)
        try wall.disarm()
        try boot.disarm()
        #expect(try loop.wait(for: .zero).isEmpty)
        try wall.arm(at: .distantFuture)
        try boot.arm(at: .distantFuture)
        #expect(try loop.wait(for: .zero).isEmpty)
    }

    /// It moves the machine's clock by a microsecond and back, so it runs only where somebody allows that.
    @Test(.enabled(if: getenv("SIGNALBOX_TEST_MAY_SET_CLOCK") != nil))
    func `on the wall clock rings when the clock is set, armed before or after`() throws {
        let (loop, alarm) = (try EventLoop<Int>(), try WallAlarm())
        try loop.add(alarm, token: 1)
        try alarm.arm(at: .distantFuture)
        #expect(stepClock(by: 1) >= 0)
        #expect(try loop.wait().count == 1)
        #expect(try alarm.acknowledge() == .clockWasSet)
        #expect(try loop.wait(for: .zero).isEmpty)
        try alarm.arm(at: .distantFuture)
        #expect(stepClock(by: -1) >= 0)
        try alarm.arm(at: .distantFuture)
        #expect(try loop.wait().count == 1)
        #expect(try alarm.acknowledge() == .clockWasSet)
        #expect(try alarm.acknowledge() == nil)
    }
}

@Suite struct `The system's clocks` {
    @Test func `go on, within one boot`() throws {
        let clocks = try SystemClocks()
        let (first, second) = (clocks.now(), clocks.now())
        #expect(second.boot >= first.boot)
        #expect(first.bootID == second.bootID)
        #expect(first.bootID.text.utf8.count == 36)
        #expect(first.wall > Instant(seconds: 1_700_000_000))
    }
}

@Suite struct `A loop's thread` {
    private struct Failure: Error, Equatable {}

    @Test func `has its name, takes no signals, and returns what its body returns`() async throws {
        let (name, blocked) = try await LoopThread.run(name: "signalbox-worker-1") {
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            let blocked = [SIGTERM, SIGINT, SIGCHLD, SIGSEGV].map { sigismember(&mask, $0) == 1 }
            return (try contents(of: "/proc/thread-self/comm"), blocked)
        }
        #expect(name == "signalbox-worke\n")
        #expect(blocked == [true, true, true, false])
    }

    @Test func `passes on what its body throws, to all who ask`() async throws {
        let thread = try LoopThread(name: "fails") { throw Failure() }
        await #expect(throws: Failure()) { try await thread.value() }
        await #expect(throws: Failure()) { try await thread.value() }
    }
}

/// Moves the wall clock by so many microseconds; -1 when that is not allowed.
private func stepClock(by microseconds: Int) -> Int32 {
    var step = timex()
    step.modes = UInt32(ADJ_SETOFFSET)
    let isBackward = microseconds < 0
    step.time = timeval(tv_sec: isBackward ? -1 : 0, tv_usec: isBackward ? 1_000_000 + microseconds : microseconds)
    return adjtimex(&step)
}
