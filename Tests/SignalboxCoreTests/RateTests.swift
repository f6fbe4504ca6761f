import SignalboxCore
import Testing

@Suite struct `A rate` {
    @Test(arguments: ["10/1m", "1/1s", "1000/1d", "3/1h30m"])
    func `is written as it is read`(text: String) throws {
        #expect(try Rate(text: text).text == text)
    }

    @Test(arguments: ["", "10", "10/", "/1m", "0/1m", "1001/1m", "-1/1m", "10/0s", "10/1", "10/1m/2", "ten/1m"])
    func `is nothing else`(text: String) {
        #expect(throws: LimitTextError.self) { try Rate(text: text) }
    }
}

@Suite struct `A window of starts` {
    private func time(_ milliseconds: Int) -> Instant { Instant(microseconds: Int64(milliseconds) * 1000) }

    @Test func `opens when the oldest start that counts is its period old`() {
        var window = RateWindow(rate: Rate(count: 2, per: .seconds(1)))
        #expect(window.room(at: time(0)) == 2 && window.nextOpening(after: time(0)) == nil)
        window.take(at: time(0))
        window.take(at: time(300))
        #expect(window.room(at: time(999)) == 0 && window.nextOpening(after: time(999)) == time(1000))
        #expect(window.room(at: time(1000)) == 1 && window.nextOpening(after: time(1000)) == time(1300))
        #expect(window.room(at: time(1300)) == 2)
    }

    @Test func `waits for several to grow old where the rate was lowered`() {
        var window = RateWindow(rate: Rate(count: 4, per: .seconds(1)))
        for start in [0, 100, 200, 300] { window.take(at: time(start)) }
        window.rate.count = 2
        #expect(window.room(at: time(400)) == 0 && window.nextOpening(after: time(400)) == time(1200))
        #expect(window.room(at: time(1200)) == 1)
    }

    @Test func `is kept in order where two clocks were read in another`() {
        var window = RateWindow(rate: Rate(count: 2, per: .seconds(1)))
        window.take(at: time(500))
        window.take(at: time(400))
        #expect(window.starts == [time(500), time(500)] && window.room(at: time(1499)) == 0)
    }

    /// Whenever somebody takes a start as often as there is room, no window of its length has more than its count.
    @Test func `never lets more through in any stretch of its length`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(state: seed)
        for _ in 0..<50 {
            let rate = Rate(
                count: Int.random(in: 1...6, using: &random), per: .milliseconds(Int.random(in: 1...50, using: &random))
            )
            var window = RateWindow(rate: rate)
            var (now, starts): (Instant, [Instant]) = (time(0), [])
            for _ in 0..<400 {
                now += .microseconds(Int.random(in: 0...20_000, using: &random))
                guard window.room(at: now) > 0 else { continue }
                window.take(at: now)
                starts.append(now)
            }
            for (index, start) in starts.enumerated() {
                let inWindow = starts[index...].count { $0 < start + rate.per }
                #expect(inWindow <= rate.count, "seed \(seed)")
            }
            #expect(starts.count > 20, "seed \(seed)")
        }
    }
}
