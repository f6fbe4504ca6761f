public import SignalboxCore

extension Heartbeat: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(at)
        writer.put(UInt32(clamping: running))
        writer.put(UInt64(clamping: processed))
        writer.put(UInt64(clamping: failed))
    }

    static func read(from reader: inout RecordReader) throws -> Heartbeat {
        let at = try reader.moment()
        let running = Int(try reader.number32())
        let processed = Int(clamping: try reader.number64())
        return Heartbeat(at: at, running: running, processed: processed, failed: Int(clamping: try reader.number64()))
    }
}

extension ProgressReport: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(UInt8(clamping: percent))
        writer.put(text)
    }

    static func read(from reader: inout RecordReader) throws -> ProgressReport {
        let percent = Int(try reader.byte())
        return ProgressReport(percent: percent, text: try reader.text())
    }
}

/// The process that runs a dispatch, as the reaper needs it when the worker has died.
public struct RunningCommand: Hashable, Sendable {
    /// Which start of the dispatch it is.
    public var token: Token
    /// The command itself, which leads its own session.
    public var process: ProcessIdentity

    public init(claim: Claim, process: ProcessIdentity) {
        self.init(token: claim.token, process: process)
    }

    fileprivate init(token: Token, process: ProcessIdentity) {
        self.token = token
        self.process = process
    }
}

extension RunningCommand: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(token.number)
        writer.put(UInt32(bitPattern: process.pid))
        writer.put(process.startTicks)
    }

    static func read(from reader: inout RecordReader) throws -> RunningCommand {
        let token = Token(try reader.number64())
        let pid = Int32(bitPattern: try reader.number32())
        return RunningCommand(token: token, process: ProcessIdentity(pid: pid, startTicks: try reader.number64()))
    }
}
