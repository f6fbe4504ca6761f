internal import OrderedStore
public import SignalboxCore

/// What a power cut may take. A crash of processes takes nothing, whatever is chosen here.
public enum Durability: UInt8, CaseIterable, Sendable {
    /// What was acknowledged survives. A commit waits for the disk twice.
    case full = 0
    /// The newest transaction, and what was acknowledged with it, may be lost; the rest survives, and the store is whole
    /// in any case. A commit waits for the disk once.
    case relaxed = 1

    /// As people write it.
    public var word: String {
        switch self {
        case .full: "full"
        case .relaxed: "relaxed"
        }
    }

    public init?(word: String) {
        guard let found = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = found
    }
}

/// What holds for the whole store, whoever works on it. It is kept in the store, so that no two processes can follow
/// different settings.
public struct StoreSettings: Hashable, Sendable {
    public var durability: Durability = .full
    /// What is kept of each job that says nothing else.
    public var keep = Retention.standard
    /// What is kept, in each queue, of that which was enqueued by itself.
    public var keepEnqueued = Retention.standardEnqueued

    static let key = Key.name("settings")
}

extension StoreSettings: Record {
    static var layout: UInt8 { 2 }

    func write(to writer: inout RecordWriter) {
        writer.put(durability.rawValue)
        writer.put(keep)
        writer.put(keepEnqueued)
    }

    static func read(from reader: inout RecordReader) throws -> StoreSettings {
        let durability = try reader.value(of: Durability.self)
        let keep = try reader.retention()
        return StoreSettings(durability: durability, keep: keep, keepEnqueued: try reader.retention())
    }
}

extension StoreSettings: Encodable {
    private enum CodingKeys: String, CodingKey { case durability, keep, keep_enqueued }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(durability.word, forKey: .durability)
        try fields.encode(keep, forKey: .keep)
        try fields.encode(keepEnqueued, forKey: .keep_enqueued)
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// A store that was made before there were settings has the standard ones.
    func storeSettings() throws -> StoreSettings {
        try fetch(StoreSettings.self, StoreSettings.key, in: Buckets.meta) ?? StoreSettings()
    }
}

extension Retention: Encodable {
    private enum CodingKeys: String, CodingKey { case success, failed, skipped }

    /// `{success: "100 or 7d", failed, skipped}`.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(success.text, forKey: .success)
        try fields.encode(failed.text, forKey: .failed)
        try fields.encode(skipped.text, forKey: .skipped)
    }
}
