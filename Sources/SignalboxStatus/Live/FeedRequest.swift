import Logging
import NIOHTTP1
import SignalboxCore
import SignalboxStore

/// What a client of `/live` asked for.
struct FeedSubscription: Hashable, Sendable {
    var filter = FeedFilter()
    /// The number that everything is wanted behind.
    var since: UInt64
    /// Whether the client named it; if not it has to be told.
    var isResuming: Bool
    /// Whether it wants to hear of what runs as well.
    var wantsLive = false
}

extension FeedSubscription {
    static let path = "/live"

    /// Reads the query of "/live?since=12&job=backup".
    /// - Parameter newest: the store's sequence.
    init(query text: String, newest: UInt64) throws(TargetProblem) {
        var query = try Query(text: text)
        let since = try query.take("since", "the seq of a frame, a whole number from 0 on") { UInt64($0) }
        if let since, since > newest {
            throw TargetProblem(
                .malformed,
                "since is \(since), but the newest seq of this store is \(newest): it is another store, or it was "
                    + "restored. Look at everything again, and begin without since.")
        }
        let wantsLive = try query.take("live", "on or off") { ["on": true, "off": false][$0] }
        let filter = FeedFilter(
            job: try query.take("job", "the name of a job") { try? JobName($0) },
            queue: try query.take("queue", "the name of a queue") { try? QueueName($0) },
            dispatch: try query.take("dispatch", "the number of a dispatch") { DispatchID(text: $0) },
            state: try query.take("state", "a state, as in FAILED") { DispatchState(name: $0) })
        try query.finish()
        self.init(
            filter: filter, since: since ?? newest, isResuming: since != nil, wantsLive: wantsLive ?? false)
    }
}

extension Responder {
    /// What the upgrade that `request` asks for is to bring; nil when it is not to be.
    func subscription(for request: PageRequest) -> FeedSubscription? {
        guard refusal(of: request) == nil, case .accepted(let subscription)? = judgement(of: request) else {
            return nil
        }
        return subscription
    }

    /// The answer to a request for the feed that is no upgrade or is refused; nil when it asks for something else.
    func feedAnswer(to request: PageRequest) -> PageResponse? {
        guard let judgement = judgement(of: request) else { return nil }
        switch judgement {
        case .accepted: return .upgradeRequired
        case .refused(let answer): return answer
        }
    }

    private func judgement(of request: PageRequest) -> FeedJudgement? {
        let halves = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.first == Substring(FeedSubscription.path) else { return nil }
        guard request.method == .GET else { return .refused(.upgradeRequired) }
        guard request.comesFromUs else { return .refused(.originRefused) }
        do {
            let query = halves.count > 1 ? String(halves[1]) : ""
            return .accepted(try FeedSubscription(query: query, newest: try source.sequence()))
        } catch let problem as TargetProblem {
            return .refused(.plain(.badRequest, problem.message))
        } catch {
            logger.warning("the store cannot be read", metadata: ["error": "\(error)"])
            return .refused(.plain(.serviceUnavailable, "The store cannot be read: \(error)"))
        }
    }
}

/// What becomes of a request for the feed.
private enum FeedJudgement {
    case accepted(FeedSubscription)
    case refused(PageResponse)
}

extension PageResponse {
    /// A plain request for the feed.
    static let upgradeRequired: PageResponse = {
        var answer = plain(
            .upgradeRequired, "This is the live feed: ask for it by WebSocket, or run signalbox watch --url.")
        answer.headers.add(name: "Upgrade", value: "websocket")
        answer.headers.add(name: "Sec-WebSocket-Version", value: "13")
        return answer
    }()
    static let originRefused = plain(
        .forbidden, "The page that asks for this is not one of this server: its Origin is not the Host it asks.")
}
