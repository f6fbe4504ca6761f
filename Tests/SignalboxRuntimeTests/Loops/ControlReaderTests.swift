import SignalboxCore
@testable import SignalboxRuntime
import Testing

@Suite struct `A reader of control lines` {
    @Test func `puts lines together that come in pieces`() {
        var reader = ControlReader()
        var found: [ControlLine] = []
        for byte in Array("ping\nnonsense\nsnooze 5m\n\ntag a=b".utf8) { found += reader.lines(in: [byte]) }
        #expect(found == [.ping, .snooze(.seconds(300))])
        #expect(reader.lastLine() == .tag(name: "a", value: "b"))
        #expect(reader.lastLine() == nil)
    }

    @Test func `leaves out lines without end, and keeps nothing of them`() {
        var reader = ControlReader()
        let flood = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
        for _ in 1...100 { #expect(reader.lines(in: flood[...]).isEmpty) }
        #expect(reader.lines(in: Array("\nping\n".utf8)[...]) == [.ping])
        #expect(reader.overlongLines == 1)
    }
}
