import SignalboxCore
import SignalboxStore

/// The small signs that stand for a state. Each says it in words too: colour alone tells nothing to many people.
extension PageView {
    func badge(_ state: DispatchState) -> HTML { badge(state.name, tone: state.tone) }

    func badge(_ text: String, tone: String) -> HTML { element("span", .class("badge \(tone)")) { text } }

    /// The newest dispatches as a row of bars, the oldest first, each a link. The keyboard passes them over, for there
    /// would be twenty stops in every row; the job's own page has the same links in its table.
    func strip(_ newestFirst: [Dispatch]) -> HTML {
        guard !newestFirst.isEmpty else { return element("span", .class("quiet")) { "none yet" } }
        return element("ol", .class("strip"), .label("Last \(newestFirst.count) runs, oldest first")) {
            for dispatch in newestFirst.reversed() {
                element("li", .key("run-\(dispatch.id)")) { runMark(dispatch) }
            }
        }
    }

    private func runMark(_ dispatch: Dispatch) -> HTML {
        let text = runText(dispatch)
        return link(.dispatch(dispatch.id), .class("run \(dispatch.state.tone)"), .title(text), .passedOver) {
            element("span", .class("aside")) { text }
        }
    }

    /// "#12 SUCCESS, 4 min ago, took 3.2 s"
    func runText(_ dispatch: Dispatch) -> String {
        let when = dispatch.finished?.wall ?? dispatch.started?.wall ?? dispatch.dueAt
        var text = "#\(dispatch.id) \(dispatch.state.name), \(relativeText(from: now.wall, to: when))"
        if let duration = dispatch.attemptDuration { text += ", took \(durationText(duration))" }
        return text
    }

    /// The bar with its number and what the command said last; empty when it said nothing.
    func progressBar(_ report: ProgressReport?) -> HTML {
        guard let report else { return HTML() }
        let percent = min(100, max(0, report.percent))
        return element("div", .class("progress")) {
            element("progress", .maximum(100), .value(percent), .label("Progress")) { "\(percent) %" }
            element("span", .class("amount")) { "\(percent) %" }
            if !report.text.isEmpty { element("span", .class("quiet")) { report.text } }
        }
    }
}

extension Dispatch {
    /// How long the newest attempt took; nil unless it has ended.
    var attemptDuration: Duration? {
        guard let started, let finished else { return nil }
        return started.boot.duration(to: finished.boot)
    }
}

extension DispatchState {
    /// The name of the style that shows the state.
    var tone: String {
        switch self {
        case .scheduled: "scheduled"
        case .blocked: "blocked"
        case .pending: "pending"
        case .inProgress: "in-progress"
        case .success: "success"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .skipped: "skipped"
        }
    }
}

extension WorkerState {
    var tone: String {
        switch self {
        case .online: "success"
        case .draining: "pending"
        case .stopped: "cancelled"
        case .dead: "failed"
        }
    }
}
