import SignalboxCore
import SignalboxStore

/// What can be asked for. A link on a page is a route too, so none can lead anywhere else.
enum Route: Hashable, Sendable {
    case overview
    case jobs
    case job(JobName)
    case dispatches(DispatchFilter)
    case dispatch(DispatchID)
    case workers
    case queues
    /// The jobs after this one in the order of names; nil: from the first one on.
    case timeline(after: JobName?)
    case health
    case asset(Asset)

    /// The path with its query. Every part is a checked name or number, so nothing needs escaping.
    var target: String {
        let query = query.map { "\($0)=\($1)" }.joined(separator: "&")
        return query.isEmpty ? path : "\(path)?\(query)"
    }

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
        case .health: "/healthz"
        case .asset(let asset): asset.path
        }
    }

    private var query: [(String, String)] {
        switch self {
        case .overview, .jobs, .job, .dispatch, .workers, .queues, .health: []
        case .timeline(let name): name.map { [("after", $0.text)] } ?? []
        case .asset(let asset): [("v", asset.version)]
        case .dispatches(let filter):
            [
                ("state", filter.state?.name), ("job", filter.job?.text), ("queue", filter.queue?.text),
                ("before", filter.before?.description),
            ].compactMap { name, value in value.map { (name, $0) } }
        }
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
        case ("jobs", 1): return .jobs
        case ("jobs", 2): return .job(try jobName(parts[1]))
        case ("dispatches", 1): return .dispatches(try query.takeFilter())
        case ("dispatches", 2): return .dispatch(try dispatchID(parts[1]))
        case ("workers", 1): return .workers
        case ("queues", 1): return .queues
        case ("timeline", 1): return .timeline(after: try query.takeJob("after"))
        case ("healthz", 1): return .health
        case (_, _): throw TargetProblem(.notFound, "There is no page \(quoted(path)) here.")
        }
    }

    private static func jobName(_ text: Substring) throws(TargetProblem) -> JobName {
        guard let name = percentDecoded(text), let job = try? JobName(name) else {
            throw TargetProblem(.notFound, "There is no job \(quoted(text)): no job can have that name.")
        }
        return job
    }

    private static func dispatchID(_ text: Substring) throws(TargetProblem) -> DispatchID {
        guard let id = DispatchID(text: text) else {
            throw TargetProblem(.notFound, "There is no dispatch \(quoted(text)): dispatches have numbers from 1 on.")
        }
        return id
    }
}
