import Logging
import NIOHTTP1
import SignalboxCore
import SignalboxStore

/// Decides the answer to a request. Knows of no sockets; may block on the store.
struct Responder: Sendable {
    let source: any StatusSource
    let now: @Sendable () -> Now
    let hosts: HostRule
    let logger: Logger
    /// Nil where nothing can be controlled.
    var desk: ControlDesk?

    func response(to request: PageRequest) -> PageResponse {
        // The clocks are read once: all that an answer says is told from one moment.
        let now = now()
        let answer = refusal(of: request) ?? controlAnswer(to: request, now) ?? feedAnswer(to: request)
        let response = (answer ?? self.answer(to: request, now)).dated(now.wall)
        return desk == nil ? response : response.namingOrigin()
    }

    func refusal(of request: PageRequest) -> PageResponse? {
        guard request.hosts.count == 1 else { return .hostMissing }
        guard hosts.allows(request.hosts[0]) else { return .hostRefused }
        guard request.method != .GET, request.method != .HEAD else { return nil }
        guard desk != nil else { return .methodRefused }
        return request.method == .POST ? nil : .onlyFormsTaken
    }

    /// Nil when it is for another to answer.
    private func controlAnswer(to request: PageRequest, _ now: Now) -> PageResponse? {
        guard let desk else { return nil }
        if request.method == .POST { return desk.answer(to: request, at: now.boot) }
        guard let page = LoginPage(target: request.target) else { return nil }
        return PageResponse(.ok, type: .html, body: page.html.markup)
    }

    private func answer(to request: PageRequest, _ now: Now) -> PageResponse {
        let isForPrograms = APITarget.isMeant(by: request.target)
        do {
            return isForPrograms
                ? try answer(try APITarget(text: request.target), request.knownTags, now)
                : try answer(
                    try PageTarget(text: request.target), for: audience(of: request, now), request.knownTags, now)
        } catch let problem as TargetProblem {
            return isForPrograms ? problem.answer : message(problem.page)
        } catch {
            logger.debug("the store cannot be read", metadata: ["error": "\(error)"])
            return (isForPrograms ? .unavailable(error) : message(.unavailable(error))).retried()
        }
    }

    private func audience(of request: PageRequest, _ now: Now) -> Audience {
        guard let desk else { return .readers }
        return desk.visitor(of: request, at: now.boot).map { .visitor($0) } ?? .strangers
    }

    private func answer(
        _ target: PageTarget, for audience: Audience, _ known: [String], _ now: Now
    ) throws -> PageResponse {
        switch target.route {
        case .asset(let asset): return asset.response(known: known)
        case .health:
            _ = try source.status(now: now)
            return PageResponse(.ok, type: .text, body: "ok\n")
        case .metrics:
            return PageResponse(.ok, type: .prometheus, body: metricsText(try source.metrics(now: now), now))
        case .overview, .jobs, .job, .dispatches, .dispatch, .workers, .queues, .timeline:
            let content = try content(of: target.route, now)
            let stamp = SnapshotStamp(content.stamp, now: now)
            let page = PageView(target: target, stamp: stamp, audience: audience).page(content)
            return PageResponse(.ok, type: .html, body: page.html.markup, caching: .checked)
                .tagged(.weak(sequence: content.stamp.sequence, page.unstamped.markup.utf8), known: known)
        }
    }

    func content(of route: Route, _ now: Now) throws -> PageContent {
        switch route {
        case .overview: return .overview(try source.overview(now: now))
        case .jobs(let filter): return .jobs(try source.jobs(filter, now: now))
        case .dispatches(let filter): return .dispatches(filter, try source.dispatches(filter, now: now))
        case .workers: return .workers(try source.workers())
        case .queues: return .queues(try source.queues(now: now))
        case .timeline(let name): return .timeline(try source.timeline(after: name, now: now))
        case .job(let name):
            guard let job = try source.job(name, now: now) else { throw TargetProblem.noJob(name) }
            return .job(job)
        case .dispatch(let id):
            guard let dispatch = try source.dispatch(id, now: now) else { throw TargetProblem.noDispatch(id) }
            return .dispatch(dispatch)
        case .metrics, .health, .asset: preconditionFailure("\(route) is no page")
        }
    }

    private func message(_ message: MessagePage) -> PageResponse {
        PageResponse(message.status, type: .html, body: message.page.markup)
    }
}

extension TargetProblem {
    static func noJob(_ name: JobName) -> TargetProblem {
        TargetProblem(.notFound, "There is no job \(quoted(name.text)) in this store.")
    }

    static func noDispatch(_ id: DispatchID) -> TargetProblem {
        TargetProblem(.notFound, "There is no dispatch \(id) in this store, or it has been pruned.")
    }
}

extension PageResponse {
    /// Tells when it is worth asking again.
    fileprivate func retried() -> PageResponse {
        var answer = self
        answer.headers.add(name: "Retry-After", value: "5")
        return answer
    }
}
