import OrderedStore
import SignalboxCore
import Testing

@testable import SignalboxStore

@Suite struct `A line of a dump` {
    private static let samples = DumpSamples.all

    @Test(arguments: samples) func `becomes the same record again`(sample: DumpSample) throws {
        let line = try sample.line()
        #expect(line.last == 10)
        #expect(line.count { $0 == 10 } == 1)
        let text = Array(line.dropLast())
        var decoder = DumpDecoder()
        try decoder.take(text.span)
        #expect(decoder.kind == sample.kind)
        let (key, record) = (copied(decoder.key), copied(decoder.record))
        #expect(key == sample.key)
        #expect(record == sample.record)
    }

    @Test(arguments: samples) func `is JSON`(sample: DumpSample) throws {
        let json = try #require(JSONText(try sample.line()))
        #expect(json["kind"]?.string == sample.kind.rawValue)
    }

    /// Aim: what is read from a line is exactly what would be written as that line. Method: thousands of lines that were
    /// damaged at random, seeded; each is refused, or gives a record that can be believed and that gives the line again.
    @Test(arguments: samples) func `that is damaged is refused, or is another record's`(sample: DumpSample) throws {
        var random = SplitMix(state: UInt64(sample.record.count))
        let line = Array(try sample.line().dropLast())
        var accepted = 0
        for _ in 0..<700 {
            let damaged = random.damaged(line)
            var decoder = DumpDecoder()
            do { try decoder.take(damaged.span) } catch { continue }
            accepted += 1
            var output = ByteBuffer(capacity: 0)
            var encoder = DumpEncoder(redacts: false)
            try encoder.put(decoder.kind, key: decoder.key, record: decoder.record, to: &output)
            let again = copied(output.span)
            #expect(again == damaged + [10])
            try decoder.kind.checkValue(key: decoder.key, record: decoder.record)
        }
        #expect(accepted < 700)
    }

    @Test(arguments: samples) func `with a record of any bytes is one, or none, and never traps`(sample: DumpSample)
        throws
    {
        var random = SplitMix(state: UInt64(sample.record.count) << 8)
        for _ in 0..<300 {
            let body = random.damaged(Array(sample.record.dropLast(4)))
            guard !body.isEmpty else { continue }
            let record = sealedRecord(body, sample.key)
            var changed = sample
            changed.record = record
            guard let line = try? Array(changed.line().dropLast()) else { continue }
            var decoder = DumpDecoder()
            do { try decoder.take(line.span) } catch { Issue.record("\(error)") }
            let again = copied(decoder.record)
            #expect(again == record)
        }
    }

    @Test func `escapes what moves a cursor, and nothing else`() throws {
        let text = "\u{0}\u{1b}[2J\n\"\\\u{7f}\u{9b}\u{a0}ü€😀/"
        var line = try DumpSample(of: DumpSamples.handler(command: text)).line()
        line.removeLast()
        let shown = #""\u0000\u001b[2J\n\"\\\u007f\u009b"# + "\u{a0}ü€😀/\""
        #expect(String(decoding: line, as: UTF8.self).contains(shown))
    }
}

/// An entry of a store, and what kind of line shows it.
struct DumpSample: Sendable, CustomTestStringConvertible {
    var name: String
    var kind: DumpKind
    var key: [UInt8]
    var record: [UInt8]

    var testDescription: String { name }

    init(_ kind: DumpKind, _ sample: RecordSample) {
        name = sample.name
        self.kind = kind
        key = sample.key.bytes
        record = sample.bytes
    }

    init(of handler: HandlerDefinition) {
        let key = Key.name(handler.name.text)
        name = "handler"
        kind = .handler
        self.key = key.bytes
        record = handler.record(under: key)
    }

    func line(redacts: Bool = false) throws -> [UInt8] {
        var output = ByteBuffer(capacity: 16)
        var encoder = DumpEncoder(redacts: redacts)
        try encoder.put(kind, key: key.span, record: record.span, to: &output)
        return copied(output.span)
    }
}

enum DumpSamples {
    /// Those of the records' own samples that are of the store and not of a boot, and some more for what those leave out.
    static let all: [DumpSample] =
        RecordSamples.all.compactMap { sample in
            kinds[sample.name].map { DumpSample($0, sample) }
        } + more

    private static let kinds: [String: DumpKind] = [
        "dispatch": .dispatch, "request": .request, "attempt": .attempt, "treated request": .request,
        "reported attempt": .attempt, "handler's dispatch": .dispatch, "handler's attempt": .attempt,
        "handler's request": .request, "handler": .handler, "output": .output, "definition": .job,
        "progress": .jobProgress, "registration": .worker, "event": .event, "unique entry": .unique,
        "history": .history, "totals": .totals, "state": .meta, "header": .meta, "settings": .meta,
        "concurrency key": .limit, "rate key": .limit, "queue": .queue, "clock": .meta,
    ]

    private static let moment = Moment(
        wall: Instant(seconds: 1_800_000_000), boot: BootInstant(nanoseconds: 1_500_000_001))
    private static let id = DispatchID(7)
    private static let job = try! JobName("nightly")

    private static func sample<Value: Record & SendableMetatype>(
        _ kind: DumpKind, _ name: String, _ value: Value, under key: Key
    ) -> DumpSample { DumpSample(kind, RecordSample(name, value, under: key)) }

    static func handler(command: String) -> HandlerDefinition {
        HandlerDefinition(name: try! HandlerName("resize"), command: .shell(command))
    }

    private static let more: [DumpSample] =
        outcomes + requests + [
            sample(.meta, "handlers' change", Counter(value: .max), under: .name("handlers")),
            sample(
                .occurrence, "occurrence", Counter(value: 4),
                under: .occurrence(job, revision: 3, epoch: .max, Instant(microseconds: -1))),
            sample(.output, "printed bytes", printed, under: .output(id, 1, 9)),
            sample(.dispatch, "new dispatch", waiting, under: .dispatch(id)),
            sample(.dispatch, "dispatch in a fold", inFold, under: .dispatch(id)),
            sample(.dispatch, "dispatch that exited", ended(.exited(1)), under: .dispatch(id)),
            sample(.dispatch, "dispatch that threw", ended(.threw), under: .dispatch(id)),
            DumpSample(of: handler(command: "x")),
            sample(.totals, "a job's totals", RunTotals(), under: .totals(.job(job))),
            sample(.history, "the store's hour", RunTally(), under: .history(UTCHour(of: .distantPast), .all)),
            sample(.queue, "empty queue", QueueRecord(), under: .name("mail")),
            sample(
                .jobProgress, "new progress", JobProgress(revision: 0, cursor: .distantFuture, anchor: .epoch),
                under: .name("a")),
            sample(.meta, "undecided clock", undecided, under: StoreClock.key),
            sample(.event, "event of one queue", EventRecord(at: .epoch, changes: []), under: .sequence(1)),
        ]

    private static let undecided = StoreClock(
        first: Now(wall: moment.wall, boot: moment.boot, bootID: BootID("b"), slept: .microseconds(-5)))

    private static let printed = OutputChunk(lines: [
        OutputLine(stream: .standardOutput, offset: .microseconds(1), bytes: [0xFF, 0, 10]),
        OutputLine(stream: .standardError, offset: .seconds(-3), bytes: [0xC3, 0xBC]),
        OutputLine(stream: .note, offset: .microseconds(1_500_000), bytes: []),
        OutputLine(stream: .note, offset: .microseconds(Int64.max), bytes: [0xC3]),
    ])

    private static let waiting = DispatchRecord(
        dispatch: Dispatch(
            id: id, job: nil, queue: .standard, priority: 0, maxAttempts: 1, enqueuedAt: .distantPast,
            scheduledFor: nil,
            parent: nil, state: .scheduled, reason: .delayed, attempt: 0, crashes: 0, dueAt: .distantFuture,
            started: nil,
            finished: nil, claim: nil, blocker: nil, ending: nil, cancelRequested: false, coalesced: 0,
            lastScheduledFor: nil, dueClock: .steady),
        holdsUniqueKey: false, hasDependencies: false)

    private static let inFold = ended(.signalled(9))

    private static func ended(_ ending: Ending) -> DispatchRecord {
        DispatchRecord(
            dispatch: endedDispatch(ending), holdsUniqueKey: false, hasDependencies: false, ended: moment.wall)
    }

    private static func endedDispatch(_ ending: Ending) -> Dispatch {
        Dispatch(
            id: id, job: job, queue: .standard, priority: 255, maxAttempts: 65535, enqueuedAt: .epoch,
            scheduledFor: .epoch, parent: nil, state: .failed, reason: .exit, attempt: 1, crashes: 0, dueAt: .epoch,
            started: moment, finished: moment, claim: nil, blocker: DispatchID(.max), ending: ending,
            cancelRequested: false, coalesced: 0, lastScheduledFor: nil, occurrence: .fold)
    }

    private static let outcomes = [
        .signalled(9), nil, .returned, .handlerDied("it exited"), .threw(HandlerError("no", .fatal)),
        .threw(HandlerError("no", .cancel)), .threw(HandlerError("later", .snooze(.seconds(1)))),
        .threw(HandlerError("again", .retry(after: nil))),
    ].enumerated().map { (number: Int, outcome: Outcome?) in
        let attempt = Attempt(
            number: number, worker: WorkerID(1), started: moment, finished: moment, outcome: outcome, reason: .none)
        return sample(.attempt, "outcome \(number)", attempt, under: .attempt(id, number))
    }

    private static let requests = [
        Backoff.fixed(.zero), .linear(step: .seconds(1), cap: .seconds(9)),
        .exponential(base: .seconds(1), factor: 1.1, cap: .seconds(9)), .list([]),
    ].enumerated().map { (number: Int, backoff: Backoff) in
        var request = Request(command: .program([]), input: number == 0 ? [0x7B, 0xFF] : [0x7B])
        request.retry = RetryPolicy(backoff, jitter: 1e-7)
        request.unique = UniqueKey("k", scope: number == 0 ? .active : .forever, onConflict: .reject)
        return sample(.request, "request \(number)", request, under: .dispatch(id))
    }
}

extension DumpKind {
    /// Throws when the record is none that the store can read.
    func checkValue(key: Span<UInt8>, record: Span<UInt8>) throws {
        switch self {
        case .meta: break
        case .job: _ = try JobDefinition(record: record, key: key)
        case .jobProgress: _ = try JobProgress(record: record, key: key)
        case .dispatch: _ = try DispatchRecord(record: record, key: key)
        case .request: _ = try Request(record: record, key: key)
        case .attempt: _ = try Attempt(record: record, key: key)
        case .output: _ = try OutputChunk(record: record, key: key)
        case .unique: _ = try UniqueEntry(record: record, key: key)
        case .occurrence: _ = try Counter(record: record, key: key)
        case .worker: _ = try WorkerRegistration(record: record, key: key)
        case .event: _ = try EventRecord(record: record, key: key)
        case .history: _ = try RunTally(record: record, key: key)
        case .queue: _ = try QueueRecord(record: record, key: key)
        case .limit: break
        case .handler: _ = try HandlerDefinition(record: record, key: key)
        case .totals: _ = try RunTotals(record: record, key: key)
        }
    }
}

/// `body` with the checksum that belongs to it.
func sealedRecord(_ body: [UInt8], _ key: [UInt8]) -> [UInt8] {
    var crc = CRC32C()
    crc.add(key.span)
    crc.add(body.span)
    return body + (0..<4).map { UInt8(truncatingIfNeeded: crc.value >> UInt32($0 * 8)) }
}

extension SplitMix {
    /// The bytes with some drawn anew, turned, left out, doubled, moved, or cut.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...2, using: &self) {
            guard !bytes.isEmpty else { break }
            let index = Int.random(in: 0..<bytes.count, using: &self)
            let end = Int.random(in: index...min(bytes.count, index + 20), using: &self)
            switch Int.random(in: 0..<8, using: &self) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes[index] = byte()
            case 2: bytes.removeSubrange(index..<end)
            case 3: bytes.insert(contentsOf: bytes[index..<end], at: index)
            case 4: bytes.removeLast(bytes.count - index)
            case 5: bytes[index] = [0, 0xFF, 0x80, 0x22, 0x5C, 0x7B, 0x5B, 0x2C, 0x39].randomElement(using: &self)!
            case 6: bytes.insert(UInt8.random(in: 0x30...0x39, using: &self), at: index)
            default: bytes.replaceSubrange(index..<end, with: bytes[..<(end - index)])
            }
        }
        return bytes
    }
}
