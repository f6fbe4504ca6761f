// Faults put into a recording: what a program, a library or a machine would have done that does not keep its promises.
// Each has to be found, or the tests of power cuts could not find anything like it. None of this is in the product.
import LMDBEngine
import OrderedStore
import SignalboxStore

enum Mutation: String, CaseIterable {
    /// Nobody waits for bytes: MDB_NOSYNC, or a machine that does not wait for its disk.
    case withoutWaiting
    /// A commit counts before its pages are on the disk.
    case metaPageBeforePages
    /// The store gets its name before it is on the disk.
    case nameBeforeBytes
    /// Nobody waits for names.
    case namesNotWaitedFor
    /// A client hears of a commit that has not come to its end.
    case wordsBeforeCommit
    /// An index entry has a transaction of its own.
    case indexEntryApart

    func applied(to recording: Recording, of box: Box) throws -> Recording {
        var mutated = recording
        switch self {
        case .withoutWaiting: mutated.events = recording.events.compactMap { withoutWaiting($0, recording.isFolder) }
        case .metaPageBeforePages: mutated.moveMetaPagesForward()
        case .nameBeforeBytes: mutated.moveNameForward()
        case .namesNotWaitedFor:
            mutated.events.removeAll { event in
                if case .syncEnded(let node) = event.what { recording.isFolder[node] } else { false }
            }
        case .wordsBeforeCommit: mutated.moveWordsForward()
        case .indexEntryApart: try mutated.addIndexEntryApart(box)
        }
        return mutated
    }

    private func withoutWaiting(_ event: RecordedEvent, _ isFolder: [Bool]) -> RecordedEvent? {
        switch event.what {
        case .syncEnded(let node): isFolder[node] ? event : nil
        case .write(let file, let offset, let bytes, _):
            RecordedEvent(
                serial: event.serial, process: event.process,
                what: .write(file: file, offset: offset, bytes: bytes, waits: false))
        case .resize, .name, .syncBegan, .words, .process: event
        }
    }
}

extension Recording {
    fileprivate mutating func moveMetaPagesForward() {
        move(
            { $0.isMetaWrite },
            before: { meta, event in
                if case .syncBegan(let node) = event.what {
                    node == meta.file && event.process == meta.process
                } else {
                    false
                }
            })
    }

    fileprivate mutating func moveNameForward() {
        move(
            { event in
                if case .name(let change) = event.what {
                    change.put.first?.name.name == "store" && !change.removed.isEmpty
                } else {
                    false
                }
            },
            before: { _, event in
                if case .name(let change) = event.what { change.put.first?.name.name == "data.mdb" } else { false }
            })
    }

    fileprivate mutating func moveWordsForward() {
        move(
            { event in
                if case .words(let descriptor, _) = event.what { descriptor == 1 } else { false }
            }, before: { words, event in event.isMetaWrite && event.process == words.process })
    }

    /// Moves each event that `isMoved` to before the newest one before it that is its `place`, if there is one.
    private mutating func move(
        _ isMoved: (RecordedEvent) -> Bool, before isPlace: (RecordedEvent, RecordedEvent) -> Bool
    ) {
        for index in events.indices where isMoved(events[index]) {
            let event = events[index]
            guard let place = events[..<index].lastIndex(where: { isPlace(event, $0) }) else { continue }
            events.remove(at: index)
            events.insert(event, at: place)
        }
    }

    /// Takes an entry out of an index of the recorded store, and puts it back, in two transactions: as if an operation
    /// wrote its record in the one and its index in the other.
    fileprivate mutating func addIndexEntryApart(_ box: Box) throws {
        let index = try Buckets.all.first { $0.name == "dispatch.by-state" }.unwrapped("the index")
        let engine = try Environment.open(at: box.store, buckets: Buckets.all, access: .readWrite)
        var first: [UInt8] = []
        try engine.read { transaction in
            try transaction.scan(index, .all, .ascending) { key, _ in
                first = key.indices.map { key[$0] }
                return .stop
            }
        }
        let file = try dataFile.unwrapped("the data file")
        try add(changing: file, box) { try engine.write { _ = try $0.delete(first.span, in: index) } }
        let nothing: [UInt8] = []
        try add(changing: file, box) { try engine.write { try $0.put(first.span, nothing.span, in: index) } }
    }

    private var dataFile: Int? {
        events.last { $0.isMetaWrite }?.file
    }

    /// Adds what a transaction writes, in LMDB's order.
    private mutating func add(changing file: Int, _ box: Box, _ transact: () throws -> Void) throws {
        let before = try readBytes(box.store + "/data.mdb")
        try transact()
        let after = try readBytes(box.store + "/data.mdb")
        let pages = stride(from: 0, to: after.count, by: 4096).map { $0..<$0 + 4096 }
        let changed = pages.filter { $0.upperBound > before.count || before[$0] != after[$0] }
        for page in changed where page.lowerBound >= 8192 {
            add(write: after[page], at: page.lowerBound, of: file, waits: false)
        }
        add(.syncBegan(node: file))
        add(.syncEnded(node: file))
        for page in changed where page.lowerBound < 8192 {
            add(write: after[page.prefix(512)], at: page.lowerBound, of: file, waits: true)
        }
    }
}

extension RecordedEvent {
    fileprivate var isMetaWrite: Bool {
        if case .write(_, let offset, let bytes, _) = what { offset < 8192 && bytes.count <= 512 } else { false }
    }

    fileprivate var file: Int? {
        if case .write(let file, _, _, _) = what { file } else { nil }
    }
}

extension Optional {
    fileprivate func unwrapped(_ what: String) throws -> Wrapped {
        guard let self else { throw TestFailure("\(what) is missing") }
        return self
    }
}
