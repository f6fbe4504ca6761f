import SignalboxCore
import SignalboxStore

/// Who works: in short on the first page, in full on a page of its own.
extension PageView {
    func workerSummary(_ workers: [WorkerView]) -> HTML {
        section("Workers") {
            element("div", .class("card"), .ofWorkers) {
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
    private func mostActive(_ workers: [WorkerView]) -> WorkerView? { workers.min(by: moreActive) }

    private func mostActiveFacts(_ view: WorkerView) -> HTML {
        facts([
            Fact("Most active", .text(view.registration.name)),
            Fact("Last heartbeat", heartbeat(view)),
            Fact("Up for", uptime(view)),
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
        guard let at = view.heartbeat?.at else { return quiet("none yet") }
        let age = at.boot.duration(to: now.boot)
        return element("span", .class(isLate(view) ? "late" : "plain")) {
            element("time", .datetime(at.wall), .title(at.wall.utcText), .ticking(.relative)) {
                relativeText(.zero - age)
            }
            if isLate(view) { " (late)" }
        }
    }

    /// It should have been heard of, and was not three times.
    func isLate(_ view: WorkerView) -> Bool {
        guard view.registration.state.isActive, let at = view.heartbeat?.at else { return false }
        return at.boot.duration(to: now.boot) > Patience.forHeartbeats
    }

    private func uptime(_ view: WorkerView) -> HTML {
        let started = view.registration.startedAt
        return element("time", .datetime(started), .title("since \(started.utcText)"), .ticking(.uptime)) {
            uptimeText(started.duration(to: now.wall))
        }
    }

    func workerList(_ workers: [WorkerView]) -> HTML {
        let active = workers.filter(\.registration.state.isActive).sorted(by: moreActive)
        let ended = workers.filter { !$0.registration.state.isActive }
        return .list([
            element("h1") { "Workers" },
            active.isEmpty
                ? element("p", .class("empty")) {
                    workers.isEmpty
                        ? "No worker has ever registered. Start one with: " : "No worker is online. Start one with: "
                    element("code") { "signalbox worker" }
                }
                : element("div", .class("cards")) { HTML.list(active.map(workerCard)) },
            ended.isEmpty ? HTML() : section("Ended") { endedTable(ended) },
        ])
    }

    private func moreActive(_ one: WorkerView, _ other: WorkerView) -> Bool {
        (one.heartbeat?.processed ?? 0, other.id) > (other.heartbeat?.processed ?? 0, one.id)
    }

    private func workerCard(_ view: WorkerView) -> HTML {
        let registration = view.registration
        return element("section", .class("card worker"), .key("worker-\(view.id)"), .ofWorkers) {
            element("div", .class("heading")) {
                element("h2") { registration.name }
                badge(registration.state.word, tone: isLate(view) ? "failed" : registration.state.tone)
            }
            element("p", .class("processed")) {
                element("strong") { countText(view.heartbeat?.processed ?? 0) }
                quiet(" processed")
                if let failed = view.heartbeat?.failed, failed > 0 {
                    element("span", .class("quiet")) { " · \(countText(failed)) failed" }
                }
            }
            facts([
                Fact("Heartbeat", heartbeat(view)),
                Fact("Up for", uptime(view)),
                Fact("Slots used", slots(view)),
                Fact("Queues", .text(registration.queues.map(\.text).joined(separator: ", "))),
                Fact("Handlers", handlers(registration.kinds)),
                Fact("Process", process(registration)),
            ])
        }
    }

    private func handlers(_ kinds: ServedKinds) -> HTML? {
        kinds.handlers.isEmpty ? nil : .text(kinds.handlers.map(\.text).joined(separator: ", "))
    }

    private func process(_ registration: WorkerRegistration) -> HTML {
        .text("\(registration.process.pid) on \(registration.host), version \(registration.version)")
    }

    private func endedTable(_ workers: [WorkerView]) -> HTML {
        Table(
            caption: "Workers that have ended, the newest first",
            columns: [
                .text("Worker"), .text("State"), .text("Started"), .text("Heartbeat"), .number("Processed"),
                .number("Failed"), .free("Process"),
            ],
            rows: workers.map { view in
                [
                    .text(view.registration.name),
                    badge(view.registration.state.word, tone: view.registration.state.tone),
                    relative(view.registration.startedAt), heartbeat(view),
                    .text(countText(view.heartbeat?.processed ?? 0)), .text(countText(view.heartbeat?.failed ?? 0)),
                    process(view.registration),
                ]
            }, emptyText: "", marks: workers.map { [.key("worker-\($0.id)")] }
        ).html
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
