import NIOHTTP1

/// What a client asks for: the parts of a request that decide the answer.
struct PageRequest: Sendable {
    var method: HTTPMethod
    /// The path with the query, as sent.
    var target: String
    /// The values of `Host`; exactly one in a proper request.
    var hosts: [String]
    /// The entity tags of `If-None-Match`.
    var knownTags: [String]
    /// The values of `Origin`: which page asks. Programs send none.
    var origins: [String] = []
    /// The values of `Cookie`.
    var cookies: [String] = []
    /// Whether the body is said to be a form's.
    var isForm = false
    /// Empty for all but a form.
    var body: [UInt8] = []
    /// The address that it came from, for the log.
    var peer = ""
}

extension PageRequest {
    init(_ head: HTTPRequestHead, body: [UInt8] = [], peer: String = "") {
        method = head.method
        target = head.uri
        hosts = head.headers["Host"]
        knownTags = head.headers[canonicalForm: "If-None-Match"].map(String.init)
        origins = head.headers["Origin"]
        cookies = head.headers["Cookie"]
        self.body = body
        self.peer = peer
        let type = head.headers["Content-Type"].first?.lowercased() ?? ""
        isForm = type == Self.formType || type.hasPrefix("\(Self.formType);")
    }

    private static let formType = "application/x-www-form-urlencoded"

    /// The value of the cookie `name`; nil where there is none.
    func cookie(_ name: String) -> String? {
        for field in cookies {
            for pair in field.split(separator: ";") {
                let text = pair.drop { $0 == " " }
                if text.hasPrefix("\(name)=") { return String(text.dropFirst(name.count + 1)) }
            }
        }
        return nil
    }
}
