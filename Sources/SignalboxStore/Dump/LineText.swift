/// A text of a line that is known beforehand, at most 32 bytes: in words, which are stored and compared at once.
struct LineText: Sendable {
    static let capacity = 32

    /// The first byte is the lowest of the first word; behind the text there are zeros.
    private(set) var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private(set) var count = 0

    init(_ text: String) { for byte in text.utf8 { append(byte) } }

    private mutating func append(_ byte: UInt8) {
        precondition(count < Self.capacity, "a text of a line that has more than 32 bytes")
        let word = UInt64(byte) << UInt64(8 * (count % 8))
        switch count / 8 {
        case 0: words.0 |= word
        case 1: words.1 |= word
        case 2: words.2 |= word
        default: words.3 |= word
        }
        count += 1
    }

    /// Without the first byte.
    @inline(__always)
    var rest: LineText {
        var rest = self
        rest.words.0 = words.0 &>> 8 | words.1 &<< 56
        rest.words.1 = words.1 &>> 8 | words.2 &<< 56
        rest.words.2 = words.2 &>> 8 | words.3 &<< 56
        rest.words.3 = words.3 &>> 8
        rest.count = count &- 1
        return rest
    }

    /// Whether it stands in a line at `offset`.
    @inline(__always)
    func stands(in line: Span<UInt8>, at offset: Int) -> Bool {
        guard offset >= 0, offset <= line.count &- Self.capacity else { return standsNearEnd(of: line, at: offset) }
        // Mostly the first word says all.
        let first = line.number64(at: offset) ^ words.0
        if count <= 8 { return first &<< UInt64(64 &- 8 &* count) == 0 }
        guard first == 0 else { return false }
        let second = line.number64(at: offset &+ 8) ^ words.1
        if count <= 16 { return second &<< UInt64(128 &- 8 &* count) == 0 }
        guard second == 0 else { return false }
        let third = line.number64(at: offset &+ 16) ^ words.2
        if count <= 24 { return third &<< UInt64(192 &- 8 &* count) == 0 }
        return third == 0 && (line.number64(at: offset &+ 24) ^ words.3) &<< UInt64(256 &- 8 &* count) == 0
    }

    @inline(never)
    private func standsNearEnd(of line: Span<UInt8>, at offset: Int) -> Bool {
        guard offset >= 0, count <= line.count &- offset else { return false }
        for index in 0..<count where line[offset &+ index] != self[index] { return false }
        return true
    }

    private subscript(index: Int) -> UInt8 {
        let word =
            switch index / 8 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return UInt8(truncatingIfNeeded: word >> UInt64(8 * (index % 8)))
    }

    var text: String { String(decoding: (0..<count).map { self[$0] }, as: UTF8.self) }
}

/// The name of a field, with what parts it from the value behind and the field in front: `,"name":`.
///
/// Those of the records of which there are many are made once, below: a literal is taken apart at each use.
struct FieldName: ExpressibleByStringLiteral, Sendable {
    let withComma: LineText

    init(_ name: String) { withComma = LineText(",\"\(name)\":") }
    init(stringLiteral name: String) { self.init(name) }

    var name: String { String(withComma.text.dropFirst(2).dropLast(2)) }
}

extension FieldName {
    static let after = FieldName("after")
    static let at = FieldName("at")
    static let attempt = FieldName("attempt")
    static let base64 = FieldName("base64")
    static let blockedBy = FieldName("blocked_by")
    static let cancelAtOnce = FieldName("cancel_at_once")
    static let cancelRequested = FieldName("cancel_requested")
    static let changes = FieldName("changes")
    static let coalesced = FieldName("coalesced")
    static let command = FieldName("command")
    static let concurrency = FieldName("concurrency")
    static let crashes = FieldName("crashes")
    static let dispatch = FieldName("dispatch")
    static let dueAt = FieldName("due_at")
    static let dueReason = FieldName("due_reason")
    static let endedSteady = FieldName("ended_steady")
    static let ending = FieldName("ending")
    static let enqueuedAt = FieldName("enqueued_at")
    static let environment = FieldName("env")
    static let exitCode = FieldName("exit_code")
    static let exitCodes = FieldName("exit_codes")
    static let finishedAt = FieldName("finished_at")
    static let finishedBoot = FieldName("finished_boot_seconds")
    static let from = FieldName("from")
    static let handler = FieldName("handler")
    static let handlerDied = FieldName("handler_died")
    static let hasDependencies = FieldName("has_dependencies")
    static let hasLimits = FieldName("has_limits")
    static let holdsUniqueKey = FieldName("holds_unique_key")
    static let id = FieldName("id")
    static let idleTimeout = FieldName("idle_timeout_seconds")
    static let input = FieldName("input")
    static let inputBase64 = FieldName("input_base64")
    static let isSteady = FieldName("due_in_steady_time")
    static let job = FieldName("job")
    static let killGrace = FieldName("kill_grace_seconds")
    static let lastScheduledFor = FieldName("last_scheduled_for")
    static let lines = FieldName("lines")
    static let lostUniqueKey = FieldName("lost_unique_key")
    static let maxAttempts = FieldName("max_attempts")
    static let notStarted = FieldName("not_started")
    static let offset = FieldName("offset_seconds")
    static let onCrash = FieldName("on_crash")
    static let onParentFail = FieldName("on_parent_fail")
    static let original = FieldName("original")
    static let overlap = FieldName("overlap")
    static let parent = FieldName("parent")
    static let pinned = FieldName("pinned")
    static let priority = FieldName("priority")
    static let process = FieldName("process")
    static let queue = FieldName("queue")
    static let rate = FieldName("rate")
    static let reason = FieldName("reason")
    static let result = FieldName("result")
    static let retry = FieldName("retry")
    static let retryBy = FieldName("retry_by")
    static let returned = FieldName("returned")
    static let revision = FieldName("revision")
    static let scheduledFor = FieldName("scheduled_for")
    static let sequence = FieldName("seq")
    static let setAside = FieldName("set_aside")
    static let shell = FieldName("shell")
    static let signal = FieldName("signal")
    static let snoozes = FieldName("snoozes")
    static let startBy = FieldName("start_by")
    static let startBySeconds = FieldName("start_by_seconds")
    static let startedAt = FieldName("started_at")
    static let startedBoot = FieldName("started_boot_seconds")
    static let state = FieldName("state")
    static let stream = FieldName("stream")
    static let survivors = FieldName("survivors")
    static let tags = FieldName("tags")
    static let text = FieldName("text")
    static let threw = FieldName("threw")
    static let timeout = FieldName("timeout_seconds")
    static let to = FieldName("to")
    static let token = FieldName("token")
    static let unique = FieldName("unique")
    static let watchdog = FieldName("watchdog_seconds")
    static let worker = FieldName("worker")
    static let workingDirectory = FieldName("cwd")
}

/// The words in quotes that stand for the cases of an enumeration, for the records of which there are many.
struct WordTable<Value: RawRepresentable<UInt8> & CaseIterable & Sendable>: Sendable {
    /// Those cases that have a word.
    private let known: [(value: Value, text: LineText)]
    /// By the raw value.
    private let texts: [LineText?]

    init(_: Value.Type, _ word: (Value) -> String?) {
        known = Value.allCases.compactMap { value in word(value).map { (value, LineText("\"\($0)\"")) } }
        var texts = [LineText?](repeating: nil, count: 1 + Int(known.map(\.value.rawValue).max() ?? 0))
        for (value, text) in known { texts[Int(value.rawValue)] = text }
        self.texts = texts
    }

    /// The word of the case with this raw value; nil where there is none.
    @inline(__always)
    subscript(rawValue: UInt8) -> LineText? { Int(rawValue) < texts.count ? texts[Int(rawValue)] : nil }

    /// The case whose word stands in a line at `offset`.
    @inline(__always)
    func find(in line: Span<UInt8>, at offset: Int) -> (value: Value, text: LineText)? {
        for entry in known where entry.text.stands(in: line, at: offset) { return entry }
        return nil
    }

    /// All of them, for a message.
    var list: String { known.map { String($0.text.text.dropFirst().dropLast()) }.joined(separator: ", ") }
}
