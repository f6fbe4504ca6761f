import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `The bytes of keys and records` {
    private static let longest = String(repeating: "q", count: 128)

    @Test(.enabled(if: CRC32C.hasInstructions))
    func `have the same checksum by the processor's instructions and by the tables`() {
        var random = SplitMix(state: 4)
        let bytes = (0..<300).map { _ in random.byte() }
        for start in 0..<9 {
            for end in start...bytes.count {
                let part = bytes.span.extracting(start..<end)
                var (byInstructions, byTables) = (CRC32C(), CRC32C())
                byInstructions.addByInstructions(part)
                byTables.addByTables(part)
                #expect(byInstructions.value == byTables.value, "\(start)..<\(end)")
            }
        }
    }

    @Test func `of a key are its parts, each highest byte first, texts with a zero behind them`() {
        let key = Key {
            $0.put("job")
            $0.put(UInt8(0xAB))
            $0.put(UInt32(0x0102_0304))
            $0.put(UInt64(0x1112_1314_1516_1718))
            $0.put(Instant(microseconds: -1))
        }
        let text: [UInt8] = [0x6A, 0x6F, 0x62, 0]
        let numbers: [UInt8] = [0xAB, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]
        #expect(key.bytes == text + numbers + [0x7F] + [UInt8](repeating: 0xFF, count: 7))
    }

    @Test func `of a key have room for the longest names`() throws {
        let (job, queue) = (try JobName(Self.longest), try QueueName(Self.longest))
        let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))
        let origin = DispatchOrigin(job: job, queue: queue, maxAttempts: 1)
        let dispatch = Dispatch(id: DispatchID(.max), origin: origin, birth: .pending, now: now)
            .running(.handler(HandlerName(of: job)))
        let definition = JobDefinition(name: job, schedule: try Schedule(text: "@every 1h"), command: .shell("true"))
        let sizes = [
            Key.name(job.text), .jobDue(.distantFuture, definition), .waiting(dispatch), .job(job, dispatch.id),
            .occurrence(job, revision: .max, epoch: .max, .distantFuture), .counter(.queue(queue), .pending),
        ].map(\.bytes.count)
        #expect(sizes == [129, 138, 275, 137, 145, 131])
        #expect(Key.capacity >= 275)
    }

    @Test func `of a dispatch with the longest names read back`() throws {
        let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))
        let origin = DispatchOrigin(
            job: try JobName(Self.longest), queue: try QueueName(Self.longest), maxAttempts: 70_000)
        let dispatch = Dispatch(id: DispatchID(7), origin: origin, birth: .pending, now: now)
        let key = Key.dispatch(dispatch.id)
        let record = DispatchRecord(dispatch: dispatch, holdsUniqueKey: false, hasDependencies: true)
        let bytes = record.record(under: key)
        #expect(bytes.count == 145 + 256)
        let read = try DispatchRecord(record: bytes.span, key: key.span)
        #expect(read.dispatch.job == dispatch.job && read.dispatch.queue == dispatch.queue)
        #expect(read.dispatch.maxAttempts == Int(UInt16.max) && read.hasDependencies && !read.holdsUniqueKey)
    }

    /// Aim: where a record outgrows the writer's own room, in a number or in a text, nothing is lost, and nothing of a
    /// long record is in the short one that the same writer builds next. Method: inputs of every size round that limit.
    @Test func `of records read back whether they fit the writer's own room or not`() throws {
        let key = Key.dispatch(DispatchID(3))
        var writer = RecordWriter()
        for size in Array(1850...2060) + [4096, 100_000] {
            let request = Request(
                command: .program(["true"]), input: (0..<size).map { UInt8(truncatingIfNeeded: $0) },
                timeout: .seconds(1),
                unique: UniqueKey("key"), after: [DispatchID(1), DispatchID(2)], revision: 5)
            for value in [request, Request(command: .shell("true"))] {
                value.write(under: key.span, to: &writer)
                let bytes = copied(writer.span)
                #expect(bytes == value.record(under: key))
                #expect(try Request(record: bytes.span, key: key.span) == value, "\(size)")
            }
        }
    }

    @Test func `of a unique key may be longer than all others`() throws {
        try withMemoryStore { store in
            let key = String(repeating: "k", count: Request.uniqueKeyLimit)
            let item = Enqueuing(request: Request(command: .shell("true"), unique: UniqueKey(key)))
            let first = try store.jobs.enqueue(item, now: store.now)
            #expect(try store.jobs.enqueue(item, now: store.now) == Enqueued(id: first.id, deduplicated: true))
            _ = try store.jobs.cancel(first.id, now: store.now)
            #expect(try store.jobs.enqueue(item, now: store.now).deduplicated == false)
        }
    }

    @Test func `of a name are refused when they spell none`() {
        for bytes in [[], [0xFF, 0xFE], Array("a b".utf8), Array(".a".utf8), [UInt8](repeating: 97, count: 129)] {
            #expect(throws: NameError.self) { try QueueName(utf8: bytes.span) }
            #expect(throws: NameError.self) { try JobName(utf8: bytes.span) }
        }
    }
}
