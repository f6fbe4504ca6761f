public import OrderedStore
public import SignalboxCore

/// What belongs to one boot and is never synced: heartbeats, progress, running commands and their output so far. It is
/// an ordered store like the durable one, read with the same code; losing it loses nothing that was acknowledged.
public final class LiveStore<Engine: OrderedStore>: Sendable {
    public let engine: Engine

    public init(engine: Engine) { self.engine = engine }

    /// Writes what a worker has to say since its last round, all at once; nothing when there is nothing.
    public func write(_ round: LiveRound) throws {
        guard !round.isEmpty else { return }
        try engine.write { transaction in
            if let (worker, beat) = round.heartbeat {
                try transaction.keep(beat, .worker(worker), in: LiveBuckets.heartbeats)
            }
            for (id, command) in round.started {
                try transaction.keep(command, .dispatch(id), in: LiveBuckets.runs)
            }
            for (id, report) in round.progress {
                try transaction.keep(report, .dispatch(id), in: LiveBuckets.progress)
            }
            for piece in round.output {
                try transaction.apply(piece)
            }
            for (id, token) in round.ended { try transaction.forget(id, token) }
            for worker in round.forgotten { try transaction.forget(worker) }
            transaction.notify(.anyChange)
        }
    }

    /// The process that runs a dispatch.
    public func running(_ id: DispatchID) throws -> RunningCommand? {
        try engine.read { try $0.fetch(RunningCommand.self, .dispatch(id), in: LiveBuckets.runs) }
    }

    /// What a running attempt has printed so far, as far as it is kept.
    public func output(of id: DispatchID, attempt: Int) throws -> [OutputLine] {
        try engine.read { try $0.outputLines(of: id, attempt: attempt, in: LiveBuckets.output) }
    }
}

/// What one loop of a worker wants to be seen.
public struct LiveRound: Sendable {
    public var heartbeat: (worker: WorkerID, beat: Heartbeat)?
    public var started: [(dispatch: DispatchID, command: RunningCommand)] = []
    public var progress: [(dispatch: DispatchID, report: ProgressReport)] = []
    public var output: [OutputPiece] = []
    /// Dispatches whose attempt of that claim is over, and written down in the durable store.
    public var ended: [(dispatch: DispatchID, token: Token)] = []
    /// Workers that the durable store no longer remembers.
    public var forgotten: [WorkerID] = []

    public init() {}

    public var isEmpty: Bool {
        heartbeat == nil && started.isEmpty && progress.isEmpty && output.isEmpty && ended.isEmpty
            && forgotten.isEmpty
    }
}

/// A change of what is kept of a running attempt's output.
public struct OutputPiece: Sendable {
    public enum Change: Sendable {
        case add([OutputLine])
        /// It fell out of the kept part.
        case drop
    }

    public var dispatch: DispatchID
    public var attempt: Int
    /// Counts up from 0 within the attempt.
    public var chunk: UInt32
    public var change: Change

    public init(dispatch: DispatchID, attempt: Int, chunk: UInt32, change: Change) {
        self.dispatch = dispatch
        self.attempt = attempt
        self.chunk = chunk
        self.change = change
    }
}

extension WriteTransaction where Self: ~Copyable {
    fileprivate mutating func apply(_ piece: OutputPiece) throws {
        let key = Key.output(piece.dispatch, piece.attempt, piece.chunk)
        switch piece.change {
        case .add(let lines): try keep(OutputChunk(lines: lines), key, in: LiveBuckets.output)
        case .drop: try delete(key.span, in: LiveBuckets.output)
        }
    }

    fileprivate mutating func forget(_ worker: WorkerID) throws {
        let key = Key.worker(worker)
        try delete(key.span, in: LiveBuckets.heartbeats)
    }

    /// Nothing, when another worker has begun the dispatch again meanwhile: what is here is that one's.
    fileprivate mutating func forget(_ id: DispatchID, _ token: Token) throws {
        let key = Key.dispatch(id)
        let command = try fetch(RunningCommand.self, key, in: LiveBuckets.runs)
        guard command == nil || command?.token == token else { return }
        try delete(key.span, in: LiveBuckets.runs)
        try delete(key.span, in: LiveBuckets.progress)
        for chunk in try keys(LiveBuckets.output, KeyRange(prefix: key.bytes), limit: .max) {
            try delete(chunk.span, in: LiveBuckets.output)
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    func outputLines(of id: DispatchID, attempt: Int, in bucket: Bucket) throws -> [OutputLine] {
        var lines: [OutputLine] = []
        let range = KeyRange(prefix: Key.attempt(id, attempt).bytes)
        try records(OutputChunk.self, bucket, range) { _, chunk in
            lines += chunk.lines
            return .next
        }
        return lines
    }
    /// What each attempt of a dispatch has printed.
    func outputByAttempt(of id: DispatchID, in bucket: Bucket) throws -> [Int: [OutputLine]] {
        var output: [Int: [OutputLine]] = [:]
        try records(OutputChunk.self, bucket, KeyRange(prefix: Key.dispatch(id).bytes)) { key, chunk in
            var reader = KeyReader(key)
            guard reader.number() != nil, let attempt = reader.shortNumber() else {
                throw StoreError(.damaged, "the key \(hexadecimal(key)) in \(bucket.name) has another shape")
            }
            output[Int(attempt), default: []] += chunk.lines
            return .next
        }
        return output
    }
}
