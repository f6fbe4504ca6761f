internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// Decides whether calendar jobs may go by the wall clock of this boot: once a boot, and again while they wait.
    /// - Parameters:
    ///   - evidence: what the machine says of its clock.
    ///   - limit: the longest they wait; zero: the clock is believed at once.
    /// - Returns: what was decided.
    public func judgeClock(_ evidence: ClockEvidence, limit: Duration, now: Now) throws -> ClockTrust {
        try write(now) { writer in
            var clock = try writer.clock()
            let before = clock.trust
            clock.judge(evidence, at: now, limit: limit)
            guard clock.trust != before else { return before }
            try writer.keep(clock, displacementBefore: clock.displacement)
            writer.notify([.schedule, .anyChange])
            return clock.trust
        }
    }

    /// Writes down how far steady time has come, so that it goes on from there where the next boot's clock cannot tell
    /// how long the machine was off.
    public func noteClock(now: Now) throws {
        try write(now) { writer in
            var clock = try writer.clock()
            clock.lastLook = max(clock.lastLook, now.boot)
            try writer.keep(clock, displacementBefore: clock.displacement)
        }
    }
}
