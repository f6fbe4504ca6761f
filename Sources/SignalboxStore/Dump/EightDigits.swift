/// Decimal digits eight at a time: all of them in one word, the first in its lowest byte, as they stand in memory.
enum EightDigits {
    /// Eight times the digit 0.
    static let zeros: UInt64 = 0x3030_3030_3030_3030

    /// The digits of a number below 10⁸, with zeros in front, each as its value: ``zeros`` makes them text.
    @inline(__always)
    static func values(of number: UInt64) -> UInt64 {
        // Halved three times: four digits beside four, then two beside two, then one beside one.
        let fours = number / 10_000 | (number % 10_000) << 32
        let hundreds = (fours &* 10_486) >> 20 & 0x7F_0000_007F
        let twos = hundreds | (fours &- hundreds &* 100) << 16
        let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
        return tens | (twos &- tens &* 10) << 8
    }

    /// The number that eight digits spell; a byte of zero counts as the digit 0.
    @inline(__always)
    static func number(_ text: UInt64) -> UInt64 {
        let ones = text & 0x0F0F_0F0F_0F0F_0F0F
        let twos = (ones &* 2_561) >> 8 & 0x00FF_00FF_00FF_00FF
        let fours = (twos &* 6_553_601) >> 16 & 0x0000_FFFF_0000_FFFF
        return (fours &* 42_949_672_960_001) >> 32
    }

    /// How many digits the text begins with, at most 8.
    @inline(__always)
    static func countInFront(_ text: UInt64) -> Int {
        // A digit's value has no bit of 0x80, not even when 0x76 is added; whatever else stands there has one. What is
        // carried into the byte behind does not count, for that stands behind the first that is no digit.
        let values = text ^ zeros
        let others = ((values &+ 0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080
        return others.trailingZeroBitCount / 8
    }
}
