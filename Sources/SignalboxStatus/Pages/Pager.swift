import SignalboxCore
import SignalboxStore

/// The ways through long lists: a page of one begins where the last one stopped, so that every page costs the same.
extension PageView {
    func pager(previous: (text: String, route: Route)?, next: (text: String, route: Route)?) -> HTML {
        guard previous != nil || next != nil else { return HTML() }
        return element("nav", .class("more"), .label("More of this list")) {
            if let previous { link(previous.route, .rel("prev")) { previous.text } }
            if previous != nil, next != nil { " · " }
            if let next { link(next.route, .rel("next")) { next.text } }
        }
    }

    func pager(_ filter: DispatchFilter, _ page: DispatchPage) -> HTML {
        var (newer, older) = (filter, filter)
        (newer.before, newer.after) = (nil, page.previous)
        (older.before, older.after) = (page.next, nil)
        return pager(
            previous: page.previous.map { _ in ("Newer dispatches", .dispatches(newer)) },
            next: page.next.map { _ in ("Older dispatches", .dispatches(older)) })
    }

    /// Says so when the list is short because the search was ended, and not because there is no more.
    func searched(_ page: DispatchPage) -> HTML {
        guard page.looked >= DispatchPage.mostLookedAt else { return HTML() }
        return element("p", .class("quiet")) {
            "Searched \(countText(page.looked)) dispatches, of which \(countText(page.dispatches.count)) "
            page.dispatches.count == 1 ? "matches" : "match"
            "; the others follow on the next page."
        }
    }

    /// Looks for a text in what the list is narrowed to.
    func searchForm(_ filter: DispatchFilter) -> HTML {
        if stamp.isExport { return HTML() }
        let hidden: [(String, String?)] = [
            ("state", filter.state?.name), ("job", filter.job?.text), ("queue", filter.queue?.text),
            ("refresh", target.refreshes ? nil : "off"),
        ]
        return element("form", .class("search"), .role("search"), .action(PageTarget(route: .dispatches(.init())))) {
            for (name, value) in hidden {
                if let value { voidElement("input", .type("hidden"), .name(name), .value(value)) }
            }
            element("label") {
                element("span") { "Job, queue, command or key with " }
                voidElement("input", .type("search"), .name("q"), .value(filter.text ?? ""))
            }
            " "
            element("button") { "Search" }
        }
    }
}
