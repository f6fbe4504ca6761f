internal import SignalboxCore

extension Transcript {
    /// The definition of a job.
    @_lifetime(self: copy self)
    mutating func job() throws {
        let name = try keyName("name", of: .job)
        try keepPolicy()
        try again(name)
        try schedule()
        try optionalText("zone")
        try self.name("queue", of: .queue)
        try number8("priority")
        try work()
        try number32("max_attempts")
        try overlapRule()
        try catchUp()
        try optionalDuration("start_by_seconds")
    }

    /// What is kept of it; what it does not say the store's settings do.
    @_lifetime(self: copy self)
    private mutating func keepPolicy() throws {
        try field("keep")
        try beginObject()
        for outcome in ["success", "failed", "skipped"] where try optional(FieldName(outcome)) { try keepLimit() }
        try endObject()
    }

    /// So many, for so long; without either, for ever.
    @_lifetime(self: copy self)
    mutating func keepLimit() throws {
        try beginObject()
        if try optional("count") { try number32() }
        try optionalDuration("age_seconds")
        try endObject()
    }

    @_lifetime(self: copy self)
    private mutating func schedule() throws {
        let column = offset + 1
        try field("schedule")
        let written = try checkedText()
        do {
            _ = try Schedule(text: String(decoding: written, as: UTF8.self))
        } catch {
            throw isPrinting ? RecordFault.shape : DumpFault(column: column, reason: "\(error)")
        }
    }

    @_lifetime(self: copy self)
    private mutating func catchUp() throws {
        if isPrinting {
            let mode = try recordText()
            guard let known = CatchUpPolicy.Mode(rawValue: mode.text ?? "")
            else { throw RecordFault.shape }
            try field("catchup")
            printWord(known.rawValue)
        } else {
            try field("catchup")
            let mode: CatchUpPolicy.Mode = try parseWord { $0.rawValue }
            let word = mode.rawValue
            try again(word.utf8.span)
        }
        try optionalDuration("catchup_window_seconds")
        try number32("catchup_max")
    }

    /// How far a job's schedule has been dealt with.
    @_lifetime(self: copy self)
    mutating func jobProgress() throws {
        _ = try keyName("job", of: .job)
        try number32("revision")
        try instant("cursor")
        try instant("anchor")
        if try optional("pause") { try jobPause() }
        try optionalInstant("next_at")
        try hash("zone_fingerprint")
        try flag("undated")
        try optionalText("last_boot")
        if try optional("last_run") { try lastRun() }
        try ledgerSpans()
        var list = try beginList("paused_times")
        while try nextElement(&list) {
            try beginObject()
            try instant("after")
            try instant("through")
            try endObject()
        }
    }

    @_lifetime(self: copy self)
    private mutating func jobPause() throws {
        try beginObject()
        try instant("at")
        try instant("since")
        try text("by")
        try optionalText("reason")
        try endObject()
    }

    @_lifetime(self: copy self)
    private mutating func lastRun() throws {
        try beginObject()
        try number64("dispatch")
        try word("state", DispatchState.self) { $0.name }
        try instant("finished_at")
        try endObject()
    }

    @_lifetime(self: copy self)
    private mutating func ledgerSpans() throws {
        let column = offset + 1
        var list = try beginList("spans")
        while try nextElement(&list) {
            try beginObject()
            try instant("after")
            try optionalInstant("through")
            try number32("revision")
            try number32("clock_epoch")
            try instant("anchor")
            try endObject()
        }
        guard list.count > 0 else {
            throw isPrinting
                ? RecordFault.shape : DumpFault(column: column, reason: "expected at least one of the spans")
        }
    }

    /// A program that runs what is for it.
    @_lifetime(self: copy self)
    mutating func handler() throws {
        let name = try keyName("name", of: .handler)
        try again(name)
        try command()
        try field("env")
        try environment()
        try optionalText("cwd")
    }
}
