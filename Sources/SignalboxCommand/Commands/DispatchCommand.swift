import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct DispatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispatch", abstract: "Show one dispatch and its attempts.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The number of the dispatch.", transform: Parse.dispatch)
    var id: DispatchID

    func run() throws {
        let now = try currentTime()
        guard let detail = try store.open(.read).explainedDispatch(id, now: now) else {
            throw StoreError.noDispatch(id)
        }
        if output.json { return try JSON.write(detail) }
        fields(detail, now).write()
        guard !detail.attempts.isEmpty else { return }
        Terminal.writeLine("")
        attempts(detail, now).write()
        for attempt in detail.attempts where !attempt.report.isEmpty {
            Terminal.writeLine("")
            report(attempt).write()
        }
    }

    private func fields(_ detail: DispatchDetail, _ now: Now) -> Fields {
        let dispatch = detail.view.dispatch
        var list = [
            ("dispatch", "\(dispatch.id)"), ("job", dispatch.job?.text ?? "–"), ("state", Words.state(dispatch)),
            ("command", detail.view.command), ("queue", "\(dispatch.queue), priority \(dispatch.priority)"),
            ("attempt", "\(dispatch.attempt) of \(dispatch.maxAttempts)"), ("workers lost", "\(dispatch.crashes)"),
            ("enqueued", "\(dispatch.enqueuedAt)"), ("due", "\(dispatch.dueAt)"),
        ]
        if let wait = detail.wait {
            let sentence = WaitWords(now: now, zone: nil).sentence(wait, dispatch)
            list.append(("now", "it \(sentence)"))
        }
        if let worker = detail.view.worker { list.append(("worker", worker)) }
        if let blocker = dispatch.blocker { list.append(("because of", "dispatch \(blocker)")) }
        if let time = dispatch.scheduledFor { list.append(("scheduled for", "\(time)")) }
        if dispatch.coalesced > 0 { list.append(("stands for", "\(dispatch.coalesced + 1) occurrences")) }
        if dispatch.snoozes > 0 { list.append(("snoozed", "\(dispatch.snoozes)")) }
        list += asked(detail)
        if let report = detail.view.progress { list.append(("progress", "\(report.percent) % \(report.text)")) }
        if let time = dispatch.started { list.append(("started", "\(time.wall)")) }
        if let time = dispatch.finished { list.append(("finished", "\(time.wall)")) }
        if let duration = detail.view.duration(now: now) { list.append(("took", Words.length(duration))) }
        return Fields(list)
    }

    /// What was asked for, where that is not as usual.
    private func asked(_ detail: DispatchDetail) -> [(String, String)] {
        let request = detail.request
        var list = [("timeout", request.timeout?.text ?? "none")]
        if detail.view.dispatch.maxAttempts > 1 { list.append(("retries", request.retry.words)) }
        if let limit = request.retry.limit { list.append(("retry for", limit.text)) }
        if let directory = request.directory { list.append(("cwd", directory)) }
        if !request.input.isEmpty { list.append(("input", "\(request.input.count) bytes")) }
        list += request.work.facts.map { ($0.label.lowercased(), $0.text) }
        if let unique = request.unique {
            list.append(("unique key", "\(unique.text), \(unique.scope.word), on conflict \(unique.onConflict.word)"))
        }
        if !request.after.isEmpty {
            let parents = request.after.map(\.description).joined(separator: ", ")
            list.append(("after", "dispatch \(parents); if that fails: \(request.onParentFail.word)"))
        }
        if detail.view.isPinned { list.append(("pinned", "it stays until `signalbox unpin \(detail.view.id)`")) }
        if let parent = detail.view.dispatch.parent { list.append(("made again", "from dispatch \(parent)")) }
        return list
    }

    /// What an attempt has left besides its output.
    private func report(_ attempt: Attempt) -> Fields {
        let report = attempt.report
        var list = [("attempt", "\(attempt.number)")]
        list += report.tags.sorted { $0.key < $1.key }.map { ("tag \($0.key)", $0.value) }
        if let result = report.result { list.append(("result", result.text)) }
        list += report.survivors.map { ("not ended", "process \($0)") }
        return Fields(list)
    }

    private func attempts(_ detail: DispatchDetail, _ now: Now) -> Table {
        var table = Table(["ATTEMPT", "WORKER", "STARTED", "TOOK", "END", "REASON"])
        for attempt in detail.attempts {
            let end =
                switch attempt.outcome {
                case nil: "–"
                case .exited(let code): "exit \(code)"
                case .signalled(let number): "signal \(number)"
                case .notStarted(let error): error
                case .returned: "returned"
                case .threw(let error): error.text
                case .handlerDied(let how): how
                }
            table.add([
                "\(attempt.number)", "\(attempt.worker)", Words.relative(attempt.started.wall, to: now),
                Words.length(attempt.started.boot.duration(to: attempt.finished.boot)), end, attempt.reason.word ?? "",
            ])
        }
        return table
    }
}
