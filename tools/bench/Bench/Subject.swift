import Glibc
import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxStore

/// The store that is measured, and the work it is given: jobs that do nothing, in the standard queue.
struct Subject {
    typealias Store = JobStore<Environment>

    let store: Store
    static let queues: [QueueName] = [.standard]
    static let item = Enqueuing(
        request: Request(command: .program(["/bin/true"]), timeout: Enqueuing.standardTimeout))

    init(_ options: Options) throws {
        let path = options.text("store")
        try Environment.create(at: path, buckets: Buckets.all) { transaction in
            // The same work as in C is measured, which removes nothing.
            try Store.initialise(
                &transaction, storeID: String(repeating: "0", count: 32), keep: .forever, keepEnqueued: .forever)
        }
        store = try Store(
            engine: Environment.open(at: path, buckets: Buckets.all, access: .readWrite, durability: .full), live: nil)
    }

    func insert(_ count: Int, batch: Int) throws {
        let items = Array(repeating: Self.item, count: batch)
        let bytes = bytesWritten()
        var meter = Meter()
        try meter.measure {
            for done in stride(from: 0, to: count, by: batch) {
                _ = try store.enqueue(Array(items.prefix(count - done)), now: present())
            }
        }
        say("{\"count\":\(count),\(meter.json("enqueue")),\"written\":\(bytesWritten() - bytes)}")
    }

    /// Enqueue, claim and finish `batch` at a time, three transactions; what waits already is claimed first.
    func live(_ count: Int, batch: Int, limit: Duration) throws {
        let worker = try store.registeredWorker()
        let items = Array(repeating: Self.item, count: batch)
        var (enqueueing, claiming, finishing) = (Meter(), Meter(), Meter())
        let bytes = bytesWritten()
        let deadline = nanoseconds(CLOCK_MONOTONIC) + limit.nanoseconds
        var done = 0
        while done < count, nanoseconds(CLOCK_MONOTONIC) < deadline {
            try enqueueing.measure {
                if batch == 1 {
                    _ = try store.enqueue(Self.item, now: present())
                } else {
                    _ = try store.enqueue(items, now: present())
                }
            }
            let claimed = try claiming.measure { try store.round(worker, [], slots: batch) }
            _ = try finishing.measure { try store.round(worker, claimed.map(\.success), slots: 0) }
            done += batch
        }
        let parts = [enqueueing.json("enqueue"), claiming.json("claim"), finishing.json("complete")]
        say("{\"count\":\(done),\(parts.joined(separator: ",")),\"written\":\(bytesWritten() - bytes)}")
    }

    /// Empties the queue: what was claimed is finished in the transaction that claims the next.
    func drain(batch: Int) throws {
        let worker = try store.registeredWorker()
        say("ready")
        guard readLine() != nil else { exit(1) }
        var meter = Meter()
        var done = 0
        let (bytes, began) = (bytesWritten(), nanoseconds(CLOCK_MONOTONIC))
        try meter.measure {
            var claimed: [ClaimedDispatch] = []
            repeat {
                done += claimed.count
                claimed = try store.round(worker, claimed.map(\.success), slots: batch)
            } while !claimed.isEmpty
        }
        let times = "\"began\":\(began),\"ended\":\(nanoseconds(CLOCK_MONOTONIC))"
        say("{\"count\":\(done),\(times),\(meter.json("drain")),\"written\":\(bytesWritten() - bytes)}")
    }

    /// Enqueues from several threads at once, each one by one.
    func gather(_ count: Int, callers: Int) throws {
        let bytes = bytesWritten()
        var meter = Meter()
        meter.measure {
            let threads = (0..<callers).map { _ in
                Thread { [store] in
                    for _ in 0..<count / callers {
                        do { _ = try store.enqueue(Self.item, now: present()) } catch { fatalError("\(error)") }
                    }
                }
            }
            for thread in threads { thread.join() }
        }
        say("{\"count\":\(count / callers * callers),\(meter.json("enqueue")),\"written\":\(bytesWritten() - bytes)}")
    }

    func showOverview(_ count: Int) throws {
        var meter = Meter()
        var shown = 0
        try meter.measure { for _ in 0..<count { shown += try store.overview().recent.count } }
        say("{\"count\":\(count),\"shown\":\(shown),\(meter.json("page"))}")
    }
}

extension JobStore {
    func registeredWorker() throws -> WorkerID {
        let now = present()
        let id = try newWorkerID(now: now)
        let registration = WorkerRegistration(
            id: id, name: "bench-\(getpid())", process: ProcessIdentity(pid: getpid(), startTicks: 0),
            bootID: now.bootID, host: "bench", queues: Subject.queues, slots: 1, version: "bench", startedAt: now.wall)
        try register(registration, now: now)
        return id
    }

    func round(_ worker: WorkerID, _ results: [AttemptResult], slots: Int) throws -> [ClaimedDispatch] {
        let outcome = try round(of: worker, results: results, queues: Subject.queues, slots: slots, now: present())
        precondition(outcome.late.isEmpty && outcome.isRegistered, "nobody else has these dispatches")
        return outcome.claimed
    }
}

extension ClaimedDispatch {
    /// It ran and exited with 0.
    var success: AttemptResult {
        guard let claim = dispatch.claim else { preconditionFailure("a claimed dispatch has a claim") }
        return AttemptResult(dispatch: dispatch.id, token: claim.token, ending: .ended(.exited(0)), output: [])
    }
}
