import SignalboxCore
import Testing

@Suite struct `A duration in microseconds` {
    @Test(
        arguments: [
            (Duration.zero, 0), (.nanoseconds(999), 0), (.nanoseconds(1000), 1), (.nanoseconds(1999), 1),
            (.nanoseconds(-1999), -1), (.seconds(-3), -3_000_000), (.microseconds(37_778_931_862), 37_778_931_862),
            (.microseconds(37_778_931_863), 37_778_931_863), (.microseconds(Int64.max), Int64.max),
            (.microseconds(Int64.min), Int64.min), (.seconds(Int64.max), Int64.max), (.seconds(Int64.min), Int64.min),
        ] as [(Duration, Int64)])
    func `drops what is less than one, and is clamped to 64 bits`(duration: Duration, count: Int64) {
        #expect(duration.microseconds == count)
    }

    @Test func `is exact on both sides of every power of two`() {
        for power in 0..<62 {
            for count in [(1 << power) - 1, 1 << power, (1 << power) + 1] as [Int64] {
                #expect(Duration.microseconds(count).microseconds == count)
                #expect((Duration.microseconds(count) + .nanoseconds(999)).microseconds == count)
                #expect((Duration.microseconds(count + 1) - .nanoseconds(1)).microseconds == count)
            }
        }
    }
}
