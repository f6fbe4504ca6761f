import SignalboxCore
public import SignalboxStore

/// The feed as text, for `/live` and `signalbox watch` alike: lines of JSON without their ends, names in the order of
/// the alphabet. The article <doc:LiveFeed> says what each means.
///
/// It is the same text as `FeedFrame` gives as an `Encodable`, made some twenty times faster: whoever watches a busy
/// store should not slow it down.
public enum FeedText {
    /// A transaction that needs more bytes is told in several texts; most WebSocket clients take no message of more than
    /// a megabyte.
    static let sizeLimit = 768 << 10

    /// What one transaction did: one text, or several of which all but the last say `"more":true`.
    public static func texts(of frame: FeedFrame) -> [[UInt8]] {
        let time = Array(frame.at.description.utf8)
        var texts: [[UInt8]] = []
        var text = begun(room: frame.changes.count)
        for (index, change) in frame.changes.enumerated() {
            append(change, at: time, to: &text)
            let isLast = index == frame.changes.count - 1
            if text.count > sizeLimit, !isLast {
                end(&text, frame.sequence, hasMore: true)
                texts.append(text)
                text = begun(room: frame.changes.count - index)
            } else if !isLast {
                text.append(UInt8(ascii: ","))
            }
        }
        end(&text, frame.sequence, hasMore: false)
        return texts + [text]
    }

    /// Everything up to `sequence` has been told; nothing is told here.
    public static func place(_ sequence: UInt64) -> [UInt8] {
        var text = begun(room: 0)
        end(&text, sequence, hasMore: false)
        return text
    }

    /// What happened up to `sequence` is not known here any more; what follows it comes next.
    public static func reset(_ sequence: UInt64) -> [UInt8] { Array("{\"reset\":true,\"seq\":\(sequence)}".utf8) }

    /// The reset with which `part` begins, when the reader has missed something before it.
    public static func reset(before part: FeedPart) -> [UInt8]? {
        part.hasGap ? reset(part.frames.first.map { $0.sequence - 1 } ?? part.next) : nil
    }

    /// What runs has moved: its progress, its output, the workers' heartbeats.
    static func live(_ changes: LiveChanges) -> [UInt8] {
        let dispatches = changes.dispatches.sorted().map(\.description).joined(separator: ",")
        let workers = changes.workers.sorted().map(\.description).joined(separator: ",")
        return Array("{\"dispatches\":[\(dispatches)],\"live\":true,\"workers\":[\(workers)]}".utf8)
    }

    private static func begun(room changes: Int) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(min(64 + 140 * changes, sizeLimit + 1024))
        text += "{\"changes\":[".utf8
        return text
    }

    private static func end(_ text: inout [UInt8], _ sequence: UInt64, hasMore: Bool) {
        let number = String(sequence)
        text += "],".utf8
        if hasMore { text += "\"more\":true,".utf8 }
        text += "\"seq\":".utf8
        text += number.utf8
        text += ",\"txn\":".utf8
        text += number.utf8
        text.append(UInt8(ascii: "}"))
    }

    /// Names, states and times have no character that JSON would want escaped.
    private static func append(_ change: DispatchChange, at time: [UInt8], to text: inout [UInt8]) {
        text += "{\"at\":\"".utf8
        text += time
        text += "\",\"attempt\":".utf8
        text += String(change.attempt).utf8
        text += ",\"from\":".utf8
        append(name: change.from?.name, to: &text)
        text += ",\"id\":".utf8
        text += String(change.id.number).utf8
        text += ",\"job\":".utf8
        append(name: change.job?.text, to: &text)
        text += ",\"queue\":".utf8
        append(name: change.queue.text, to: &text)
        text += ",\"to\":".utf8
        append(name: change.to.name, to: &text)
        text.append(UInt8(ascii: "}"))
    }

    private static func append(name: String?, to text: inout [UInt8]) {
        guard let name else { return text += "null".utf8 }
        text.append(UInt8(ascii: "\""))
        text += name.utf8
        text.append(UInt8(ascii: "\""))
    }
}
