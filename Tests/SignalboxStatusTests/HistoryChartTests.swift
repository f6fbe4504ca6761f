import SignalboxCore
import SignalboxStore
import Testing

@testable import SignalboxStatus

@Suite struct `The last 24 hours` {
    /// Four runs and a failure in the hour before this one, one run twenty hours ago.
    private func source() throws -> FixedSource {
        var source = FixedSource()
        let good = try Fixtures.run(1, from: .seconds(-3600), for: .milliseconds(350))
        let bad = try Fixtures.run(2, from: .seconds(-3600), for: .seconds(3), .exited(1))
        source.shown.status.last24Hours = Fixtures.lastDay([1: [good, good, good, bad], 20: [good]])
        source.shown.jobs = [try Fixtures.job("backup", "0 3 * * *")]
        return source
    }

    @Test(arguments: ["/", "/jobs/backup"])
    func `are told in numbers and drawn, an hour a bar`(path: String) throws {
        let page = answer(path, of: try source()).text
        #expect(page.contains("<strong>5</strong> runs, <strong class=\"failed\">1</strong> failed"))
        #expect(page.contains("half took at most about </span>360 ms"))
        #expect(page.contains(", 95 % at most about </span>2.8 s"))
        #expect(page.ranges(of: "<g><title>2026-").count == 26)
        #expect(
            page.contains(
                "2026-11-22 13:00 UTC: 4 runs, 1 failed, half took at most about 360 ms</title>"
                    + "<rect class=\"success\" x=\"221\" y=\"10\" width=\"8\" height=\"30\"></rect>"
                    + "<rect class=\"failed\" x=\"221\" y=\"0\" width=\"8\" height=\"10\"></rect></g>"))
        #expect(page.contains("2026-11-21 18:00 UTC: 1 run, 0 failed"))
        #expect(page.ranges(of: "<rect class=\"nothing\"").count == 44)
        #expect(page.contains("<rect class=\"median\""))
        #expect(page.contains("95 % at most about 2.8 s</title>"))
        #expect(
            page.contains(
                "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\" class=\"text\" data-label=\"Hour (UTC)\">2026-11-22 13:00</th>"
            ))
    }

    @Test func `without a run are a sentence`() throws {
        var source = try source()
        source.shown.status.last24Hours = Fixtures.lastDay([:])
        let page = answer("/", of: source).text
        #expect(page.contains("Nothing that ran has ended in them."))
        #expect(!page.contains("class=\"chart\""))
    }
}
