import SignalboxCore
import SignalboxStore

/// The queues: how much is in each, how long the first one has waited, and who serves it.
extension PageView {
    func queueList(_ queues: [QueueDetail]) -> HTML {
        .list([
            element("h1") { "Queues" },
            queues.isEmpty
                ? element("p", .class("empty")) { "There is no queue yet: the first dispatch makes one." }
                : element("div", .class("cards")) { HTML.list(queues.map(queueCard)) },
        ])
    }

    private func queueCard(_ queue: QueueDetail) -> HTML {
        element("section", .class("card queue"), .key("queue-\(queue.view.name)")) {
            element("div", .class("heading")) {
                element("h2") { link(.dispatches(DispatchFilter(queue: queue.view.name))) { queue.view.name.text } }
                queueState(queue)
            }
            depths(queue.view)
            facts([
                Fact("Oldest waiting", queue.view.oldestWaiting.map(relative) ?? quiet("none")),
                Fact("Served by", servers(queue)),
                Fact("Rate", rate(of: queue.view)),
                Fact("Paused", queue.view.pause.map(pauseText)),
            ])
        }
    }

    /// "10/1m", and when the next start is allowed where none is now.
    private func rate(of queue: QueueView) -> HTML? {
        queue.rate.map { rate in
            .list([.text(rate.text), .list(queue.opensAt.map { [quiet(" · opens "), relative($0)] } ?? [])])
        }
    }

    private func pauseText(_ pause: QueuePause) -> HTML {
        .list([relative(pause.at), .text(" by \(pause.by)" + (pause.reason.map { ": \($0)" } ?? ""))])
    }

    private func queueState(_ queue: QueueDetail) -> HTML {
        if queue.view.pause != nil { return badge("Paused", tone: "pending") }
        let waits = queue.view.count(.pending) > 0
        if queue.workers.isEmpty { return badge("no worker", tone: waits ? "failed" : "idle") }
        if queue.view.count(.inProgress) > 0 { return badge("Running…", tone: "in-progress") }
        return waits ? badge("waiting", tone: "pending") : badge("Idle", tone: "idle")
    }

    /// The states in which something is still to come, each with its number; then how the rest ended.
    private func depths(_ queue: QueueView) -> HTML {
        element("ul", .class("depths"), .label("Dispatches in each state")) {
            for state in [DispatchState.inProgress, .pending, .scheduled, .blocked, .failed, .success] {
                element("li") {
                    let tone = queue.count(state) == 0 ? "none" : state.tone
                    let filter = DispatchFilter(state: state, queue: queue.name)
                    link(.dispatches(filter), .class("depth \(tone)")) {
                        element("span", .class("count")) { countText(queue.count(state)) }
                        " "
                        element("span", .class("name")) { state.name }
                    }
                }
            }
        }
    }

    private func servers(_ queue: QueueDetail) -> HTML {
        guard !queue.workers.isEmpty else {
            return element("span", .class(queue.view.count(.pending) > 0 ? "late" : "quiet")) { "nobody" }
        }
        let shown = queue.workers.prefix(4).map(\.registration.name).joined(separator: ", ")
        let more = queue.workers.count - 4
        let slots = queue.workers.reduce(0) { $0 + $1.registration.slots }
        return .list([
            link(.workers) { more > 0 ? "\(shown) and \(countText(more)) more" : shown },
            quiet(slots == 1 ? " · 1 slot" : " · \(countText(slots)) slots"),
        ])
    }

    func quiet(_ text: String) -> HTML { element("span", .class("quiet")) { text } }
}
