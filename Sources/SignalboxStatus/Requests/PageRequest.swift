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
}

extension PageRequest {
    init(_ head: HTTPRequestHead) {
        method = head.method
        target = head.uri
        hosts = head.headers["Host"]
        knownTags = head.headers[canonicalForm: "If-None-Match"].map(String.init)
        origins = head.headers["Origin"]
    }
}
