import SignalboxCore
import SignalboxStore

/// What surrounds every page: head, the way around, the switch of the refresh, footer.
struct Frame {
    var title: String
    /// Where the page is; nil for one that is nowhere, such as an error.
    var target: PageTarget?
    var refreshes: Bool
    var stamp: SnapshotStamp?
    /// When the page would look different though nothing has changed; nil for one that would not.
    var renewal: Instant?
    /// Who looks at it.
    var audience = Audience.readers
    var main: HTML

    /// The page without the time it was read at, which is different each time: what tells two of them apart.
    var unstamped: HTML {
        var frame = self
        frame.stamp = nil
        return frame.html
    }

    var html: HTML {
        .list([
            HTML(literal: "<!DOCTYPE html>\n<html lang=\"en\">"), head,
            element(
                "body", bodyMarks,
                .list([
                    HTML(literal: "<a class=\"skip\" href=\"#main\">Skip to the content</a>"),
                    header, element("main", .id("main"), .passedOver, .region("main")) { main }, footer,
                ])),
            HTML(literal: "</html>\n"),
        ])
    }

    /// What the script needs to know: which state of the store the page shows, and how long it is good.
    private var bodyMarks: [Attribute] {
        (stamp.map { [.sequence($0.sequence)] } ?? []) + (renewal.map { [.renewal($0)] } ?? [])
            + [.feed(target?.route.feed ?? "")]
    }

    /// Who has no JavaScript has the page renewed by the browser; the script does it better, and neither happens when
    /// the reader has switched it off.
    private var head: HTML {
        element("head") {
            HTML(literal: "<meta charset=\"utf-8\">")
            HTML(literal: "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
            HTML(literal: "<meta name=\"color-scheme\" content=\"light dark\">")
            if refreshes {
                HTML(literal: "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>")
                element("script", .source(PageTarget(route: .asset(.script))), .deferred) { HTML() }
            }
            element("title") { "\(title) · Signalbox" }
            voidElement("link", .rel("stylesheet"), .href(PageTarget(route: .asset(.styleSheet))))
            voidElement("link", .rel("icon"), .href(PageTarget(route: .asset(.mark))))
        }
    }

    private var header: HTML {
        element("header", .class("top")) {
            element("a", .class("brand"), .href(destination(.overview))) {
                Asset.inlineMark
                element("span") { "Signalbox" }
            }
            element("nav", .label("Pages")) {
                item("Overview", .overview)
                item("Jobs", .jobs(.init()))
                item("Dispatches", .dispatches(.init()))
                item("Timeline", .timeline(after: nil))
                item("Workers", .workers)
                item("Queues", .queues)
            }
            if let target, stamp?.isExport != true { refreshSwitch(target) }
            audience.corner
        }
    }

    private func item(_ name: String, _ route: Route) -> HTML {
        let here: [Attribute] = target.map { $0.route.section == route.section } == true ? [.currentPage] : []
        return element("a", [.href(destination(route))] + here, .text(name))
    }

    private func destination(_ route: Route) -> PageTarget {
        PageTarget(route: route, refreshes: target?.refreshes ?? true)
    }

    private func refreshSwitch(_ target: PageTarget) -> HTML {
        var other = target
        other.refreshes.toggle()
        return element("p", .class(refreshes ? "refresh on" : "refresh off")) {
            element("span", .id("connection")) { refreshes ? "Refreshes every 5 s" : "Not refreshing" }
            element("a", .href(other), .label(refreshes ? "Stop refreshing" : "Start refreshing")) {
                refreshes ? "Stop" : "Start"
            }
        }
    }

    private var footer: HTML {
        element("footer", .class("bottom"), .region("footer")) {
            if let stamp {
                element("p") {
                    "Store "
                    element("code") { stamp.storeID }
                    " · sequence \(countText(stamp.sequence)) · read at "
                    element("time", .datetime(stamp.now.wall)) { stamp.now.wall.utcText }
                }
            }
            element("p") {
                if stamp?.isExport == true { "This is an export, which stays as it was when it was made. " }
                audience.isReaders ? "Signalbox shows and changes nothing here. Times are UTC." : "Times are UTC."
            }
        }
    }
}

extension Route {
    /// The part of the site a page belongs to: which entry of the navigation is marked.
    fileprivate enum Section { case overview, jobs, dispatches, timeline, workers, queues, none }

    fileprivate var section: Section {
        switch self {
        case .overview: .overview
        case .jobs, .job: .jobs
        case .dispatches, .dispatch: .dispatches
        case .timeline: .timeline
        case .workers: .workers
        case .queues: .queues
        case .health, .metrics, .asset: .none
        }
    }

    /// Which changes the live feed is asked for: of a job or a dispatch its own, else all. Names and numbers need no
    /// escaping.
    fileprivate var feed: String {
        switch self {
        case .job(let name): "job=\(name.text)"
        case .dispatch(let id): "dispatch=\(id)"
        case .overview, .jobs, .dispatches, .timeline, .workers, .queues, .metrics, .health, .asset: ""
        }
    }
}
