import SignalboxCore
import SignalboxStore

/// What a program can ask for, below /api/v1.
enum APITarget: Hashable, Sendable {
    case status
    case jobs(JobFilter)
    case job(JobName)
    case dispatches(DispatchFilter)
    case dispatch(DispatchID)
    case workers
    case queues
    case events(since: UInt64, limit: Int)

    /// Whether the answer goes to a program, even where nothing is found.
    static func isMeant(by target: String) -> Bool { target.hasPrefix("/api/") }

    /// Reads "/api/v1/dispatches?state=FAILED&limit=10".
    init(text: String) throws(TargetProblem) {
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query = try Query(text: halves.count > 1 ? String(halves[1]) : "")
        self = try Self.read(halves[0], &query)
        try query.finish()
    }

    private static func read(_ path: Substring, _ query: inout Query) throws(TargetProblem) -> APITarget {
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 2, parts[1] == "v1" else { throw unknown(path) }
        switch (parts[2], parts.count) {
        case ("status", 3): return .status
        case ("jobs", 3):
            var filter = try query.takeJobFilter()
            filter.limit = try query.takeLimit() ?? filter.limit
            return .jobs(filter)
        case ("jobs", 4): return .job(try JobName(part: parts[3]))
        case ("dispatches", 3):
            var filter = try query.takeFilter()
            filter.limit = try query.takeLimit() ?? filter.limit
            return .dispatches(filter)
        case ("dispatches", 4): return .dispatch(try DispatchID(part: parts[3]))
        case ("workers", 3): return .workers
        case ("queues", 3): return .queues
        case ("events", 3): return .events(since: try query.takeSequence() ?? 0, limit: try query.takeLimit() ?? 100)
        case (_, _): throw unknown(path)
        }
    }

    private static func unknown(_ path: Substring) -> TargetProblem {
        TargetProblem(
            .notFound,
            "There is nothing at \(quoted(path)): /api/v1/ has status, jobs, jobs/NAME, dispatches, dispatches/ID, "
                + "workers, queues and events.")
    }
}
