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

    func response(to request: PageRequest) -> PageResponse {
        refusal(of: request) ?? (feedAnswer(to: request) ?? answer(to: request)).dated(now().wall)
    }

    func refusal(of request: PageRequest) -> PageResponse? {
        guard request.hosts.count == 1 else { return .hostMissing }
        guard hosts.allows(request.hosts[0]) else { return .hostRefused }
        guard request.method == .GET || request.method == .HEAD else { return .methodRefused }
        return nil
    }

    private func answer(to request: PageRequest) -> PageResponse {
        do {
            let target = try PageTarget(text: request.target)
            return try answer(target, known: request.knownTags)
        } catch let problem as TargetProblem {
            return message(problem.page)
        } catch {
            logger.warning("the store cannot be read", metadata: ["error": "\(error)"])
            return message(.unavailable(error))
        }
    }

    private func answer(_ target: PageTarget, known: [String]) throws -> PageResponse {
        switch target.route {
        case .asset(let asset): return asset.response(known: known)
        case .health:
            _ = try source.sequence()
            return PageResponse(.ok, type: .text, body: "ok\n")
        case .overview, .jobs, .job, .dispatches, .dispatch, .workers, .queues, .timeline:
            // Read first, so that what the page shows is never older than what it says.
            let sequence = try source.sequence()
            let content = try content(of: target.route)
            let stamp = SnapshotStamp(storeID: try source.storeID(), sequence: sequence, now: now())
            let page = PageView(target: target, stamp: stamp).page(content)
            return PageResponse(.ok, type: .html, body: page.markup, caching: .checked)
                .tagged(sequence: sequence, known: known)
        }
    }

    private func content(of route: Route) throws -> PageContent {
        switch route {
        case .overview: return .overview(try source.overview())
        case .jobs: return .jobs(try source.jobs())
        case .dispatches(let filter): return .dispatches(filter, try source.dispatches(filter))
        case .workers: return .workers(try source.workers())
        case .queues: return .queues(try source.queues())
        case .timeline(let name): return .timeline(try source.timeline(after: name))
        case .job(let name):
            guard let job = try source.job(name) else {
                throw TargetProblem(.notFound, "There is no job \(quoted(name.text)) in this store.")
            }
            return .job(job)
        case .dispatch(let id):
            guard let dispatch = try source.dispatch(id) else {
                throw TargetProblem(.notFound, "There is no dispatch \(id) in this store, or it has been pruned.")
            }
            return .dispatch(dispatch)
        case .health, .asset: preconditionFailure("\(route) is no page")
        }
    }

    private func message(_ message: MessagePage) -> PageResponse {
        PageResponse(message.status, type: .html, body: message.page.markup)
    }
}
