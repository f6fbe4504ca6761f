// The keys of what retention needs: who has ended and is counted, who is waited for, which due times name a dispatch.

internal import SignalboxCore

/// Whose limits the records of a dispatch count against when it has ended.
enum KeptSubject: Hashable {
    /// What was enqueued by itself in a queue.
    case queue(QueueName)
    case job(JobName)

    @inline(__always)
    init(_ dispatch: Dispatch) {
        if let job = dispatch.job { self = .job(job) } else { self = .queue(dispatch.queue) }
    }

    /// As they are counted.
    var counter: CounterSubject {
        switch self {
        case .queue(let name): .endedInQueue(name)
        case .job(let name): .endedOfJob(name)
        }
    }
}

extension DispatchRecord {
    /// Whether it has ended and retention counts it.
    var isCountedAsEnded: Bool { dispatch.state.isTerminal && !isPinned && !isSetAside }

    /// The first of those that were made again one of the other, itself among them.
    var chain: DispatchID { original ?? dispatch.id }
}

extension Key {
    /// That of one that has ended, in `dispatch.ended`.
    @inline(__always)
    static func ended(_ record: DispatchRecord) -> Key {
        Key {
            $0.put(ended: KeptSubject(record.dispatch))
            $0.put(record.dispatch.state.rawValue)
            $0.put(record.ended)
            $0.put(record.dispatch.id.number)
        }
    }
    /// The beginning of the keys of those that ended in `state`.
    static func ended(_ subject: KeptSubject, _ state: DispatchState) -> Key {
        Key {
            $0.put(ended: subject)
            $0.put(state.rawValue)
        }
    }
    /// The beginning of the keys of all that count against the same limits.
    static func endedPrefix(_ subject: KeptSubject) -> Key { Key { $0.put(ended: subject) } }
    @inline(__always)
    private mutating func put(ended subject: KeptSubject) {
        switch subject {
        case .queue(let name):
            put(UInt8(1))
            put(name.text)
        case .job(let name):
            put(UInt8(2))
            put(name.text)
        }
    }

    static func awaited(_ id: DispatchID, by waiting: DispatchID) -> Key { pair(id, waiting) }
    static func standIn(_ copy: DispatchID, for original: DispatchID) -> Key { pair(original, copy) }

    private static func pair(_ first: DispatchID, _ second: DispatchID) -> Key {
        Key {
            $0.put(first.number)
            $0.put(second.number)
        }
    }

    static func dueTime(_ id: DispatchID, revision: UInt32, epoch: UInt32, _ time: Instant) -> Key {
        Key {
            $0.put(id.number)
            $0.put(revision)
            $0.put(epoch)
            $0.put(time)
        }
    }

    /// That of the dispatch which the occurrence under `key` names; nil when `key` has another shape.
    static func dueTime(_ id: DispatchID, ofOccurrence key: [UInt8]) -> Key? {
        var reader = KeyReader(key)
        guard reader.text() != nil, let revision = reader.shortNumber(), let epoch = reader.shortNumber(),
            let time = reader.instant(), reader.isAtEnd
        else { return nil }
        return dueTime(id, revision: revision, epoch: epoch, time)
    }
}
