import SignalboxCore
import SignalboxStore

/// The first page: is all well, what runs, who works, what is next. Made to be looked at, not read.
extension PageView {
    func overview(_ overview: Overview) -> HTML {
        let shown = Overview.drawn(of: overview.jobs.map(\.job))
        return .list([
            element("h1", .class("aside")) { "Overview" },
            health(overview),
            tiles(overview.status),
            element("div", .class("columns")) {
                runningNow(overview)
                workerSummary(overview.workers)
            },
            lastDay(overview.status.last24Hours),
            section(shown.count < overview.jobs.count ? "Jobs that ran last" : "Jobs") {
                jobTable(overview.jobs.filter { shown.contains($0.name) })
                if shown.count < overview.jobs.count {
                    element("p", .class("more")) {
                        link(.jobs(.init())) { "All \(countText(overview.jobs.count)) jobs" }
                    }
                }
            },
            element("div", .class("columns")) {
                section("Queues") { queueTable(overview.status.queues) }
                element("div") {
                    comingUp(overview.jobs)
                    store(overview.status.filling)
                }
            },
            section("Recent dispatches") {
                dispatchTable(
                    overview.recent, caption: "The newest dispatches", emptyText: "Nothing has been dispatched yet.")
            },
        ])
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

    private func runningNow(_ overview: Overview) -> HTML {
        let shown = overview.running.prefix(8)
        let all = max(overview.running.count, overview.status.count(.inProgress))
        return section("Running now") {
            if shown.isEmpty {
                element("p", .class("empty")) { "Nothing is running." }
            } else {
                element("ul", .class("running")) { HTML.list(shown.map(runningItem)) }
            }
            if all > shown.count {
                element("p", .class("more")) {
                    link(.dispatches(DispatchFilter(state: .inProgress))) { "All \(countText(all)) that run" }
                }
            }
        }
    }

    private func runningItem(_ view: DispatchView) -> HTML {
        element("li", .key("running-\(view.id)"), .ofDispatch(view.id)) {
            element("div", .class("line")) {
                if let job = view.dispatch.job { link(.job(job)) { job.text } }
                link(.dispatch(view.id)) { "#\(view.id)" }
                if view.dispatch.cancelRequested { badge("being cancelled", tone: "pending") }
                if let started = view.dispatch.started, let duration = view.duration(now: now) {
                    element("span", .class("far")) { elapsed(since: started.wall, duration) }
                }
            }
            element("code", .class("command short")) { redacted(line: view.command) }
            progressBar(view.progress)
        }
    }

    /// What falls due next, the first one first.
    private func comingUp(_ jobs: [JobView]) -> HTML {
        let due = jobs.filter { !$0.job.progress.paused && $0.job.progress.nextDue != nil }
            .sorted { ($0.job.progress.nextDue ?? .epoch) < ($1.job.progress.nextDue ?? .epoch) }
        return section("Coming up") {
            if due.isEmpty {
                element("p", .class("empty")) { "Nothing falls due by the clock." }
            } else {
                element("ol", .class("coming card")) {
                    for view in due.prefix(6) {
                        element("li", .key("due-\(view.name)")) {
                            link(.job(view.name)) { view.name.text }
                            if let next = view.job.progress.nextDue { relative(next) }
                        }
                    }
                }
                element("p", .class("more")) { link(.timeline(after: nil)) { "The whole day" } }
            }
        }
    }

    private func store(_ filling: StoreFilling) -> HTML {
        let percent = Int(filling.usedPercent.rounded(.up))
        return section("Store") {
            element("div", .class("card filling \(filling.level.tone)")) {
                element("div", .class("progress")) {
                    element("progress", .maximum(100), .value(min(100, percent)), .label("Room in use")) {
                        "\(percent) %"
                    }
                    element("span", .class("amount")) { filling.text }
                }
            }
        }
    }

    private func queueTable(_ queues: [QueueView]) -> HTML {
        let states: [DispatchState] = [.inProgress, .pending, .scheduled, .blocked, .failed]
        return Table(
            caption: "Dispatches of each queue", columns: [.wide("Queue")] + states.map { .number($0.name) },
            rows: queues.map { queue in
                [queueName(queue)] + states.map { queueCount(queue, $0) }
            }, emptyText: "There is no queue yet: the first dispatch makes one.",
            marks: queues.map { [.key("queue-\($0.name)")] }
        ).html
    }

    private func queueName(_ queue: QueueView) -> HTML {
        .list([
            link(.dispatches(DispatchFilter(queue: queue.name))) { queue.name.text },
            queue.pause == nil ? HTML() : .list([.text(" "), badge("Paused", tone: "pending")]),
        ])
    }

    private func queueCount(_ queue: QueueView, _ state: DispatchState) -> HTML {
        let count = queue.count(state)
        guard count > 0 else { return quiet("0") }
        return link(.dispatches(DispatchFilter(state: state, queue: queue.name))) { countText(count) }
    }
}

extension StoreFilling {
    /// "less than 1 % full"
    var text: String { usedPercent < 1 ? "less than 1 % full" : "\(Int(usedPercent)) % full" }
}

extension StoreLevel {
    fileprivate var tone: String {
        switch self {
        case .normal: "success"
        case .warning: "pending"
        case .closedToClients, .finishingOnly: "failed"
        }
    }
}
