import SignalboxCore
import Synchronization

/// Ends what is left of commands that were ended: their children in other groups and sessions, and theirs.
///
/// That takes looks at every process of the machine, and waits for those that take their time, so it happens on a thread
/// of its own, which lasts as long as there is something to sweep. Trees that ended together are looked for together: one
/// look serves them all.
final class Sweeper: Sendable {
    /// What became of the tree of a run.
    struct Swept: Hashable, Sendable {
        let runID: String
        /// Those that are still there.
        var survivors: [Survivor]
    }

    private struct Order {
        let tree: ProcessTree
        /// Until when its processes may take to end in good order.
        let graceEnds: BootInstant
    }

    private struct State {
        var orders: [Order] = []
        var swept: [Swept] = []
        var isRunning = false
    }

    /// Raised when there is something to take.
    let wakeUp: WakeUp
    private let hurry: WakeUp
    private let state = Mutex(State())

    init() throws(SystemCallError) {
        wakeUp = try WakeUp()
        hurry = try WakeUp()
    }

    /// Ends the processes of `tree`: SIGTERM, and SIGKILL to those that are left when the grace ends. Asked again for the
    /// same run, the earlier end counts.
    func sweep(_ tree: ProcessTree, graceEnds: BootInstant) {
        let mustStart = state.withLock { state in
            state.orders.append(Order(tree: tree, graceEnds: graceEnds))
            defer { state.isRunning = true }
            return !state.isRunning
        }
        hurry.raise()
        guard mustStart else { return }
        // Where the machine has no room for a thread, it is done here.
        if (try? LoopThread(name: "worker-sweep", body: run)) == nil { run() }
    }

    /// What has been swept since this was last called.
    func takeSwept() -> [Swept] {
        wakeUp.lower()
        return state.withLock { state in
            defer { state.swept = [] }
            return state.swept
        }
    }

    private func run() {
        var round = SweepRound()
        while takeOrders(into: &round) {
            let swept: [Swept]
            do { swept = try round.step(hurry) } catch { swept = round.giveUp() }
            guard !swept.isEmpty else { continue }
            state.withLock { $0.swept += swept }
            wakeUp.raise()
        }
    }

    /// False when there is nothing more to do, and the thread ends.
    private func takeOrders(into round: inout SweepRound) -> Bool {
        hurry.lower()
        return state.withLock { state in
            for order in state.orders { round.add(order.tree, graceEnds: order.graceEnds) }
            state.orders = []
            state.isRunning = !round.isEmpty
            return state.isRunning
        }
    }
}

/// The trees that are being swept, as the thread that does it sees them.
private struct SweepRound {
    private struct Sweep {
        let tree: ProcessTree
        var graceEnds: BootInstant
        /// When it is given up; nil before the first SIGKILL.
        var givenUpAt: BootInstant?
        /// Those that were signalled and have not ended yet.
        var waiting: [ProcessIdentity: ProcessWatch] = [:]
        var asked: Set<ProcessIdentity> = []
        /// Those that are not ours to signal.
        var refused: Set<ProcessIdentity> = []

        /// When to look again though nobody ends.
        var nextTime: BootInstant { givenUpAt ?? graceEnds }
    }

    /// How long a process may take to die of SIGKILL: one that is stuck in the kernel is not waited for.
    private static let patience: Duration = .seconds(2)

    private var sweeps: [String: Sweep] = [:]

    var isEmpty: Bool { sweeps.isEmpty }

    mutating func add(_ tree: ProcessTree, graceEnds: BootInstant) {
        var sweep = sweeps[tree.runID] ?? Sweep(tree: tree, graceEnds: graceEnds)
        sweep.graceEnds = min(sweep.graceEnds, graceEnds)
        sweeps[tree.runID] = sweep
    }

    /// Looks at the trees of which nobody is waited for, or whose time has come, then sleeps until there is another.
    /// - Returns: the trees that are gone, or given up.
    mutating func step(_ hurry: WakeUp) throws(SystemCallError) -> [Sweeper.Swept] {
        let now = SystemClocks.bootTime()
        let due = sweeps.values.filter { $0.waiting.isEmpty || $0.nextTime <= now }
        guard !due.isEmpty else {
            try wait(hurry)
            return []
        }
        let look = try ProcessLook(for: due.map(\.tree))
        var swept: [Sweeper.Swept] = []
        for sweep in due {
            if let result = try attend(sweep, look, now) { swept.append(result) }
        }
        if !swept.isEmpty { try Orphans.collect() }
        return swept
    }

    /// What to say of all when the processes of the machine cannot be looked at.
    mutating func giveUp() -> [Sweeper.Swept] {
        defer { sweeps = [:] }
        return sweeps.values.map { sweep in
            let survivors = sweep.waiting.keys.map { Survivor(pid: $0.pid, name: "?") }
            return Sweeper.Swept(runID: sweep.tree.runID, survivors: survivors)
        }
    }

    private mutating func attend(
        _ found: Sweep, _ look: ProcessLook, _ now: BootInstant
    ) throws(SystemCallError) -> Sweeper.Swept? {
        var sweep = found
        let members = look.members(of: sweep.tree).filter { !$0.isZombie }
        let isGivenUp = sweep.givenUpAt.map { $0 <= now } ?? false
        guard !isGivenUp, members.contains(where: { !sweep.refused.contains($0.identity) }) else {
            sweeps[sweep.tree.runID] = nil
            let survivors = members.map { Survivor(pid: $0.identity.pid, name: $0.name) }
            return Sweeper.Swept(runID: sweep.tree.runID, survivors: survivors)
        }
        let mustEnd = sweep.graceEnds <= now
        if mustEnd, sweep.givenUpAt == nil { sweep.givenUpAt = now + Self.patience }
        for member in members where !sweep.refused.contains(member.identity) {
            try signal(member.identity, mustEnd, &sweep)
        }
        sweeps[sweep.tree.runID] = sweep
        return nil
    }

    private func signal(
        _ member: ProcessIdentity, _ mustEnd: Bool, _ sweep: inout Sweep
    ) throws(SystemCallError) {
        let known = sweep.waiting[member]
        guard let watch = known == nil ? try ProcessWatch(member) : known else { return }
        let signals: [Signal] = mustEnd ? [.kill] : sweep.asked.contains(member) ? [] : [.terminate, .resume]
        do {
            for signal in signals { try watch.send(signal) }
        } catch {
            sweep.refused.insert(member)
            return
        }
        sweep.asked.insert(member)
        sweep.waiting[member] = watch
    }

    private enum Token: Hashable {
        case hurry, alarm
        case member(String, ProcessIdentity)
    }

    /// Sleeps until a process has ended, a time has come, or there is another order.
    private mutating func wait(_ hurry: WakeUp) throws(SystemCallError) {
        let loop = try EventLoop<Token>()
        let alarm = try BootAlarm()
        try loop.add(hurry, token: .hurry)
        try loop.add(alarm, token: .alarm)
        if let time = sweeps.values.map(\.nextTime).min() { try alarm.arm(at: time) }
        for (runID, sweep) in sweeps {
            for (member, watch) in sweep.waiting { try loop.add(watch, token: .member(runID, member)) }
        }
        while true {
            var isNews = false
            for event in try loop.wait() {
                switch event.token {
                case .hurry, .alarm: isNews = true
                case .member(let runID, let member):
                    loop.remove(event.token)
                    sweeps[runID]?.waiting[member] = nil
                    if sweeps[runID]?.waiting.isEmpty ?? true { isNews = true }
                }
            }
            if isNews { return }
        }
    }
}
