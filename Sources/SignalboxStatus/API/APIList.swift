/// A list for programs: the items under a name of their own, each as the command prints it, and the addresses of the
/// parts before and behind, null where there is none.
struct APIList<Item: Encodable>: Encodable {
    var name: String
    var items: [Item]
    var previous: String?
    var next: String?
    /// The store's sequence.
    var sequence: UInt64
    /// How many were looked at, where not all that were match.
    var searched: Int?

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Name.self)
        try fields.encode(items, forKey: Name(stringValue: name))
        try fields.encode(previous, forKey: Name(stringValue: "previous"))
        try fields.encode(next, forKey: Name(stringValue: "next"))
        try fields.encode(sequence, forKey: Name(stringValue: "seq"))
        try fields.encodeIfPresent(searched, forKey: Name(stringValue: "searched"))
    }
}
