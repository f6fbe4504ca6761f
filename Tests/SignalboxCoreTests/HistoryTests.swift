import Testing

@testable import SignalboxCore

@Suite struct `A histogram of durations` {
    @Test func `has bins without gap or overlap, none wider than a quarter of its lower end`() {
        var next: Int64 = 0
        for bin in 0...DurationHistogram.lastBin {
            let bounds = DurationHistogram.bounds(of: bin)
            #expect(bounds.lowerBound == next)
            let width = bounds.upperBound - bounds.lowerBound + 1
            #expect(width == 1 || width * 4 <= bounds.lowerBound)
            for length in [bounds.lowerBound, bounds.upperBound] {
                #expect(DurationHistogram.bin(of: .microseconds(length)) == bin)
            }
            if bin < DurationHistogram.lastBin { next = bounds.upperBound + 1 }
        }
        #expect(DurationHistogram.bounds(of: DurationHistogram.lastBin).upperBound == .max)
    }

    @Test func `has a bin for every duration`() {
        #expect(DurationHistogram.bin(of: .seconds(-5)) == 0)
        #expect(DurationHistogram.bin(of: .seconds(Int64.max)) == DurationHistogram.lastBin)
        #expect(DurationHistogram.bin(of: .milliseconds(1)) == 35)
        #expect(DurationHistogram.bin(of: .seconds(1)) == 75)
    }

    /// Aim: quantiles are what sorting would tell, within an eighth. Method: durations of all magnitudes drawn from a
    /// seed, sorted, and looked at by rank.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `estimates each quantile to an eighth of the exact one`(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let lengths = (0..<Int.random(in: 1...400, using: &random)).map { _ in
            Int64.random(in: 0...(1 << Int64.random(in: 1...50, using: &random)), using: &random)
        }.sorted()
        var histogram = DurationHistogram()
        for length in lengths.shuffled(using: &random) { histogram.add(.microseconds(length)) }
        #expect(histogram.total == lengths.count)
        for part in [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1] {
            let exact = lengths[max(1, Int((Double(lengths.count) * part).rounded(.up))) - 1]
            let estimate = try #require(histogram.quantile(part)).microseconds
            #expect(abs(estimate - exact) * 8 <= exact, "seed \(seed), \(part): \(estimate) for \(exact)")
        }
        let sum = lengths.reduce(0, +)
        #expect(histogram.possibleTotals.contains(.microseconds(sum)), "seed \(seed)")
    }

    @Test func `of nothing has no quantile`() {
        #expect(DurationHistogram().quantile(0.5) == nil)
        #expect(DurationHistogram().total == 0)
    }

    @Test func `that others were merged into is that of all their durations`() {
        var random = Seeded(state: 7)
        var (whole, parts) = (DurationHistogram(), [DurationHistogram(), DurationHistogram(), DurationHistogram()])
        for _ in 0..<500 {
            let duration = Duration.microseconds(Int64.random(in: 0...90_000_000, using: &random))
            whole.add(duration)
            parts[Int.random(in: 0..<3, using: &random)].add(duration)
        }
        let merged = parts.reduce(into: DurationHistogram()) { $0.merge($1) }
        #expect(merged == whole)
        #expect(DurationHistogram(counts: whole.counts.map { ($0.bin, $0.count) }) == whole)
    }

    @Test(arguments: [[(3, 1), (3, 1)], [(4, 1), (3, 1)], [(248, 1)], [(0, 0)], [(5, -1)]])
    func `is not made of bins that no histogram has`(counts: [(Int, Int)]) {
        #expect(DurationHistogram(counts: counts.map { (UInt8($0.0), $0.1) }) == nil)
    }
}

@Suite struct `A tally of runs` {
    private static let start = Now(
        wall: Instant(seconds: 1_795_348_800), boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))
    private static let later = Now(
        wall: start.wall + .seconds(3), boot: start.boot + .seconds(3), bootID: start.bootID)
    private static let token = Token(1)

    private func claimed() throws -> Dispatch {
        try Dispatch(id: DispatchID(1), origin: DispatchOrigin(maxAttempts: 1), birth: .pending, now: Self.start)
            .applying(.claim(Claim(worker: WorkerID(1), token: Self.token)), now: Self.start)
    }

    @Test func `counts what ended in SUCCESS or FAILED, and nothing else`() throws {
        let running = try claimed()
        var tally = RunTally()
        let events: [DispatchEvent] = [
            .succeed(Self.token, .exited(0)), .fail(Self.token, .exited(1), .exit), .stop(Self.token, nil),
            .lose(.fail, due: Self.later.wall), .release(Self.token),
        ]
        for event in events { tally.add(try running.applying(event, now: Self.later)) }
        #expect(tally.successes == 1 && tally.failures == 2 && tally.runs == 3)
        #expect(tally.unmeasured == 1)
        #expect(tally.totalDuration == .seconds(6) && tally.durations.total == 2)
        #expect(tally.inconsistencies == [])
    }

    @Test func `adds up with others`() throws {
        var (one, both) = (RunTally(), RunTally())
        one.add(try claimed().applying(.succeed(Self.token, .exited(0)), now: Self.later))
        both.merge(one)
        both.merge(one)
        #expect(both.successes == 2 && both.totalDuration == .seconds(6) && both.inconsistencies == [])
    }

    @Test func `says what contradicts itself`() {
        var durations = DurationHistogram()
        durations.add(.seconds(1))
        func faults(_ successes: Int, _ failures: Int, _ unmeasured: Int, _ total: Duration) -> Int {
            RunTally(
                successes: successes, failures: failures, unmeasured: unmeasured, totalDuration: total,
                durations: durations
            ).inconsistencies.count
        }
        #expect(faults(1, 0, 0, .seconds(1)) == 0)
        #expect(faults(2, 0, 0, .seconds(1)) == 1)
        #expect(faults(2, 0, 1, .seconds(1)) == 1)
        #expect(faults(1, 0, 0, .seconds(2)) == 1)
        #expect(faults(1, 0, 0, .milliseconds(1)) == 1)
    }
}

@Suite struct `An hour of UTC` {
    @Test(arguments: [
        (0, 0), (1, 0), (3_599_999_999, 0), (3_600_000_000, 1), (-1, -1), (-3_600_000_000, -1), (-3_600_000_001, -2),
    ])
    func `begins at the hour before or at its instants`(microseconds: Int64, hour: Int64) {
        #expect(UTCHour(of: Instant(microseconds: microseconds)).start == Instant(seconds: hour * 3600))
    }

    @Test func `has others before and behind it`() {
        let hour = UTCHour(of: Instant(seconds: 7200))
        #expect(hour.advanced(by: -3).start == Instant(seconds: -3600))
        #expect(hour.advanced(by: 1) > hour)
    }
}
