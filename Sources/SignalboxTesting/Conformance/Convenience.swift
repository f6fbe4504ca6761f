// Tests speak in arrays; the seam speaks in spans.

public import OrderedStore

extension ReadTransaction where Self: ~Copyable {
    /// A copy of the value of `key`; nil: there is none.
    public func value(_ key: [UInt8], in bucket: Bucket) throws -> [UInt8]? {
        try get(key.span, in: bucket) { bytes in
            guard let bytes else { return nil }
            return [UInt8](bytes)
        }
    }

    /// Copies of the entries of a range.
    public func entries(
        _ bucket: Bucket, _ range: KeyRange = .all, _ order: ScanOrder = .ascending
    ) throws -> [Entry] {
        var entries: [Entry] = []
        try scan(bucket, range, order) { key, value in
            entries.append(Entry([UInt8](key), [UInt8](value)))
            return .next
        }
        return entries
    }
}

extension WriteTransaction where Self: ~Copyable {
    public mutating func put(_ key: [UInt8], _ value: [UInt8] = [], in bucket: Bucket) throws {
        try put(key.span, value.span, in: bucket)
    }

    @discardableResult
    public mutating func delete(_ key: [UInt8], in bucket: Bucket) throws -> Bool {
        try delete(key.span, in: bucket)
    }
}

/// A key and its value, copied out of a store.
public struct Entry: Hashable, Sendable {
    public let key: [UInt8]
    public let value: [UInt8]

    public init(_ key: [UInt8], _ value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// The error that bodies under test throw.
struct Refusal: Error {}
