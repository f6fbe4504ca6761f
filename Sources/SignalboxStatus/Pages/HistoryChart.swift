import Glibc
import SignalboxCore
import SignalboxStore

/// The runs of the last 24 hours: how many, how long they took, and two charts with a place for every hour.
extension PageView {
    func lastDay(_ history: RunHistory?) -> HTML {
        guard let history else { return HTML() }
        return section("Last 24 hours") {
            if history.total.runs == 0 {
                element("p", .class("empty")) { "Nothing that ran has ended in them." }
            } else {
                element("div", .class("card")) {
                    figures(history.total)
                    element("div", .class("charts")) {
                        throughput(history)
                        durations(history)
                    }
                    hourTable(history)
                }
            }
        }
    }

    /// "288 runs, 2 failed · half took at most about 350 ms, 95 % at most about 3.2 s"
    private func figures(_ tally: RunTally) -> HTML {
        element("p", .class("figures")) {
            element("strong") { countText(tally.runs) }
            tally.runs == 1 ? " run, " : " runs, "
            element("strong", .class(tally.failures > 0 ? "failed" : "plain")) { countText(tally.failures) }
            " failed"
            if let half = tally.durations.quantile(0.5), let most = tally.durations.quantile(0.95) {
                element("span", .class("quiet")) { " · half took at most about " }
                durationText(half)
                element("span", .class("quiet")) { ", 95 % at most about " }
                durationText(most)
            }
        }
    }

    private func throughput(_ history: RunHistory) -> HTML {
        let highest = history.hours.map(\.tally.runs).max() ?? 0
        return chart(
            "Runs an hour", "Runs that ended in each of the last 24 hours, oldest first", history,
            top: countText(highest), bottom: "0"
        ) {
            for (index, hour) in history.hours.enumerated() { bar(hour, at: index * 10, highest: highest) }
        }
    }

    /// What half of an hour's runs took at most, and what nearly all did: on a scale where each step is as many times
    /// more, for runs of milliseconds and of hours stand beside each other.
    private func durations(_ history: RunHistory) -> HTML {
        let scale = DurationScale(history.hours.map(\.tally.durations))
        return chart(
            "Duration", "How long half and 95 % of the runs took at most in each of the last 24 hours", history,
            top: durationText(scale.longest), bottom: durationText(scale.shortest)
        ) {
            for (index, hour) in history.hours.enumerated() { spread(hour, at: index * 10, scale) }
        }
    }

    private func chart(
        _ title: String, _ label: String, _ history: RunHistory, top: String, bottom: String,
        @HTMLBuilder content: () -> HTML
    ) -> HTML {
        element("figure") {
            element("figcaption") { title }
            element("div", .class("plot")) {
                element("p", .class("axis"), .decorative) {
                    element("span") { top }
                    element("span") { bottom }
                }
                element("svg", .class("chart"), .viewBox("0 0 240 40"), .stretched, .role("img"), .label(label)) {
                    content()
                }
                element("p", .class("scale"), .decorative) {
                    for index in stride(from: 0, to: RunHistory.length, by: 6) {
                        element("span") { String(history.hours[index].hour.start.utcParts.clock.prefix(5)) }
                    }
                    element("span") { "now" }
                }
            }
        }
    }

    /// The same in numbers, for who cannot see the charts or wants to know exactly.
    private func hourTable(_ history: RunHistory) -> HTML {
        element("details", .class("numbers")) {
            element("summary") { "Hour by hour in numbers" }
            Table(
                caption: "The runs of each hour",
                columns: [
                    .text("Hour (UTC)"), .number("Runs"), .number("Failed"), .number("Half within"),
                    .number("95 % within"),
                ],
                rows: history.hours.reversed().filter { $0.tally.runs > 0 }.map { hour in
                    let parts = hour.hour.start.utcParts
                    return [
                        .text("\(parts.day) \(parts.clock.prefix(5))"), .text(countText(hour.tally.runs)),
                        .text(countText(hour.tally.failures)),
                        .text(hour.tally.durations.quantile(0.5).map(durationText) ?? "–"),
                        .text(hour.tally.durations.quantile(0.95).map(durationText) ?? "–"),
                    ]
                }, emptyText: ""
            ).html
        }
    }

    private func spread(_ hour: RunHistory.Hour, at x: Int, _ scale: DurationScale) -> HTML {
        guard let half = hour.tally.durations.quantile(0.5), let most = hour.tally.durations.quantile(0.95) else {
            return rectangle(x, 39, 1, "nothing")
        }
        let (low, high) = (scale.place(half), scale.place(most))
        return element("g") {
            element("title") { barText(hour) + ", 95 % at most about \(durationText(most))" }
            rectangle(x, high, max(2, low - high), "spread")
            rectangle(x, low - 1, 2, "median")
        }
    }

    /// Successes below, failures on top of them, in units of the chart; an hour without a run is a mark on the ground.
    private func bar(_ hour: RunHistory.Hour, at x: Int, highest: Int) -> HTML {
        let tally = hour.tally
        let whole = height(of: tally.runs, highest)
        let failed = min(whole, height(of: tally.failures, highest))
        return element("g") {
            element("title") { barText(hour) }
            if tally.runs == 0 { rectangle(x, 39, 1, "nothing") }
            if whole > failed { rectangle(x, 40 - whole + failed, whole - failed, "success") }
            if failed > 0 { rectangle(x, 40 - whole, failed, "failed") }
        }
    }

    /// What there is can be seen, however little it is beside the most.
    private func height(of count: Int, _ highest: Int) -> Int {
        guard count > 0, highest > 0 else { return 0 }
        return max(2, Int((Double(count) / Double(highest) * 40).rounded()))
    }

    private func rectangle(_ x: Int, _ y: Int, _ height: Int, _ tone: String) -> HTML {
        element("rect", [.class(tone), .x(x + 1), .y(y), .width(8), .height(height)], HTML())
    }

    /// "2026-11-22 04:00 UTC: 12 runs, 1 failed, half took at most about 350 ms"
    func barText(_ hour: RunHistory.Hour) -> String {
        let parts = hour.hour.start.utcParts
        let tally = hour.tally
        var text = "\(parts.day) \(parts.clock.prefix(5)) UTC: "
        text += "\(countText(tally.runs)) \(tally.runs == 1 ? "run" : "runs"), \(countText(tally.failures)) failed"
        if let half = tally.durations.quantile(0.5) { text += ", half took at most about \(durationText(half))" }
        return text
    }
}

/// Where in a chart, of 40 units, a duration stands: as high as its logarithm.
struct DurationScale {
    let shortest: Duration
    let longest: Duration

    init(_ histograms: [DurationHistogram]) {
        let ends = histograms.flatMap { [$0.quantile(0.5), $0.quantile(0.95)].compactMap { $0 } }
        shortest = max(.microseconds(1), ends.min() ?? .zero)
        // Less than that apart they are as good as the same, and must not fill the chart.
        longest = max(shortest * 4, ends.max() ?? .zero)
    }

    /// From 3 at the top to 37 at the bottom.
    func place(_ duration: Duration) -> Int {
        let part = log(duration / shortest) / log(longest / shortest)
        return 37 - Int((min(1, max(0, part)) * 34).rounded())
    }
}
