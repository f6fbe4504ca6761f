// What belongs to dispatches besides their own records.

internal import SignalboxCore

extension Transcript {
    @_lifetime(self: copy self)
    mutating func request() throws {
        _ = try keyNumber64(.id)
        try work()
        if try optional(.unique) { try uniqueKey() }
        var after = try beginList(.after)
        while try nextElement(&after) { try number64() }
        try word(.onParentFail, Words.parentFailures)
        if try optional(.revision) { try number32() }
        if try optionalGroup(.overlap) { try overlapRule() }
        try optionalDuration(.startBySeconds)
    }

    @_lifetime(self: copy self)
    private mutating func uniqueKey() throws {
        try beginObject()
        try text("key")
        try word("on_conflict", ConflictPolicy.self) { $0.word }
        let scope = try uniqueScope()
        if scope == .window { try duration("window_seconds") }
        try endObject()
    }

    @_lifetime(self: copy self)
    private mutating func uniqueScope() throws -> ScopeWord {
        try field("scope")
        if isPrinting {
            guard let scope = ScopeWord(rawValue: try recordByte()) else { throw RecordFault.shape }
            printWord(scope.text)
            return scope
        }
        let scope: ScopeWord = try parseWord { $0.text }
        output.put(scope.rawValue)
        return scope
    }

    @_lifetime(self: copy self)
    mutating func attempt() throws {
        _ = try keyNumber64(.dispatch)
        let number = try keyNumber32(.attempt)
        try again(number)
        try number64(.worker)
        try moment(.startedAt, boot: .startedBoot)
        try moment(.finishedAt, boot: .finishedBoot)
        try reason(.reason)
        try outcome()
        try result()
        var tags = try beginList(.tags, UInt8(ascii: "{"))
        while try nextElement(&tags) {
            try freeName()
            try text()
        }
        var survivors = try beginList(.survivors)
        while try nextElement(&survivors) {
            try beginObject()
            try signed32("pid")
            try text("name")
            try endObject()
        }
    }

    /// How it ended, in the field that goes with that; nothing when nobody knows.
    @_lifetime(self: copy self)
    private mutating func outcome() throws {
        var kind: UInt8 = 0
        if isPrinting {
            kind = try recordByte()
            guard kind <= Self.outcomes.count else { throw RecordFault.shape }
            if kind > 0 { printField(Self.outcomes[Int(kind) - 1]) }
        } else {
            for index in Self.outcomes.indices where kind == 0 && takeField(Self.outcomes[index]) {
                kind = UInt8(index + 1)
            }
            output.put(kind)
        }
        switch kind {
        case 0: break
        case 1, 2: try number8()
        case 3, 6: try text()
        case 4: try alwaysTrue()
        default: try handlerError()
        }
    }

    /// The fields for the ways that an attempt can end, as records number them from 1 on.
    private static let outcomes: [FieldName] = [.exitCode, .signal, .notStarted, .returned, .threw, .handlerDied]

    @_lifetime(self: copy self)
    private mutating func alwaysTrue() throws {
        if isPrinting {
            output.put(Self.trueText)
        } else {
            guard take(Self.trueText) else { throw fault("expected true") }
        }
    }

    /// What a handler said, and what it wished to follow.
    @_lifetime(self: copy self)
    private mutating func handlerError() throws {
        try beginObject()
        try text("error")
        try field("wish")
        var wish = WishWord.fatal
        if isPrinting {
            guard let found = WishWord(rawValue: try recordByte()) else { throw RecordFault.shape }
            wish = found
            printWord(wish.text)
        } else {
            wish = try parseWord { $0.text }
            output.put(wish.rawValue)
        }
        switch wish {
        case .retry: try optionalDuration("wait_seconds")
        case .snooze: try duration("wait_seconds")
        case .fatal, .cancel: break
        }
        try endObject()
    }

    /// What the command said its result is: JSON, as a text, so that every digit of it stays.
    @_lifetime(self: copy self)
    private mutating func result() throws {
        guard try optional(.result) else { return }
        let column = offset + 1
        let bytes = try checkedText()
        guard let result = JSONText(bytes), result.bytes.count == bytes.count else {
            throw isPrinting
                ? RecordFault.shape
                : DumpFault(column: column, reason: "expected a text that is one JSON value, without blanks around it")
        }
    }

    /// Some lines of what an attempt printed.
    @_lifetime(self: copy self)
    mutating func outputChunk() throws {
        _ = try keyNumber64(.dispatch)
        _ = try keyNumber32(.attempt)
        _ = try keyNumber32("chunk")
        var lines = try beginList(.lines)
        while try nextElement(&lines) {
            try beginObject()
            try word(.stream, Words.streams)
            try duration(.offset)
            try bytes(.text, base64: .base64)
            try endObject()
        }
    }

    /// Who holds a unique key.
    @_lifetime(self: copy self)
    mutating func uniqueEntry() throws {
        try keyText("key", lengths: 1...Request.uniqueKeyLimit)
        try number64("dispatch")
        try optionalInstant("until")
        try flag("holder_pruned")
    }

    /// What was made for a due time of a job.
    @_lifetime(self: copy self)
    mutating func occurrence() throws {
        _ = try keyName("job", of: .job)
        _ = try keyNumber32("revision")
        _ = try keyNumber32("clock_epoch")
        try keyInstant("at")
        try number64("dispatch")
    }

    /// The transitions of one transaction.
    @_lifetime(self: copy self)
    mutating func event() throws {
        _ = try keyNumber64(.sequence)
        try instant(.at)
        try field(.changes)
        try beginUncounted()
        var queue = Span<UInt8>()
        var isFirst = true
        while try nextUncounted(isFirst) {
            try beginObject()
            try number64(.id)
            if isPrinting { try printChange(&queue) } else { try parseChange(&queue) }
            try endObject()
            isFirst = false
        }
    }

    @_lifetime(self: copy self)
    @_lifetime(queue: copy self)
    private mutating func printChange(_ queue: inout Span<UInt8>) throws {
        let (from, to) = (try recordByte(), try recordByte())
        let attempt = try recordNumber16()
        let job = try part(Int(try recordByte()))
        if !job.isEmpty {
            try NamedThing.job.check(job)
            try field(.job)
            printName(job)
        }
        let newQueue = try part(Int(try recordByte()))
        if !newQueue.isEmpty {
            guard !newQueue.isEqual(to: queue) else { throw RecordFault.shape }
            try NamedThing.queue.check(newQueue)
            queue = newQueue
        }
        guard !queue.isEmpty else { throw RecordFault.shape }
        try field(.queue)
        printName(queue)
        if from != 0xFF {
            try field(.from)
            try printWord(from, Words.states)
        }
        try field(.to)
        try printWord(to, Words.states)
        try field(.attempt)
        printNumber(UInt64(attempt))
    }

    @_lifetime(self: copy self)
    @_lifetime(queue: copy self)
    private mutating func parseChange(_ queue: inout Span<UInt8>) throws {
        let job = takeField(.job) ? try parseName(of: .job) : Span()
        try field(.queue)
        let named = try parseName(of: .queue)
        let from = takeField(.from) ? try parseWord(Words.states).rawValue : 0xFF
        try field(.to)
        let to = try parseWord(Words.states)
        try field(.attempt)
        let attempt = UInt16(try parseNumber(upTo: UInt64(UInt16.max)))
        output.put(from)
        output.put(to.rawValue)
        output.put(littleEndian: attempt)
        output.put(UInt8(job.count))
        output.put(job)
        if named.isEqual(to: queue) {
            output.put(0)
        } else {
            output.put(UInt8(named.count))
            output.put(named)
            queue = named
        }
    }
}

/// How long a unique key is held, as records number it.
private enum ScopeWord: UInt8, CaseIterable {
    case active = 0
    case window = 1
    case forever = 2

    var text: String {
        switch self {
        case .active: "active"
        case .window: "window"
        case .forever: "forever"
        }
    }
}

/// What a handler wishes to follow, as records number it.
private enum WishWord: UInt8, CaseIterable {
    case retry = 0
    case fatal = 1
    case snooze = 2
    case cancel = 3

    var text: String {
        switch self {
        case .retry: "retry"
        case .fatal: "fatal"
        case .snooze: "snooze"
        case .cancel: "cancel"
        }
    }
}
