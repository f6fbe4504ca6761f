import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A dump` {
    @Test func `has every source of the store, in order, and nothing else`() throws {
        try withMemoryStore { store in
            try fill(StoreUnderTest(store))
            let dump = try dumped(store.jobs, DumpSelection(hasSecrets: true))
            var found: [DumpEntry] = []
            var reader = try DumpReader(source: pieces(of: dump, size: 1000))
            #expect(reader.header.sequence == (try store.jobs.sequence()))
            #expect(reader.header.hasSecrets && !reader.header.isFiltered)
            while try reader.next({ found.append(DumpEntry($0, $1, $2)) }) {}
            #expect(found == (try sources(of: store.jobs)))
            #expect(reader.counts.total == found.count && reader.counts[.dispatch] == 4)
        }
    }

    @Test func `of the same state is the same, byte for byte`() throws {
        try withMemoryStore { store in
            try fill(StoreUnderTest(store))
            #expect(try dumped(store.jobs) == dumped(store.jobs))
        }
    }

    @Test func `has no secret in it, unless they are asked for`() throws {
        try withMemoryStore { store in
            let steps = StoreUnderTest(store)
            var work = Work(
                command: .program(["curl", "--token", "hush-1", "X-Api-Key: hush-2"]),
                environment: ["DB_PASSWORD": "hush-3", "PLAIN": "seen"],
                input: Array(#"{"a":[{"secret":"hush-4"}],"n":1.50}"#.utf8))
            _ = try steps.jobs.enqueue(Enqueuing(request: Request(work: work)), now: steps.now)
            work = Work(command: .shell("MY_TOKEN=hush-5 run --password hush-6"), input: Array("key: hush-7\n".utf8))
            _ = try steps.jobs.enqueue(Enqueuing(request: Request(work: work)), now: steps.now)
            let handler = HandlerDefinition(
                name: try HandlerName("h"), command: .program(["h", "--key=hush-8"]), environment: ["SECRET": "hush-9"])
            _ = try steps.jobs.apply(
                [], handlers: [handler], prune: false, replacePending: false, zones: steps.zones, now: steps.now)
            let shown = String(decoding: try dumped(store.jobs), as: UTF8.self)
            #expect(!shown.contains("hush"))
            #expect(shown.contains(#""DB_PASSWORD":"[redacted]","PLAIN":"seen""#))
            #expect(shown.contains(#""input":"{\"a\":[{\"secret\":\"[redacted]\"}],\"n\":1.50}""#))
            #expect(shown.contains(#""secrets":false"#))
            let all = String(decoding: try dumped(store.jobs, DumpSelection(hasSecrets: true)), as: UTF8.self)
            for number in 1...9 { #expect(all.contains("hush-\(number)")) }
        }
    }

    /// Aim: the same rule for what is no text. Method: payloads with a byte that is in no UTF-8, each byte of which that is
    /// no secret must come back.
    @Test(arguments: [
        ("password=hush\n\u{ff}tail", "password=[redacted]\n\u{ff}tail"),
        ("\u{ff}\u{0} --token hush", "\u{ff}\u{0} --token [redacted]"),
        ("{\"n\":\"\u{ff}\",\"api_key\":\"hush\"}", "{\"n\":\"\u{ff}\",\"api_key\":\"[redacted]\"}"),
        ("\u{ff}\u{fe}\u{d8}key of nothing\u{80}", "\u{ff}\u{fe}\u{d8}key of nothing\u{80}"),
    ])
    func `has no secret of a payload that is no text`(payload: String, shown: String) throws {
        try withMemoryStore { store in
            let bytes = payload.unicodeScalars.map { UInt8($0.value) }
            let work = Work(command: .program(["cat"]), input: bytes)
            _ = try store.jobs.enqueue(Enqueuing(request: Request(work: work)), now: store.now)
            let restored = try restore(dumped(store.jobs))
            let input = try #require(try restored.dispatch(DispatchID(1), attempt: nil)).request.work.input
            #expect(input == shown.unicodeScalars.map { UInt8($0.value) })
            let whole = try restore(dumped(store.jobs, DumpSelection(hasSecrets: true)))
            let kept = try #require(try whole.dispatch(DispatchID(1), attempt: nil)).request.work.input
            #expect(kept == bytes)
        }
    }

    @Test func `has no secret whose name JSON spells by numbers, and leaves a text without secrets as it is`() throws {
        try withMemoryStore { store in
            for payload in [#"{"\u0070assword": "hush"}"#, #"{"to\#u{212A}en": "hush"}"#, #"{"größe": 1}"#] {
                let work = Work(command: .program(["cat"]), input: Array(payload.utf8))
                _ = try store.jobs.enqueue(Enqueuing(request: Request(work: work)), now: store.now)
            }
            let shown = String(decoding: try dumped(store.jobs), as: UTF8.self)
            #expect(!shown.contains("hush") && shown.contains(#""input":"{\"größe\": 1}""#))
        }
    }

    // MARK: Parts of a store

    @Test func `of a part can be restored, and is a sound store then`() throws {
        try withMemoryStore { store in
            let steps = StoreUnderTest(store)
            try fill(steps)
            let other = try steps.define("other", "@manual")
            let waits = try steps.jobs.run(other, mode: .force, input: nil, now: steps.now)
            let since = steps.now.wall + .seconds(1)
            steps.clock.advance(by: .seconds(2))
            let parts: [(DumpSelection, [UInt64])] = [
                (DumpSelection(jobs: [try JobName("nightly")]), [3]),
                (DumpSelection(jobs: [other]), [waits.number]),
                (DumpSelection(since: since), [1, 2, 4, 5]),
                (DumpSelection(since: steps.now.wall - .seconds(3600)), [1, 2, 3, 4, 5]),
                (DumpSelection(jobs: [try JobName("nightly")], since: since), []),
            ]
            for (selection, expected) in parts {
                let dump = try dumped(store.jobs, selection)
                let restored = try restore(dump)
                #expect(try restored.verify().faults == [], "\(selection)")
                let kept = try restored.dispatches(DispatchFilter(limit: .max)).map(\.id.number).sorted()
                #expect(kept == expected, "\(selection)")
                let names = try restored.jobs(recent: 0).map(\.name)
                #expect(selection.jobs.isEmpty || names == selection.jobs)
            }
        }
    }

    @Test func `of a job has what its dispatches wait for`() throws {
        try withMemoryStore { store in
            let steps = StoreUnderTest(store)
            let (first, second) = (try steps.define("a", "@manual"), try steps.define("b", "@manual"))
            let blocking = try steps.jobs.run(first, mode: .force, input: nil, now: steps.now)
            var request = Request(command: .program(["true"]), after: [blocking])
            let middle = try steps.jobs.enqueue(Enqueuing(request: request), now: steps.now).id
            request.after = [middle]
            _ = try steps.jobs.enqueue(Enqueuing(request: request), now: steps.now)
            _ = try steps.jobs.run(second, mode: .force, input: nil, now: steps.now)
            let restored = try restore(dumped(store.jobs, DumpSelection(jobs: [first], since: .distantFuture)))
            #expect(try restored.verify().faults == [])
            #expect(try restored.dispatches(DispatchFilter(limit: .max)).map(\.id) == [blocking])
        }
    }

    @Test func `of a job that nobody knows is not made`() throws {
        try withMemoryStore { store in
            let selection = DumpSelection(jobs: [try JobName("nobody")])
            #expect(code { _ = try dumped(store.jobs, selection) } == .notFound)
        }
    }

    // MARK: Files that are not to be believed

    @Test func `that is cut anywhere is refused`() throws {
        let dump = try sample()
        for end in dump.indices {
            let cut = Array(dump[..<end])
            #expect(throws: DumpError.self, "cut to \(end) bytes") { try read(cut) }
        }
        #expect(throws: Never.self) { try read(dump) }
    }

    @Test func `says why it is refused, and in which line`() throws {
        let dump = try sample()
        let lines = dump.split(separator: 10, omittingEmptySubsequences: false).dropLast().map(Array.init)
        let jobLine = try #require(
            lines.firstIndex { String(decoding: $0, as: UTF8.self).hasPrefix(#"{"kind":"job""#) })
        func changed(_ change: (inout [[UInt8]]) -> Void) -> String {
            var lines = lines
            change(&lines)
            return fault(of: Array(lines.map { $0 + [10] }.joined()))
        }
        func replaced(_ line: Int, _ old: String, _ new: String) -> String {
            changed { lines in
                let text = String(decoding: lines[line], as: UTF8.self)
                lines[line] = Array(text.split(separator: old, maxSplits: 1).joined(separator: new).utf8)
            }
        }
        let count = lines.count
        #expect(fault(of: []) == "line 1: the file is empty, and no dump")
        #expect(fault(of: Array("VERSION=3\n".utf8)).hasPrefix("line 1: this is no dump of signalbox: expected"))
        #expect(replaced(0, #""version":1"#, #""version":2"#).hasPrefix("line 1: the dump has version 2, and this"))
        let format = StoreHeader.currentFormat
        #expect(
            replaced(0, #""store_format":\#(format)"#, #""store_format":\#(format + 1)"#)
                .hasPrefix("line 1: the dump is of a store of format \(format + 1), and"))
        #expect(
            changed { $0.removeLast() }
                == "line \(count - 1): the dump ends here, without its last line, the footer: it was cut off")
        #expect(
            changed { $0.remove(at: jobLine) }.hasPrefix(
                "line \(count - 1): the footer counts 1 of the kind job, and there are 0"))
        #expect(
            changed { $0.insert($0[jobLine], at: jobLine) }.hasPrefix("line \(jobLine + 2): this job has the same key"))
        #expect(
            changed { $0.swapAt(jobLine, jobLine + 1) }
                == "line \(jobLine + 2): a record of the kind job behind one of job.progress")
        #expect(
            changed { $0.append($0[jobLine]) }
                == "line \(count + 1): something stands behind the footer, which is the last line")
        #expect(
            replaced(jobLine, #""priority":100"#, #""priority":101"#).hasPrefix(
                "line \(count): the SHA-256 of the lines"))
        #expect(
            replaced(jobLine, #""priority":100"#, #""priority":256"#).contains("expected a whole number from 0 to 255"))
        #expect(replaced(jobLine, #""priority":100"#, #""urgency":100"#).contains(#"expected the field "priority""#))
        #expect(replaced(jobLine, #""priority":100"#, #""priority":"100""#).contains("expected a whole number"))
        #expect(replaced(jobLine, #""queue":"default""#, #""queue":"a b""#).contains(#""a b" is no queue name"#))
        #expect(
            replaced(jobLine, #""schedule":"@every 1m"#, #""schedule":"61 * * * *"#).hasPrefix(
                "line \(jobLine + 1), column "))
        #expect(replaced(count - 1, #""records":"#, #""records":1"#) == "line \(count): its numbers do not add up")
    }

    /// Method: an event of so many dispatches in a queue of the longest name that its line is longer than any other may be.
    @Test func `has room in a line for a transaction that moved any number of dispatches`() throws {
        let queue = try QueueName(String(repeating: "q", count: 128))
        let changes = (0..<76_000).map {
            DispatchChange(
                id: DispatchID(.max - UInt64($0)), job: nil, queue: queue, from: .inProgress, to: .inProgress,
                attempt: Int(UInt16.max))
        }
        let key = Key.sequence(1)
        let record = EventRecord(at: Instant(seconds: 1_800_000_000), changes: changes).record(under: key)
        let sink = ByteSink()
        var writer = try DumpWriter(
            DumpHeader(
                storeFormat: StoreHeader.currentFormat, storeID: String(repeating: "0", count: 32), sequence: 1,
                hasSecrets: true)
        ) { sink.bytes += copied($0) }
        try writer.put(Buckets.events, key: key.span, record: record.span)
        _ = try writer.finish()
        #expect(sink.bytes.count > DumpReader.lineLimit && sink.bytes.count < 16 * record.count)
        let entries = try read(sink.bytes, size: 1 << 20)
        #expect(entries.map(\.record) == [record])
    }

    @Test func `believes no more bytes of events than a transaction can have`() {
        #expect(DumpReader.lineLimit(ofEvents: 0) == DumpReader.lineLimit(ofEvents: EventRing.limit))
        #expect(DumpReader.lineLimit(ofEvents: 20 << 20) == 320 << 20)
        #expect(DumpReader.lineLimit(ofEvents: .max) == 512 << 20)
    }

    @Test func `with a line without an end is refused in bounded memory`() throws {
        var served = 0
        let block = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
        let beginning = Array(try sample().prefix(while: { $0 != 10 })) + [10]
        #expect(throws: DumpError.self) {
            var reader = try DumpReader {
                served += 1
                return served == 1 ? beginning : block
            }
            _ = try reader.next { _, _, _ in }
        }
        #expect(served <= 20)
    }

    /// Aim: no file makes a reader trap or believe what was not written. Method: real dumps, damaged at random, seeded.
    @Test func `that is damaged anyhow is refused, or is what was written`() throws {
        let seed: UInt64 = 20_261_122
        var random = SplitMix(state: seed)
        let dump = try sample()
        let entries = try read(dump)
        for round in 0..<1000 {
            let damaged = random.damaged(dump)
            guard let found = try? read(damaged, size: Int.random(in: 1...5000, using: &random)) else { continue }
            #expect(damaged == dump && found == entries, "seed \(seed), round \(round)")
        }
    }

    // MARK: What is in it

    private func sample() throws -> [UInt8] {
        try withMemoryStore { store in
            try fill(StoreUnderTest(store))
            return try dumped(store.jobs)
        }
    }

    /// A store with something of most kinds.
    private func fill(_ store: StoreUnderTest) throws {
        try store.define("nightly", "@every 1m")
        let worker = try store.worker()
        let first = try store.enqueue("one", unique: "photo-7")
        try store.enqueue("two", delay: .seconds(60), after: [first])
        store.clock.advance(by: .seconds(61))
        try store.fire()
        for _ in 0..<2 {
            let claimed = try store.claimOne(worker)
            try store.finish(
                claimed, .ended(.exited(1)),
                output: [line("müll"), OutputLine(stream: .standardError, offset: .zero, bytes: [0xFF])])
        }
        try store.enqueue("three")
        _ = try store.claimOne(worker)
        _ = try store.jobs.pause(queue: QueueName("mail"), by: "ann@box", reason: nil, now: store.now)
    }

    private func sources<Engine>(of store: JobStore<Engine>) throws -> [DumpEntry] {
        try store.engine.read { transaction in
            var entries: [DumpEntry] = []
            for kind in DumpKind.allCases {
                try transaction.scan(kind.bucket, .all, .ascending) { key, record in
                    if kind.holds(key) { entries.append(DumpEntry(kind.bucket, key, record)) }
                    return .next
                }
            }
            return entries
        }
    }
}

/// An entry, to be compared.
struct DumpEntry: Hashable {
    let bucket: Bucket
    let key: [UInt8]
    let record: [UInt8]

    init(_ bucket: Bucket, _ key: Span<UInt8>, _ record: Span<UInt8>) {
        self.bucket = bucket
        self.key = copied(key)
        self.record = copied(record)
    }
}

/// All of the dump of a store.
func dumped<Engine>(_ store: JobStore<Engine>, _ selection: DumpSelection = DumpSelection()) throws -> [UInt8] {
    let sink = ByteSink()
    try store.dump(selection) { sink.bytes += copied($0) }
    return sink.bytes
}

private final class ByteSink { var bytes: [UInt8] = [] }

/// A file in pieces of so many bytes.
private func pieces(of bytes: [UInt8], size: Int) -> () throws -> [UInt8] {
    var rest = bytes[...]
    return {
        defer { rest = rest.dropFirst(size) }
        return Array(rest.prefix(size))
    }
}

/// All of its entries.
@discardableResult
private func read(_ dump: [UInt8], size: Int = 4096) throws -> [DumpEntry] {
    var reader = try DumpReader(source: pieces(of: dump, size: size))
    var entries: [DumpEntry] = []
    while try reader.next({ entries.append(DumpEntry($0, $1, $2)) }) {}
    return entries
}

private func fault(of dump: [UInt8]) -> String {
    do {
        try read(dump)
        return "none"
    } catch {
        return "\(error)"
    }
}
