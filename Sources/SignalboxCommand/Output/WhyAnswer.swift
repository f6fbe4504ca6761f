import SignalboxCore
import SignalboxStore

/// The answer of `why`: for people line by line, and as JSON with a word for each verdict beside its sentence.
struct WhyAnswer: Encodable {
    private let report: WhyReport
    private let now: Now
    private let words: WhyWords

    init(_ report: WhyReport, _ now: Now) {
        self.report = report
        self.now = now
        words = WhyWords(report, now)
    }

    /// Where the present is not about the pause itself, for a run goes on or waits.
    private var pause: JobPause? { report.present?.dispatch == nil ? nil : report.job.progress.pause }

    func write() {
        let (definition, progress) = (report.job.definition, report.job.progress)
        var list = [
            ("job", "\(definition.name), revision \(progress.revision)"),
            ("schedule", "\(definition.schedule)" + (definition.zone.map { ", \($0)" } ?? "")),
            ("last run", progress.lastRun.map(words.lastRun) ?? "none has ended yet"),
            ("next", progress.nextDue.map { "\(words.time($0)) (\(Words.relative($0, to: now)))" } ?? "–"),
        ]
        if let past = report.past { list.append((words.title(past), words.sentence(past))) }
        if let pause { list.append(("paused", words.words(pause))) }
        if let present = report.present { list.append(("now", words.sentence(present))) }
        Fields(list).write()
    }

    // MARK: JSON

    private enum CodingKeys: String, CodingKey {
        case name, revision, next_at, last_run_at, last_state, past, present, pause
    }
    private enum PauseKeys: String, CodingKey { case since, by, reason }
    private enum PartKeys: String, CodingKey {
        case asked, due, local, occurrence, verdict, sentence, dispatch, blocked_by
    }

    func encode(to encoder: any Encoder) throws {
        let progress = report.job.progress
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(report.job.name.text, forKey: .name)
        try fields.encode(progress.revision, forKey: .revision)
        try fields.encode(progress.nextDue?.description, forKey: .next_at)
        try fields.encode(progress.lastRun?.finishedAt.description, forKey: .last_run_at)
        try fields.encode(progress.lastRun?.state.name, forKey: .last_state)
        if let pause = report.job.progress.pause {
            var part = fields.nestedContainer(keyedBy: PauseKeys.self, forKey: .pause)
            try part.encode(pause.at.description, forKey: .since)
            try part.encode(pause.by, forKey: .by)
            try part.encode(pause.reason, forKey: .reason)
        }
        if let past = report.past {
            var part = fields.nestedContainer(keyedBy: PartKeys.self, forKey: .past)
            try part.encode(past.asked?.description, forKey: .asked)
            try part.encode(past.occurrence?.due.description, forKey: .due)
            try part.encode(past.occurrence.map { $0.due.text(in: report.zone) }, forKey: .local)
            try part.encode(past.occurrence?.reason.rawValue, forKey: .occurrence)
            try encode(past.verdict.word, words.sentence(past), past.verdict.dispatch, to: &part)
        }
        if let present = report.present {
            var part = fields.nestedContainer(keyedBy: PartKeys.self, forKey: .present)
            try encode(present.word, words.sentence(present), present.dispatch, to: &part)
        }
    }

    private func encode(
        _ verdict: String, _ sentence: String, _ dispatch: WhyDispatch?,
        to part: inout KeyedEncodingContainer<PartKeys>
    ) throws {
        try part.encode(verdict, forKey: .verdict)
        try part.encode(sentence, forKey: .sentence)
        try part.encode(dispatch?.view, forKey: .dispatch)
        try part.encode(dispatch?.blocker, forKey: .blocked_by)
    }
}

extension WhyPastVerdict {
    /// The word in JSON.
    fileprivate var word: String {
        switch self {
        case .dispatch: "dispatch"
        case .notDue: "not_due"
        case .otherOfTwo: "other_of_two"
        case .leftOutInGap: "left_out_in_gap"
        case .notByClock: "not_by_clock"
        case .notYet: "not_yet"
        case .beforeSchedule: "before_schedule"
        case .passedWhilePaused: "passed_while_paused"
        case .paused: "paused"
        case .clockHeld: "clock_held"
        case .notLookedAt: "not_looked_at"
        case .noRecord: "no_record"
        }
    }

    fileprivate var dispatch: WhyDispatch? { if case .dispatch(let dispatch) = self { dispatch } else { nil } }
}

extension WhyPresent {
    /// The word in JSON.
    fileprivate var word: String {
        switch self {
        case .running: "running"
        case .waiting: "waiting"
        case .paused: "paused"
        case .clockHeld: "clock_held"
        case .notLookedAt: "not_looked_at"
        case .notDue: "not_due"
        case .manual: "manual"
        case .bootDone: "boot_done"
        case .bootNotLookedAt: "boot_not_looked_at"
        case .over: "over"
        }
    }

    fileprivate var dispatch: WhyDispatch? {
        switch self {
        case .running(let dispatch), .waiting(let dispatch): dispatch
        case .paused, .clockHeld, .notLookedAt, .notDue, .manual, .bootDone, .bootNotLookedAt, .over: nil
        }
    }
}
