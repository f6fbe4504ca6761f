internal import CProcessor

/// SHA-256 (FIPS 180-4), for the footer of a dump: anybody can compare it with `sha256sum`.
struct SHA256 {
    private var state = processor_sha256(
        words: (
            0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19
        ))
    /// The beginning of a block that is not full yet.
    private var rest = InlineArray<64, UInt8>(repeating: 0)
    private var restCount = 0
    private var count: UInt64 = 0
    private let byInstructions: Bool

    /// - Parameter byInstructions: only where the processor has them.
    init(byInstructions: Bool = hasInstructions) { self.byInstructions = byInstructions }

    static let hasInstructions = processor_has_sha256()

    mutating func add(_ bytes: Span<UInt8>) {
        count += UInt64(bytes.count)
        var index = 0
        if restCount > 0 {
            while restCount < 64, index < bytes.count {
                rest[restCount] = bytes[index]
                (restCount, index) = (restCount + 1, index + 1)
            }
            guard restCount == 64 else { return }
            state = step(state, rest.span, at: 0)
            restCount = 0
        }
        while byInstructions, index <= bytes.count &- 256 {
            state = fourSteps(state, bytes, at: index)
            index &+= 256
        }
        while index <= bytes.count &- 64 {
            state = step(state, bytes, at: index)
            index &+= 64
        }
        while index < bytes.count {
            rest[restCount] = bytes[index]
            (restCount, index) = (restCount + 1, index + 1)
        }
    }

    @inline(__always)
    private func step(_ state: processor_sha256, _ bytes: Span<UInt8>, at start: Int) -> processor_sha256 {
        let block = block(bytes, at: start)
        return byInstructions
            ? processor_sha256_by_instructions(state, block) : processor_sha256_portable(state, block)
    }

    @inline(__always)
    private func fourSteps(_ state: processor_sha256, _ bytes: Span<UInt8>, at start: Int) -> processor_sha256 {
        let bytes = bytes.extracting(droppingFirst: start).extracting(first: 256)
        let blocks = processor_four_blocks(
            first: block(bytes, at: 0), second: block(bytes, at: 64), third: block(bytes, at: 128),
            fourth: block(bytes, at: 192))
        return processor_sha256_four_by_instructions(state, blocks)
    }

    @inline(__always)
    private func block(_ bytes: Span<UInt8>, at start: Int) -> processor_block {
        let bytes = bytes.extracting(droppingFirst: start).extracting(first: 64)
        return processor_block(
            words: (
                bytes.number64(at: 0), bytes.number64(at: 8), bytes.number64(at: 16), bytes.number64(at: 24),
                bytes.number64(at: 32), bytes.number64(at: 40), bytes.number64(at: 48), bytes.number64(at: 56)
            ))
    }

    /// The digest of everything added so far, as 64 digits of base 16.
    var hexadecimalDigest: String {
        var padded = self
        let bits = count * 8
        let zeros = (119 - restCount) % 64
        var end: [UInt8] = [0x80] + [UInt8](repeating: 0, count: zeros)
        for index in 0..<8 { end.append(UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * index))) }
        padded.add(end.span)
        let words = padded.state.words
        return [words.0, words.1, words.2, words.3, words.4, words.5, words.6, words.7].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.utf8.count) + digits
        }.joined()
    }
}
