import SignalboxCore
import SignalboxStore

/// One dispatch: where it stands and why, what it runs, its attempts, and what it printed.
extension PageView {
    func dispatch(_ detail: DispatchDetail) -> HTML {
        .list([
            trail(detail.view.dispatch),
            element("div", .class("heading"), .ofDispatch(detail.view.id)) {
                element("h1") { "Dispatch #\(detail.view.id)" }
                badge(detail.view.state)
                if detail.view.dispatch.cancelRequested, !detail.view.state.isTerminal {
                    badge("being cancelled", tone: "pending")
                }
                buttons(for: detail.view.dispatch)
            },
            element("section", .class("card")) {
                explanation(detail.view.dispatch)
                handlerNotice(detail.view)
                progressBar(detail.view.progress)
                facts(dispatchFacts(detail))
            },
            environment(detail.request.environment),
            attempts(detail),
            reports(detail),
            output(detail),
        ])
    }

    private func trail(_ dispatch: Dispatch) -> HTML {
        element("p", .class("trail")) {
            if let job = dispatch.job {
                link(.jobs(.init())) { "Jobs" }
                " / "
                link(.job(job)) { job.text }
            } else {
                link(.dispatches(DispatchFilter())) { "Dispatches" }
            }
        }
    }

    private func explanation(_ dispatch: Dispatch) -> HTML {
        guard let sentence = dispatch.reason.sentence else { return HTML() }
        return element("p", .class("why")) {
            sentence
            if let blocker = dispatch.blocker {
                " It waits for "
                link(.dispatch(blocker)) { "#\(blocker)" }
                "."
            }
        }
    }

    private func handlerNotice(_ view: DispatchView) -> HTML {
        guard view.lacksWorker, let handler = view.dispatch.handler else { return HTML() }
        return element("p", .class("why")) {
            "It waits: no worker for \(handler). It is kept until one that serves its queue has this handler."
        }
    }

    private func dispatchFacts(_ detail: DispatchDetail) -> [Fact] {
        let dispatch = detail.view.dispatch
        return [
            Fact("Job", dispatch.job.map { name in link(.job(name)) { name.text } }),
            Fact("Command", commandText(detail.request.command)),
            Fact("Folder", detail.request.directory.map { .text($0) }),
            Fact("Input", detail.request.input.isEmpty ? nil : .text("\(countText(detail.request.input.count)) bytes")),
            Fact("Worker", detail.view.worker.map { .text($0) }),
            Fact("Attempt", .text("\(dispatch.attempt) of at most \(dispatch.maxAttempts)")),
            Fact("Snoozed", dispatch.snoozes == 0 ? nil : .text(timesText(dispatch.snoozes))),
            Fact("Result", endingText(dispatch).map { .text($0) }),
            Fact("Took", detail.view.duration(now: now).map { took($0, detail.view) }),
        ] + timeFacts(dispatch) + originFacts(detail)
    }

    private func took(_ duration: Duration, _ view: DispatchView) -> HTML {
        guard view.state == .inProgress, let started = view.dispatch.started else {
            return .text(durationText(duration))
        }
        return elapsed(since: started.wall, duration)
    }

    private func timeFacts(_ dispatch: Dispatch) -> [Fact] {
        [
            Fact("Scheduled for", dispatch.scheduledFor.map(absolute)),
            Fact("And last for", dispatch.lastScheduledFor.map(absolute)),
            Fact("Local time", dispatch.occurrence.sentence.map { .text($0) }),
            Fact("Enqueued", absolute(dispatch.enqueuedAt)),
            Fact("Due", dispatch.state == .scheduled ? absolute(dispatch.dueAt) : nil),
            Fact("Started", (dispatch.started?.wall).map(absolute)),
            Fact("Finished", (dispatch.finished?.wall).map(absolute)),
        ]
    }

    private func originFacts(_ detail: DispatchDetail) -> [Fact] {
        let dispatch = detail.view.dispatch
        return [
            Fact("Queue", link(.dispatches(DispatchFilter(queue: dispatch.queue))) { dispatch.queue.text }),
            Fact("Priority", .text("\(dispatch.priority)")),
            Fact("Timeout", .text(detail.request.timeout.map(durationText) ?? "none")),
        ] + workFacts(detail.request.work) + [
            Fact("Start by", dispatch.latestStart.map(absolute)),
            Fact("Retries", .text(retryText(detail.request.retry))),
            Fact("Unique key", detail.request.unique.map { .text($0.text) }),
            Fact("Held", detail.request.unique.map { .text(holdingText($0)) }),
            Fact("Comes after", detail.request.after.isEmpty ? nil : dispatchLinks(detail.request.after)),
            Fact("If that fails", detail.request.after.isEmpty ? nil : .text(detail.request.onParentFail.word)),
            Fact("Made again from", dispatch.parent.map { dispatchLinks([$0]) }),
            Fact("Pinned", detail.view.isPinned ? .text("it stays, however old it grows") : nil),
            Fact("Stands for", dispatch.coalesced == 0 ? nil : .text("\(countText(dispatch.coalesced + 1)) due times")),
            Fact("Workers lost", dispatch.crashes == 0 ? nil : .text("\(dispatch.crashes)")),
        ]
    }

    private func dispatchLinks(_ list: [DispatchID]) -> HTML {
        .list(list.map { id in .list([link(.dispatch(id)) { "#\(id)" }, .text(" ")]) })
    }

    private func attempts(_ detail: DispatchDetail) -> HTML {
        guard !detail.attempts.isEmpty else { return HTML() }
        return section("Attempts") {
            Table(
                caption: "The attempts that have ended",
                columns: [
                    .text("Number"), .text("Worker"), .text("Started"), .text("Took"), .text("Reason"), .wide("Ended"),
                ],
                rows: detail.attempts.map { attempt in
                    [
                        .text("Attempt \(attempt.number)"), .text("\(attempt.worker)"), relative(attempt.started.wall),
                        .text(durationText(attempt.started.boot.duration(to: attempt.finished.boot))),
                        .text(attempt.reason.word ?? "–"), .text(outcomeText(attempt.outcome)),
                    ]
                }, emptyText: ""
            ).html
        }
    }

    private func timesText(_ count: Int) -> String { count == 1 ? "once" : "\(countText(count)) times" }

    /// What the attempts have left besides their output; the newest first, for that is what counts.
    private func reports(_ detail: DispatchDetail) -> HTML {
        .list(detail.attempts.reversed().filter { !$0.report.isEmpty }.map(report))
    }

    private func report(_ attempt: Attempt) -> HTML {
        let report = attempt.report
        let survivors = report.survivors.map(\.description).joined(separator: ", ")
        return section("Left by attempt \(attempt.number)") {
            facts(
                report.tags.sorted { $0.key < $1.key }.map { Fact($0.key, .text($0.value)) } + [
                    Fact("Result", report.result.map { value in element("code", .class("command")) { value.text } }),
                    Fact("Not ended", survivors.isEmpty ? nil : .text("process \(survivors)")),
                ])
        }
    }

    private func outcomeText(_ outcome: Outcome?) -> String {
        switch outcome {
        case nil: "–"
        case .exited(let code)?: "exit \(code)"
        case .signalled(let number)?: signalText(number)
        case .notStarted(let error)?: "not started: \(error)"
        case .returned?: "returned"
        case .threw(let error)?: error.text
        case .handlerDied(let how)?: how
        }
    }

    private func output(_ detail: DispatchDetail) -> HTML {
        section("Output") {
            if detail.output.isEmpty {
                element("p", .class("empty")) {
                    detail.view.state == .inProgress ? "It has printed nothing yet." : "It printed nothing."
                }
            } else {
                element("div", .class("log"), .role("region"), .label("Output"), .focusable) {
                    logTable(LogLine.lines(of: detail.output))
                }
            }
        }
    }

    /// stdout and stderr differ by mark and word, not by colour alone.
    private func logTable(_ lines: [LogLine]) -> HTML {
        element("table") {
            element("caption", .class("aside")) { "Lines with their time since the attempt began" }
            HTML(literal: "<thead class=\"aside\"><tr><th scope=\"col\">Seconds</th><th scope=\"col\">Stream</th>")
            HTML(literal: "<th scope=\"col\">Text</th></tr></thead>")
            element("tbody") {
                for line in lines {
                    element("tr", .class(line.stream.word)) {
                        element("td", .class("offset")) { offsetText(line.offset) }
                        element("td", .class("stream")) { line.stream.word }
                        element("td", .class("text")) { HTML.text(line.text, keeping: ["\t"]) }
                    }
                }
            }
        }
    }
}

/// "base 15s, factor 2.0, cap 1h, jitter 0.1; for 2h; until the next occurrence".
func retryText(_ policy: RetryPolicy) -> String {
    policy.words + (policy.limit.map { "; for \($0.text)" } ?? "")
        + (policy.endsAtNext ? "; until the next occurrence" : "")
}

/// "until it has ended; on conflict: existing".
private func holdingText(_ unique: UniqueKey) -> String {
    let length =
        switch unique.scope {
        case .active: "until it has ended"
        case .window(let length): "for \(length.text) from when it was enqueued"
        case .forever: "for ever"
        }
    return "\(length); on conflict: \(unique.onConflict.word)"
}
