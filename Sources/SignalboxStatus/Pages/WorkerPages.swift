import SignalboxCore
import SignalboxStore

/// Who works: in short on the first page, in full on a page of its own.
extension PageView {
    func workerSummary(_ workers: [WorkerView]) -> HTML {
        section("Workers") {
            element("div", .class("card")) {
                let active = workers.filter { $0.registration.state.isActive }
                if active.isEmpty {
                    element("p", .class("warning")) { "No worker is online: what is PENDING waits. Start one with " }
                    element("p") { element("code") { "signalbox worker" } }
                } else {
                    element("p", .class("online")) { onlineText(active) }
                    if let most = mostActive(active) { mostActiveFacts(most) }
                }
                element("p", .class("more")) { link(.workers) { "All workers" } }
            }
        }
    }

    private func onlineText(_ active: [WorkerView]) -> HTML {
        let online = active.count { $0.registration.state == .online }
        let slots = active.reduce(0) { $0 + $1.registration.slots }
        let used = active.reduce(0) { $0 + $1.running }
        return .list([
            element("strong") { countText(online) }, .text(" online"),
            .text(active.count > online ? ", \(countText(active.count - online)) draining" : ""),
            element("span", .class("quiet")) { " · \(countText(used)) of \(countText(slots)) slots in use" },
        ])
    }

    /// The one that has done most since it started.
    private func mostActive(_ workers: [WorkerView]) -> WorkerView? {
        workers.max { ($0.heartbeat?.processed ?? 0) < ($1.heartbeat?.processed ?? 0) }
    }

    private func mostActiveFacts(_ view: WorkerView) -> HTML {
        facts([
            Fact("Most active", .text(view.registration.name)),
            Fact("Last heartbeat", heartbeat(view)),
            Fact("Up for", .text(uptime(view))),
            Fact("Processed", processed(view)),
        ])
    }

    private func processed(_ view: WorkerView) -> HTML {
        let failed = view.heartbeat?.failed ?? 0
        return .list([
            .text(countText(view.heartbeat?.processed ?? 0)),
            element("span", .class("quiet")) { failed == 0 ? "" : ", \(countText(failed)) of them failed" },
        ])
    }

    /// Told by the boot clock, so that a step of the wall clock makes nobody look dead.
    private func heartbeat(_ view: WorkerView) -> HTML {
        guard let at = view.heartbeat?.at else { return element("span", .class("quiet")) { "none yet" } }
        let age = at.boot.duration(to: now.boot)
        let late = view.registration.state.isActive && age > Heartbeat.interval * 3
        return element("span", .class(late ? "late" : "plain")) {
            element("time", .datetime(at.wall), .title(at.wall.utcText)) { relativeText(.zero - age) }
            if late { " (late)" }
        }
    }

    private func uptime(_ view: WorkerView) -> String {
        durationText(.seconds(max(0, view.registration.startedAt.duration(to: now.wall).components.seconds)))
    }

    func workerList(_ workers: [WorkerView]) -> HTML {
        .list([element("h1") { "Workers" }, element("section") { workerTable(workers) }])
    }

    private func workerTable(_ workers: [WorkerView]) -> HTML {
        Table(
            caption: "Workers with what they have done",
            columns: [
                .text("Worker"), .text("State"), .text("Heartbeat"), .text("Up for"), .text("Slots used"),
                .number("Processed"), .number("Failed"), .free("Queues"), .free("Process"),
            ],
            rows: workers.map(workerRow),
            emptyText: "No worker has ever registered. Start one with: signalbox worker"
        ).html
    }

    private func workerRow(_ view: WorkerView) -> [HTML] {
        let registration = view.registration
        let active = registration.state.isActive
        return [
            .text(registration.name),
            badge(registration.state.word, tone: registration.state.tone),
            heartbeat(view),
            .text(active ? uptime(view) : "–"),
            active ? slots(view) : .text("–"),
            .text(countText(view.heartbeat?.processed ?? 0)),
            .text(countText(view.heartbeat?.failed ?? 0)),
            .text(registration.queues.map(\.text).joined(separator: ", ")),
            .text("\(registration.process.pid) on \(registration.host), version \(registration.version)"),
        ]
    }

    /// One square per slot, filled while it is used; only the numbers when there are many.
    private func slots(_ view: WorkerView) -> HTML {
        let (used, all) = (view.running, view.registration.slots)
        return element("span", .class("slots")) {
            element("span") { "\(used) of \(all)" }
            if all <= 16 {
                element("span", .class("squares"), .decorative) {
                    for slot in 0..<max(0, all) { element("i", .class(slot < used ? "used" : "free")) { HTML() } }
                }
            }
        }
    }
}
