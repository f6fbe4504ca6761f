internal import SignalboxCore

extension Attempt: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(UInt32(clamping: number))
        writer.put(worker.number)
        writer.put(started)
        writer.put(finished)
        writer.put(reason.rawValue)
        switch outcome {
        case nil: writer.put(UInt8(0))
        case .exited(let code)?:
            writer.put(UInt8(1))
            writer.put(code)
        case .signalled(let signal)?:
            writer.put(UInt8(2))
            writer.put(signal)
        case .notStarted(let error)?:
            writer.put(UInt8(3))
            writer.put(error)
        }
    }

    static func read(from reader: inout RecordReader) throws -> Attempt {
        let number = Int(try reader.number32())
        let worker = WorkerID(try reader.number64())
        let started = try reader.moment()
        let finished = try reader.moment()
        let reason = try reader.value(of: DispatchReason.self)
        let outcome: Outcome?
        switch try reader.byte() {
        case 0: outcome = nil
        case 1: outcome = .exited(try reader.byte())
        case 2: outcome = .signalled(try reader.byte())
        case 3: outcome = .notStarted(try reader.text())
        default: throw RecordFault.shape
        }
        return Attempt(
            number: number, worker: worker, started: started, finished: finished, outcome: outcome, reason: reason)
    }
}
