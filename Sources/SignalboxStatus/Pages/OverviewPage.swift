import SignalboxCore
import SignalboxStore

/// The first page: is all well, what runs, who works, what is next. Made to be looked at, not read.
extension PageView {
    func overview(_ overview: Overview) -> HTML {
        .list([
            element("h1", .class("aside")) { "Overview" },
            clockNotice(overview.status.clockHold),
            storeNotice(overview.status.filling),
            tiles(overview.status),
            element("div", .class("columns")) {
                runningNow(overview.running)
                workerSummary(overview.workers)
            },
            lastDay(overview.status.last24Hours),
            section("Jobs") { jobTable(overview.jobs) },
            section("Recent dispatches") {
                dispatchTable(
                    overview.recent, caption: "The newest dispatches", emptyText: "Nothing has been dispatched yet.")
            },
            section("Queues") { queueTable(overview.status.queues) },
        ])
    }

    private func clockNotice(_ hold: ClockHold?) -> HTML {
        guard let hold, let remaining = hold.remaining(at: now) else { return HTML() }
        return element("p", .class("why")) {
            "Calendar jobs wait, for at most \(durationText(remaining)) more: \(hold.doubt.sentence)."
        }
    }

    private func storeNotice(_ filling: StoreFilling) -> HTML {
        guard let concern = filling.concern else { return HTML() }
        return element("p", .class("why")) { "The store \(concern)." }
    }

    func section(_ heading: String, @HTMLBuilder content: () -> HTML) -> HTML {
        element("section") {
            element("h2") { heading }
            content()
        }
    }

    private func tiles(_ status: StatusView) -> HTML {
        let order: [DispatchState] = [
            .inProgress, .pending, .scheduled, .blocked, .failed, .success, .cancelled, .skipped,
        ]
        return element("ul", .class("tiles"), .label("Dispatches in each state")) {
            for state in order {
                element("li") { tile(state, count: status.count(state)) }
            }
        }
    }

    private func tile(_ state: DispatchState, count: Int) -> HTML {
        let tone = count == 0 ? "none" : state.tone
        return link(.dispatches(DispatchFilter(state: state)), .class("tile \(tone)")) {
            element("span", .class("count")) { countText(count) }
            element("span", .class("name")) { state.name }
        }
    }

    private func runningNow(_ running: [DispatchView]) -> HTML {
        section("Running now") {
            if running.isEmpty {
                element("p", .class("empty")) { "Nothing is running." }
            } else {
                element("ul", .class("running")) { HTML.list(running.map(runningItem)) }
            }
        }
    }

    private func runningItem(_ view: DispatchView) -> HTML {
        element("li") {
            element("div", .class("line")) {
                if let job = view.dispatch.job { link(.job(job)) { job.text } }
                link(.dispatch(view.id)) { "#\(view.id)" }
                if view.dispatch.cancelRequested { badge("being cancelled", tone: "pending") }
                element("span", .class("far")) { view.duration(now: now).map(durationText) ?? "" }
            }
            element("code", .class("command")) { redacted(line: view.command) }
            progressBar(view.progress)
        }
    }

    private func queueTable(_ queues: [QueueView]) -> HTML {
        let states: [DispatchState] = [.inProgress, .pending, .scheduled, .blocked, .failed]
        return Table(
            caption: "Dispatches of each queue", columns: [.wide("Queue")] + states.map { .number($0.name) },
            rows: queues.map { queue in
                [link(.dispatches(DispatchFilter(queue: queue.name))) { queue.name.text }]
                    + states.map { queueCount(queue, $0) }
            }, emptyText: "There is no queue yet: the first dispatch makes one."
        ).html
    }

    private func queueCount(_ queue: QueueView, _ state: DispatchState) -> HTML {
        let count = queue.count(state)
        guard count > 0 else { return element("span", .class("quiet")) { "0" } }
        return link(.dispatches(DispatchFilter(state: state, queue: queue.name))) { countText(count) }
    }
}
