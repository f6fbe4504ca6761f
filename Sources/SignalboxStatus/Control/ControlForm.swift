import NIOHTTP1

/// What a form was sent with (application/x-www-form-urlencoded).
struct ControlForm {
    private let values: [String: String]

    /// The most bytes of a form; those of our pages are far smaller.
    static let limit = 4096

    /// Nil when it is not well formed, or a name is there twice.
    init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.decoded)
            guard let name = halves[0], let value = halves.count > 1 ? halves[1] : "",
                values.updateValue(value, forKey: name) == nil
            else { return nil }
        }
        self.values = values
    }

    subscript(_ name: String) -> String { values[name] ?? "" }

    /// In a form `+` stands for a space, as it does not in a path.
    private static func decoded(_ text: Substring) -> String? {
        percentDecoded(String(text.map { $0 == "+" ? " " : $0 }))
    }
}

extension Responder {
    /// Whether the body of a request is read at all: only that of a form, whose length is said and small, and only where
    /// there is something to control.
    func takes(bodyOf head: HTTPRequestHead) -> Bool {
        let lengths = head.headers["Content-Length"]
        guard desk != nil, head.method == .POST, !head.headers.contains(name: "Transfer-Encoding"), lengths.count == 1,
            let length = Int(lengths[0])
        else { return false }
        return (0...ControlForm.limit).contains(length)
    }
}
