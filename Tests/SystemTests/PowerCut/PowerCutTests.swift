// Aim (reliability A1 to A3): whenever the power goes, the store is whole and has all that was acknowledged. Method:
// what real processes do to its files is recorded, and the states are made that a disk could be in after a cut at any
// moment: any of the writes that nobody had waited for, each sector of them, and any of the names. See the article
// PowerCuts of LMDBEngine; tools/soak/power-cut is the long form.
import Glibc
import Testing

@Suite(.enabled(if: PreloadedLibrary.compiler != nil, "there is no C compiler"))
struct `A power cut` {
    let options = PowerCutOptions()

    @Test func `takes nothing that was acknowledged from a store at work, and leaves it whole`() async throws {
        try await withBox { box in
            let recorder = try Recorder(box)
            try Workload(box).run()
            let recording = try recorder.recording()
            let commits = Commits(recording)
            for model in DirectoryModel.allCases {
                let trial = try Trial(recording, commits, model, seed: options.seed)
                trial.nextCommand = (every: 160, run: { try enqueues(in: $0, box, $1) })
                let report = try trial.run(0..<options.states(1600))
                require(report, "at work, names \(model.rawValue)", recorder)
                #expect(report.commits > 100, "too little was done")
            }
        }
    }

    @Test(arguments: ["enqueue", "up"])
    func `at the first start leaves no store or a good one, and the next command works`(_ command: String) async throws
    {
        try await withBox { box in
            let recorder = try Recorder(box)
            if command == "enqueue" { _ = try box.enqueue(shell: "true") } else { try startAndEnd(box) }
            let recording = try recorder.recording()
            let commits = Commits(recording)
            for model in DirectoryModel.allCases {
                let trial = try Trial(recording, commits, model, seed: options.seed)
                trial.nextCommand = (every: 16, run: { try enqueues(in: $0, box, $1) })
                let report = try trial.run(0..<options.states(160))
                require(report, "\(command), names \(model.rawValue)", recorder)
                #expect(
                    report.withoutStore > 0 && report.withoutStore < report.states, "seed \(options.seed): \(report)")
            }
        }
    }

    private func startAndEnd(_ box: Box) throws {
        let processes = try box.start("up", "--listen", "127.0.0.1:0")
        try processes.waitForLine("online: dispatches")
        processes.signal(SIGTERM)
        #expect(try processes.wait() == .exited(0))
    }

    @Test func `takes the newest transaction at most where durability is relaxed`() async throws {
        try await withBox { box in
            let recorder = try Recorder(box)
            try box.succeed("enqueue", "--", "true")
            try box.succeed("settings", "--durability", "relaxed")
            try Workload(box).runBriefly()
            let recording = try recorder.recording()
            let commits = Commits(recording)
            for model in DirectoryModel.allCases {
                let trial = try Trial(recording, commits, model, .relaxed, seed: options.seed)
                require(try trial.run(0..<options.states(200)), "relaxed, names \(model.rawValue)", recorder)
            }
            // It is relaxed indeed: what `full` promises does not hold.
            let trial = try Trial(recording, commits, .ordered, .full, seed: options.seed)
            let violations = try trial.run(0..<options.states(200)).violations
            #expect(
                !violations.isEmpty && violations.allSatisfy { $0.fault.contains("is lost") },
                "seed \(options.seed): \(violations.prefix(3))")
        }
    }

    @Test func `takes nothing while the map grows`() async throws {
        try await withBox { box in
            let recorder = try Recorder(box)
            let line = "{\"command\": [\"cat\"], \"stdin\": \"\(String(repeating: "x", count: 1_000_000))\"}\n"
            for _ in 1...6 {
                let finished = try box.run(
                    program: [Box.command, "enqueue", "--stdin", "--json"], input: String(repeating: line, count: 3))
                #expect(finished.status == 0, "\(finished.errors)")
            }
            let recording = try recorder.recording()
            let commits = Commits(recording)
            let grown = commits.all.values.filter { $0.mapSize > 16 << 20 }.map(\.serial).min()
            let first = try #require(grown, "the map has not grown") - 12
            let trial = try Trial(recording, commits, .strict, seed: options.seed)
            require(try trial.run(0..<options.states(40), from: first), "growing", recorder)
        }
    }

    /// Reliability A3.
    @Test func `is seen to break a promise where one is not kept`() async throws {
        try await withBox { box in
            let recorder = try Recorder(box)
            try Workload(box).runBriefly()
            let recording = try recorder.recording()
            for mutation in Mutation.allCases {
                let mutated = try mutation.applied(to: recording, of: box)
                let commits = Commits(mutated)
                for model in DirectoryModel.allCases {
                    let report = try firstSeen(mutated, commits, model)
                    print(
                        """
                        power cut, \(mutation.rawValue), names \(model.rawValue): seen in \(report.violations.count) of \
                        \(report.states) states; \(report.damaged) damaged, \(report.refused) of them by any look at them
                        """)
                    #expect(
                        !report.violations.isEmpty,
                        "\(mutation.rawValue), names \(model.rawValue), seed \(options.seed)")
                }
            }
        }
    }

    /// The states of the first round in which something is seen.
    private func firstSeen(
        _ recording: Recording, _ commits: Commits, _ model: DirectoryModel
    ) throws -> Trial.Report {
        let count = options.states(200)
        var report = Trial.Report()
        for round in 0..<10 where report.violations.isEmpty {
            let trial = try Trial(recording, commits, model, seed: options.seed, window: 64)
            report = try trial.run(round * count..<(round + 1) * count)
        }
        return report
    }

    /// What `tools/soak/power-cut --recording` asks for.
    @Test(.enabled(if: PowerCutOptions().recording != nil, "there is no recording to look at"))
    func `in a recording that was kept leaves what it left then`() throws {
        let recording = try Recording(RecordedLog(options.recording ?? "", of: nil))
        let commits = Commits(recording)
        for model in DirectoryModel.allCases {
            let trial = try Trial(
                recording, commits, model, recording.isRelaxed ? .relaxed : .full, seed: options.seed)
            let report = try trial.run(options.state..<options.state + 1)
            print("power cut, names \(model.rawValue): \(report.violations.first.map { "\($0)" } ?? "no violation")")
        }
    }

    func require(_ report: Trial.Report, _ what: String, _ recorder: Recorder) {
        print("power cut, seed \(options.seed), \(what): \(report)")
        guard let first = report.violations.first else { return }
        Issue.record(
            """
            \(what): \(report.violations.count) of \(report.states) states, \(first). Again: tools/soak/power-cut \
            --recording \(recorder.keep()) --seed \(options.seed) --state \(first.state)
            """)
    }

    /// Runs a command on what a cut has left, in the next life of the machine; what it finds fault with.
    func enqueues(in folder: String, _ box: Box, _ state: Int) throws -> String? {
        try Leftover.allCases[state / 16 % Leftover.allCases.count].put(into: "\(folder)/store")
        let surroundings = ["/usr/bin/env", "SIGNALBOX_STORE=\(folder)/store", "SIGNALBOX_LIVE=\(folder)/live"]
        for arguments in [["enqueue", "--", "true"], ["verify"]] {
            let finished = try box.run(program: surroundings + [Box.command] + arguments)
            guard finished.status == 0 else {
                return "\(arguments[0]) after it: \(finished.ending), \(finished.output)\(finished.errors)"
            }
        }
        return nil
    }
}

/// What may be left of the files that mean nothing after a boot: they are mapped, and not recorded.
private enum Leftover: CaseIterable {
    case nothing, empty, zeros, nonsense

    func put(into store: String) throws {
        guard self != .nothing, access(store, F_OK) == 0 else { return }
        for (name, size) in [("lock.mdb", 65664), ("bell", 4096)] {
            let byte: Character = self == .zeros ? "\0" : "\u{5A}"
            try writeFile("\(store)/\(name)", String(repeating: byte, count: self == .empty ? 0 : size))
        }
    }
}

/// What is given to the tests of power cuts by their surroundings.
struct PowerCutOptions {
    /// What the states are chosen by.
    let seed: UInt64
    /// A recording that was kept, and the state of it to look at.
    let recording: String?
    let state: Int
    /// So many times as many states as usual.
    private let factor: Int

    init() {
        func text(_ name: String) -> String? { getenv("SIGNALBOX_POWER_CUT_" + name).map { String(cString: $0) } }
        seed = text("SEED").flatMap { UInt64($0) } ?? .random(in: 1...1_000_000)
        recording = text("RECORDING")
        state = text("STATE").flatMap { Int($0) } ?? 0
        factor = text("FACTOR").flatMap { Int($0) } ?? 1
    }

    func states(_ usual: Int) -> Int { usual * factor }
}
