import Logging
import NIOHTTP1
import SignalboxCore
import SignalboxStore
import Testing

@testable import SignalboxStatus

@Suite struct `A request for the feed` {
    private func responder(_ source: FixedSource = FixedSource()) -> Responder {
        Responder(
            source: source, now: { Fixtures.now }, hosts: HostRule(listening: .standard), logger: Logger(label: "test"))
    }

    private func request(_ target: String, origins: [String] = [], host: String = "localhost:8420") -> PageRequest {
        PageRequest(method: .GET, target: target, hosts: [host], knownTags: [], origins: origins)
    }

    @Test func `begins now, or behind the number it names`() throws {
        let begun = try #require(responder().subscription(for: request("/live")))
        #expect(begun == FeedSubscription(since: 4711, isResuming: false))
        for since in [UInt64(0), 4711] {
            let resumed = try #require(responder().subscription(for: request("/live?since=\(since)")))
            #expect(resumed == FeedSubscription(since: since, isResuming: true))
        }
        let filter = FeedFilter(
            job: try JobName("disk"), queue: try QueueName("heavy"), dispatch: DispatchID(7), state: .failed)
        let chosen = responder().subscription(
            for: request("/live?job=disk&queue=heavy&dispatch=7&state=FAILED&live=on"))
        #expect(chosen == FeedSubscription(filter: filter, since: 4711, isResuming: false, wantsLive: true))
    }

    @Test(arguments: [
        "since=4712", "since=-1", "since=x", "since=99999999999999999999", "since=1&since=2", "job=a%20b", "queue=%00",
        "dispatch=0", "state=WELL", "live=yes", "sinse=1", "since=%zz",
    ])
    func `is refused with a sentence where it makes no sense`(query: String) throws {
        let request = request("/live?\(query)")
        #expect(responder().subscription(for: request) == nil)
        let answer = try #require(responder().feedAnswer(to: request))
        #expect(answer.status == .badRequest)
        #expect(String(decoding: answer.body, as: UTF8.self).hasSuffix(".\n"))
    }

    @Test func `is refused to a stranger's page, and under a stranger's name`() throws {
        for origins in [["http://evil.example"], ["null"], ["http://localhost:8420", "http://localhost:8420"]] {
            let request = request("/live", origins: origins)
            #expect(responder().subscription(for: request) == nil)
            #expect(responder().response(to: request).status == .forbidden)
        }
        #expect(responder().subscription(for: request("/live", origins: ["http://localhost:8420"])) != nil)
        let rebound = request("/live", origins: ["http://evil.example"], host: "evil.example")
        #expect(responder().subscription(for: rebound) == nil)
        #expect(responder().response(to: rebound).status == .misdirectedRequest)
    }

    @Test func `that is no upgrade is told how to ask, and a store that cannot be read is said`() {
        #expect(responder().response(to: request("/live")).status == .upgradeRequired)
        var source = FixedSource()
        source.error = FixedError(description: "the disk is gone")
        #expect(responder(source).subscription(for: request("/live")) == nil)
        #expect(responder(source).response(to: request("/live")).status == .serviceUnavailable)
        #expect(responder().feedAnswer(to: request("/liver")) == nil)
    }
}
