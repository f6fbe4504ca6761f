import SignalboxCore
import SignalboxStatus
@testable import SignalboxStore
import Testing

@Suite struct `A frame of the feed` {
    @Test func `has the names that the manual promises`() throws {
        let change = DispatchChange(
            id: DispatchID(7), job: try JobName("disk"), queue: .standard, from: nil, to: .pending, attempt: 0)
        let frame = FeedFrame(sequence: 3, at: .epoch, changes: [change])
        let expected =
            #"{"changes":[{"at":"1970-01-01T00:00:00.000000Z","attempt":0,"from":null,"id":7,"#
            + #""job":"disk","queue":"default","to":"PENDING"}],"seq":3,"txn":3}"#
        #expect(String(decoding: try jsonText(frame), as: UTF8.self) == expected)
    }
}
