internal import SignalboxCore

/// What the store knows of the machine's clocks; in `meta`, once anything went by them.
extension StoreClock: Record {
    static var layout: UInt8 { 2 }
    static var key: Key { .name("clock") }

    func write(to writer: inout RecordWriter) {
        writer.put(bootID.text)
        writer.put(wallStart)
        writer.put(steadyStart)
        writer.put(timeOff)
        writer.put(lastLook)
        writer.put(slept)
        writer.put(isPlanned)
        writer.put(newestWall) { $0.put($1) }
        writer.put(trust)
        writer.put(gap) { writer, gap in
            writer.put(gap.reason.rawValue)
            writer.put(gap.from)
            writer.put(gap.through)
        }
        writer.put(rewind) { writer, rewind in
            writer.put(rewind.scope.rawValue)
            writer.put(rewind.to)
            writer.put(rewind.done) { $0.put($1.text) }
        }
    }

    static func read(from reader: inout RecordReader) throws -> StoreClock {
        let bootID = BootID(try reader.text())
        var clock = StoreClock(first: Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: bootID))
        clock.wallStart = try reader.instant()
        clock.steadyStart = try reader.instant()
        clock.timeOff = try reader.duration()
        clock.lastLook = try reader.bootInstant()
        clock.slept = try reader.duration()
        clock.isPlanned = try reader.flag()
        clock.newestWall = try reader.flag() ? try reader.instant() : nil
        clock.trust = try reader.clockTrust()
        if try reader.flag() {
            let reason = try reader.value(of: DispatchReason.self)
            let from = try reader.instant()
            clock.gap = ClockGap(reason: reason, from: from, through: try reader.instant())
        }
        if try reader.flag() {
            let scope = try reader.value(of: ClockRewind.Scope.self)
            clock.rewind = ClockRewind(scope, to: try reader.instant())
            clock.rewind?.done = try reader.flag() ? try JobName(try reader.text()) : nil
        }
        return clock
    }
}

extension RecordWriter {
    fileprivate mutating func put(_ trust: ClockTrust) {
        switch trust {
        case .undecided: put(UInt8(0))
        case .trusted: put(UInt8(1))
        case .held(let doubt, let since, let until):
            put(UInt8(2))
            put(doubt.rawValue)
            put(since)
            put(until)
        }
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    fileprivate mutating func bootInstant() throws -> BootInstant { BootInstant(nanoseconds: try signed64()) }

    @_lifetime(self: copy self)
    fileprivate mutating func clockTrust() throws -> ClockTrust {
        switch try byte() {
        case 0: return .undecided
        case 1: return .trusted
        case 2:
            let doubt = try value(of: ClockDoubt.self)
            let since = try bootInstant()
            return .held(doubt, since: since, until: try bootInstant())
        default: throw RecordFault.shape
        }
    }
}
