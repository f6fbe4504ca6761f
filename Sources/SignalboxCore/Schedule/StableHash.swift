/// A hash that is the same in every process, on every machine and in every release: what `~` draws from, and what tells
/// one version of a zone from another. FNV-1a, with a finaliser that spreads short texts. It protects against nothing.
struct StableHash: Sendable {
    private var state: UInt64

    init(seed: UInt64 = 0) { state = 0xCBF2_9CE4_8422_2325 ^ seed }

    mutating func combine(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }

    mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte) }
    }

    var value: UInt64 {
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
