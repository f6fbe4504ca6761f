import SignalboxCore
import SignalboxStore

/// The list of jobs, and one job with its definition and its last runs.
extension PageView {
    func jobList(_ page: JobPage) -> HTML {
        .list([
            element("h1") { "Jobs" }, element("section") { jobTable(page.jobs) },
            pager(
                previous: page.previous.map { ("Jobs before \($0)", .jobs(JobFilter(before: $0))) },
                next: page.next.map { ("Jobs after \($0)", .jobs(JobFilter(after: $0))) }),
        ])
    }

    func jobTable(_ jobs: [JobView]) -> HTML {
        Table(
            caption: "Jobs with their schedule, state and last runs",
            columns: [
                .text("Job"), .text("State"), .text("Schedule"), .text("Next run"), .text("Last run"), .wide("History"),
            ],
            rows: jobs.map(jobRow),
            emptyText: "There is no job yet. Add one with: signalbox add NAME --every 5m -- COMMAND", layout: .jobs,
            marks: jobs.map { [.key("job-\($0.name)"), .ofJob($0.name)] }
        ).html
    }

    private func jobRow(_ view: JobView) -> [HTML] {
        [
            link(.job(view.name)) { view.name.text },
            element("span", .class("does")) {
                marks(view)
                runButton(view.job)
            },
            scheduleText(view.job),
            nextRun(view.job),
            lastRun(view.job),
            strip(view.recent),
        ]
    }

    /// Whether it waits for its time, is paused, has work waiting, or runs.
    private func marks(_ view: JobView) -> HTML {
        element("span", .class("marks")) {
            if view.job.progress.paused { badge("Paused", tone: "pending") }
            if view.running == 1 { badge("Running…", tone: "in-progress") }
            if view.running > 1 { badge("Running… ×\(view.running)", tone: "in-progress") }
            if view.waiting > 0 { badge("\(countText(view.waiting)) waiting", tone: "scheduled") }
            if !view.job.progress.paused, view.running + view.waiting == 0 { badge("Idle", tone: "idle") }
        }
    }

    private func scheduleText(_ job: Job) -> HTML {
        element("span", .class("schedule")) {
            element("code") { job.definition.schedule.description }
            if let zone = job.definition.zone { element("span", .class("quiet")) { " \(zone)" } }
        }
    }

    private func nextRun(_ job: Job) -> HTML {
        if job.progress.paused { return element("span", .class("quiet")) { "paused" } }
        guard let next = job.progress.nextDue else { return element("span", .class("quiet")) { "not by the clock" } }
        return relative(next)
    }

    private func lastRun(_ job: Job) -> HTML {
        guard let last = job.progress.lastRun else { return element("span", .class("quiet")) { "never" } }
        return element("span", .class("last")) {
            link(.dispatch(last.dispatch), .class("plain")) { badge(last.state) }
            " "
            relative(last.finishedAt)
        }
    }

    func job(_ detail: JobDetail) -> HTML {
        let definition = detail.view.job.definition
        return .list([
            element("p", .class("trail")) { link(.jobs(.init())) { "Jobs" } },
            element("div", .class("heading"), .ofJob(detail.view.name)) {
                element("h1") { detail.view.name.text }
                marks(detail.view)
                buttons(for: detail.view.job)
            },
            element("section", .class("card")) {
                strip(detail.dispatches.map(\.dispatch))
                facts(jobFacts(detail.view))
            },
            lastDay(detail.last24Hours),
            environment(definition.environment),
            section("Last runs") {
                dispatchTable(
                    detail.dispatches, caption: "The newest runs of this job", emptyText: "It has not run yet.",
                    ofJob: true)
                element("p", .class("more")) {
                    link(.dispatches(DispatchFilter(job: detail.view.name))) { "All dispatches of this job" }
                }
            },
        ])
    }

    private func jobFacts(_ view: JobView) -> [Fact] {
        let (job, definition) = (view.job, view.job.definition)
        return [
            Fact("Schedule", scheduleText(job)),
            Fact("Next run", job.progress.nextDue.map(absolute) ?? nextRun(job)),
            Fact("Last run", lastRun(job)),
            Fact("Queue", link(.dispatches(DispatchFilter(queue: definition.queue))) { definition.queue.text }),
            Fact("Paused", job.progress.pause.map(pauseText)),
            Fact("Command", commandText(definition.command)),
            Fact("Folder", definition.directory.map { .text($0) }),
            Fact("Priority", .text("\(definition.priority)")),
            Fact("Timeout", .text(definition.timeout.map(durationText) ?? "none")),
        ] + workFacts(definition.work) + [
            Fact("Attempts", .text("at most \(definition.maxAttempts)")),
            Fact("Retries", definition.maxAttempts > 1 ? .text(retryText(definition.retry)) : nil),
            Fact("Overlap", .text(definition.overlap.word)),
            Fact("Start by", definition.startBy.map { .text("\(durationText($0)) after it is due") }),
            Fact("Catch-up", .text(definition.catchUp.mode.rawValue)),
            Fact("If its worker dies", .text(definition.rescue.word)),
            Fact("Keeps", .text(view.keep.text)),
            Fact("Revision", .text("\(job.progress.revision)")),
        ]
    }

    /// How the process of a command is treated, where that is not as usual.
    func workFacts(_ work: Work) -> [Fact] { work.facts.map { Fact($0.label, .text($0.text)) } }

    private func pauseText(_ pause: JobPause) -> HTML {
        .list([absolute(pause.at), .text(" by \(pause.by)" + (pause.reason.map { ": \($0)" } ?? ""))])
    }

    func environment(_ variables: [String: String]) -> HTML {
        guard !variables.isEmpty else { return HTML() }
        return section("Environment") {
            Table(
                caption: "Variables set for the command", columns: [.text("Variable"), .wide("Value")],
                rows: redacted(environment: variables).sorted { $0.key < $1.key }.map { name, value in
                    [element("code") { name }, element("code", .class("command")) { value }]
                }, emptyText: ""
            ).html
        }
    }
}

/// What is run, as it was written, lines and all.
func commandText(_ command: Command) -> HTML {
    element("code", .class("command")) { HTML.text(command.redacted.text, keeping: ["\n", "\t"]) }
}
