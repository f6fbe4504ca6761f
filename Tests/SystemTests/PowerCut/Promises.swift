// What the processes of a recording have told their users, and which therefore has to hold after any later cut.
import LMDBEngine
import SignalboxCore
import SignalboxStore

/// What was told until some moment.
struct Promises {
    /// These dispatches are there.
    private var made: Set<UInt64> = []
    /// They have ended, and how.
    private var ended: [UInt64: String] = [:]
    /// Their end was asked for.
    private var asked: Set<UInt64> = []
    /// These jobs are there; and these are paused.
    private var jobs: Set<String> = []
    private var paused: Set<String> = []
    /// These stores are there.
    private var stores: Set<String> = []
    /// What each process was started as.
    private var commands: [UInt32: [String]] = [:]

    /// Whether a store has to be there: somebody was told something of what is in it, or that it was made.
    func has(_ store: String) -> Bool {
        stores.contains(store) || store == "store" && !(made.isEmpty && jobs.isEmpty && ended.isEmpty)
    }

    mutating func take(_ event: RecordedEvent) {
        switch event.what {
        case .process(let arguments): begin(event.process, arguments)
        case .words(let descriptor, let text):
            guard let command = commands[event.process] else { return }
            for line in text.split(separator: "\n") { take(line, command, isOutput: descriptor == 1) }
        case .write, .resize, .name, .syncBegan, .syncEnded: break
        }
    }

    private mutating func begin(_ process: UInt32, _ arguments: [String]) {
        let isOurs = arguments.first?.hasSuffix("/signalbox") ?? false
        commands[process] = isOurs ? Array(arguments.dropFirst()) : nil
        // From now on it may be resumed.
        if isOurs, arguments.dropFirst().first == "resume" { paused.subtract(arguments) }
    }

    /// A line that a process has said.
    private mutating func take(_ line: Substring, _ command: [String], isOutput: Bool) {
        let words = line.split(separator: " ")
        switch command.first {
        case "enqueue", "run", "requeue":
            let numbers = line.hasPrefix("{") ? Self.number(in: line, after: "\"id\":") : UInt64(line)
            if isOutput, let numbers { made.insert(numbers) }
        case "cancel":
            guard isOutput, let id = Self.number(in: line, after: "dispatch ") else { return }
            if line.hasSuffix(": CANCELLED") { ended[id] = "CANCELLED" } else { asked.insert(id) }
        case "apply":
            if isOutput, words.count >= 2 { jobs.insert(String(words[1])) }
        case "pause":
            if isOutput, words.first == "paused", words.count == 2 { paused.insert(String(words[1])) }
        case "backup", "restore":
            if isOutput, let name = command.last?.split(separator: "/").last { stores.insert(String(name)) }
        case "worker", "up":
            guard let id = Self.number(in: line, after: " dispatch "), line.contains(", attempt "),
                let state = words.last, state == "SUCCESS" || state == "FAILED"
            else { return }
            ended[id] = String(state)
        default: break
        }
    }

    private static func number(in line: Substring, after text: String) -> UInt64? {
        line.firstRange(of: text).flatMap { UInt64(line[$0.upperBound...].prefix(while: \.isNumber)) }
    }

    /// What of it does not hold in a store with these contents.
    func broken(in contents: StoreContents) -> String? {
        let (found, jobs) = (contents.dispatches, contents.jobs)
        if let id = made.first(where: { found[$0] == nil }) {
            return "dispatch \(id) was acknowledged, and is not there"
        }
        if let (id, state) = ended.first(where: { found[$0]?.state.name != $1 }) {
            return "dispatch \(id) ended \(state), and is \(found[id]?.state.name ?? "not there")"
        }
        if let id = asked.first(where: { found[$0].map { !$0.cancelRequested && !$0.state.isTerminal } ?? true }) {
            return "dispatch \(id) was told to end, and goes on"
        }
        if let name = self.jobs.first(where: { jobs[$0] == nil }) {
            return "the job \(name) was applied, and is not there"
        }
        return paused.first { jobs[$0]?.paused != true }.map { "the job \($0) was paused, and is not" }
    }
}

/// What of a store promises are held against, and what `verify` found there.
struct StoreContents {
    let fault: String?
    let dispatches: [UInt64: Dispatch]
    let jobs: [String: JobProgress]

    init(_ store: JobStore<Environment>) throws {
        fault = try store.verify().faults.first
        let views = try store.dispatches(DispatchFilter(limit: .max))
        dispatches = Dictionary(uniqueKeysWithValues: views.map { ($0.id.number, $0.dispatch) })
        jobs = Dictionary(uniqueKeysWithValues: try store.jobs().map { ($0.name.text, $0.job.progress) })
    }
}
