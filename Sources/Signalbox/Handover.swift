// The bytes of a dump go a long way: made, hashed, written; or read, hashed, taken apart, put into the store. With threads of
// their own the stations of that way work at the same time, each on a piece; and of a dump of any size only the few pieces
// are in memory that lie between them.

import LMDBEngine

/// Where one thread puts what it has done its part on, and another one takes it, in the same order.
final class Handover<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        var isOver = false
        var failure: (any Error)?
    }

    private let state = Monitor(State())
    private let room: Int

    /// - Parameter room: so many lie there at most; who brings another one waits.
    init(room: Int) { self.room = room }

    /// - Throws: what the other thread has failed with.
    func put(_ element: Element) throws {
        try state.when({ $0.waiting.count < room || $0.failure != nil }) { state in
            if let failure = state.failure { throw failure }
            state.waiting.append(element)
        }
    }

    /// The next one; nil when no other comes.
    /// - Throws: what the other thread has failed with, when all that it had brought before was taken.
    func take() throws -> Element? {
        try state.when({ !$0.waiting.isEmpty || $0.isOver || $0.failure != nil }) { state in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            if let failure = state.failure { throw failure }
            return nil
        }
    }

    /// No other comes.
    func end() { state.withLock { $0.isOver = true } }

    /// Neither thread is to go on. The first error counts.
    func fail(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }
}

/// Pieces that one thread fills and another one empties, going round between the two: their memory is used again.
struct Round<Piece: Sendable>: Sendable {
    let full = Handover<Piece>(room: 2)
    let empty = Handover<Piece>(room: 3)

    /// Empties every piece that comes, on the thread of who calls it.
    func emptyAll(_ body: (inout Piece) throws -> Void) {
        do {
            while var piece = try full.take() {
                try body(&piece)
                try empty.put(consume piece)
            }
            empty.end()
        } catch {
            fail(error)
        }
    }

    func fail(_ error: any Error) {
        full.fail(error)
        empty.fail(error)
    }

    /// No other is filled: waits until all are empty.
    func finish() throws {
        full.end()
        while try empty.take() != nil {}
    }
}
