// What happened to a store's files, as Faults/recorder.c has written it down: every change, every wait for the disk and
// every word of a process, in one order that is a legal one for all of them.
import Glibc

/// Something that happened, or that a mutation makes happen.
struct RecordedEvent {
    /// Its place in the recording; it keeps it when a mutation moves it elsewhere.
    let serial: Int
    let process: UInt32
    let what: What

    enum What {
        case write(file: Int, offset: Int, bytes: UnsafeRawBufferPointer, waits: Bool)
        case resize(file: Int, size: Int)
        case name(NameChange)
        case syncBegan(node: Int)
        case syncEnded(node: Int)
        case words(descriptor: Int, String)
        case process(arguments: [String])
    }
}

/// A name in a folder; nodes, which are files and folders, are numbered, and 0 is the folder that holds the store's.
struct RecordedName: Hashable {
    let folder: Int
    let name: String
}

/// What one call does to names: a rename puts one and removes one, an exchange puts two.
struct NameChange {
    var put: [(name: RecordedName, node: Int)] = []
    var removed: [RecordedName] = []
}

struct Recording {
    var events: [RecordedEvent]
    let isFolder: [Bool]
    /// What the bytes of the events lie in.
    private let log: RecordedLog
    private var added: [AddedBytes] = []

    init(_ log: RecordedLog) throws {
        var reader = RecordingReader(folder: log.folder)
        try log.forEach { try reader.take($0) }
        events = reader.events
        isFolder = reader.nodes.map(\.isFolder)
        self.log = log
    }

    /// Whether the store was told that its newest transaction may be lost.
    var isRelaxed: Bool {
        events.contains { event in
            if case .process(let arguments) = event.what { arguments.contains("relaxed") } else { false }
        }
    }

    /// The place of the event that makes a name which begins like this.
    func place(ofName start: String) throws -> Int {
        let place = events.firstIndex { event in
            if case .name(let change) = event.what {
                change.put.contains { $0.name.name.hasPrefix(start) }
            } else {
                false
            }
        }
        guard let place else { throw TestFailure("nothing was recorded that makes \(start)") }
        return place
    }

    /// How long each file ever was, by its node.
    var extents: [Int] {
        var extents = isFolder.map { _ in 0 }
        for event in events {
            switch event.what {
            case .write(let file, let offset, let bytes, _): extents[file] = max(extents[file], offset + bytes.count)
            case .resize(let file, let size): extents[file] = max(extents[file], size)
            case .name, .syncBegan, .syncEnded, .words, .process: break
            }
        }
        return extents
    }
}

extension Recording {
    /// Goes on with something that was not recorded.
    mutating func add(_ what: RecordedEvent.What) {
        events.append(RecordedEvent(serial: events.count, process: 0, what: what))
    }

    /// Goes on with a write that was not recorded.
    mutating func add(write bytes: ArraySlice<UInt8>, at offset: Int, of file: Int, waits: Bool) {
        let kept = AddedBytes(bytes)
        added.append(kept)
        add(.write(file: file, offset: offset, bytes: UnsafeRawBufferPointer(kept.bytes), waits: waits))
    }

    private final class AddedBytes {
        let bytes: UnsafeMutableRawBufferPointer

        init(_ bytes: ArraySlice<UInt8>) {
            self.bytes = .allocate(byteCount: bytes.count, alignment: 16)
            self.bytes.copyBytes(from: bytes)
        }

        deinit { bytes.deallocate() }
    }
}

/// The file that the processes of a test have mapped.
final class RecordedLog {
    static let capacity = 512 << 20
    /// Where it ends, and the number of the folder in which the recorded paths lie.
    private static let headerSize = 16
    private let map: UnsafeMutableRawPointer

    /// One entry as it lies there: length 4, kind 2, flags 2, process 4, complete 4, subject 8, other 8, count 8, bytes.
    struct Entry {
        let kind: UInt16
        let flags: UInt16
        let process: UInt32
        let subject: UInt64
        let other: UInt64
        let bytes: UnsafeRawBufferPointer

        /// The names in it, each but the last with a zero behind it.
        var texts: [String] {
            bytes.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Makes an empty one for what happens in `folder`; nil: opens that of an earlier test.
    init(_ path: String, of folder: String?) throws {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | (folder == nil ? 0 : O_CREAT | O_EXCL), 0o600)
        defer { close(descriptor) }
        guard descriptor >= 0, ftruncate(descriptor, off_t(Self.capacity)) == 0,
            let map = mmap(nil, Self.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), map != MAP_FAILED
        else { throw TestFailure("\(path): \(errnoText())") }
        self.map = map
        guard let folder else { return }
        map.storeBytes(of: UInt64(Self.headerSize), as: UInt64.self)
        map.storeBytes(of: try inode(of: folder), toByteOffset: 8, as: UInt64.self)
    }

    fileprivate var folder: UInt64 { map.load(fromByteOffset: 8, as: UInt64.self) }

    deinit { munmap(map, Self.capacity) }

    func forEach(_ body: (Entry) throws -> Void) throws {
        let end = Int(map.load(as: UInt64.self))
        guard end <= Self.capacity else { throw TestFailure("the recording has \(end) bytes: too much") }
        var place = Self.headerSize
        while place < end {
            let entry = map + place
            let length = Int(entry.load(as: UInt32.self))
            guard length >= 40, entry.load(fromByteOffset: 12, as: UInt32.self) == 1 else {
                throw TestFailure("a process ended while it recorded what it did")
            }
            let count = Int(entry.load(fromByteOffset: 32, as: UInt64.self))
            try body(
                Entry(
                    kind: entry.load(fromByteOffset: 4, as: UInt16.self),
                    flags: entry.load(fromByteOffset: 6, as: UInt16.self),
                    process: entry.load(fromByteOffset: 8, as: UInt32.self),
                    subject: entry.load(fromByteOffset: 16, as: UInt64.self),
                    other: entry.load(fromByteOffset: 24, as: UInt64.self),
                    bytes: UnsafeRawBufferPointer(start: entry + 40, count: count)))
            place += length
        }
    }
}

/// Gives files and folders their numbers: the kernel gives the number of one that is gone to the next.
private struct RecordingReader {
    struct Node {
        var isFolder = false
        var names = 0
        var hadName = false
    }

    var events: [RecordedEvent] = []
    var nodes: [Node] = []
    private var numbers: [UInt64: Int] = [:]
    private var names: [RecordedName: Int] = [:]

    init(folder: UInt64) {
        let root = node(folder)
        nodes[root] = Node(isFolder: true, names: 1, hadName: true)
    }

    private mutating func node(_ inode: UInt64) -> Int {
        if let known = numbers[inode] { return known }
        nodes.append(Node())
        numbers[inode] = nodes.count - 1
        return nodes.count - 1
    }

    mutating func take(_ entry: RecordedLog.Entry) throws {
        events.append(RecordedEvent(serial: events.count, process: entry.process, what: try what(entry)))
    }

    private mutating func what(_ entry: RecordedLog.Entry) throws -> RecordedEvent.What {
        switch entry.kind {
        case 1:
            return .write(
                file: node(entry.subject), offset: Int(entry.other), bytes: entry.bytes, waits: entry.flags & 1 != 0)
        case 2: return .resize(file: node(entry.subject), size: Int(entry.other))
        case 3: return .name(linked(entry))
        case 4: return .name(removed(RecordedName(folder: node(entry.subject), name: entry.texts[0])))
        case 5: return .name(try renamed(entry))
        case 6: return .syncBegan(node: node(entry.subject))
        case 7: return .syncEnded(node: node(entry.subject))
        case 8: return .words(descriptor: Int(entry.subject), String(decoding: entry.bytes, as: UTF8.self))
        case 9: return .process(arguments: entry.texts)
        default: throw TestFailure("the recording has something of kind \(entry.kind)")
        }
    }

    private mutating func linked(_ entry: RecordedLog.Entry) -> NameChange {
        let known = numbers[entry.other].map { nodes[$0] }
        // Its names are gone, so that this is another of the same number.
        if let known, known.hadName, known.names == 0 { numbers[entry.other] = nil }
        let new = node(entry.other)
        nodes[new].isFolder = entry.flags & 2 != 0
        let name = RecordedName(folder: node(entry.subject), name: entry.texts[0])
        put(name, new)
        return NameChange(put: [(name, new)])
    }

    private mutating func put(_ name: RecordedName, _ node: Int) {
        if let replaced = names[name] { nodes[replaced].names -= 1 }
        names[name] = node
        nodes[node].names += 1
        nodes[node].hadName = true
    }

    private mutating func removed(_ name: RecordedName) -> NameChange {
        if let gone = names.removeValue(forKey: name) { nodes[gone].names -= 1 }
        return NameChange(removed: [name])
    }

    private mutating func renamed(_ entry: RecordedLog.Entry) throws -> NameChange {
        let old = RecordedName(folder: node(entry.subject), name: entry.texts[0])
        let new = RecordedName(folder: node(entry.other), name: entry.texts[1])
        guard let moved = names[old] else { throw TestFailure("\(old.name) was renamed, and nobody had made it") }
        let replaced = names[new]
        _ = removed(old)
        put(new, moved)
        if entry.flags & 4 != 0, let replaced {
            put(old, replaced)
            return NameChange(put: [(new, moved), (old, replaced)])
        }
        return NameChange(put: [(new, moved)], removed: [old])
    }
}

private func inode(of path: String) throws -> UInt64 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw TestFailure("\(path): \(errnoText())") }
    return UInt64(status.st_ino)
}
