import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A record` {
    private static let samples = RecordSamples.all

    @Test(arguments: samples) func `reads back as it was written`(sample: RecordSample) throws {
        #expect(try sample.roundTrip(sample.bytes))
    }

    @Test(arguments: samples)
    func `with any bit changed, any byte missing or more, or another key is not believed`(sample: RecordSample) throws {
        for index in sample.bytes.indices {
            for bit in 0..<8 {
                var changed = sample.bytes
                changed[index] ^= 1 << UInt8(bit)
                #expect(throws: RecordFault.self, "byte \(index), bit \(bit)") { try sample.read(changed, sample.key) }
            }
            #expect(throws: RecordFault.self) { try sample.read(Array(sample.bytes.prefix(index)), sample.key) }
        }
        #expect(throws: RecordFault.checksum) { try sample.read(sample.bytes + [0], sample.key) }
        #expect(throws: RecordFault.checksum) { try sample.read(sample.bytes, Key.name("another")) }
    }

    @Test(arguments: samples)
    func `of another layout, or with bytes left over, is refused though its checksum is right`(
        sample: RecordSample
    ) throws {
        let body = sample.bytes.dropLast(4)
        let longer = sealed(body + [0], sample.key)
        #expect(throws: RecordFault.shape) { try sample.read(longer, sample.key) }
        let newer = sealed([9] + body.dropFirst(), sample.key)
        #expect(throws: RecordFault.layout(9)) { try sample.read(newer, sample.key) }
    }

    /// Aim: a record that another program wrote is an error or a value, never a crash. Method: bytes drawn at random,
    /// and real records with some bytes drawn anew, both with a right checksum; what can be read must be writable.
    @Test(arguments: samples) func `of any bytes with a right checksum never traps`(sample: RecordSample) {
        var random = SplitMix(state: UInt64(sample.bytes.count))
        for round in 0..<3000 {
            var body = Array(sample.bytes.dropLast(4))
            if round % 3 == 0 {
                body = [body[0]] + (0..<Int.random(in: 0...200, using: &random)).map { _ in random.byte() }
            } else {
                for _ in 0...Int.random(in: 0...4, using: &random) {
                    guard body.count > 1 else { break }
                    let index = Int.random(in: 1..<body.count, using: &random)
                    body[index] = [0, 0xFF, 0x80, 0x7F, random.byte()].randomElement(using: &random)!
                }
                if round % 5 == 0 { body.removeLast(Int.random(in: 0..<body.count, using: &random)) }
            }
            guard !body.isEmpty else { continue }
            _ = try? sample.rewrite(sealed(body, sample.key))
        }
    }

    @Test func `has a checksum that other programs can work out`() {
        #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(checksum([]) == 0)
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    }

    /// Raise `StoreHeader.currentFormat` when this fails.
    @Test func `of a dispatch has the bytes that are drawn in the Layout article`() throws {
        let dispatch = try #require(Self.samples.first { $0.name == "dispatch" })
        let beginning: [UInt8] = [4, 0xF5, 0x1F, 0x3F, 0, 3, 0, 100, 0, 0, 1, 2, 0, 5, 0, 3, 0, 0, 0]
        #expect(Array(dispatch.bytes.prefix(19)) == beginning)
        #expect(dispatch.bytes.count == 169 + "nightly".count + "default".count)
    }

    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32C()
        crc.add(bytes.span)
        return crc.value
    }
}

/// `body` with the checksum that belongs to it.
private func sealed(_ body: some Sequence<UInt8>, _ key: Key) -> [UInt8] {
    let body = Array(body)
    var crc = CRC32C()
    crc.add(key.bytes.span)
    crc.add(body.span)
    return body + (0..<4).map { UInt8(truncatingIfNeeded: crc.value >> UInt32($0 * 8)) }
}

/// A value of one kind of record, without its type.
struct RecordSample: Sendable, CustomTestStringConvertible {
    let name: String
    let key: Key
    let bytes: [UInt8]
    /// Throws what reading throws.
    let read: @Sendable ([UInt8], Key) throws -> Void
    /// Reads, and writes what was read.
    let rewrite: @Sendable ([UInt8]) throws -> [UInt8]

    var testDescription: String { name }

    init<Value: Record & SendableMetatype>(_ name: String, _ value: Value, under key: Key) {
        self.name = name
        self.key = key
        bytes = value.record(under: key)
        read = { bytes, key in
            let name = key.bytes
            _ = try Value(record: bytes.span, key: name.span)
        }
        rewrite = { bytes in
            let name = key.bytes
            return try Value(record: bytes.span, key: name.span).record(under: key)
        }
    }

    func roundTrip(_ bytes: [UInt8]) throws -> Bool { try rewrite(bytes) == bytes }
}

/// A generator whose every run is the same.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
