import SignalboxCore
import SignalboxStore

/// Whether somebody has to look after something: one word at the top of the first page, and what it is about.
struct Finding {
    enum Level: Int, Comparable {
        case clear, attention, trouble
        static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
    }

    var level: Level
    var sentence: HTML
}

extension Finding.Level {
    var word: String {
        switch self {
        case .clear: "All clear"
        case .attention: "Worth a look"
        case .trouble: "Needs attention"
        }
    }

    var tone: String {
        switch self {
        case .clear: "success"
        case .attention: "pending"
        case .trouble: "failed"
        }
    }

    /// A signal's lamp: a tick, a mark of exclamation, a cross.
    fileprivate var lamp: HTML {
        switch self {
        case .clear: Self.lamp("M5 10.5l3.4 3.4L15 7")
        case .attention: Self.lamp("M10 4.5v6.5M10 14.6v.4")
        case .trouble: Self.lamp("M6 6l8 8M14 6l-8 8")
        }
    }

    private static func lamp(_ path: StaticString) -> HTML {
        .list([
            HTML(
                literal:
                    "<svg class=\"lamp\" viewBox=\"0 0 20 20\" aria-hidden=\"true\"><circle cx=\"10\" cy=\"10\" r=\"10\">"
            ),
            HTML(literal: "</circle><path d=\""), HTML(literal: path), HTML(literal: "\"></path></svg>"),
        ])
    }
}

extension PageView {
    func health(_ overview: Overview) -> HTML {
        let findings = findings(overview).sorted { $0.level > $1.level }
        let level = findings.first?.level ?? .clear
        return element("section", .class("health \(level.tone)"), .label("Health")) {
            level.lamp
            element("div") {
                element("p", .class("verdict")) { level.word }
                element("p", .class("quiet")) { summary(overview) }
            }
            if !findings.isEmpty {
                element("ul") {
                    for finding in findings {
                        element("li", .class(finding.level.tone)) { element("span") { finding.sentence } }
                    }
                }
            }
        }
    }

    /// "6 jobs, 1 worker online, the store 3 % full"
    private func summary(_ overview: Overview) -> String {
        let (jobs, workers) = (overview.jobs.count, overview.workers.count { $0.registration.state == .online })
        return [
            jobs == 1 ? "1 job" : "\(countText(jobs)) jobs",
            workers == 1 ? "1 worker online" : "\(countText(workers)) workers online",
            "the store \(overview.status.filling.text)",
        ].joined(separator: " · ")
    }

    private func findings(_ overview: Overview) -> [Finding] {
        let all: [Finding?] = [
            clockFinding(overview.status.clockHold), storeFinding(overview.status.filling), workersFinding(overview),
            lateFinding(overview.workers), overdueFinding(overview), unservedFinding(overview),
            handlerFinding(overview.status.unserved),
            failedFinding(overview.jobs), pausedFinding(overview.jobs),
            pausedFinding(overview.status.queues),
        ]
        return all.compactMap { $0 }
    }

    private func clockFinding(_ hold: ClockHold?) -> Finding? {
        guard let hold, let remaining = hold.remaining(at: now) else { return nil }
        return Finding(
            level: .attention,
            sentence: .text(
                "Calendar jobs wait, for at most \(durationText(remaining)) more: \(hold.doubt.sentence)."))
    }

    private func storeFinding(_ filling: StoreFilling) -> Finding? {
        guard let concern = filling.concern else { return nil }
        return Finding(
            level: filling.level > .warning ? .trouble : .attention, sentence: .text("The store \(concern)."))
    }

    private func workersFinding(_ overview: Overview) -> Finding? {
        guard !overview.workers.contains(where: \.registration.state.isActive) else { return nil }
        let isNeeded = overview.status.count(.pending) > 0 || !overview.jobs.isEmpty
        return Finding(
            level: isNeeded ? .trouble : .attention,
            sentence: .list([
                .text("No worker is online: what is PENDING waits. Start one with "),
                element("code") { "signalbox worker" }, .text("."),
            ]))
    }

    private func lateFinding(_ workers: [WorkerView]) -> Finding? {
        let late = workers.filter(isLate)
        guard let first = late.first, let at = first.heartbeat?.at.wall else { return nil }
        let others = late.count == 1 ? "" : " and \(countText(late.count - 1)) other workers"
        return Finding(
            level: .attention,
            sentence: .list([
                link(.workers) { first.registration.name }, .text(others + (late.count == 1 ? " was" : " were")),
                .text(" last heard of "), relative(at), .text("."),
            ]))
    }

    /// Nobody deals with due times, or is far behind.
    private func overdueFinding(_ overview: Overview) -> Finding? {
        guard overview.status.clockHold?.remaining(at: now) == nil else { return nil }
        let overdue = overview.jobs.filter { view in
            !view.job.progress.paused && view.job.progress.nextDue.map { $0 + Patience.forDueTimes < now.wall } == true
        }
        guard !overdue.isEmpty else { return nil }
        return Finding(
            level: .trouble,
            sentence: .list([
                jobLinks(overdue), .text(overdue.count == 1 ? " was due" : " were due"),
                .text(" more than a minute ago, and no scheduler has dealt with it. Start one with "),
                element("code") { "signalbox scheduler" }, .text("."),
            ]))
    }

    private func unservedFinding(_ overview: Overview) -> Finding? {
        let active = overview.workers.filter(\.registration.state.isActive)
        let served = Set(active.flatMap(\.registration.queues))
        let unserved = overview.status.queues.filter { $0.count(.pending) > 0 && !served.contains($0.name) }
        guard !active.isEmpty, let first = unserved.first else { return nil }
        let count = unserved.reduce(0) { $0 + $1.count(.pending) }
        return Finding(
            level: .attention,
            sentence: .list([
                link(.queues) { unserved.count == 1 ? "Queue \(first.name)" : "\(countText(unserved.count)) queues" },
                .text(
                    (unserved.count == 1 ? " is" : " are")
                        + " served by no worker: \(countText(count)) \(count == 1 ? "dispatch waits" : "dispatches wait")."
                ),
            ]))
    }

    private func handlerFinding(_ unserved: [UnservedHandler]) -> Finding? {
        guard let first = unserved.first else { return nil }
        let others = unserved.count == 1 ? "" : ", nor for \(countText(unserved.count - 1)) more"
        return Finding(
            level: .attention,
            sentence: .list([
                .text("There is no worker for \(first.handler)\(others): dispatches wait in "),
                link(.queues) { "queue \(first.queue)" }, .text("."),
            ]))
    }

    private func failedFinding(_ jobs: [JobView]) -> Finding? {
        let failed = jobs.filter { $0.job.progress.lastRun?.state == .failed }
        guard !failed.isEmpty else { return nil }
        return Finding(
            level: .attention, sentence: .list([jobLinks(failed), .text(" failed when last run.")]))
    }

    private func pausedFinding(_ jobs: [JobView]) -> Finding? {
        let paused = jobs.filter(\.job.progress.paused)
        guard !paused.isEmpty else { return nil }
        return Finding(
            level: .clear,
            sentence: .list([jobLinks(paused), .text(paused.count == 1 ? " is paused." : " are paused.")]))
    }

    private func pausedFinding(_ queues: [QueueView]) -> Finding? {
        let paused = queues.filter { $0.pause != nil }
        guard let first = paused.first else { return nil }
        let isOne = paused.count == 1
        return Finding(
            level: .clear,
            sentence: .list([
                link(.queues) { isOne ? "Queue \(first.name)" : "\(countText(paused.count)) queues" },
                .text(isOne ? " is paused." : " are paused."),
            ]))
    }

    /// "backup, flaky, report and 4 more"
    private func jobLinks(_ jobs: [JobView]) -> HTML {
        let shown = jobs.prefix(3)
        var parts: [HTML] = []
        for (index, view) in shown.enumerated() {
            let isLast = index == shown.count - 1 && jobs.count == shown.count
            if index > 0 { parts.append(.text(isLast ? " and " : ", ")) }
            parts.append(link(.job(view.name)) { view.name.text })
        }
        if jobs.count > shown.count { parts.append(.text(" and \(countText(jobs.count - shown.count)) more")) }
        return .list(parts)
    }
}

/// How long what should have happened may be late before it is told of.
enum Patience {
    /// From a due time to when a scheduler has dealt with it.
    static let forDueTimes: Duration = .seconds(60)
    /// From one heartbeat of a worker to the next.
    static let forHeartbeats = Heartbeat.interval * 3
}
