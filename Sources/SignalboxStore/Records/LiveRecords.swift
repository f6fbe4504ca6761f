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
    public var attempt: Int
    /// The command itself, which leads its own session.
    public var process: ProcessIdentity
    /// What every process of the run has as SIGNALBOX_RUN_ID in its environment.
    public var runID: String

    public init(attempt: Int, process: ProcessIdentity, runID: String) {
        self.attempt = attempt
        self.process = process
        self.runID = runID
    }
}

extension RunningCommand: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(UInt32(clamping: attempt))
        writer.put(UInt32(bitPattern: process.pid))
        writer.put(process.startTicks)
        writer.put(runID)
    }

    static func read(from reader: inout RecordReader) throws -> RunningCommand {
        let attempt = Int(try reader.number32())
        let pid = Int32(bitPattern: try reader.number32())
        let process = ProcessIdentity(pid: pid, startTicks: try reader.number64())
        return RunningCommand(attempt: attempt, process: process, runID: try reader.text())
    }
}
