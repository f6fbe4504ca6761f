/// What `verify` found.
public struct VerifyReport: Sendable, Encodable {
    /// Records and index entries looked at.
    public var records = 0
    /// One sentence each, at most ``limit``; empty means that every record is sound and every index says what they say.
    public var faults: [String] = []

    /// So many faults are named; more add nothing for who reads them.
    public static let limit = 200

    public init(records: Int = 0, faults: [String] = []) {
        self.records = records
        self.faults = faults
    }

    public var ok: Bool { faults.isEmpty }

    mutating func fault(_ text: String) {
        if faults.count < Self.limit { faults.append(text) }
    }

    private enum CodingKeys: String, CodingKey { case ok, records, faults }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(ok, forKey: .ok)
        try fields.encode(records, forKey: .records)
        try fields.encode(faults, forKey: .faults)
    }
}
