import SignalboxCore
import SignalboxStore

/// Which store a page was read from, and when: its footer says so.
struct SnapshotStamp: Sendable {
    var storeID: String
    var sequence: UInt64
    var now: Now
}

/// Draws one page. What all pages need is here: links that keep the reader's choices, and times told from now.
struct PageView: Sendable {
    let target: PageTarget
    let stamp: SnapshotStamp

    var now: Now { stamp.now }

    func page(_ content: PageContent) -> HTML {
        switch content {
        case .overview(let overview): frame("Overview", self.overview(overview))
        case .jobs(let jobs): frame("Jobs", jobList(jobs))
        case .job(let job): frame("Job \(job.view.name)", self.job(job))
        case .dispatches(let filter, let page): frame("Dispatches", dispatchList(filter, page))
        case .dispatch(let detail): frame("Dispatch \(detail.view.id)", dispatch(detail))
        case .workers(let workers): frame("Workers", workerList(workers))
        }
    }

    private func frame(_ title: String, _ main: HTML) -> HTML {
        Frame(title: title, target: target, refreshes: target.refreshes, stamp: stamp, main: main).html
    }

    func link(_ route: Route, _ attributes: Attribute..., @HTMLBuilder content: () -> HTML) -> HTML {
        let target = PageTarget(route: route, refreshes: target.refreshes)
        return element("a", [.href(target)] + attributes, content())
    }

    /// "4 min ago" or "in 4 min", with the instant for machines and in the tooltip.
    func relative(_ instant: Instant) -> HTML {
        element("time", .datetime(instant), .title(instant.utcText)) { relativeText(from: now.wall, to: instant) }
    }

    /// "2026-11-22 04:23:44 UTC (4 min ago)"
    func absolute(_ instant: Instant) -> HTML {
        element("time", .datetime(instant)) {
            instant.utcText
            element("span", .class("quiet")) { " (\(relativeText(from: now.wall, to: instant)))" }
        }
    }
}
