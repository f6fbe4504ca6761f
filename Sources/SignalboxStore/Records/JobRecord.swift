internal import SignalboxCore

extension JobDefinition: Record {
    static var layout: UInt8 { 3 }

    /// What is kept comes first, for that is read with every end of a run.
    func write(to writer: inout RecordWriter) {
        writer.put(keep)
        writer.put(name.text)
        writer.put(schedule.description)
        writer.put(zone) { $0.put($1) }
        writer.put(queue.text)
        writer.put(priority)
        writer.put(work)
        writer.put(UInt32(clamping: maxAttempts))
        writer.put(overlap)
        writer.put(catchUp.mode.rawValue)
        writer.put(catchUp.window) { $0.put($1) }
        writer.put(UInt32(clamping: catchUp.maximum))
        writer.put(startBy) { $0.put($1) }
    }

    static func read(from reader: inout RecordReader) throws -> JobDefinition {
        let keep = try reader.keepPolicy()
        let name = try JobName(try reader.text())
        let schedule = try Schedule(text: try reader.text())
        let zone = try reader.flag() ? try reader.text() : nil
        let queue = try QueueName(try reader.text())
        let priority = try reader.byte()
        let work = try reader.work()
        let maxAttempts = Int(try reader.number32())
        let overlap = try reader.overlapRule()
        let catchUp = try reader.catchUpPolicy()
        return JobDefinition(
            name: name, schedule: schedule, zone: zone, queue: queue, priority: priority, work: work,
            maxAttempts: maxAttempts, overlap: overlap, catchUp: catchUp,
            startBy: try reader.flag() ? try reader.duration() : nil, keep: keep)
    }
}

extension JobDefinition {
    /// What a record says of what is kept; the rest of it is not read.
    static func keepPolicy(record: Span<UInt8>, key: Span<UInt8>) throws -> KeepPolicy {
        var reader = try RecordReader(record, key: key)
        guard reader.layout == layout else { throw RecordFault.layout(reader.layout) }
        return try reader.keepPolicy()
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    fileprivate mutating func catchUpPolicy() throws -> CatchUpPolicy {
        guard let mode = CatchUpPolicy.Mode(rawValue: try text()) else { throw RecordFault.shape }
        let window = try flag() ? try duration() : nil
        return CatchUpPolicy(mode: mode, window: window, maximum: Int(try number32()))
    }
}

extension JobProgress: Record {
    static var layout: UInt8 { 2 }

    func write(to writer: inout RecordWriter) {
        writer.put(revision)
        writer.put(cursor)
        writer.put(anchor)
        writer.put(pause) { writer, pause in
            writer.put(pause.at)
            writer.put(pause.since)
            writer.put(pause.by)
            writer.put(pause.reason) { $0.put($1) }
        }
        writer.put(nextDue) { $0.put($1) }
        writer.put(zoneFingerprint)
        writer.put(isUndated)
        writer.put(lastBoot) { $0.put($1.text) }
        writer.put(lastRun) { writer, run in
            writer.put(run.dispatch.number)
            writer.put(run.state.rawValue)
            writer.put(run.finishedAt)
        }
        writer.put(each: spans) { $0.put($1) }
        writer.put(each: pausedTimes) { writer, time in
            writer.put(time.after)
            writer.put(time.through)
        }
    }

    static func read(from reader: inout RecordReader) throws -> JobProgress {
        let revision = try reader.number32()
        let cursor = try reader.instant()
        var progress = JobProgress(revision: revision, cursor: cursor, anchor: try reader.instant())
        progress.pause = try reader.flag() ? try reader.pause() : nil
        progress.nextDue = try reader.flag() ? try reader.instant() : nil
        progress.zoneFingerprint = try reader.number64()
        progress.isUndated = try reader.flag()
        progress.lastBoot = try reader.flag() ? BootID(try reader.text()) : nil
        if try reader.flag() {
            let dispatch = DispatchID(try reader.number64())
            let state = try reader.value(of: DispatchState.self)
            progress.lastRun = LastRun(dispatch: dispatch, state: state, finishedAt: try reader.instant())
        }
        progress.spans = []
        for _ in 0..<(try reader.count()) { progress.spans.append(try reader.ledgerSpan()) }
        for _ in 0..<(try reader.count()) {
            let after = try reader.instant()
            progress.pausedTimes.append(PausedTime(after: after, through: try reader.instant()))
        }
        return progress
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    fileprivate mutating func pause() throws -> JobPause {
        let at = try instant()
        let since = try instant()
        let by = try text()
        return JobPause(at: at, since: since, by: by, reason: try flag() ? try text() : nil)
    }
}

extension RecordWriter {
    fileprivate mutating func put(_ span: LedgerSpan) {
        put(span.after)
        put(span.through) { $0.put($1) }
        put(span.revision)
        put(span.epoch)
        put(span.anchor)
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    fileprivate mutating func ledgerSpan() throws -> LedgerSpan {
        let after = try instant()
        let through = try flag() ? try instant() : nil
        let revision = try number32()
        let epoch = try number32()
        return LedgerSpan(after: after, through: through, revision: revision, epoch: epoch, anchor: try instant())
    }
}
