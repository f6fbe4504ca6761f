import SignalboxCore
import SignalboxStore

/// Lists of dispatches: any page that has one draws it here.
extension PageView {
    func dispatchList(_ filter: DispatchFilter, _ page: DispatchPage) -> HTML {
        .list([
            element("h1") { "Dispatches" },
            stateFilter(filter),
            searchForm(filter),
            chosen(filter),
            element("section") {
                dispatchTable(
                    page.dispatches, caption: "Dispatches, newest first",
                    emptyText: page.looked > 0 ? "None of those searched matches." : "No dispatch matches.")
            },
            searched(page),
            pager(filter, page),
        ])
    }

    private func stateFilter(_ filter: DispatchFilter) -> HTML {
        element("nav", .class("filter"), .label("State")) {
            HTML.list(
                ([nil] + DispatchState.allCases).map { state in
                    var other = filter
                    other.state = state
                    other.before = nil
                    other.after = nil
                    let target = PageTarget(route: .dispatches(other), refreshes: target.refreshes)
                    let here: [Attribute] = state == filter.state ? [.currentPage] : []
                    return element("a", [.href(target)] + here, .text(state?.name ?? "All"))
                })
        }
    }

    /// What else the list is narrowed to, each with the way out.
    private func chosen(_ filter: DispatchFilter) -> HTML {
        var (anyJob, anyQueue, anyText, newest) = (filter, filter, filter, filter)
        anyJob.job = nil
        anyQueue.queue = nil
        anyText.text = nil
        newest.before = nil
        newest.after = nil
        let choices = [
            filter.job.map { ("Job \($0)", anyJob) }, filter.queue.map { ("Queue \($0)", anyQueue) },
            filter.text.map { ("With \(quoted($0))", anyText) },
            filter.before.map { ("Older than #\($0)", newest) },
            filter.after.map { ("Newer than #\($0)", newest) },
        ].compactMap { $0 }
        guard !choices.isEmpty else { return HTML() }
        return element("ul", .class("chosen"), .label("Narrowed to")) {
            for (text, without) in choices {
                element("li") {
                    "\(text) "
                    link(.dispatches(without), .label("Remove: \(text)")) { "×" }
                }
            }
        }
    }

    /// - Parameter ofJob: the list is that of one job, and need not say which.
    func dispatchTable(
        _ dispatches: [DispatchView], caption: String, emptyText: String, ofJob: Bool = false
    ) -> HTML {
        // Bars compare runs of one job; those of different jobs have nothing to be compared by.
        let longest = ofJob ? dispatches.compactMap { $0.duration(now: now) }.max() : nil
        return Table(
            caption: caption,
            columns: [
                .text("Dispatch"), ofJob ? .text("Attempt") : .free("What"), .text("State"), .text("When"),
                .text("Took"), .wide("Result"),
            ],
            rows: dispatches.map { view in
                [
                    link(.dispatch(view.id)) { "#\(view.id)" }, ofJob ? attemptCount(view.dispatch) : what(view),
                    badge(view.state), when(view.dispatch), took(view, longest: longest), result(view),
                ]
            }, emptyText: emptyText, layout: .dispatches,
            marks: dispatches.map { [.key("dispatch-\($0.id)"), .ofDispatch($0.id)] }
        ).html
    }

    private func attemptCount(_ dispatch: Dispatch) -> HTML { .text("\(dispatch.attempt) of \(dispatch.maxAttempts)") }

    private func what(_ view: DispatchView) -> HTML {
        if let job = view.dispatch.job { return link(.job(job)) { job.text } }
        return element("code", .class("short")) { redacted(line: view.command) }
    }

    /// The time that matters in its state: when it ended, began, or will be due.
    private func when(_ dispatch: Dispatch) -> HTML {
        switch dispatch.state {
        case .success, .failed, .cancelled, .skipped: relative(dispatch.finished?.wall ?? dispatch.enqueuedAt)
        case .inProgress: relative(dispatch.started?.wall ?? dispatch.enqueuedAt)
        case .scheduled: relative(dispatch.dueAt)
        case .pending, .blocked: relative(dispatch.enqueuedAt)
        }
    }

    private func took(_ view: DispatchView, longest: Duration?) -> HTML {
        guard let duration = view.duration(now: now) else { return quiet("–") }
        if view.state == .inProgress, let started = view.dispatch.started {
            return elapsed(since: started.wall, duration)
        }
        guard let longest, longest > .zero else { return .text(durationText(duration)) }
        let share = max(1, Int((duration / longest * 100).rounded()))
        return element("span", .class("took")) {
            element("span") { durationText(duration) }
            element("svg", .class("share"), .viewBox("0 0 100 4"), .stretched, .decorative) {
                element("rect", [.width(min(100, share)), .height(4)], HTML())
            }
        }
    }

    private func result(_ view: DispatchView) -> HTML {
        if let report = view.progress { return progressBar(report) }
        let more = view.dispatch.coalesced
        let times = more == 0 ? nil : "\(countText(more + 1)) due times"
        let words = [endingText(view.dispatch), view.dispatch.reason.addition, times].compactMap { $0 }
        guard !words.isEmpty else { return HTML() }
        return element("span", .class(view.state == .success ? "quiet" : "plain")) { words.joined(separator: " · ") }
    }

    /// "exit 3", "SIGKILL"; nil while nothing has ended.
    func endingText(_ dispatch: Dispatch) -> String? {
        switch dispatch.ending {
        case nil: nil
        case .exited(let code)?: "exit \(code)"
        case .signalled(let number)?: signalText(number)
        case .notStarted?: "not started"
        case .returned?: "returned"
        case .threw?: "its handler failed"
        case .handlerDied?: "its handler died"
        }
    }
}
