import SignalboxCore
import Testing

@Suite struct `The text of a duration` {
    @Test(
        arguments: [
            ("500ms", .milliseconds(500)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("1h30m", .seconds(5_400)),
            ("2d", .seconds(172_800)), ("1w", .seconds(604_800)), ("0s", .zero), (" 90s ", .seconds(90)),
            ("1s500ms", .milliseconds(1_500)), ("7us", .microseconds(7)),
        ] as [(String, Duration)])
    func `is read by its units`(text: String, expected: Duration) throws {
        #expect(try Duration(text: text) == expected)
    }

    @Test(
        arguments: [
            (.seconds(90), "1m30s"), (.milliseconds(1_500), "1s500ms"), (.seconds(864_000), "10d"),
            (.seconds(1_209_600), "2w"),
            (.zero, "0s"), (.seconds(-5), "-5s"), (.seconds(93_784), "1d2h3m4s"),
        ] as [(Duration, String)])
    func `is short and in order`(duration: Duration, expected: String) {
        #expect(duration.text == expected)
    }

    @Test func `without a unit is refused with the units there are`() {
        let error = #expect(throws: TimeTextError.self) { try Duration(text: "10") }
        #expect(error?.code == .unitMissing)
        #expect(error?.message.contains("w, d, h, m, s, ms or us") == true)
    }

    @Test(arguments: [
        "", "s", "10 s", "1.5h", "-5s", "5x", "5M", "30m1h", "5m5m", "99999999999999999s", "11000d", "1h 30m",
    ])
    func `that says nothing certain is refused`(text: String) {
        #expect(throws: TimeTextError.self) { try Duration(text: text) }
    }

    @Test func `is held to narrower limits where asked`() {
        let error = #expect(throws: TimeTextError.self) {
            try Duration(text: "0s", in: .seconds(1) ... .seconds(3_600))
        }
        #expect(error?.code == .outOfRange)
        #expect(error?.message.contains("from 1s to 1h") == true)
    }

    @Test func `reads back what was written`() throws {
        var random = Seeded(state: 2)
        for _ in 0..<2_000 {
            let bits = Int64.random(in: 0...48, using: &random)
            let duration = Duration.microseconds(Int64.random(in: 0...(1 << bits), using: &random))
            #expect(try Duration(text: duration.text) == duration)
        }
    }
}
