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
        case .returned?: writer.put(UInt8(4))
        case .threw(let error)?:
            writer.put(UInt8(5))
            writer.put(error)
        case .handlerDied(let how)?:
            writer.put(UInt8(6))
            writer.put(how)
        }
        writer.put(report.result) { $0.put($1.text) }
        writer.put(each: report.tags.sorted { $0.key < $1.key }) { writer, tag in
            writer.put(tag.key)
            writer.put(tag.value)
        }
        writer.put(each: report.survivors) { writer, survivor in
            writer.put(UInt32(bitPattern: survivor.pid))
            writer.put(survivor.name)
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
        case 4: outcome = .returned
        case 5: outcome = .threw(try reader.handlerError())
        case 6: outcome = .handlerDied(try reader.text())
        default: throw RecordFault.shape
        }
        return Attempt(
            number: number, worker: worker, started: started, finished: finished, outcome: outcome, reason: reason,
            report: try reader.attemptReport())
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    fileprivate mutating func attemptReport() throws -> AttemptReport {
        var report = AttemptReport()
        if try flag() {
            guard let result = JSONText(try text()) else { throw RecordFault.shape }
            report.result = result
        }
        for _ in 0..<(try count()) {
            let name = try text()
            report.tags[name] = try text()
        }
        for _ in 0..<(try count()) {
            let pid = Int32(bitPattern: try number32())
            report.survivors.append(Survivor(pid: pid, name: try text()))
        }
        return report
    }
}

extension RecordWriter {
    fileprivate mutating func put(_ error: HandlerError) {
        put(error.text)
        switch error.wish {
        case .retry(let wait):
            put(UInt8(0))
            put(wait) { $0.put($1) }
        case .fatal: put(UInt8(1))
        case .snooze(let wait):
            put(UInt8(2))
            put(wait)
        case .cancel: put(UInt8(3))
        }
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    fileprivate mutating func handlerError() throws -> HandlerError {
        let text = try text()
        switch try byte() {
        case 0: return HandlerError(text, .retry(after: try flag() ? try duration() : nil))
        case 1: return HandlerError(text, .fatal)
        case 2: return HandlerError(text, .snooze(try duration()))
        case 3: return HandlerError(text, .cancel)
        default: throw RecordFault.shape
        }
    }
}
