import SignalboxCore
import SignalboxStore

/// The day that was and the day that comes: a lane for each job, with its runs behind the line that is now, and its due
/// times before it.
extension PageView {
    func timeline(_ timeline: Timeline) -> HTML {
        let span = TimelineSpan(now: now.wall)
        return .list([
            element("h1") { "Timeline" },
            legend,
            timeline.rows.isEmpty
                ? element("p", .class("empty")) {
                    "There is no job yet. Add one with: signalbox add NAME --every 5m -- COMMAND"
                }
                : element("section", .class("timeline")) {
                    hourScale(span)
                    element("ol", .class("lanes")) {
                        HTML.list(timeline.rows.map { lane($0, span) })
                        waitingLane(timeline.waiting, span)
                    }
                },
            timeline.next.map { name in
                element("p", .class("more")) { link(.timeline(after: name)) { "More jobs" } }
            } ?? HTML(),
        ])
    }

    private var legend: HTML {
        element("p", .class("legend")) {
            for (tone, text) in [
                ("success", "succeeded"), ("failed", "failed"), ("in-progress", "running"), ("skipped", "skipped"),
                ("due", "due"),
            ] {
                element("span", .class(tone)) { text }
            }
        }
    }

    private func hourScale(_ span: TimelineSpan) -> HTML {
        element("div", .class("hours"), .decorative) {
            for hour in span.labelled {
                element("span") {
                    element("span", .class("quiet")) { hour.weekday }
                    " \(hour.clock)"
                }
            }
        }
    }

    private func lane(_ row: TimelineRow, _ span: TimelineSpan) -> HTML {
        element("li", .key("lane-\(row.job.name)"), .ofJob(row.job.name)) {
            element("p", .class("name")) {
                link(.job(row.job.name)) { row.job.name.text }
                if row.job.progress.paused { badge("Paused", tone: "pending") }
                quiet(row.summary)
            }
            drawing(span, label: "\(row.job.name): \(row.summary)") {
                HTML.list(row.olderHours.map { block($0, span) })
                HTML.list(row.runs.reversed().map { mark($0, span) })
                dueMarks(row, span)
            }
        }
    }

    private func waitingLane(_ waiting: [Dispatch], _ span: TimelineSpan) -> HTML {
        guard !waiting.isEmpty else { return HTML() }
        let summary =
            waiting.count == 1 ? "1 dispatch waits for its time" : "\(waiting.count) dispatches wait for their time"
        return element("li", .key("waiting")) {
            element("p", .class("name")) {
                link(.dispatches(DispatchFilter(state: .scheduled))) { "Without a job" }
                quiet(summary)
            }
            drawing(span, label: summary) { HTML.list(waiting.map { mark($0, span) }) }
        }
    }

    private func drawing(_ span: TimelineSpan, label: String, @HTMLBuilder content: () -> HTML) -> HTML {
        element("svg", .class("lane"), .viewBox("0 0 28800 24"), .stretched, .role("img"), .label(label)) {
            content()
            element("rect", [.class("now"), .x(span.now), .y(0), .width(36), .height(24)], HTML())
        }
    }

    /// An hour of which only the numbers are known: as a block, the failed part on top.
    private func block(_ hour: RunHistory.Hour, _ span: TimelineSpan) -> HTML {
        let (x, tally) = (span.place(hour.hour.start), hour.tally)
        let width = min(TimelineSpan.unitsInHour, span.now - x) - 40
        guard x >= 0, width > 0 else { return HTML() }
        let failed = tally.failures == 0 ? 0 : max(3, tally.failures * 12 / max(1, tally.runs))
        return element("g", .class("block"), .key("hour-\(x)")) {
            element("title") { barText(hour) }
            if failed < 12 {
                element(
                    "rect", [.class("success"), .x(x), .y(6 + failed), .width(width), .height(12 - failed)], HTML())
            }
            if failed > 0 { element("rect", [.class("failed"), .x(x), .y(6), .width(width), .height(failed)], HTML()) }
        }
    }

    /// One run, from its beginning to its end, or to now; or one that is still to come, at its time.
    private func mark(_ dispatch: Dispatch, _ span: TimelineSpan) -> HTML {
        let end = dispatch.finished?.wall ?? (dispatch.state == .inProgress ? now.wall : nil)
        let begin = dispatch.started?.wall ?? end ?? dispatch.dueAt
        let x = max(0, span.place(min(begin, end ?? begin)))
        let width = max(TimelineSpan.leastWidth, span.place(end ?? begin) - x)
        guard span.place(end ?? begin) >= 0, x < TimelineSpan.width else { return HTML() }
        let (y, height) = dispatch.state.lanePlace
        return link(
            .dispatch(dispatch.id), .class("run \(dispatch.state.tone)"), .passedOver, .key("run-\(dispatch.id)")
        ) {
            element("title") { runText(dispatch) }
            element("rect", [.x(x), .y(y), .width(width), .height(height)], HTML())
        }
    }

    /// The coming due times as marks; what is too many for marks as a band behind the last of them.
    private func dueMarks(_ row: TimelineRow, _ span: TimelineSpan) -> HTML {
        let tone = row.job.progress.paused ? "due paused" : "due"
        let marks = row.due.map { due in
            element("g", .class(tone), .key("due-\(due.microseconds)")) {
                element("title") { "due \(due.utcText)\(row.job.progress.paused ? ", but paused" : "")" }
                element("rect", [.x(span.place(due)), .y(7), .width(40), .height(10)], HTML())
            }
        }
        guard row.dueCount > row.due.count, let last = row.due.last else { return .list(marks) }
        let x = span.place(last)
        let band = element("g", .class("\(tone) band"), .key("band")) {
            element("title") { "\(countText(row.dueCount)) due times in the coming 24 h" }
            element(
                "rect", [.x(x), .y(7), .width(max(0, span.end - x)), .height(10)], HTML())
        }
        return .list(marks + [band])
    }
}

/// The 48 hours that are drawn, in whole hours, and where in the drawing a time is: a unit is six seconds.
struct TimelineSpan {
    private let begin: UTCHour
    /// Where now is, to the minute: a page on which nothing happens is the same for so long.
    let now: Int
    /// Where the drawn due times end.
    var end: Int { min(Self.width, now + Self.units(in: Timeline.reach)) }

    static let unitsInHour = 600
    private static let unitsInMinute = 10
    static let width = 48 * unitsInHour
    /// What is shorter would not be seen.
    static let leastWidth = 50

    init(now: Instant) {
        begin = UTCHour(of: now).advanced(by: -23)
        self.now = Self.units(in: begin.start.duration(to: now)) / Self.unitsInMinute * Self.unitsInMinute
    }

    func place(_ instant: Instant) -> Int { min(Self.width, Self.units(in: begin.start.duration(to: instant))) }

    private static func units(in duration: Duration) -> Int { Int(clamping: duration.microseconds / 6_000_000) }

    /// Every sixth hour, as people say it.
    var labelled: [(weekday: String, clock: String)] {
        stride(from: 0, to: 48, by: 6).map { offset in
            let parts = begin.advanced(by: offset).start.utcParts
            let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
            return (names[parts.day.weekday], String(parts.clock.prefix(5)))
        }
    }
}

extension TimelineRow {
    /// "23 runs, 1 failed · next in 3 h": in words what the lane shows.
    fileprivate var summary: String {
        var runs = self.runs.count { $0.state == .success || $0.state == .failed }
        var failed = self.runs.count { $0.state == .failed }
        for hour in olderHours {
            runs += hour.tally.runs
            failed += hour.tally.failures
        }
        let past = runs == 0 ? "no run" : runs == 1 ? "1 run" : "\(countText(runs)) runs"
        let future = dueCount == 0 ? "" : dueCount == 1 ? ", due once" : ", due \(countText(dueCount)) times"
        return past + (failed == 0 ? "" : ", \(countText(failed)) failed") + future
    }
}

extension DispatchState {
    /// From where to where in its lane, of 24 units, the mark of a run reaches.
    fileprivate var lanePlace: (y: Int, height: Int) {
        switch self {
        case .success, .inProgress: (6, 12)
        case .failed: (3, 18)
        case .cancelled, .skipped: (9, 6)
        case .scheduled, .pending, .blocked: (7, 10)
        }
    }
}
