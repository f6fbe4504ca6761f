import NIOHTTP1

/// The answers that need no page: given by the connection before, or instead of, looking at the store.
extension PageResponse {
    static let malformed = plain(.badRequest, "This is no HTTP request that can be understood.")
    static let headTooLarge = plain(
        .requestHeaderFieldsTooLarge, "The request is too long: the target or a header field, or all of them together.")
    static let bodyRefused = plain(.payloadTooLarge, "No request to this server may carry a body.")
    static let hostMissing = plain(.badRequest, "A request must name exactly one Host.")
    static let hostRefused = plain(
        .misdirectedRequest,
        "This server does not answer under that name. Use the address it listens on, or localhost.")
    static let stopping = plain(.serviceUnavailable, "The server is stopping.")

    /// Forms are sent to this server, and nothing else changes anything.
    static let onlyFormsTaken: PageResponse = {
        var answer = plain(.methodNotAllowed, "Only GET, HEAD and POST are possible here.")
        answer.headers.add(name: "Allow", value: "GET, HEAD, POST")
        return answer
    }()

    /// Only looking is possible here.
    static let methodRefused: PageResponse = {
        var answer = plain(.methodNotAllowed, "Only GET and HEAD are possible here: this server changes nothing.")
        answer.headers.add(name: "Allow", value: "GET, HEAD")
        return answer
    }()

    /// One sentence, and the end of the connection.
    static func plain(_ status: HTTPResponseStatus, _ sentence: String) -> PageResponse {
        PageResponse(status, type: .text, body: sentence + "\n").closing()
    }
}
