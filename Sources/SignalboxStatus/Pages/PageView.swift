import SignalboxCore
import SignalboxStore

/// Which store a page was read from, and when: its footer says so.
struct SnapshotStamp: Sendable {
    var storeID: String
    var sequence: UInt64
    var now: Now
    /// The page becomes a file, which nobody can ask for anything.
    var isExport = false
}

extension SnapshotStamp {
    init(_ stamp: StoreStamp, now: Now) { self.init(storeID: stamp.storeID, sequence: stamp.sequence, now: now) }
}

/// Draws one page. What all pages need is here: links that keep the reader's choices, and times told from now.
struct PageView: Sendable {
    let target: PageTarget
    let stamp: SnapshotStamp
    var audience = Audience.readers

    var now: Now { stamp.now }

    func page(_ content: PageContent) -> Frame {
        let (title, main) = titleAndMain(content)
        return Frame(
            title: title, target: target, refreshes: target.refreshes, stamp: stamp,
            renewal: content.renewal(after: now), audience: audience, main: main)
    }

    private func titleAndMain(_ content: PageContent) -> (title: String, main: HTML) {
        switch content {
        case .overview(let overview): ("Overview", self.overview(overview))
        case .jobs(let jobs): ("Jobs", jobList(jobs))
        case .job(let job): ("Job \(job.view.name)", self.job(job))
        case .dispatches(let filter, let page): ("Dispatches", dispatchList(filter, page))
        case .dispatch(let detail): ("Dispatch \(detail.view.id)", dispatch(detail))
        case .workers(let workers): ("Workers", workerList(workers.workers))
        case .queues(let queues): ("Queues", queueList(queues.queues))
        case .timeline(let timeline): ("Timeline", self.timeline(timeline))
        }
    }

    func link(_ route: Route, _ attributes: Attribute..., @HTMLBuilder content: () -> HTML) -> HTML {
        let target = PageTarget(route: route, refreshes: target.refreshes)
        return element("a", [.href(target)] + attributes, content())
    }

    /// "4 min ago" or "in 4 min", with the instant for machines and in the tooltip.
    func relative(_ instant: Instant) -> HTML {
        element("time", .datetime(instant), .title(instant.utcText), .ticking(.relative)) {
            relativeText(from: now.wall, to: instant)
        }
    }

    /// "4 min 12 s" since `instant`, and going on.
    func elapsed(since instant: Instant, _ duration: Duration) -> HTML {
        element("time", .datetime(instant), .title("since \(instant.utcText)"), .ticking(.elapsed)) {
            durationText(duration)
        }
    }

    /// "2026-11-22 04:23:44 UTC (4 min ago)"
    func absolute(_ instant: Instant) -> HTML {
        element("span", .class("moment")) {
            element("time", .datetime(instant)) { instant.utcText }
            element("span", .class("quiet")) {
                " ("
                element("time", .datetime(instant), .ticking(.relative)) { relativeText(from: now.wall, to: instant) }
                ")"
            }
        }
    }
}
