internal import OrderedStore

/// What would mend a fault, where the right bytes can be worked out from other records.
enum Remedy {
    case put(Bucket, key: [UInt8], value: [UInt8])
    case delete(Bucket, key: [UInt8])

    /// An entry of an index.
    static func mark(_ bucket: Bucket, _ key: [UInt8]) -> Remedy { .put(bucket, key: key, value: []) }

    static func keep(_ value: some Record, _ key: Key, in bucket: Bucket) -> Remedy {
        .put(bucket, key: key.bytes, value: value.record(under: key))
    }

    static func count(_ number: UInt64, _ bucket: Bucket, _ key: [UInt8]) -> Remedy {
        var writer = RecordWriter()
        Counter(value: number).write(under: key.span, to: &writer)
        return .put(bucket, key: key, value: copied(writer.span))
    }

    /// So many are gathered in one look at a store; what is left is found by the next.
    static let limit = 200_000
}

/// A fault that a check has found, and what would mend it.
struct Finding {
    let sentence: String
    var remedy: Remedy?
    /// Whether it is a record that cannot be read, and that no other makes up for.
    var isUnreadable = false

    init(_ sentence: String, _ remedy: Remedy? = nil) {
        self.sentence = sentence
        self.remedy = remedy
    }

    static func unreadable(_ error: any Error) -> Finding {
        var finding = Finding("\(error)")
        finding.isUnreadable = true
        return finding
    }
}
