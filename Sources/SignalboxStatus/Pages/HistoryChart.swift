import SignalboxCore
import SignalboxStore

/// The runs of the last 24 hours: how many, how long they took, and a bar for every hour.
extension PageView {
    func lastDay(_ history: RunHistory?) -> HTML {
        guard let history else { return HTML() }
        let total = history.total
        return section("Last 24 hours") {
            element("div", .class("card")) {
                if total.runs == 0 {
                    element("p", .class("quiet")) { "Nothing that ran has ended in them." }
                } else {
                    figures(total)
                    chart(history)
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

    private func chart(_ history: RunHistory) -> HTML {
        let highest = history.hours.map(\.tally.runs).max() ?? 0
        return .list([
            element(
                "svg", .class("chart"), .viewBox("0 0 240 40"), .stretched, .role("img"),
                .label("Runs that ended in each of the last 24 hours, oldest first")
            ) {
                for (index, hour) in history.hours.enumerated() { bar(hour, at: index * 10, highest: highest) }
            },
            element("p", .class("scale quiet"), .decorative) {
                element("span") { "24 h ago" }
                element("span") { "now" }
            },
        ])
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
    private func barText(_ hour: RunHistory.Hour) -> String {
        let parts = hour.hour.start.utcParts
        let tally = hour.tally
        var text = "\(parts.day) \(parts.clock.prefix(5)) UTC: "
        text += "\(countText(tally.runs)) \(tally.runs == 1 ? "run" : "runs"), \(countText(tally.failures)) failed"
        if let half = tally.durations.quantile(0.5) { text += ", half took at most about \(durationText(half))" }
        return text
    }
}
