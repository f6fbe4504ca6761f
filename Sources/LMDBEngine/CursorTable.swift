// LMDB's cursors of a write transaction: one for each bucket that it has touched. A look-up, put or delete by a cursor
// that stands near the key already needs no new way down the tree, nor a cursor to be set up.

import CLMDB
import OrderedStore

/// The cursors of one transaction, and never of one inside it or around it. LMDB moves them along when pages split or
/// join, and frees them when the transaction ends.
@safe struct CursorTable {
    private let cursors: UnsafeMutableBufferPointer<OpaquePointer?>

    init(_ environment: EnvironmentHandle) {
        unsafe cursors = .allocate(capacity: environment.databases.count)
        unsafe cursors.initialize(repeating: nil)
    }

    /// Forgets the cursors. To be called once, when the transaction is over.
    func free() { unsafe cursors.deallocate() }

    /// The cursor of `bucket`, which may stand anywhere.
    func cursor(_ bucket: Bucket, of transaction: TransactionHandle) throws -> OpaquePointer {
        precondition(
            unsafe cursors.indices.contains(bucket.index),
            "the environment was opened without the bucket \(bucket.name)")
        if let cursor = unsafe cursors[bucket.index] { return unsafe cursor }
        return unsafe try opened(bucket, transaction)
    }

    @inline(never)
    private func opened(_ bucket: Bucket, _ transaction: TransactionHandle) throws -> OpaquePointer {
        let cursor = unsafe try transaction.openCursor(bucket)
        unsafe cursors[bucket.index] = cursor
        return unsafe cursor
    }
}
