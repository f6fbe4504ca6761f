// The pages as files, for any server of files and for a folder that is opened in a browser: the same drawings of the
// same content, with links that lead from file to file. Beginning at the first page every link is followed, so that no
// page of the export leads nowhere; where the limits end it, links lead to a page that says so.

import Logging
import NIOHTTP1
public import SignalboxCore
import SignalboxStore

/// How far an export goes.
public struct StaticSiteLimits: Hashable, Sendable {
    /// Dispatches with a page of their own: those that the other pages link, first come, first served.
    public var dispatches = 1000
    /// Lists of dispatches, whole or narrowed to a state, a job or a queue.
    public var dispatchLists = 200
    /// Jobs with a page of their own.
    public var jobs = 1000
    /// Parts of the list of jobs and of the timeline.
    public var jobLists = 50

    public init() {}
}

/// Draws every page there is, within limits, for a moment in the store's life.
///
/// Each page is one snapshot, as it is when served; an export of a store that is at work shows several moments, and each
/// page says which one is its own.
public struct StaticSite {
    private let source: any StatusSource
    private let now: @Sendable () -> Now
    private let limits: StaticSiteLimits
    /// Where each page lies that is, or will be, in the export.
    private var paths: [Route: String] = [:]
    private var waiting: [Route] = []
    private var counts: [Route.Kind: Int] = [:]

    public init(
        source: any StatusSource, now: @escaping @Sendable () -> Now, limits: StaticSiteLimits = StaticSiteLimits()
    ) {
        self.source = source
        self.now = now
        self.limits = limits
    }

    /// Draws the pages one after the other.
    /// - Parameter write: is given a path without a leading slash, and what belongs there.
    /// - Returns: How many pages there were.
    public mutating func draw(_ write: (_ path: String, _ content: [UInt8]) throws -> Void) throws -> Int {
        for asset in Asset.allCases where asset != .script {
            try write(String(asset.path.dropFirst()), asset.response(known: []).body)
        }
        try write(Self.beyond, page(beyondPage, at: Self.beyond))
        let beginnings: [Route] = [
            .overview, .jobs(.init()), .dispatches(.init()), .timeline(after: nil), .workers, .queues,
        ]
        for route in beginnings { _ = path(of: route) }
        var drawn = 0
        while drawn < waiting.count {
            let route = waiting[drawn]
            let path = paths[route] ?? Self.beyond
            try write(path, page(try html(of: route), at: path))
            drawn += 1
        }
        return drawn
    }

    private func html(of route: Route) throws -> HTML {
        let now = now()
        do {
            let responder = Responder(source: source, now: self.now, hosts: .any, logger: Logger(label: "export"))
            let content = try responder.content(of: route, now)
            var stamp = SnapshotStamp(content.stamp, now: now)
            stamp.isExport = true
            return PageView(target: PageTarget(route: route, refreshes: false), stamp: stamp).page(content).html
        } catch let problem as TargetProblem {
            // What was linked a moment ago may be gone now.
            return problem.page.exported
        }
    }

    private var beyondPage: HTML {
        MessagePage(
            status: .notFound, heading: "Not in this export",
            sentence:
                "An export has at most \(countText(limits.dispatches)) dispatches, \(countText(limits.jobs)) jobs, "
                + "and \(countText(limits.dispatchLists)) lists of dispatches. The page that this link led to is none of "
                + "them; the server itself has it."
        ).exported
    }

    // MARK: Where things lie

    private static let beyond = "not-exported.html"

    private mutating func page(_ html: HTML, at path: String) -> [UInt8] {
        let climb = String(repeating: "../", count: path.count { $0 == "/" })
        return rewritingLinks(of: html) { target in
            climb + file(of: target)
        }
    }

    /// The file that a link leads to.
    private mutating func file(of target: String) -> String {
        guard let target = try? PageTarget(text: target) else { return Self.beyond }
        if case .asset(let asset) = target.route { return String(asset.path.dropFirst()) }
        return path(of: target.route)
    }

    /// The file of a page, which is drawn if it is not yet and the limits allow it.
    private mutating func path(of route: Route) -> String {
        if let known = paths[route] { return known }
        guard counts[route.kind, default: 0] < limit(of: route) else { return Self.beyond }
        counts[route.kind, default: 0] += 1
        let path = Self.name(of: route)
        paths[route] = path
        waiting.append(route)
        return path
    }

    private func limit(of route: Route) -> Int {
        switch route {
        case .overview, .workers, .queues: .max
        case .dispatch: limits.dispatches
        case .dispatches: limits.dispatchLists
        case .job: limits.jobs
        case .jobs, .timeline: limits.jobLists
        case .metrics, .health, .asset: 0
        }
    }

    /// Names of jobs may have colons, which not every file system takes; `~` stands for them, and is in no name.
    private static func name(of route: Route) -> String {
        let target = route.target.replacing(":", with: "~").dropFirst()
        guard let query = target.firstIndex(of: "?") else { return (target.isEmpty ? "index" : target) + ".html" }
        let list = target[..<query] + "," + target[target.index(after: query)...].replacing("&", with: ",")
        // A file name has 255 bytes at most.
        let name = list.utf8.count <= 200 ? String(list) : String(contentHash(list.utf8), radix: 16)
        return "lists/\(name).html"
    }
}

extension Route {
    /// What of it is counted together.
    fileprivate enum Kind { case none, page, dispatch, dispatches, job, jobs, timeline }

    fileprivate var kind: Kind {
        switch self {
        case .dispatch: .dispatch
        case .dispatches: .dispatches
        case .job: .job
        case .jobs: .jobs
        case .timeline: .timeline
        case .overview, .workers, .queues: .page
        case .metrics, .health, .asset: .none
        }
    }
}

extension MessagePage {
    /// One that does not ask again.
    fileprivate var exported: HTML {
        var stamped = self
        stamped.refreshes = false
        return stamped.page
    }
}
