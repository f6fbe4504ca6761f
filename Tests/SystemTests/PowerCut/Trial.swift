// Tries states after a power cut: each is shown as files, opened as any process would, verified, and held against what
// had been told to users by then.
import LMDBEngine
import OrderedStore
import SignalboxStore

/// What a store promises to keep.
enum PromisedDurability {
    /// All that was acknowledged.
    case full
    /// All but the newest transaction.
    case relaxed
}

final class Trial {
    private let recording: Recording
    private let commits: Commits
    private let durability: PromisedDurability
    /// The name of the store that is looked at: the one that all work on, or a copy.
    private let store: String
    private let seed: UInt64
    private let disk: Disk
    private let folder: StateFolder
    private var promises = Promises()
    /// What had been told before each commit, by the event that wrote its meta page; once that is over.
    private var promisedBefore: [Int: Promises] = [:]
    /// What the commits have in them that a state has come to.
    private var contents: [Commits.Number: StoreContents] = [:]
    private var report = Report()
    /// What is tried on a copy of one state in so many: a command that works with what the cut has left.
    var nextCommand: (every: Int, run: (_ folder: String, _ state: Int) throws -> String?)?

    struct Report: CustomStringConvertible {
        var states = 0
        /// The moments at which the power may go; each has its turn before any has a second one.
        var moments = 0
        /// Commits that a state has come to.
        var commits = 0
        /// Data files that a state has come to: another, when it was replaced.
        var files = 0
        /// States in which there was no store, as nobody had been told of one.
        var withoutStore = 0
        /// States on a copy of which a command was run.
        var continued = 0
        /// How long all of it took.
        var time = Duration.zero
        var violations: [Violation] = []
        /// Of these, states with sectors missing; and those that the product itself refuses, or finds fault with.
        var damaged = 0
        var refused = 0

        var description: String {
            let (seconds, attoseconds) = time.components
            let milliseconds = Double(seconds) * 1e3 + Double(attoseconds) / 1e15
            return "\(states) states of \(moments) moments and \(commits) commits, \(withoutStore) without a store, "
                + "\(continued) with a command after it: \(violations.count) violations, "
                + "\((milliseconds / Double(max(1, states)) * 10).rounded() / 10) ms a state"
        }
    }

    struct Violation: CustomStringConvertible {
        let state: Int
        let cut: Int
        let choices: String
        let fault: String

        var description: String { "state \(state), the power gone at event \(cut), \(choices): \(fault)" }
    }

    init(
        _ recording: Recording, _ commits: Commits, _ model: DirectoryModel, _ durability: PromisedDurability = .full,
        of store: String = "store", seed: UInt64, window: Int? = nil
    ) throws {
        self.recording = recording
        self.commits = commits
        self.durability = durability
        self.store = store
        self.seed = seed
        disk = Disk(recording, model, window: window)
        folder = try StateFolder()
    }

    /// Tries the states with `numbers`.
    /// - Parameter first: the first place in the events at which the power may go.
    func run(_ numbers: Range<Int>, from first: Int = 0) throws -> Report {
        let cuts = places.filter { $0 >= first }
        report.moments = cuts.count
        let start = ContinuousClock.now
        var states = numbers.map { CrashState(seed: seed, number: $0, cuts: cuts) }[...]
        states.sort { $0.cut < $1.cut }
        for (place, event) in recording.events.enumerated() {
            if case .write(_, let offset, _, _) = event.what, offset < 8192 { promisedBefore[event.serial] = promises }
            disk.begin(event)
            while states.first?.cut == place, var state = states.popFirst() { try look(at: &state) }
            disk.end(event)
            promises.take(event)
            if states.isEmpty { break }
        }
        while var state = states.popFirst() { try look(at: &state) }
        report.commits = contents.count
        report.files = Set(contents.keys.map(\.file)).count
        report.time = start.duration(to: .now)
        return report
    }

    /// Where another state may be had than before; what is written into files of a few words makes no such moment.
    private var places: [Int] {
        var (places, hasSpoken) = ([Int](), false)
        let extents = recording.extents
        for (place, event) in recording.events.enumerated() {
            switch event.what {
            case .write(let file, _, _, _) where extents[file] < 4096, .resize(let file, _) where extents[file] < 4096:
                continue
            case .write, .resize, .name, .syncEnded:
                places.append(place)
                hasSpoken = false
            case .words: hasSpoken = true
            case .syncBegan, .process:
                if hasSpoken { places.append(place) }
                hasSpoken = false
            }
        }
        return places + [recording.events.count]
    }

    private func look(at state: inout CrashState) throws {
        report.states += 1
        let (names, choices) = state.lay(over: disk)
        defer { for file in disk.files.values { file.lift() } }
        let tree = disk.tree(names)
        var fault = try self.fault(tree, at: state.cut)
        if fault == nil, let nextCommand, state.number % nextCommand.every == 0 {
            report.continued += 1
            try folder.withCopy(of: tree, in: disk) { fault = try nextCommand.run($0, state.number) }
        }
        if let fault {
            report.violations.append(
                Violation(state: state.number, cut: state.cut, choices: choices, fault: fault))
        }
    }

    private func fault(_ tree: [String: Int], at cut: Int) throws -> String? {
        guard tree[store] != nil else {
            report.withoutStore += 1
            return promises.has(store) ? "the store is gone" : nil
        }
        guard let node = tree["\(store)/data.mdb"], let file = disk.files[node] else {
            return "there is a store without a data file"
        }
        try folder.show(tree, of: disk)
        if let fault = commits.fault(of: file, node) {
            report.damaged += 1
            if try isRefused("\(folder.tree)/\(store)") { report.refused += 1 }
            return "data.mdb: \(fault)"
        }
        let transaction = file.newestMeta?.transaction ?? 0
        if let lost = lost(after: transaction, of: node) { return lost }
        do {
            return try fault(in: "\(folder.tree)/\(store)", after: transaction, of: node)
        } catch {
            return "it cannot be read: \(error)"
        }
    }

    /// Whether a damaged store is seen to be one by who has no recording to compare it with.
    private func isRefused(_ path: String) throws -> Bool {
        do {
            guard try Environment.checkPages(at: path, buckets: Buckets.all).ok else { return true }
            let engine = try Environment.open(at: path, buckets: Buckets.all, access: .readOnly)
            return try JobStore(engine: engine, live: nil).verify().faults.first != nil
        } catch {
            return true
        }
    }

    /// Every state is opened. What a commit has in it is read once: its pages are the same, byte for byte, wherever a
    /// state has come so far.
    private func fault(in path: String, after transaction: UInt64, of node: Int) throws -> String? {
        let engine = try Environment.open(at: path, buckets: Buckets.all, access: .readOnly)
        let store = try JobStore(engine: engine, live: nil)
        let number = Commits.Number(file: node, transaction: transaction)
        let contents = try self.contents[number] ?? StoreContents(store)
        self.contents[number] = contents
        if let fault = contents.fault { return "verify: \(fault)" }
        return self.store == "store" ? promised(after: transaction, of: node).broken(in: contents) : nil
    }

    /// Whether a commit was over when the power went.
    private func isOver(_ transaction: UInt64, of node: Int) -> Bool {
        commits[node, transaction].map { promisedBefore[$0.serial] != nil && !isInFlight($0.serial, node) } ?? false
    }

    private func isInFlight(_ serial: Int, _ node: Int) -> Bool { disk.present?.serial == serial }

    /// A commit that may not be missing.
    private func lost(after transaction: UInt64, of node: Int) -> String? {
        let first = durability == .full ? transaction + 1 : transaction + 2
        return isOver(first, of: node) ? "commit \(first) was over, and is lost: the newest is \(transaction)" : nil
    }

    private func promised(after transaction: UInt64, of node: Int) -> Promises {
        guard durability == .relaxed, let next = commits[node, transaction + 1] else { return promises }
        return promisedBefore[next.serial] ?? promises
    }
}
