internal import CProcessor

/// The checksum of every record: CRC-32 with Castagnoli's polynomial. By the processor's own instructions where it has
/// them, else by tables; both eight bytes a step.
struct CRC32C {
    private var state: UInt32 = ~0

    /// The checksum of everything added so far.
    var value: UInt32 { ~state }

    @inline(__always)
    mutating func add(_ bytes: Span<UInt8>) {
        if Self.hasInstructions { addByInstructions(bytes) } else { addByTables(bytes) }
    }

    static let hasInstructions = processor_has_crc32c()

    /// Only where the processor has them.
    mutating func addByInstructions(_ bytes: Span<UInt8>) {
        var (crc, rest) = (state, bytes)
        while rest.count >= 32 {
            let step = rest.extracting(first: 32)
            crc = processor_crc32c_four(
                crc, step.number64(at: 0), step.number64(at: 8), step.number64(at: 16), step.number64(at: 24))
            rest = rest.extracting(droppingFirst: 32)
        }
        while rest.count >= 8 {
            crc = processor_crc32c(crc, rest.number64(at: 0))
            rest = rest.extracting(droppingFirst: 8)
        }
        var last: UInt64 = 0
        for index in rest.indices { last |= UInt64(rest[index]) &<< UInt64(8 &* index) }
        state = processor_crc32c_last(crc, last, Int32(rest.count))
    }

    mutating func addByTables(_ bytes: Span<UInt8>) {
        let table = Self.table.span
        var (crc, index) = (state, 0)
        while index <= bytes.count &- 8 {
            let word = bytes.number64(at: index) ^ UInt64(crc)
            crc = 0
            for byte in 0..<8 {
                crc ^= table[(7 - byte) << 8 | Int(truncatingIfNeeded: word >> UInt64(8 * byte)) & 0xFF]
            }
            index += 8
        }
        while index < bytes.count {
            crc = table[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc >> 8)
            index += 1
        }
        state = crc
    }

    /// Eight tables of 256: the k-th is the effect of a byte that stands k bytes before the end of a step.
    private static let table: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            table[byte] = crc
        }
        for index in 256..<8 * 256 {
            let before = table[index - 256]
            table[index] = table[Int(before & 0xFF)] ^ before >> 8
        }
        return table
    }()
}
