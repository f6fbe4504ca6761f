internal import SignalboxCore

extension WorkerRegistration: Record {
    static var layout: UInt8 { 2 }

    func write(to writer: inout RecordWriter) {
        writer.put(state.rawValue)
        writer.put(id.number)
        writer.put(name)
        writer.put(UInt32(bitPattern: process.pid))
        writer.put(process.startTicks)
        writer.put(bootID.text)
        writer.put(host)
        writer.put(each: queues) { $0.put($1.text) }
        writer.put(kinds.commands ? UInt8(1) : 0)
        writer.put(each: kinds.handlers) { $0.put($1.text) }
        writer.put(UInt32(clamping: slots))
        writer.put(version)
        writer.put(startedAt)
    }

    static func read(from reader: inout RecordReader) throws -> WorkerRegistration {
        let state = try reader.value(of: WorkerState.self)
        let id = WorkerID(try reader.number64())
        let name = try reader.text()
        let pid = Int32(bitPattern: try reader.number32())
        let process = ProcessIdentity(pid: pid, startTicks: try reader.number64())
        let boot = BootID(try reader.text())
        let host = try reader.text()
        var queues: [QueueName] = []
        for _ in 0..<(try reader.count()) { queues.append(try QueueName(try reader.text())) }
        var kinds = ServedKinds(commands: try reader.flag(), handlers: [])
        for _ in 0..<(try reader.count()) { kinds.handlers.append(try HandlerName(try reader.text())) }
        let slots = Int(try reader.number32())
        let version = try reader.text()
        var registration = WorkerRegistration(
            id: id, name: name, process: process, bootID: boot, host: host, queues: queues, kinds: kinds, slots: slots,
            version: version, startedAt: try reader.instant())
        registration.state = state
        return registration
    }
}
