import SignalboxCore
import SignalboxStore

/// What can be asked for. A link on a page is a route too, so none can lead anywhere else.
enum Route: Hashable, Sendable {
    case overview
    case jobs(JobFilter)
    case job(JobName)
    case dispatches(DispatchFilter)
    case dispatch(DispatchID)
    case workers
    case queues
    /// The jobs after this one in the order of names; nil: from the first one on.
    case timeline(after: JobName?)
    case metrics
    case health
    case asset(Asset)

    /// The path with its query. What stands in the path is a checked name or number.
    var target: String { targetText(path, query) }

    private var path: String {
        switch self {
        case .overview: "/"
        case .jobs: "/jobs"
        case .job(let name): "/jobs/\(name.text)"
        case .dispatches: "/dispatches"
        case .dispatch(let id): "/dispatches/\(id)"
        case .workers: "/workers"
        case .queues: "/queues"
        case .timeline: "/timeline"
        case .metrics: "/metrics"
        case .health: "/healthz"
        case .asset(let asset): asset.path
        }
    }

    private var query: [(String, String)] {
        switch self {
        case .overview, .job, .dispatch, .workers, .queues, .metrics, .health: []
        case .timeline(let name): name.map { [("after", $0.text)] } ?? []
        case .asset(let asset): [("v", asset.version)]
        case .jobs(let filter): filter.query
        case .dispatches(let filter): filter.query
        }
    }
}

/// "/dispatches?state=FAILED"
func targetText(_ path: String, _ query: [(String, String)]) -> String {
    let query = query.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
    return query.isEmpty ? path : "\(path)?\(query)"
}

extension JobFilter {
    var query: [(String, String)] {
        [("after", after?.text), ("before", before?.text)].compactMap { name, value in value.map { (name, $0) } }
    }
}

extension DispatchFilter {
    var query: [(String, String)] {
        [
            ("state", state?.name), ("job", job?.text), ("queue", queue?.text), ("q", text),
            ("before", before?.description), ("after", after?.description),
        ].compactMap { name, value in value.map { (name, $0) } }
    }
}

/// A page and how it is to be shown: what a target says.
struct PageTarget: Hashable, Sendable {
    var route: Route
    /// Whether the page renews itself.
    var refreshes = true

    var text: String {
        guard !refreshes else { return route.target }
        return route.target + (route.target.contains("?") ? "&" : "?") + "refresh=off"
    }
}

/// Why a target leads nowhere.
struct TargetProblem: Error, Hashable {
    enum Code: Hashable {
        case malformed
        case notFound
    }

    var code: Code
    /// One sentence for the page.
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

// MARK: - Reading

extension PageTarget {
    /// Reads "/dispatches?state=FAILED&refresh=off".
    init(text: String) throws(TargetProblem) {
        guard text.hasPrefix("/") else { throw TargetProblem(.malformed, "A target begins with a slash.") }
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query = try Query(text: halves.count > 1 ? String(halves[1]) : "")
        if let asset = Asset.allCases.first(where: { $0.path == halves[0] }) {
            self.init(route: .asset(asset))
            return
        }
        let refreshes = try query.takeRefresh()
        self.init(route: try Self.route(halves[0], &query), refreshes: refreshes)
        try query.finish()
    }

    private static func route(_ path: Substring, _ query: inout Query) throws(TargetProblem) -> Route {
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("", 1): return .overview
        case ("jobs", 1): return .jobs(try query.takeJobFilter())
        case ("jobs", 2): return .job(try JobName(part: parts[1]))
        case ("dispatches", 1): return .dispatches(try query.takeFilter())
        case ("dispatches", 2): return .dispatch(try DispatchID(part: parts[1]))
        case ("workers", 1): return .workers
        case ("queues", 1): return .queues
        case ("timeline", 1): return .timeline(after: try query.takeJob("after"))
        case ("metrics", 1): return .metrics
        case ("healthz", 1): return .health
        case (_, _): throw TargetProblem(.notFound, "There is no page \(quoted(path)) here.")
        }
    }

}

extension JobName {
    /// Reads a part of a path.
    init(part: Substring) throws(TargetProblem) {
        guard let name = percentDecoded(part), let job = try? JobName(name) else {
            throw TargetProblem(.notFound, "There is no job \(quoted(part)): no job can have that name.")
        }
        self = job
    }
}

extension DispatchID {
    /// Reads a part of a path.
    init(part: Substring) throws(TargetProblem) {
        guard let id = DispatchID(text: part) else {
            throw TargetProblem(.notFound, "There is no dispatch \(quoted(part)): dispatches have numbers from 1 on.")
        }
        self = id
    }
}
