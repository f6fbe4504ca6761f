import Testing

@testable import SignalboxStore

@Suite struct `SHA-256` {
    /// The vectors of FIPS 180-4 and NESSIE; each by the processor's instructions where there are any, and without.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]) func `of known texts is what the standard says`(text: String, digest: String) {
        #expect(hash(Array(text.utf8), byInstructions: false) == digest)
        if SHA256.hasInstructions { #expect(hash(Array(text.utf8), byInstructions: true) == digest) }
    }

    @Test func `is the same however the bytes come, with and without instructions`() {
        var random = SplitMix(state: 7)
        let bytes = (0..<1000).map { _ in random.byte() }
        for size in 0...200 {
            let whole = hash(Array(bytes.prefix(size)), byInstructions: false)
            var pieces = SHA256()
            var rest = bytes.prefix(size)
            while !rest.isEmpty {
                let part = Array(rest.prefix(Int.random(in: 1...70, using: &random)))
                pieces.add(part.span)
                rest = rest.dropFirst(part.count)
            }
            #expect(pieces.hexadecimalDigest == whole, "\(size) bytes")
        }
    }

    private func hash(_ bytes: [UInt8], byInstructions: Bool) -> String {
        var hash = SHA256(byInstructions: byInstructions)
        hash.add(bytes.span)
        return hash.hexadecimalDigest
    }
}
