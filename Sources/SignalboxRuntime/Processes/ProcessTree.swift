import Glibc
public import SignalboxCore

/// Every process that belongs to one run of a command, however far it has gone.
///
/// A process belongs to it if it is in the session that the command's leader made, or carries the run's id in the
/// environment it was started with, or descends from such a one. So a child that called setsid(2) is found, which
/// a signal to the group does not reach.
public struct ProcessTree: Sendable {
    /// The variable that marks the processes of a run.
    public static let runIDVariable = "SIGNALBOX_RUN_ID"

    public let runID: String
    /// The command that was started for the run; nil when that is not known.
    public let leader: ProcessIdentity?
    /// Whether the run ids of its members only begin with ``runID``.
    let isOfSeveral: Bool

    /// Every process whose run id begins with `prefix`.
    public init(runIDsBeginningWith prefix: String) {
        precondition(!prefix.isEmpty, "an empty run id would match every process")
        (runID, leader, isOfSeveral) = (prefix, nil, true)
    }

    /// - Parameter runID: unique for good among all runs of the machine; not empty.
    public init(runID: String, leader: ProcessIdentity?) {
        precondition(!runID.isEmpty, "an empty run id would match every process with an empty variable")
        self.runID = runID
        self.leader = leader
        isOfSeveral = false
    }

    /// What a sweep did.
    public struct Sweep: Hashable, Sendable {
        /// Those that got SIGKILL and are gone.
        public internal(set) var killed: Set<ProcessIdentity> = []
        /// Those still there when it gave up: stuck in the kernel, or not ours to signal.
        public internal(set) var survivors: Set<ProcessIdentity> = []
    }

    /// The members that have not been collected, in one look at /proc. Never this process, nor init.
    public func members() throws(SystemCallError) -> [ProcessRecord] {
        try ProcessLook(for: [self]).members(of: self)
    }

    /// Sends SIGKILL to every member and looks again, until none is found: a member may have started another meanwhile,
    /// also one that was gone before it could be killed.
    /// It sleeps on their ends, at most for `patience` in all, so call it where that may be spent.
    public func killAll(patience: Duration = .seconds(2)) throws(SystemCallError) -> Sweep {
        let deadline = SystemClocks.bootTime() + patience
        var sweep = Sweep()
        for _ in 0..<Self.maxRounds {
            let round = try killOnce()
            sweep.survivors = round.refused
            guard round.foundSome else { break }
            for watch in round.signalled {
                let hasEnded = try watch.waitForEnd(for: max(.zero, deadline - SystemClocks.bootTime()))
                if hasEnded { sweep.killed.insert(watch.identity) } else { sweep.survivors.insert(watch.identity) }
            }
            guard SystemClocks.bootTime() < deadline else { break }
        }
        try Orphans.collect()
        return sweep
    }

    /// Enough for a family that multiplies while it is swept; one that outruns this is reported, not fought for ever.
    private static let maxRounds = 64

    private struct Round {
        var signalled: [ProcessWatch] = []
        var refused: Set<ProcessIdentity> = []
        /// There were members that had not ended when they were seen, and that may be signalled.
        var foundSome = false
    }

    private func killOnce() throws(SystemCallError) -> Round {
        var round = Round()
        for member in try members() {
            guard let watch = try ProcessWatch(member.identity), try !watch.hasEnded() else {
                round.foundSome = round.foundSome || !member.isZombie
                continue
            }
            do {
                if try watch.send(.kill) { round.signalled.append(watch) }
                round.foundSome = true
            } catch {
                round.refused.insert(member.identity)
            }
        }
        return round
    }

    /// The rule, apart from where its facts come from.
    func members(
        among records: [ProcessRecord], own: Int32, isMarked: (Int32) -> Bool
    ) -> [ProcessRecord] {
        let candidates = records.filter { $0.identity.pid > 1 && $0.identity.pid != own }
        let session = sessionNumber(among: records)
        let children = Dictionary(grouping: candidates, by: \.parent)
        var found = Set<Int32>()
        func take(_ record: ProcessRecord) {
            guard found.insert(record.identity.pid).inserted else { return }
            for child in children[record.identity.pid] ?? [] { take(child) }
        }
        for record in candidates where record.session == session { take(record) }
        for record in candidates where !found.contains(record.identity.pid) {
            if mayDescend(record), isMarked(record.identity.pid) { take(record) }
        }
        return candidates.filter { found.contains($0.identity.pid) }
    }

    /// Nothing that was there before the leader came from it; so most environments of the machine need not be read.
    func mayDescend(_ record: ProcessRecord) -> Bool {
        leader.map { $0.startTicks <= record.identity.startTicks } ?? true
    }

    /// The leader's session, unless another process has its number by now: the kernel gives a number out again only
    /// when nobody is left in the session of that name.
    private func sessionNumber(among records: [ProcessRecord]) -> Int32? {
        guard let leader, leader.pid > 1 else { return nil }
        let holder = records.first { $0.identity.pid == leader.pid }
        return holder == nil || holder?.identity == leader ? leader.pid : nil
    }
}
