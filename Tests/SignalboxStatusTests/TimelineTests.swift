import SignalboxCore
@testable import SignalboxStatus
@testable import SignalboxStore
import Testing

/// The drawing begins at 15:00 the day before, 600 units an hour; now is 14:30.
@Suite struct `The day` {
    private func page(_ timeline: Timeline) -> String {
        var source = FixedSource()
        source.day = timeline
        return answer("/timeline", of: source).text
    }

    @Test func `is drawn to scale, with a line where now is`() throws {
        let job = try Fixtures.job("backup", "0 3 * * *").job
        let runs = [
            try Fixtures.run(3, of: job.name, from: .seconds(-1800), nil),
            try Fixtures.run(2, of: job.name, from: .seconds(-7200), for: .seconds(1800), .exited(1)),
            try Fixtures.run(1, of: job.name, from: .seconds(-23 * 3600), for: .seconds(1)),
        ]
        let row = TimelineRow(job: job, runs: runs, due: [Fixtures.at(.seconds(3600)).wall])
        let text = page(Timeline(rows: [row], stamp: Fixtures.status.stamp))
        #expect(text.contains("aria-label=\"backup: 2 runs, 1 failed, due once\""))
        #expect(text.contains("<rect x=\"300\" y=\"6\" width=\"50\" height=\"12\">"))
        #expect(text.contains("<rect x=\"12900\" y=\"3\" width=\"300\" height=\"18\">"))
        #expect(text.contains("<rect x=\"13800\" y=\"6\" width=\"300\" height=\"12\">"))
        #expect(text.contains("<rect class=\"now\" x=\"14100\""))
        #expect(text.contains("<rect x=\"14700\" y=\"7\" width=\"40\" height=\"10\">"))
        #expect(text.contains("href=\"/dispatches/2\" class=\"run failed\" tabindex=\"-1\""))
        #expect(text.contains("<span class=\"quiet\">Sat</span> 15:00"))
    }

    @Test func `shows hours of many runs as blocks, and many due times as a band`() throws {
        let job = try Fixtures.job("minutely", "* * * * *").job
        var tally = RunTally()
        for number in 1...60 {
            tally.add(try Fixtures.run(UInt64(number), from: .zero, number % 4 == 0 ? .exited(1) : .exited(0)))
        }
        let hour = RunHistory.Hour(hour: UTCHour(of: Fixtures.now.wall).advanced(by: -2), tally: tally)
        let due = (1...3).map { Fixtures.at(.seconds(60 * $0)).wall }
        let row = TimelineRow(job: job, runs: [], olderHours: [hour], due: due, dueCount: 1440)
        let text = page(Timeline(rows: [row], next: job.name, stamp: Fixtures.status.stamp))
        #expect(text.contains("minutely: 60 runs, 15 failed, due 1,440 times"))
        #expect(text.contains("<rect class=\"success\" x=\"12600\" y=\"9\" width=\"560\" height=\"9\">"))
        #expect(text.contains("<rect class=\"failed\" x=\"12600\" y=\"6\" width=\"560\" height=\"3\">"))
        #expect(text.contains("1,440 due times in the coming 24 h</title><rect x=\"14130\""))
        #expect(text.contains("href=\"/timeline?after=minutely\">More jobs"))
    }

    @Test func `says what to do when there is no job`() {
        #expect(page(Timeline(rows: [], stamp: Fixtures.status.stamp)).contains("There is no job yet."))
    }
}

@Suite struct `The queues` {
    @Test func `tell their depth, the oldest that waits, and who serves them`() throws {
        var source = FixedSource()
        var media = QueueView(name: try QueueName("media"), dispatches: [.pending: 12])
        media.oldestWaiting = Fixtures.at(.seconds(-600)).wall
        source.queueDetails = [
            QueueDetail(view: media, workers: [Fixtures.worker(1, "attic")]),
            QueueDetail(view: QueueView(name: try QueueName("tape"), dispatches: [.pending: 1])),
        ]
        let page = answer("/queues", of: source).text
        #expect(
            page.contains("state=PENDING&amp;queue=media\" class=\"depth pending\"><span class=\"count\">12</span>"))
        #expect(page.contains(">10 min ago</time>") && page.contains("attic</a><span class=\"quiet\"> · 4 slots"))
        #expect(page.contains("<span class=\"badge failed\">no worker</span>") && page.contains("late\">nobody"))
    }
}

@Suite struct `The workers` {
    @Test func `stand with the most active first, and those that ended behind`() throws {
        var source = FixedSource()
        source.shown.workers = [
            Fixtures.worker(1, "slow", processed: 4), Fixtures.worker(2, "busy", processed: 90),
            Fixtures.worker(3, "gone", state: .stopped, processed: 500),
        ]
        let page = answer("/workers", of: source).text
        let places = ["busy", "slow", "gone"].compactMap { page.ranges(of: ">\($0)<").first?.lowerBound }
        #expect(places.count == 3 && places == places.sorted())
        #expect(answer("/", of: source).text.contains("<dt>Most active</dt><dd>busy</dd>"))
    }
}
