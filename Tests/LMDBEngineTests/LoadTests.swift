import Glibc
import LMDBEngine
import OrderedStore
import Testing

@Suite struct `Loading a store` {
    private static let buckets = [Bucket(0, "one"), Bucket(1, "two")]

    private func open(_ path: String) throws -> Environment {
        try Environment.open(at: path, buckets: Self.buckets, access: .readWrite)
    }

    /// Method: some 40 MB, so that the map has to grow several times; keys in order, and out of it.
    @Test func `holds everything that was put, in the order of keys, however large it is`() throws {
        try withPath { path in
            let value = [UInt8](repeating: 7, count: 1000)
            try Environment.load(at: path, buckets: Self.buckets) { loading in
                for number in 0..<40_000 {
                    try loading.put(key(number).span, value.span, in: Self.buckets[0])
                    if number.isMultiple(of: 40) {
                        try loading.put(key(100_000 - number).span, key(number).span, in: Self.buckets[1])
                    }
                }
            }
            let store = try open(path)
            #expect(try store.information().buckets.map(\.entries) == [40_000, 1000])
            var (next, last) = (0, 0)
            try store.read { transaction in
                try transaction.scan(Self.buckets[0], .all, .ascending) { found, _ in
                    #expect(bytes(found) == key(next))
                    next += 1
                    return .next
                }
                try transaction.scan(Self.buckets[1], .all, .ascending) { found, value in
                    #expect(bytes(value) == key(39_960 - 40 * last))
                    last += 1
                    return .next
                }
            }
            #expect(next == 40_000 && last == 1000)
        }
    }

    @Test func `reads what was flushed, and the last value put counts`() throws {
        try withPath { path in
            try Environment.load(at: path, buckets: Self.buckets) { loading in
                try loading.put(key(1).span, key(1).span, in: Self.buckets[0])
                try loading.flush()
                let found = try loading.environment.read { try $0.get(key(1).span, in: Self.buckets[0]) { $0?.count } }
                #expect(found == 8)
                try loading.put(key(1).span, Span(), in: Self.buckets[0])
            }
            let count = try open(path).read { try $0.get(key(1).span, in: Self.buckets[0]) { $0?.count } }
            #expect(count == 0)
        }
    }

    private struct Refusal: Error {}

    @Test func `leaves nothing when it fails`() throws {
        try withPath { path in
            #expect(throws: Refusal.self) {
                try Environment.load(at: path, buckets: Self.buckets) { loading in
                    try loading.put(key(1).span, Span(), in: Self.buckets[0])
                    try loading.flush()
                    throw Refusal()
                }
            }
            let left = try directoryListing(parent(of: path))
            #expect(left.isEmpty)
        }
    }

    @Test func `is refused where a store is already, and leaves that alone`() throws {
        try withPath { path in
            try Environment.load(at: path, buckets: Self.buckets) {
                try $0.put(key(1).span, Span(), in: Self.buckets[0])
            }
            let error = #expect(throws: EnvironmentError.self) {
                try Environment.load(at: path, buckets: Self.buckets) { _ in Issue.record("it began") }
            }
            #expect(error?.code == .occupied)
            #expect(try open(path).information().buckets[0].entries == 1)
        }
    }

    @Test func `takes the place of an empty folder`() throws {
        try withPath { path in
            #expect(mkdir(path, 0o755) == 0)
            try Environment.load(at: path, buckets: Self.buckets) {
                try $0.put(key(1).span, Span(), in: Self.buckets[0])
            }
            #expect(try open(path).information().buckets[0].entries == 1)
        }
    }
}

/// The path of a store that is to be.
private func withPath(_ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { try body($0 + "/store") }
}

private func key(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }

private func bytes(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }

private func parent(of path: String) -> String { String(path[..<path.lastIndex(of: "/")!]) }
