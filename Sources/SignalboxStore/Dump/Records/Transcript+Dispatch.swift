internal import SignalboxCore

/// The part of a dispatch's record that has a fixed width, and the flags that say which of its fields mean something. See
/// the article <doc:Layout>.
private struct DispatchSlots {
    static let width = 132

    var flags: UInt32 = 0
    var bytes = InlineArray<132, UInt8>(repeating: 0)

    func has(_ flag: DispatchRecord.Flags) -> Bool { flags & flag.rawValue != 0 }

    mutating func mark(_ flag: DispatchRecord.Flags) { flags |= flag.rawValue }

    mutating func set(_ number: UInt64, width: Int, at offset: Int) {
        for index in 0..<width { bytes[offset &+ index] = UInt8(truncatingIfNeeded: number &>> UInt64(8 &* index)) }
    }

    func number(width: Int, at offset: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in 0..<width { number |= UInt64(bytes[offset &+ index]) &<< UInt64(8 &* index) }
        return number
    }
}

extension Transcript {
    @_lifetime(self: copy self)
    mutating func dispatch() throws {
        let id = try keyNumber64("id")
        if isPrinting { try printDispatch(id) } else { try parseDispatch(id) }
    }

    @_lifetime(self: copy self)
    private mutating func printDispatch(_ id: UInt64) throws {
        var slots = DispatchSlots()
        let fixed = try part(DispatchSlots.width)
        for index in fixed.indices { slots.bytes[index] = fixed[index] }
        slots.flags = fixed.number32(at: 0)
        guard slots.flags & ~DispatchRecord.Flags.all.rawValue == 0, slots.number(width: 8, at: 114) == id else {
            throw RecordFault.shape
        }
        let job = try recordText()
        guard job.isEmpty != slots.has(.ofJob) else { throw RecordFault.shape }
        if !job.isEmpty {
            try NamedThing.job.check(job)
            try field("job")
            printName(job)
        }
        try name("queue", of: .queue)
        let startBy = slots.has(.startDeadline) ? try recordNumber64() : nil
        let retryBy = slots.has(.retryDeadline) ? try recordNumber64() : nil
        let original = slots.has(.original) ? try recordNumber64() : nil
        if !isAtEnd { try name("handler", of: .handler) }
        try slotFields(&slots)
        try printDeadline("start_by", startBy)
        try printDeadline("retry_by", retryBy)
        guard let original else { return }
        try field("original")
        printNumber(original)
    }

    @_lifetime(self: copy self)
    private mutating func printDeadline(_ name: String, _ deadline: UInt64?) throws {
        guard let deadline else { return }
        try field(name)
        printInstant(Instant(microseconds: Int64(bitPattern: deadline)))
    }

    @_lifetime(self: copy self)
    private mutating func parseDispatch(_ id: UInt64) throws {
        var slots = DispatchSlots()
        slots.set(id, width: 8, at: 114)
        var job = Span<UInt8>()
        if takeField("job") {
            job = try parseName(of: .job)
            slots.mark(.ofJob)
        }
        try field("queue")
        let queue = try parseName(of: .queue)
        let handler = takeField("handler") ? try parseName(of: .handler) : Span()
        try slotFields(&slots)
        let startBy = takeField("start_by") ? try parseInstant() : nil
        let retryBy = takeField("retry_by") ? try parseInstant() : nil
        let original = takeField("original") ? try parseNumber(upTo: .max) : nil
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
        try slotNumber("priority", &slots, width: 1, at: 6)
        try slotNumber("attempt", &slots, width: 2, at: 10)
        try slotNumber("max_attempts", &slots, width: 2, at: 12)
        try slotNumber("crashes", &slots, width: 1, at: 9)
        try slotNumber("snoozes", &slots, width: 2, at: 122)
        try slotNumber("coalesced", &slots, width: 4, at: 14)
        try slotInstant("enqueued_at", &slots, at: 18)
        try slotInstant("scheduled_for", &slots, at: 26, if: .scheduledFor)
        try slotInstant("last_scheduled_for", &slots, at: 34, if: .lastScheduledFor)
        try slotOccurrence(&slots)
        try slotInstant("due_at", &slots, at: 42)
        try slotMark("due_in_steady_time", &slots, .steady)
        try slotInstant("started_at", &slots, at: 50, if: .started)
        try slotBoot("started_boot_seconds", &slots, at: 58, if: .started)
        try slotInstant("finished_at", &slots, at: 66, if: .finished)
        try slotBoot("finished_boot_seconds", &slots, at: 74, if: .finished)
        try slotInstant("ended_steady", &slots, at: 124, among: .finished)
        try slotNumber("worker", &slots, width: 8, at: 82, if: .claimed)
        try slotNumber("token", &slots, width: 8, at: 90, among: .claimed)
        try slotNumber("blocked_by", &slots, width: 8, at: 98, if: .blocked)
        try slotNumber("parent", &slots, width: 8, at: 106, if: .parent)
        try slotEnding(&slots)
        try slotMark("cancel_requested", &slots, .cancelRequested)
        try slotMark("cancel_at_once", &slots, .cancelAtOnce)
        try slotMark("holds_unique_key", &slots, .uniqueKey)
        try slotMark("lost_unique_key", &slots, .lostUniqueKey)
        try slotMark("has_dependencies", &slots, .dependencies)
        try slotMark("has_limits", &slots, .limited)
        try slotMark("pinned", &slots, .pinned)
        try slotMark("set_aside", &slots, .setAside)
    }

    // MARK: One field

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotNumber(_ name: String, _ slots: inout DispatchSlots, width: Int, at offset: Int) throws {
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
        _ name: String, _ slots: inout DispatchSlots, width: Int, at offset: Int, if flag: DispatchRecord.Flags
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
        _ name: String, _ slots: inout DispatchSlots, width: Int, at offset: Int, among flag: DispatchRecord.Flags
    ) throws {
        if slots.has(flag) {
            try slotNumber(name, &slots, width: width, at: offset)
        } else {
            guard slots.number(width: width, at: offset) == 0 else { throw RecordFault.shape }
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotInstant(_ name: String, _ slots: inout DispatchSlots, at offset: Int) throws {
        try field(name)
        try slotInstant(&slots, at: offset)
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotInstant(
        _ name: String, _ slots: inout DispatchSlots, at offset: Int, if flag: DispatchRecord.Flags
    ) throws {
        if try isThere(name, &slots, width: 8, at: offset, flag) { try slotInstant(&slots, at: offset) }
    }

    /// One of several fields that share a flag, the first of which has set it.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func slotInstant(
        _ name: String, _ slots: inout DispatchSlots, at offset: Int, among flag: DispatchRecord.Flags
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
        _ name: String, _ slots: inout DispatchSlots, at offset: Int, if flag: DispatchRecord.Flags
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
        _ name: String, _ slots: inout DispatchSlots, width: Int, at offset: Int, _ flag: DispatchRecord.Flags
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
        _ name: String, _ slots: inout DispatchSlots, _ flag: DispatchRecord.Flags
    ) throws {
        if isPrinting {
            guard slots.has(flag) else { return }
            try field(name)
            output.put("true")
        } else if takeField(name) {
            guard take("true") else { throw fault("expected true; where it is not so, there is no field") }
            slots.mark(flag)
        }
    }

    @_lifetime(self: copy self)
    private mutating func slotState(_ slots: inout DispatchSlots) throws {
        try field("state")
        if isPrinting {
            guard let state = DispatchState(rawValue: slots.bytes[4]) else { throw RecordFault.shape }
            printWord(state.name)
        } else {
            slots.bytes[4] = try parseWord { (state: DispatchState) in state.name }.rawValue
        }
    }

    @_lifetime(self: copy self)
    private mutating func slotReason(_ slots: inout DispatchSlots) throws {
        if isPrinting {
            guard let reason = DispatchReason(rawValue: slots.bytes[5]) else { throw RecordFault.shape }
            guard let word = reason.word else { return }
            try field("reason")
            printWord(word)
        } else if takeField("reason") {
            slots.bytes[5] = try parseWord { (reason: DispatchReason) in reason.word }.rawValue
        }
    }

    /// Why its schedule named just this instant, where that is not the usual.
    @_lifetime(self: copy self)
    private mutating func slotOccurrence(_ slots: inout DispatchSlots) throws {
        if isPrinting {
            let (isGap, isFold) = (slots.has(.daylightGap), slots.has(.fold))
            guard !isGap || !isFold else { throw RecordFault.shape }
            guard isGap || isFold else { return }
            try field("due_reason")
            printWord((isGap ? Occurrence.Reason.daylightGap : .fold).rawValue)
        } else if takeField("due_reason") {
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
                try field(kind == 1 ? "exit_code" : "signal")
                printNumber(UInt64(value))
            default:
                guard let word = EndingWord(rawValue: kind) else { throw RecordFault.shape }
                try field("ending")
                printWord(word.text)
            }
        } else if takeField("exit_code") {
            (slots.bytes[7], slots.bytes[8]) = (1, UInt8(try parseNumber(upTo: 255)))
        } else if takeField("signal") {
            (slots.bytes[7], slots.bytes[8]) = (2, UInt8(try parseNumber(upTo: 255)))
        } else if takeField("ending") {
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
