// The same content as the pages, for programs: one look at the store, one JSON object, and the names of the commands'
// `--json`.

import NIOHTTP1
import SignalboxCore
import SignalboxStore

extension Responder {
    func answer(_ target: APITarget, _ known: [String], _ now: Now) throws -> PageResponse {
        switch target {
        case .status:
            let status = try source.status(now: now)
            return try json(status, status.stamp, known)
        case .jobs(let filter):
            let page = try source.jobs(filter, now: now)
            return try json(list(page, filter), page.stamp, known)
        case .job(let name):
            guard let job = try source.job(name, now: now) else { throw TargetProblem.noJob(name) }
            return try json(job, job.stamp, known)
        case .dispatches(let filter):
            let page = try source.dispatches(filter, now: now)
            return try json(list(page, filter), page.stamp, known)
        case .dispatch(let id):
            guard let dispatch = try source.dispatch(id, now: now) else { throw TargetProblem.noDispatch(id) }
            return try json(dispatch, dispatch.stamp, known)
        case .workers:
            let list = try source.workers()
            return try json(APIList(name: "workers", items: list.workers, stamp: list.stamp), list.stamp, known)
        case .queues:
            let status = try source.status(now: now)
            return try json(APIList(name: "queues", items: status.queues, stamp: status.stamp), status.stamp, known)
        case .events(let since, let limit):
            let part = try source.feed(since: since, limit: limit, changes: 10_000)
            return try json(events(part, limit), sequence: part.newest, known)
        }
    }

    private func json(_ content: some Encodable, _ stamp: StoreStamp, _ known: [String]) throws -> PageResponse {
        try json(content, sequence: stamp.sequence, known)
    }

    private func json(_ content: some Encodable, sequence: UInt64, _ known: [String]) throws -> PageResponse {
        let body = try jsonText(content) + [UInt8(ascii: "\n")]
        return PageResponse(.ok, type: .json, body: body, caching: .checked)
            .tagged(.strong(sequence: sequence, body), known: known)
    }

    private func list(_ page: JobPage, _ filter: JobFilter) -> APIList<JobView> {
        func address(_ place: JobFilter) -> String { "/api/v1/jobs".with(place.query, limit: filter.limit) }
        return APIList(
            name: "jobs", items: page.jobs, previous: page.previous.map { address(JobFilter(before: $0)) },
            next: page.next.map { address(JobFilter(after: $0)) }, stamp: page.stamp)
    }

    private func list(_ page: DispatchPage, _ filter: DispatchFilter) -> APIList<DispatchView> {
        func address(before: DispatchID?, after: DispatchID?) -> String {
            var place = filter
            (place.before, place.after) = (before, after)
            return "/api/v1/dispatches".with(place.query, limit: filter.limit)
        }
        return APIList(
            name: "dispatches", items: page.dispatches, previous: page.previous.map { address(before: nil, after: $0) },
            next: page.next.map { address(before: $0, after: nil) }, stamp: page.stamp, searched: page.looked)
    }

    private func events(_ part: FeedPart, _ limit: Int) -> APIEvents {
        let next = part.hasMore ? "/api/v1/events".with([("since", String(part.next))], limit: limit) : nil
        return APIEvents(frames: part.frames, gap: part.hasGap, since: part.next, next: next, seq: part.newest)
    }
}

extension APIList {
    init(
        name: String, items: [Item], previous: String? = nil, next: String? = nil, stamp: StoreStamp,
        searched: Int? = nil
    ) {
        self.init(
            name: name, items: items, previous: previous, next: next, sequence: stamp.sequence, searched: searched)
    }
}

extension String {
    /// This path with a query.
    fileprivate func with(_ query: [(String, String)], limit: Int) -> String {
        targetText(self, query + [("limit", String(limit))])
    }
}

// MARK: - What went wrong

/// `{"error": {"code": …, "message": …}}`
private struct APIError: Encodable {
    struct Content: Encodable {
        var code: String
        var message: String
    }

    var error: Content
}

extension PageResponse {
    fileprivate static func error(_ status: HTTPResponseStatus, _ code: String, _ message: String) -> PageResponse {
        let content = APIError(error: APIError.Content(code: code, message: message))
        // Two texts can always be encoded.
        let body = (try? jsonText(content)) ?? []
        return PageResponse(status, type: .json, body: body + [UInt8(ascii: "\n")])
    }

    static func unavailable(_ error: any Error) -> PageResponse {
        .error(.serviceUnavailable, "store_unavailable", "\(error)")
    }
}

extension TargetProblem {
    var answer: PageResponse {
        switch code {
        case .malformed: .error(.badRequest, "bad_request", message)
        case .notFound: .error(.notFound, "not_found", message)
        }
    }
}
