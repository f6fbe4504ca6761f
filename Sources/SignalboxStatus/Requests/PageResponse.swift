import NIOHTTP1
import SignalboxCore

/// An answer, whole: pages are small enough to be built before they are sent.
struct PageResponse: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    /// Left out when the method is HEAD; `Content-Length` counts it all the same.
    var body: [UInt8]
    /// False when nothing that follows on the connection can be trusted or wanted.
    var keepsConnection = true

    init(_ status: HTTPResponseStatus, type: ContentType, body: String, caching: Caching = .never) {
        self.init(status, type: type, body: Array(body.utf8), caching: caching)
    }

    init(_ status: HTTPResponseStatus, type: ContentType, body: [UInt8], caching: Caching = .never) {
        self.status = status
        self.body = body
        headers = Self.protection
        headers.add(name: "Content-Type", value: type.rawValue)
        headers.add(name: "Content-Length", value: String(self.body.count))
        headers.add(name: "Cache-Control", value: caching.rawValue)
    }

    enum ContentType: String {
        case html = "text/html; charset=utf-8"
        case css = "text/css; charset=utf-8"
        case javaScript = "text/javascript; charset=utf-8"
        case svg = "image/svg+xml"
        case text = "text/plain; charset=utf-8"
        case json = "application/json"
        case prometheus = "text/plain; version=0.0.4; charset=utf-8"
    }

    enum Caching: String {
        case never = "no-store"
        /// Kept, but asked about each time.
        case checked = "no-cache"
        /// The address changes with the content.
        case forever = "public, max-age=31536000, immutable"
    }

    /// Only our own style sheet, script and images, and nothing written into the page itself; the script and
    /// forms may talk to this server alone. No frame, no word of us to other sites.
    private static let protection: HTTPHeaders = [
        "Content-Security-Policy":
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    ]

    /// This answer with its tag; only the tag when the client knows it already.
    func tagged(_ tag: EntityTag, known: [String]) -> PageResponse {
        var answer = self
        answer.headers.add(name: "ETag", value: tag.text)
        guard tag.isKnown(to: known) else { return answer }
        answer.status = .notModified
        answer.body = []
        answer.headers.remove(name: "Content-Length")
        answer.headers.remove(name: "Content-Type")
        return answer
    }

    func dated(_ instant: Instant) -> PageResponse {
        var answer = self
        answer.headers.add(name: "Date", value: httpDate(instant))
        return answer
    }

    func closing() -> PageResponse {
        var answer = self
        answer.keepsConnection = false
        return answer
    }
}

/// The form of dates in HTTP: "Sun, 22 Nov 2026 04:23:44 GMT".
func httpDate(_ instant: Instant) -> String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let parts = instant.utcParts
    let number = parts.day.day < 10 ? "0\(parts.day.day)" : String(parts.day.day)
    return "\(days[parts.day.weekday]), \(number) \(months[parts.day.month - 1]) \(parts.day.year) \(parts.clock) GMT"
}
