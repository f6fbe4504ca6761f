import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// The handlers of one worker: the processes that serve those of the store, the calls of those in its own process, and
/// the dispatches that they work on. It has a loop of its own, which the worker's loop waits for as for one source.
final class HandlerPool {
    enum Token: Hashable {
        /// A call in this process has said something.
        case calls
        case process(Int)
        case answers(Int)
        case errors(Int)
        case input(Int)
    }

    /// What a start came to.
    enum Start {
        /// The process that works on it; nil: this one.
        case begun(ProcessIdentity?)
        case failed(AttemptResult.Ending)
        /// The machine has no room for another process now, or the handler is gone.
        case notNow(String)
    }

    let loop: EventLoop<Token>
    /// Those in this process; where there are any, no others are served.
    let local: [HandlerName: any LocalHandler]
    private(set) var attempts: [DispatchID: HandlerAttempt] = [:]

    private let options: WorkerOptions
    private let runMark: String
    private let worker: WorkerID
    private let logger: Logger
    private let callWakeUp: WakeUp
    private var definitions: [HandlerName: HandlerDefinition] = [:]
    private var processes: [Int: HandlerProcess] = [:]
    private var nextNumber = 0
    private var uses = 0
    private var pauses: [HandlerName: StartPause] = [:]
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// So many reads catch up with what a process has written before its answer; a pipe holds one buffer.
    private static let catchUpReads = 16

    init(_ options: WorkerOptions, runMark: String, worker: WorkerID, logger: Logger) throws {
        self.options = options
        self.runMark = runMark
        self.worker = worker
        self.logger = logger
        local = options.handlers
        loop = try EventLoop()
        callWakeUp = try WakeUp()
        try loop.add(callWakeUp, token: .calls)
    }

    // MARK: What is served

    /// What the worker takes from its queues.
    var kinds: ServedKinds {
        local.isEmpty
            ? ServedKinds(commands: true, handlers: definitions.keys)
            : ServedKinds(commands: false, handlers: local.keys)
    }

    /// The same without what has to wait because it died at its start.
    var startableKinds: ServedKinds {
        var kinds = kinds
        if !pauses.isEmpty { kinds.handlers.removeAll { pauses[$0]?.until != nil } }
        return kinds
    }

    /// From now on, the handlers of the store are these.
    func define(_ list: [HandlerDefinition], at now: BootInstant) {
        guard local.isEmpty else { return }
        definitions = Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0) })
        for process in processes.values where process.isIdle && definitions[process.name] != process.definition {
            process.retire(at: now)
        }
        pauses = pauses.filter { definitions[$0.key] != nil }
    }

    /// Something was said that others have not been told.
    var hasUntold: Bool { attempts.values.contains { $0.hasNewOutput || $0.hasNewReport } }

    /// No process is left.
    var hasEnded: Bool { attempts.isEmpty && processes.isEmpty }

    // MARK: The beginning

    func start(_ claimed: ClaimedDispatch, _ claim: Claim, _ now: Now) throws -> Start {
        guard let name = claimed.dispatch.handler else { preconditionFailure("only what is for a handler comes here") }
        let deadline = claimed.request.timeout.map { now.wall + $0 }
        if let handler = local[name] {
            let call = HandlerCall(
                claimed.dispatch, input: claimed.request.input, deadline: deadline, wakeUp: callWakeUp)
            attempts[claimed.dispatch.id] = HandlerAttempt(claimed, claim, .call(call), started: now.boot)
            handler.begin(call)
            return .begun(nil)
        }
        guard let definition = definitions[name] else { return .notNow("there is no handler \(name) any more") }
        do {
            let (number, process) = try idleProcess(of: definition, at: now.boot)
            attempts[claimed.dispatch.id] = HandlerAttempt(claimed, claim, .process(number), started: now.boot)
            process.dispatch = claimed.dispatch.id
            uses += 1
            process.lastUse = uses
            let line = HandlerRequest.line(claimed.dispatch, input: claimed.request.input, deadline: deadline)
            try wait(forRoomIf: process.send(line), number, process)
            return .begun(process.process.identity)
        } catch let error as CommandStartError {
            return error.code == .noResources
                ? .notNow(error.description) : .failed(.ended(.notStarted(error.description)))
        }
    }

    /// One that has nothing to do, or a new one, for which an idle one of another handler makes room.
    private func idleProcess(of definition: HandlerDefinition, at now: BootInstant) throws -> (Int, HandlerProcess) {
        let idle = processes.filter { $0.value.isIdle }
        if let found = idle.first(where: { $0.value.definition == definition }) { return (found.key, found.value) }
        if processes.count >= options.slots, let oldest = idle.values.min(by: { $0.lastUse < $1.lastUse }) {
            oldest.retire(at: now)
        }
        let number = nextNumber
        nextNumber += 1
        let runID = RunID(mark: runMark, worker: worker, handler: number)
        let process = try HandlerProcess(definition, launch(definition, runID), runID)
        processes[number] = process
        try loop.add(process.process, token: .process(number))
        try loop.add(process.process.output, token: .answers(number))
        try loop.add(process.process.errorOutput, token: .errors(number))
        return (number, process)
    }

    private func launch(_ definition: HandlerDefinition, _ runID: RunID) -> CommandLaunch {
        let account = Account.current()
        let ours = ["SIGNALBOX_HANDLER": definition.name.text, ProcessTree.runIDVariable: runID.description]
        let environment = CommandEnvironment(
            account: account, inherited: options.environment, job: definition.environment, ours: ours)
        var launch = CommandLaunch(
            definition.command, environment: environment, directory: definition.directory ?? account.home)
        launch.hasInputPipe = true
        return launch
    }

    private func wait(forRoomIf mustWait: Bool, _ number: Int, _ process: HandlerProcess) throws {
        let isWaiting = loop.tokens.contains(.input(number))
        if mustWait, !isWaiting, let feed = process.feed {
            try loop.add(feed, token: .input(number), for: .writing)
        } else if !mustWait, isWaiting {
            loop.remove(.input(number))
        }
    }

    // MARK: What happens

    /// Attends to everything that wants it now.
    func attend(to now: BootInstant) throws {
        for event in try loop.wait(for: .zero) {
            switch event.token {
            case .calls: takeCalls(at: now)
            case .process(let number): try collect(number, at: now)
            case .answers(let number): try readAnswers(of: number, at: now)
            case .errors(let number): try readErrors(of: number, reads: 1, at: now)
            case .input(let number):
                if let process = processes[number] { try wait(forRoomIf: process.flush(), number, process) }
            }
        }
    }

    private func takeCalls(at now: BootInstant) {
        callWakeUp.lower()
        for case (let attempt, .call(let call)) in attempts.values.map({ ($0, $0.runner) }) {
            for reply in call.takeReplies() { attempt.take(reply, at: now) }
        }
    }

    private func readAnswers(of number: Int, at now: BootInstant) throws {
        guard let process = processes[number] else { return }
        switch try process.process.output.read(into: &buffer) {
        case .bytes(let count): try take(buffer[..<count], from: process, number, at: now)
        case .wouldBlock: break
        case .end:
            loop.remove(.answers(number))
            process.becomeMute(at: now)
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>, from process: HandlerProcess, _ number: Int, at now: BootInstant)
        throws
    {
        guard process.fault == nil else { return }
        do {
            for line in try process.lines(in: bytes) {
                let reply = try HandlerReply(line: line[...])
                guard let id = process.dispatch, let attempt = attempts[id] else {
                    throw HandlerReplyError("it wrote a line although it was asked nothing")
                }
                attempt.take(reply, at: now)
                if attempt.outcome != nil { try release(process, number, at: now) }
            }
        } catch let error as HandlerReplyError { distrust(process, error.description) }
    }

    /// The process has answered, and is free for another dispatch.
    private func release(_ process: HandlerProcess, _ number: Int, at now: BootInstant) throws {
        try readErrors(of: number, reads: Self.catchUpReads, at: now)
        process.dispatch = nil
        pauses[process.name] = nil
        if definitions[process.name] != process.definition { process.retire(at: now) }
    }

    /// What a process wrote for people goes to the dispatch that it works on, or else to the log.
    private func readErrors(of number: Int, reads: Int, at now: BootInstant) throws {
        guard let process = processes[number] else { return }
        for _ in 0..<reads {
            switch try process.process.errorOutput.read(into: &buffer) {
            case .bytes(let count):
                if let attempt = process.dispatch.flatMap({ attempts[$0] }) {
                    attempt.take(buffer[..<count], .standardError, at: now)
                } else {
                    let text = printable(String(decoding: buffer[..<min(count, 1000)], as: UTF8.self))
                    logger.info("handler \(process.name) says while it has nothing to do: \(text)")
                }
            case .wouldBlock: return
            case .end: return loop.remove(.errors(number))
            }
        }
    }

    /// What it says is no longer believed, and it is ended at once.
    private func distrust(_ process: HandlerProcess, _ fault: String) {
        guard process.fault == nil, !process.isRetired || process.dispatch != nil else { return }
        process.fault = fault
        logger.warning("handler \(process.name), process \(process.process.identity.pid): \(fault)")
        process.kill()
    }

    /// The process has ended: first what it still said, then the rest of its tree.
    private func collect(_ number: Int, at now: BootInstant) throws {
        guard let process = processes[number], let end = process.process.collect() else { return }
        for _ in 0..<Self.catchUpReads {
            guard case .bytes(let count) = try process.process.output.read(into: &buffer) else { break }
            try take(buffer[..<count], from: process, number, at: now)
        }
        try readErrors(of: number, reads: Self.catchUpReads, at: now)
        try sweep(process)
        for token in [Token.process(number), .answers(number), .errors(number), .input(number)] { loop.remove(token) }
        processes[number] = nil
        let attempt = process.dispatch.flatMap { attempts[$0] }
        if let attempt, attempt.outcome == nil { attempt.outcome = outcome(of: attempt, process, end) }
        guard !process.isRetired || process.fault != nil else { return }
        pauses[process.name, default: StartPause()].noteDeath(at: now)
        logger.warning("handler \(process.name), process \(process.process.identity.pid), ended: \(words(end))")
    }

    private func outcome(of attempt: HandlerAttempt, _ process: HandlerProcess, _ end: Outcome) -> Outcome {
        if attempt.stop != nil { return end }
        if let fault = process.fault {
            return .threw(HandlerError("the handler was ended: \(fault)", .retry(after: nil)))
        }
        return .handlerDied("the handler's process ended before it had answered: \(words(end))")
    }

    private func words(_ end: Outcome) -> String {
        switch end {
        case .exited(let code): "exit \(code)"
        case .signalled(let number): "\(Signal(rawValue: Int32(number)))"
        case .notStarted, .returned, .threw, .handlerDied: "\(end)"
        }
    }

    private func sweep(_ process: HandlerProcess) throws {
        for survivor in try process.tree.killAll().survivors {
            logger.error("process \(survivor.pid) of the handler \(process.name) cannot be ended")
        }
    }

    // MARK: What the time demands

    /// Does what is due.
    /// - Returns: whether a handler may be started again that could not.
    func obeyTime(at now: BootInstant) -> Bool {
        for (id, attempt) in attempts {
            guard attempt.stop == nil, let limit = attempt.patience.exceeded(at: now) else { continue }
            end(id, because: .exceeded(limit), at: now)
        }
        for process in processes.values {
            guard let killAt = process.killAt, killAt <= now else { continue }
            if process.isMute { distrust(process, "it closed its standard output") }
            process.kill()
        }
        var canStart = false
        for name in Array(pauses.keys) where pauses[name]?.end(at: now) == true { canStart = true }
        return canStart
    }

    /// The next time that something has to be done although nothing happens.
    var nextTime: BootInstant? {
        let times = attempts.values.map(\.nextTime) + processes.values.map(\.killAt) + pauses.values.map(\.until)
        return times.compactMap { $0 }.min()
    }

    // MARK: The end

    /// Asks the handler of a dispatch to end its work, once.
    /// - Parameter atOnce: its process gets no time to end in good order.
    func end(
        _ id: DispatchID, because cause: StopCause, at now: BootInstant, atOnce: Bool = false
    ) {
        guard let attempt = attempts[id], attempt.outcome == nil else { return }
        if attempt.stop == nil {
            attempt.stop = cause
            switch attempt.runner {
            case .process(let number): processes[number]?.end(at: now, grace: attempt.killGrace)
            case .call(let call): call.stop()
            }
        }
        if atOnce, case .process(let number) = attempt.runner { processes[number]?.kill() }
    }

    func endAll(because cause: StopCause, at now: BootInstant) {
        for id in attempts.keys { end(id, because: cause, at: now) }
    }

    /// Nothing more will be claimed.
    func retireIdle(at now: BootInstant) {
        for process in processes.values where process.isIdle { process.retire(at: now) }
    }

    func killAll() { for process in processes.values { process.kill() } }

    /// Ends everything at once, down to the last descendant; calls in this process are asked to.
    func disown(at now: BootInstant) throws {
        endAll(because: .drained, at: now)
        for process in processes.values {
            process.kill()
            try sweep(process)
        }
    }

    /// What is over, and no longer here with that.
    func takeResults() -> [AttemptResult] {
        let results = attempts.values.compactMap { $0.ended() }
        for result in results { attempts[result.dispatch] = nil }
        return results
    }
}

extension RunID {
    /// The mark of a handler's process, which outlives the runs that it takes part in: the store, the worker and a
    /// number.
    init(mark: String, worker: WorkerID, handler number: Int) {
        self.init("\(Self.ofHandlers(mark: mark, worker: worker))\(number)")
    }

    /// What the marks of all handlers' processes of a worker begin with.
    static func ofHandlers(mark: String, worker: WorkerID) -> String { "\(mark)-worker-\(worker)-" }
}
