internal import OrderedStore

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

    static let key = Key.name("settings")
}

extension StoreSettings: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) { writer.put(durability.rawValue) }

    static func read(from reader: inout RecordReader) throws -> StoreSettings {
        StoreSettings(durability: try reader.value(of: Durability.self))
    }
}

extension StoreSettings: Encodable {
    private enum CodingKeys: String, CodingKey { case durability }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(durability.word, forKey: .durability)
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// A store that was made before there were settings has the standard ones.
    func storeSettings() throws -> StoreSettings {
        try fetch(StoreSettings.self, StoreSettings.key, in: Buckets.meta) ?? StoreSettings()
    }
}
