import Testing

@testable import SignalboxCore

@Suite struct `Catching up` {
    private let hourly = Schedule.every(.seconds(3_600))
    private let noon = Instant(seconds: 1_767_268_800)  // 2026-01-01T12:00:00Z

    private func plan(
        _ schedule: Schedule, missedHours hours: Int64, late: Duration = .seconds(600), _ policy: CatchUpPolicy,
        punctual: Duration? = CatchUp.punctual
    ) -> CatchUpPlan {
        CatchUp.plan(
            schedule, zone: .utc, anchor: noon, cursor: noon - .seconds(hours * 3_600), now: noon + late,
            policy: policy,
            reason: .downtime, punctual: punctual)
    }

    private func hours(_ plan: CatchUpPlan) -> [Int64] {
        plan.runs.map { noon.duration(to: $0.due).components.seconds / 3_600 }
    }

    @Test func `with nothing due does nothing and leaves the cursor`() {
        let plan = plan(hourly, missedHours: 0, CatchUpPolicy(mode: .all))
        #expect(plan == CatchUpPlan(runs: [], skipped: [], cursor: noon))
    }

    @Test func `with a clock behind the cursor does nothing`() {
        let plan = CatchUp.plan(
            hourly, zone: .utc, anchor: noon, cursor: noon + .seconds(86_400), now: noon, policy: CatchUpPolicy(),
            reason: .downtime)
        #expect(plan.runs.isEmpty && plan.skipped.isEmpty && plan.cursor == noon + .seconds(86_400))
    }

    @Test(arguments: CatchUpPolicy.Mode.allCases)
    func `runs what is due just now, whatever the policy`(mode: CatchUpPolicy.Mode) {
        let plan = plan(hourly, missedHours: 1, late: .zero, CatchUpPolicy(mode: mode))
        #expect(hours(plan) == [0] && plan.skipped.isEmpty && plan.cursor == noon)
    }

    @Test func `by default runs the newest once and records the others`() {
        let plan = plan(hourly, missedHours: 5, CatchUpPolicy())
        #expect(hours(plan) == [0])
        #expect(
            plan.skipped
                == [
                    SkippedSummary(
                        count: 4, first: noon - .seconds(4 * 3_600), last: noon - .seconds(3_600), reason: .downtime)
                ])
        #expect(plan.cursor == noon)
    }

    @Test func `with none runs nothing that is late, and the newest where it is on time`() {
        let late = plan(hourly, missedHours: 5, CatchUpPolicy(mode: .none))
        #expect(
            late.runs.isEmpty && late.skipped.first?.count == 5 && late.skipped.first?.last == noon
                && late.cursor == noon)
        let punctual = plan(hourly, missedHours: 5, late: .seconds(2), CatchUpPolicy(mode: .none))
        #expect(hours(punctual) == [0] && punctual.skipped.first?.count == 4)
        let paused = plan(hourly, missedHours: 5, late: .seconds(2), CatchUpPolicy(mode: .none), punctual: nil)
        #expect(paused.runs.isEmpty && paused.skipped.first?.count == 5)
    }

    @Test func `with earliest runs the oldest inside the window`() {
        let all = plan(hourly, missedHours: 5, CatchUpPolicy(mode: .earliest))
        #expect(
            hours(all) == [-4] && all.skipped.first?.count == 4
                && all.skipped.first?.first == noon - .seconds(3 * 3_600))
        #expect(all.skipped.first?.last == noon && all.cursor == noon)
        let window = plan(hourly, missedHours: 5, CatchUpPolicy(mode: .earliest, window: .seconds(2 * 3_600 + 600)))
        #expect(
            hours(window) == [-2] && window.skipped.first?.count == 4
                && window.skipped.first?.first == noon - .seconds(4 * 3_600))
    }

    @Test func `with all runs the newest up to the maximum, in order`() {
        let plan = plan(hourly, missedHours: 5, CatchUpPolicy(mode: .all, maximum: 3))
        #expect(hours(plan) == [-2, -1, 0])
        #expect(plan.skipped.first?.count == 2 && plan.skipped.first?.last == noon - .seconds(3 * 3_600))
        let everything = self.plan(hourly, missedHours: 5, CatchUpPolicy(mode: .all))
        #expect(hours(everything) == [-4, -3, -2, -1, 0] && everything.skipped.isEmpty)
    }

    @Test func `drops what is older than the window`() {
        let plan = plan(hourly, missedHours: 5, CatchUpPolicy(mode: .all, window: .seconds(3_600 + 600)))
        #expect(hours(plan) == [-1, 0] && plan.skipped.first?.count == 3)
        let nothing = self.plan(hourly, missedHours: 5, CatchUpPolicy(window: .seconds(599)))
        #expect(nothing.runs.isEmpty && nothing.skipped.first?.count == 5)
    }

    @Test func `of a single time runs it once however late`() throws {
        let plan = plan(.at(noon - .seconds(1_800)), missedHours: 1, late: .seconds(1_000_000), CatchUpPolicy())
        #expect(plan.runs.count == 1 && plan.skipped.isEmpty)
        #expect(self.plan(.manual, missedHours: 9, CatchUpPolicy()).runs.isEmpty)
    }

    @Test func `accounts for every due time exactly once`() throws {
        var random = Seeded(state: 6)
        let berlin = try zone("Europe/Berlin")
        for _ in 0..<300 {
            let text = ["*/7 * * * *", "30 2 * * *", "0 1,2,3 * * *", "@every 17m", "0 */6 * * sun"].randomElement(
                using: &random)!
            let schedule = try Schedule(text: text)
            let cursor = Instant(seconds: 1_774_700_000 + Int64.random(in: 0..<200_000, using: &random))
            let now = cursor + .seconds(Int64.random(in: 0..<400_000, using: &random))
            let policy = CatchUpPolicy(
                mode: CatchUpPolicy.Mode.allCases.randomElement(using: &random)!,
                window: Bool.random(using: &random) ? nil : .seconds(Int64.random(in: 60..<200_000, using: &random)),
                maximum: Int.random(in: 1...20, using: &random))
            let plan = CatchUp.plan(
                schedule, zone: berlin, anchor: .epoch, cursor: cursor, now: now, policy: policy, reason: .suspended)
            var due: [Instant] = []
            while let next = schedule.next(after: due.last ?? cursor, in: berlin, anchor: .epoch), next.due <= now {
                due.append(next.due)
            }
            let skipped = due.filter { time in !plan.runs.contains { $0.due == time } }
            #expect(
                plan.runs.map(\.due).allSatisfy(due.contains) && plan.runs.map(\.due) == plan.runs.map(\.due).sorted())
            #expect(plan.skipped.first?.count ?? 0 == skipped.count, "\(text) \(policy) \(cursor) \(now)")
            #expect(plan.skipped.first?.first == skipped.first && plan.skipped.first?.last == skipped.last)
            #expect(plan.cursor == due.last ?? cursor)
        }
    }

    @Test func `of 10,000 missed minutes counts them by days`() throws {
        let minutely = try Schedule(text: "* * * * *")
        let plan = CatchUp.plan(
            minutely, zone: try zone("Europe/Berlin"), anchor: .epoch, cursor: noon - .seconds(10_000 * 60), now: noon,
            policy: CatchUpPolicy(), reason: .downtime)
        #expect(plan.runs.map(\.due) == [noon])
        #expect(plan.skipped.first?.count == 9_999)
        #expect(
            plan.skipped.first?.first == noon - .seconds(9_999 * 60) && plan.skipped.first?.last == noon - .seconds(60))
    }

    @Test func `of a cursor from another age are counted without going through them`() throws {
        let secondly = try Schedule(text: "* * * * * *")
        let plan = CatchUp.plan(
            secondly, zone: try zone("Europe/Berlin"), anchor: .epoch, cursor: .distantPast, now: noon,
            policy: CatchUpPolicy(mode: .all, maximum: 10), reason: .clockForward)
        #expect(plan.runs.count == 10)
        #expect(plan.skipped.first?.count == Int(noon.wholeSeconds - Instant.distantPast.wholeSeconds) - 10)
        let interval = CatchUp.plan(
            .every(.milliseconds(1)), zone: .utc, anchor: .epoch, cursor: .epoch, now: noon, policy: CatchUpPolicy(),
            reason: .clockForward)
        #expect(interval.skipped.first?.count == 1_767_268_799_999)
    }
}
