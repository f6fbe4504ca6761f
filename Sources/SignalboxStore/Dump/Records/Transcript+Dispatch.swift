internal import SignalboxCore

/// The part of a dispatch's record that has a fixed width, and the flags that say which of its fields mean something. See
/// the article <doc:Layout>.
private struct DispatchSlots {
    static let width = 132

    var flags: UInt32 = 0
    var bytes = InlineArray<132, UInt8>(repeating: 0)

    @inline(__always)
    func has(_ flag: DispatchRecord.Flags) -> Bool { flags & flag.rawValue != 0 }

    @inline(__always)
    mutating func mark(_ flag: DispatchRecord.Flags) { flags |= flag.rawValue }

    @inline(__always)
    mutating func fill(with bytes: Span<UInt8>) {
        precondition(bytes.count == Self.width, "the fixed part of another width")
        for index in 0..<Self.width { self.bytes[index] = bytes[index] }
    }

    @inline(__always)
    mutating func set(_ number: UInt64, width: Int, at offset: Int) {
        for index in 0..<width { bytes[offset &+ index] = UInt8(truncatingIfNeeded: number &>> UInt64(8 &* index)) }
    }

    @inline(__always)
    func number(width: Int, at offset: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in 0..<width { number |= UInt64(bytes[offset &+ index]) &<< UInt64(8 &* index) }
        return number
    }
}

extension Transcript {
    @_lifetime(self: copy self)
    mutating func dispatch() throws {
        let id = try keyNumber64(.id)
        if isPrinting { try printDispatch(id) } else { try parseDispatch(id) }
    }

    @_lifetime(self: copy self)
    private mutating func printDispatch(_ id: UInt64) throws {
        var slots = DispatchSlots()
        let fixed = try part(DispatchSlots.width)
        slots.fill(with: fixed)
        slots.flags = fixed.number32(at: 0)
        guard slots.flags & ~DispatchRecord.Flags.all.rawValue == 0, slots.number(width: 8, at: 114) == id else {
            throw RecordFault.shape
        }
        let job = try recordText()
        guard job.isEmpty != slots.has(.ofJob) else { throw RecordFault.shape }
        if !job.isEmpty {
            try NamedThing.job.check(job)
            try field(.job)
            printName(job)
        }
        try name(.queue, of: .queue)
        let startBy = slots.has(.startDeadline) ? try recordNumber64() : nil
        let retryBy = slots.has(.retryDeadline) ? try recordNumber64() : nil
        let original = slots.has(.original) ? try recordNumber64() : nil
        if !isAtEnd { try name(.handler, of: .handler) }
        try slotFields(&slots)
        try printDeadline(.startBy, startBy)
        try printDeadline(.retryBy, retryBy)
        guard let original else { return }
        try field(.original)
        printNumber(original)
    }

    @_lifetime(self: copy self)
    private mutating func printDeadline(_ name: FieldName, _ deadline: UInt64?) throws {
        guard let deadline else { return }
        try field(name)
        printInstant(Instant(microseconds: Int64(bitPattern: deadline)))
    }

    @_lifetime(self: copy self)
    private mutating func parseDispatch(_ id: UInt64) throws {
        var slots = DispatchSlots()
        slots.set(id, width: 8, at: 114)
        var job = Span<UInt8>()
        if takeField(.job) {
            job = try parseName(of: .job)
            slots.mark(.ofJob)
        }
        try field(.queue)
        let queue = try parseName(of: .queue)
        let handler = takeField(.handler) ? try parseName(of: .handler) : Span()
        try slotFields(&slots)
        let startBy = takeField(.startBy) ? try parseInstant() : nil
        let retryBy = takeField(.retryBy) ? try parseInstant() : nil
        let original = takeField(.original) ? try parseNumber(upTo: .max) : nil
        if startBy != nil { slots.mark(.startDeadline) }
        if retryBy != nil { slots.mark(.retryDeadline) }
        if original != nil { slots.mark(.original) }
        slots.set(UInt64(slots.flags), width: 4, at: 0)
        output.put(slots.bytes.span)
        try again(job)
        try again(queue)
        if let startBy { output.put(littleEndian: UInt64(bitPattern: startBy.microseconds)) }
        if let retryBy { output.put(littleEndian: UInt64(bitPattern: retryBy.microseconds)) }
        if let original { output.put(littleEndian: original) }
        if !handler.isEmpty { try again(handler) }
    }

    /// All fields that stand in the part of fixed width.
    @_lifetime(self: copy self)
    private mutating func slotFields(_ slots: inout DispatchSlots) throws {
        try slotState(&slots)
        try slotReason(&slots)
        try slotNumber(.priority, &slots, width: 1, at: 6)
        try slotNumber(.attempt, &slots, width: 2, at: 10)
        try slotNumber(.maxAttempts, &slots, width: 2, at: 12)
        try slotNumber(.crashes, &slots, width: 1, at: 9)
        try slotNumber(.snoozes, &slots, width: 2, at: 122)
        try slotNumber(.coalesced, &slots, width: 4, at: 14)
        try slotInstant(.enqueuedAt, &slots, at: 18)
        try slotInstant(.scheduledFor, &slots, at: 26, if: .scheduledFor)
        try slotInstant(.lastScheduledFor, &slots, at: 34, if: .lastScheduledFor)
        try slotOccurrence(&slots)
        try slotInstant(.dueAt, &slots, at: 42)
        try slotMark(.isSteady, &slots, .steady)
        try slotInstant(.startedAt, &slots, at: 50, if: .started)
        try slotBoot(.startedBoot, &slots, at: 58, if: .started)
        try slotInstant(.finishedAt, &slots, at: 66, if: .finished)
        try slotBoot(.finishedBoot, &slots, at: 74, if: .finished)
        try slotInstant(.endedSteady, &slots, at: 124, among: .finished)
        try slotNumber(.worker, &slots, width: 8, at: 82, if: .claimed)
        try slotNumber(.token, &slots, width: 8, at: 90, among: .claimed)
        try slotNumber(.blockedBy, &slots, width: 8, at: 98, if: .blocked)
        try slotNumber(.parent, &slots, width: 8, at: 106, if: .parent)
        try slotEnding(&slots)
        try slotMark(.cancelRequested, &slots, .cancelRequested)
        try slotMark(.cancelAtOnce, &slots, .cancelAtOnce)
        try slotMark(.holdsUniqueKey, &slots, .uniqueKey)
        try slotMark(.lostUniqueKey, &slots, .lostUniqueKey)
        try slotMark(.hasDependencies, &slots, .dependencies)
        try slotMark(.hasLimits, &slots, .limited)
        try slotMark(.pinned, &slots, .pinned)
        try slotMark(.setAside, &slots, .setAside)
    }

    // MARK: One field

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotNumber(_ name: FieldName, _ slots: inout DispatchSlots, width: Int, at offset: Int) throws
    {
        try field(name)
        if isPrinting {
            printNumber(slots.number(width: width, at: offset))
        } else {
            slots.set(try parseNumber(upTo: UInt64.max >> UInt64(64 - 8 * width)), width: width, at: offset)
        }
    }

    /// Nothing where the flag is not set.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotNumber(
        _ name: FieldName, _ slots: inout DispatchSlots, width: Int, at offset: Int, if flag: DispatchRecord.Flags
    ) throws {
        guard try isThere(name, &slots, width: width, at: offset, flag) else { return }
        if isPrinting {
            printNumber(slots.number(width: width, at: offset))
        } else {
            slots.set(try parseNumber(upTo: .max), width: width, at: offset)
        }
    }

    /// One of several fields that share a flag, the first of which has set it.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotNumber(
        _ name: FieldName, _ slots: inout DispatchSlots, width: Int, at offset: Int, among flag: DispatchRecord.Flags
    ) throws {
        if slots.has(flag) {
            try slotNumber(name, &slots, width: width, at: offset)
        } else {
            guard slots.number(width: width, at: offset) == 0 else { throw RecordFault.shape }
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotInstant(_ name: FieldName, _ slots: inout DispatchSlots, at offset: Int) throws {
        try field(name)
        try slotInstant(&slots, at: offset)
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotInstant(
        _ name: FieldName, _ slots: inout DispatchSlots, at offset: Int, if flag: DispatchRecord.Flags
    ) throws {
        if try isThere(name, &slots, width: 8, at: offset, flag) { try slotInstant(&slots, at: offset) }
    }

    /// One of several fields that share a flag, the first of which has set it.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotInstant(
        _ name: FieldName, _ slots: inout DispatchSlots, at offset: Int, among flag: DispatchRecord.Flags
    ) throws {
        if slots.has(flag) {
            try slotInstant(name, &slots, at: offset)
        } else {
            guard slots.number(width: 8, at: offset) == 0 else { throw RecordFault.shape }
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotInstant(_ slots: inout DispatchSlots, at offset: Int) throws {
        if isPrinting {
            printInstant(Instant(microseconds: Int64(bitPattern: slots.number(width: 8, at: offset))))
        } else {
            slots.set(UInt64(bitPattern: try parseInstant().microseconds), width: 8, at: offset)
        }
    }

    /// The boot clock's part of a moment, whose wall time stands in front of it.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotBoot(
        _ name: FieldName, _ slots: inout DispatchSlots, at offset: Int, if flag: DispatchRecord.Flags
    ) throws {
        guard slots.has(flag) else {
            guard slots.number(width: 8, at: offset) == 0 else { throw RecordFault.shape }
            return
        }
        try field(name)
        if isPrinting {
            printSeconds(Int64(bitPattern: slots.number(width: 8, at: offset)), digits: 9)
        } else {
            slots.set(UInt64(bitPattern: try parseSeconds(digits: 9)), width: 8, at: offset)
        }
    }

    /// Whether a field comes that has a flag; without it, the record has nothing but zeros there.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func isThere(
        _ name: FieldName, _ slots: inout DispatchSlots, width: Int, at offset: Int, _ flag: DispatchRecord.Flags
    ) throws -> Bool {
        if isPrinting {
            guard slots.has(flag) else {
                guard slots.number(width: width, at: offset) == 0 else { throw RecordFault.shape }
                return false
            }
            try field(name)
            return true
        }
        guard takeField(name) else { return false }
        slots.mark(flag)
        return true
    }

    /// `true` where the flag is set, and no field where it is not.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotMark(
        _ name: FieldName, _ slots: inout DispatchSlots, _ flag: DispatchRecord.Flags
    ) throws {
        if isPrinting {
            guard slots.has(flag) else { return }
            try field(name)
            output.put(Self.trueText)
        } else if takeField(name) {
            guard take(Self.trueText) else { throw fault("expected true; where it is not so, there is no field") }
            slots.mark(flag)
        }
    }

    @_lifetime(self: copy self)
    private mutating func slotState(_ slots: inout DispatchSlots) throws {
        try field(.state)
        if isPrinting {
            try printWord(slots.bytes[4], Words.states)
        } else {
            slots.bytes[4] = try parseWord(Words.states).rawValue
        }
    }

    @_lifetime(self: copy self)
    private mutating func slotReason(_ slots: inout DispatchSlots) throws {
        if isPrinting {
            guard slots.bytes[5] != DispatchReason.none.rawValue else { return }
            try field(.reason)
            try printWord(slots.bytes[5], Words.reasons)
        } else if takeField(.reason) {
            slots.bytes[5] = try parseWord(Words.reasons).rawValue
        }
    }

    /// Why its schedule named just this instant, where that is not the usual.
    @_lifetime(self: copy self)
    private mutating func slotOccurrence(_ slots: inout DispatchSlots) throws {
        if isPrinting {
            let (isGap, isFold) = (slots.has(.daylightGap), slots.has(.fold))
            guard !isGap || !isFold else { throw RecordFault.shape }
            guard isGap || isFold else { return }
            try field(.dueReason)
            printWord((isGap ? Occurrence.Reason.daylightGap : .fold).rawValue)
        } else if takeField(.dueReason) {
            let reason: Occurrence.Reason = try parseWord { $0 == .regular ? nil : $0.rawValue }
            slots.mark(reason == .fold ? .fold : .daylightGap)
        }
    }

    /// How the newest attempt ended: `exit_code`, `signal`, or a word in `ending`.
    @_lifetime(self: copy self)
    private mutating func slotEnding(_ slots: inout DispatchSlots) throws {
        if isPrinting {
            let (kind, value) = (slots.bytes[7], slots.bytes[8])
            guard kind == 1 || kind == 2 || value == 0 else { throw RecordFault.shape }
            switch kind {
            case 0: return
            case 1, 2:
                try field(kind == 1 ? .exitCode : .signal)
                printNumber(UInt64(value))
            default:
                guard let word = EndingWord(rawValue: kind) else { throw RecordFault.shape }
                try field(.ending)
                printWord(word.text)
            }
        } else if takeField(.exitCode) {
            (slots.bytes[7], slots.bytes[8]) = (1, UInt8(try parseNumber(upTo: 255)))
        } else if takeField(.signal) {
            (slots.bytes[7], slots.bytes[8]) = (2, UInt8(try parseNumber(upTo: 255)))
        } else if takeField(.ending) {
            slots.bytes[7] = try parseWord { (word: EndingWord) in word.text }.rawValue
        }
    }
}

/// How an attempt ended that has no number, as records number it.
private enum EndingWord: UInt8, CaseIterable {
    case notStarted = 3
    case returned = 4
    case threw = 5
    case handlerDied = 6

    var text: String {
        switch self {
        case .notStarted: "not_started"
        case .returned: "returned"
        case .threw: "threw"
        case .handlerDied: "handler_died"
        }
    }
}
