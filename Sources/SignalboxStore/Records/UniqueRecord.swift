// How a ``UniqueKey`` stands in a request, and who holds one.
internal import SignalboxCore

/// Who holds a unique key.
struct UniqueEntry: Record, Hashable {
    static let layout: UInt8 = 2

    var holder: DispatchID
    /// When its window ends, in steady time; nil where the key is held until the end, or for ever.
    var until: Instant?
    /// Whether the key outlives the holder: that has ended, and its record was pruned.
    var isHolderPruned = false

    func write(to writer: inout RecordWriter) {
        writer.put(holder.number)
        writer.put(until) { $0.put($1) }
        writer.put(isHolderPruned)
    }

    static func read(from reader: inout RecordReader) throws -> UniqueEntry {
        let holder = DispatchID(try reader.number64())
        let until = try reader.flag() ? try reader.instant() : nil
        return UniqueEntry(holder: holder, until: until, isHolderPruned: try reader.flag())
    }
}

extension RecordWriter {
    mutating func put(_ unique: UniqueKey) {
        put(unique.text)
        put(unique.onConflict.rawValue)
        switch unique.scope {
        case .active: put(UInt8(0))
        case .window(let length):
            put(UInt8(1))
            put(length)
        case .forever: put(UInt8(2))
        }
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func uniqueKey() throws -> UniqueKey {
        let text = try text()
        let policy = try value(of: ConflictPolicy.self)
        switch try byte() {
        case 0: return UniqueKey(text, onConflict: policy)
        case 1: return UniqueKey(text, scope: .window(try duration()), onConflict: policy)
        case 2: return UniqueKey(text, scope: .forever, onConflict: policy)
        default: throw RecordFault.shape
        }
    }
}
