internal import SignalboxCore

/// A checked piece of JSON, put into another as the value it is. Numbers come out as an encoder writes them.
struct EncodedJSON: Encodable {
    let value: JSONText

    private struct Name: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        switch value.kind {
        case .object:
            var fields = encoder.container(keyedBy: Name.self)
            for (name, member) in value.members ?? [] {
                try fields.encode(EncodedJSON(value: member), forKey: Name(stringValue: name))
            }
        case .array:
            var list = encoder.unkeyedContainer()
            for element in value.elements ?? [] { try list.encode(EncodedJSON(value: element)) }
        case .string: try encodeOne(value.string ?? "", encoder)
        case .boolean: try encodeOne(value.boolean ?? false, encoder)
        case .null: try encodeOne(String?.none, encoder)
        case .number:
            if let whole = Int64(value.text) { return try encodeOne(whole, encoder) }
            let number = value.number ?? 0
            // JSON has no infinity: what no number can hold is shown as it was written.
            if number.isFinite { try encodeOne(number, encoder) } else { try encodeOne(value.text, encoder) }
        }
    }

    private func encodeOne(_ value: some Encodable, _ encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        try single.encode(value)
    }
}
