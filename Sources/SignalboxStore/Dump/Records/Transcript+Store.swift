// What is of the whole store: its own facts, its workers, its queues and limits, and what it counts.

internal import SignalboxCore

extension Transcript {
    /// One of the store's own facts, by its name.
    @_lifetime(self: copy self)
    mutating func fact() throws {
        try field("name")
        let fact: StoreFact
        if isPrinting {
            let name = try keyText()
            guard let found = StoreFact(rawValue: name.text ?? "") else {
                throw RecordFault.key
            }
            fact = found
            printWord(fact.rawValue)
        } else {
            fact = try parseWord { $0.rawValue }
            keyOutput.put(fact.rawValue)
            keyOutput.put(0)
            output.set(byte: fact.layout, at: 0)
        }
        switch fact {
        case .header: try header()
        case .state: try state()
        case .settings: try settings()
        case .clock: try clock()
        case .handlers: try number64("changed_seq")
        }
    }

    @_lifetime(self: copy self)
    private mutating func header() throws {
        try number32("format")
        try text("store_id")
    }

    @_lifetime(self: copy self)
    private mutating func state() throws {
        try number64("seq")
        try number64("next_dispatch")
        try number64("next_worker")
        try number64("newest_cancellation")
        try number32("clock_epoch")
        try number64("first_event")
        try number64("event_bytes")
        try number64("pruned")
        try number64("newest_retention")
        let states = DispatchState.allCases
        try field("dispatches")
        try beginObject()
        try again(UInt32(states.count))
        for state in states { try number64(FieldName(state.name)) }
        try endObject()
    }

    @_lifetime(self: copy self)
    private mutating func settings() throws {
        try word("durability", Durability.self) { $0.word }
        for subject in ["keep", "keep_enqueued"] {
            try field(FieldName(subject))
            try beginObject()
            for outcome in ["success", "failed", "skipped"] {
                try field(FieldName(outcome))
                try keepLimit()
            }
            try endObject()
        }
    }

    @_lifetime(self: copy self)
    private mutating func clock() throws {
        try text("boot_id")
        try instant("wall_start")
        try instant("steady_start")
        try duration("time_off_seconds")
        try bootInstant("last_look_boot_seconds")
        try duration("slept_seconds")
        try flag("planned")
        try optionalInstant("newest_wall")
        try clockTrust()
        if try optional("gap") {
            try beginObject()
            try reason("reason")
            try instant("from")
            try instant("through")
            try endObject()
        }
        if try optional("rewind") {
            try beginObject()
            try word("scope", ClockRewind.Scope.self) { $0.word }
            try instant("to")
            if try optional("done") { try name(of: .job) }
            try endObject()
        }
    }

    @_lifetime(self: copy self)
    private mutating func clockTrust() throws {
        try field("trust")
        var trust = TrustWord.undecided
        if isPrinting {
            guard let found = TrustWord(rawValue: try recordByte()) else { throw RecordFault.shape }
            trust = found
            printWord(trust.text)
        } else {
            trust = try parseWord { $0.text }
            output.put(trust.rawValue)
        }
        guard trust == .held else { return }
        try word("doubt", ClockDoubt.self) { $0.word }
        try bootInstant("held_since_boot_seconds")
        try bootInstant("held_until_boot_seconds")
    }

    @_lifetime(self: copy self)
    mutating func worker() throws {
        let id = try keyNumber64("id")
        try word("state", WorkerState.self) { $0.word }
        try again(id)
        try text("name")
        try signed32("pid")
        try number64("start_ticks")
        try text("boot_id")
        try text("host")
        var queues = try beginList("queues")
        while try nextElement(&queues) { try name(of: .queue) }
        try flag("commands")
        var handlers = try beginList("handlers")
        while try nextElement(&handlers) { try name(of: .handler) }
        try number32("slots")
        try text("version")
        try instant("started_at")
    }

    // MARK: Queues and limits

    @_lifetime(self: copy self)
    mutating func queue() throws {
        _ = try keyName("name", of: .queue)
        if try optional("pause") {
            try beginObject()
            try instant("at")
            try text("by")
            try optionalText("reason")
            try endObject()
        }
        if try optional("rate") {
            try beginObject()
            try rateWindow()
            try endObject()
        }
    }

    /// How much of a key's limit is used; which kind of limit, the key says.
    @_lifetime(self: copy self)
    mutating func limit() throws {
        let kind: LimitKind
        try field("limit")
        if isPrinting {
            guard let found = LimitKind(rawValue: try keyByte()) else { throw RecordFault.key }
            kind = found
            printWord(kind.word)
        } else {
            kind = try parseWord { $0.word }
            keyOutput.put(kind.rawValue)
        }
        try keyText("key", lengths: 1...LimitKey.limit)
        switch kind {
        case .concurrency:
            try number32("running")
            try number32("max")
            try number64("decided_by")
        case .rate:
            try rateWindow()
            try number64("decided_by")
            try optionalInstant("opens_at")
        }
    }

    @_lifetime(self: copy self)
    private mutating func rateWindow() throws {
        try rate()
        var starts = try beginList("starts")
        while try nextElement(&starts) { try instant() }
    }

    // MARK: What is counted

    /// The runs that ended in an hour.
    @_lifetime(self: copy self)
    mutating func history() throws {
        try keyInstant("hour")
        try historySubject()
        try tally()
    }

    /// All runs since the store was made.
    @_lifetime(self: copy self)
    mutating func totals() throws {
        try historySubject()
        try optionalInstant("last_success_at")
        try tally()
    }

    /// The job; no field where it is of the whole store.
    @_lifetime(self: copy self)
    private mutating func historySubject() throws {
        if isPrinting {
            let kind = try keyByte()
            let name = try keyText()
            switch kind {
            case HistorySubject.all.kind where name.isEmpty: return
            case 2:
                try NamedThing.job.check(name)
                try field("job")
                printName(name)
            default: throw RecordFault.key
            }
        } else if takeField("job") {
            keyOutput.put(2)
            keyOutput.put(try parseName(of: .job))
            keyOutput.put(0)
        } else {
            keyOutput.put(HistorySubject.all.kind)
            keyOutput.put(0)
        }
    }

    @_lifetime(self: copy self)
    private mutating func tally() throws {
        try number32("successes")
        try number32("failures")
        try number32("unmeasured")
        try duration("total_seconds")
        var newest: UInt8?
        var bins = try beginList("durations")
        while try nextElement(&bins) {
            let column = offset + 1
            try beginObject()
            let (bin, count) = try histogramCount()
            try endObject()
            guard bin <= DurationHistogram.lastBin, count > 0, newest.map({ $0 < bin }) ?? true else {
                throw isPrinting
                    ? RecordFault.shape
                    : DumpFault(
                        column: column,
                        reason:
                            "expected bins from 0 to \(DurationHistogram.lastBin) that rise, and none with a count of 0"
                    )
            }
            newest = bin
        }
    }

    @_lifetime(self: copy self)
    private mutating func histogramCount() throws -> (bin: UInt8, count: UInt32) {
        try field("bin")
        if isPrinting {
            let (bin, count) = (try recordByte(), try recordNumber32())
            printNumber(UInt64(bin))
            try field("count")
            printNumber(UInt64(count))
            return (bin, count)
        }
        let bin = UInt8(try parseNumber(upTo: 255))
        try field("count")
        let count = UInt32(try parseNumber(upTo: UInt64(UInt32.max)))
        output.put(bin)
        output.put(littleEndian: count)
        return (bin, count)
    }
}

/// The store's own facts that go with a dump. `boot`, which names a folder of this boot, does not.
enum StoreFact: String, CaseIterable {
    case clock, handlers, header, settings, state

    /// Nil for a key that is none of them.
    init?(key: Span<UInt8>) {
        let bytes = copied(key)
        guard let fact = Self.allCases.first(where: { Key.name($0.rawValue).bytes == bytes }) else { return nil }
        self = fact
    }

    /// The layout of its record that this version writes.
    var layout: UInt8 {
        switch self {
        case .clock: StoreClock.layout
        case .handlers: Counter.layout
        case .header: StoreHeader.layout
        case .settings: StoreSettings.layout
        case .state: StoreState.layout
        }
    }
}

/// Whether the wall clock is trusted, as records number it.
private enum TrustWord: UInt8, CaseIterable {
    case undecided = 0
    case trusted = 1
    case held = 2

    var text: String {
        switch self {
        case .undecided: "undecided"
        case .trusted: "trusted"
        case .held: "held"
        }
    }
}

extension ClockRewind.Scope {
    fileprivate var word: String {
        switch self {
        case .wildcard: "wildcard"
        case .calendar: "calendar"
        }
    }
}

extension LimitKind {
    fileprivate var word: String {
        switch self {
        case .concurrency: "concurrency"
        case .rate: "rate"
        }
    }
}
