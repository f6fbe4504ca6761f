// What it costs that the store forgets: lives where each that ends lets another go, a walk over a store of which much has
// to go, and how long others wait for their turn meanwhile.
import Glibc
import SignalboxCore
import SignalboxStore
import Synchronization

extension Subject {
    /// Lives in a store that holds `filled` dispatches which have succeeded, and of those keeps what `keep` says.
    func live(_ count: Int, batch: Int, limit: Duration, filled: Int, keep: String) throws {
        try fill(filled, output: 0)
        try store.setRetention(.unset, enqueued: KeepPolicy(text: keep), now: present())
        try live(count, batch: batch, limit: limit)
    }

    /// Takes away all of `count` dispatches, each of which has printed so many bytes.
    func prune(_ count: Int, output: Int) throws {
        try fill(count, output: output)
        say("ready")
        guard readLine() != nil else { exit(1) }
        try store.setRetention(.unset, enqueued: KeepPolicy(text: "success: 0"), now: present())
        var (meter, slices) = (Meter(), [Int64]())
        var (walk, pace) = (PruneWalk(), PrunePace { present().boot })
        let bytes = bytesWritten()
        try meter.measure {
            while !walk.isDone {
                let began = nanoseconds(CLOCK_MONOTONIC)
                walk = try store.prune(walk, at: &pace, now: present())
                slices.append(nanoseconds(CLOCK_MONOTONIC) - began)
            }
        }
        guard walk.total == count else { throw StoreMismatch(found: walk.total, wanted: count) }
        say(
            "{\"count\":\(count),\"slices\":\(Percentiles(slices).json),\(meter.json("prune")),"
                + "\"written\":\(bytesWritten() - bytes)}")
    }

    /// Enqueues one after the other, from one line on standard input until the next, and says how long each took.
    func enqueuePatiently() throws {
        say("ready")
        guard readLine() != nil else { exit(1) }
        let isDone = Mutex(false)
        let listener = Thread {
            _ = readLine()
            isDone.withLock { $0 = true }
        }
        var times: [Int64] = []
        while !isDone.withLock({ $0 }) {
            let began = nanoseconds(CLOCK_MONOTONIC)
            _ = try store.enqueue(Self.item, now: present())
            times.append(nanoseconds(CLOCK_MONOTONIC) - began)
        }
        listener.join()
        say("{\"enqueues\":\(Percentiles(times).json)}")
    }

    private func fill(_ count: Int, output: Int) throws {
        let worker = try store.registeredWorker()
        let lines =
            output == 0
            ? []
            : [
                OutputLine(
                    stream: .standardOutput, offset: .zero, bytes: Array(repeating: 0x2e, count: output - 1) + [0x0a])
            ]
        for done in stride(from: 0, to: count, by: 1000) {
            let part = min(1000, count - done)
            _ = try store.enqueue(Array(repeating: Self.item, count: part), now: present())
            let claimed = try store.round(worker, [], slots: part)
            let results = claimed.map { item in
                var result = item.success
                result.output = lines
                return result
            }
            _ = try store.round(worker, results, slots: 0)
        }
    }
}

/// How long something took that was done again and again.
private struct Percentiles {
    private let times: [Int64]

    /// - Parameter times: in nanoseconds.
    init(_ times: [Int64]) { self.times = times.sorted() }

    /// Their number, and microseconds.
    var json: String {
        let parts = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("highest", 1)].map { name, part in
            "\"\(name)\":\(times.isEmpty ? 0 : Double(times[min(times.count - 1, Int(Double(times.count) * part))]) / 1000)"
        }
        return "{\"count\":\(times.count),\(parts.joined(separator: ","))}"
    }
}
