import NIOCore
import SignalboxCore
import SignalboxStore
import Testing

@testable import SignalboxStatus

private func change(
    _ id: UInt64, job: String? = nil, queue: String = "default", _ from: DispatchState? = nil,
    _ to: DispatchState = .pending
) throws -> DispatchChange {
    DispatchChange(
        id: DispatchID(id), job: try job.map { try JobName($0) }, queue: try QueueName(queue), from: from, to: to,
        attempt: 2)
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct `The text of the feed` {
    @Test func `is the JSON that a frame has anywhere else`() throws {
        for changes in [
            [], [try change(1)], [try change(2, job: "disk", queue: "heavy", .blocked, .failed), try change(3)],
        ] {
            let frame = FeedFrame(sequence: 4711, at: Fixtures.now.wall, changes: changes)
            #expect(FeedText.texts(of: frame).map(text) == [text(try jsonText(frame))])
        }
    }

    @Test func `of a long transaction is cut, and says that more comes`() throws {
        let changes = try (1...20_000).map { try change($0, job: "disk") }
        let texts = FeedText.texts(of: FeedFrame(sequence: 9, at: Fixtures.now.wall, changes: changes))
        #expect(texts.count > 1)
        #expect(texts.allSatisfy { $0.count < 1 << 20 })
        #expect(texts.dropLast().allSatisfy { text($0).hasSuffix(#"],"more":true,"seq":9,"txn":9}"#) })
        #expect(text(texts.last ?? []).hasSuffix(#"],"seq":9,"txn":9}"#))
        let ids = texts.flatMap { text($0).matches(of: /"id":([0-9]+)/).map { UInt64($0.1) } }
        #expect(ids == (1...20_000).map { UInt64($0) })
    }

    @Test func `names a place, a gap and what runs`() {
        #expect(text(FeedText.place(7)) == #"{"changes":[],"seq":7,"txn":7}"#)
        let part = FeedPart(
            frames: [FeedFrame(sequence: 40, at: .epoch, changes: [])], newest: 50, next: 50, hasGap: true,
            hasMore: false)
        #expect(FeedText.reset(before: part).map(text) == #"{"reset":true,"seq":39}"#)
        let live = LiveChanges(dispatches: [DispatchID(3), DispatchID(2)], workers: [WorkerID(1)])
        #expect(text(FeedText.live(live)) == #"{"dispatches":[2,3],"live":true,"workers":[1]}"#)
    }
}

@Suite struct `A filter of the feed` {
    @Test func `leaves the changes that match all of it`() throws {
        let changes = [
            try change(1, job: "disk"), try change(2, job: "disk", queue: "heavy", .inProgress, .failed),
            try change(3, .pending, .inProgress),
        ]
        let frame = FeedFrame(sequence: 1, at: .epoch, changes: changes)
        func ids(_ filter: FeedFilter) -> [UInt64]? { filter.applied(to: frame)?.changes.map(\.id.number) }
        #expect(ids(FeedFilter()) == [1, 2, 3])
        #expect(ids(FeedFilter(job: try JobName("disk"))) == [1, 2])
        #expect(ids(FeedFilter(queue: .standard)) == [1, 3])
        #expect(ids(FeedFilter(dispatch: DispatchID(3))) == [3])
        #expect(ids(FeedFilter(state: .inProgress)) == [2, 3])
        #expect(ids(FeedFilter(job: try JobName("disk"), state: .failed)) == [2])
        #expect(ids(FeedFilter(job: try JobName("none"))) == nil)
    }
}

@Suite struct `The ring of newest frames` {
    private func entry(_ sequence: UInt64) throws -> FeedRing.Entry {
        FeedRing.Entry(FeedFrame(sequence: sequence, at: .epoch, changes: [try change(1)]))
    }

    @Test func `finds the place behind a number, however numbers are left out`() throws {
        var ring = FeedRing(start: 10)
        ring.append(try [12, 15, 16].map(entry))
        #expect([10, 11, 12, 14, 15, 16, 99].map { ring.place(after: $0) } == [0, 0, 1, 1, 2, 3, 3])
        #expect(ring.place(after: 9) == nil)
        #expect(ring[1].frame.sequence == 15)
    }

    @Test func `drops the oldest for new ones, by number and by bytes, and keeps what came together`() throws {
        let size = try entry(1).size
        for limits in [FeedRing.Limits(frames: 3, bytes: .max), .init(frames: .max, bytes: 3 * size)] {
            var ring = FeedRing(limits: limits, start: 0)
            for sequence in UInt64(1)...5 { ring.append([try entry(sequence)]) }
            #expect((ring.first, ring.end, ring.start) == (2, 5, 2))
            #expect(ring[2].frame.sequence == 3)
            #expect(ring.place(after: 1) == nil)
            ring.append(try (6...15).map(entry))
            #expect((ring.first, ring.end, ring.start) == (5, 15, 5))
        }
    }
}

@Suite struct `The Origin of a request` {
    @Test(arguments: [
        ("http://localhost:8420", "localhost:8420", true), ("http://LOCALHOST:8420", "localhost:8420", true),
        ("https://box.example", "box.example", true), ("https://box.example", "box.example:443", true),
        ("http://[::1]:8420", "[::1]:8420", true), ("http://box.example:80", "box.example", true),
        ("http://localhost:8421", "localhost:8420", false), ("http://evil.example", "localhost:8420", false),
        ("null", "localhost:8420", false), ("", "localhost:8420", false), ("http://", "", false),
        ("file://localhost:8420", "localhost:8420", false), ("localhost:8420", "localhost:8420", false),
        ("http://localhost:8420@evil.example", "localhost:8420", false),
        ("https://box.example", "box.example:80", false),
    ])
    func `must be the Host`(origin: String, host: String, isAllowed: Bool) {
        #expect(OriginRule.allows(origin, host: host) == isAllowed)
    }
}
