internal import SignalboxCore

extension HandlerDefinition: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(name.text)
        writer.put(command)
        writer.put(environment: environment)
        writer.put(directory) { $0.put($1) }
    }

    static func read(from reader: inout RecordReader) throws -> HandlerDefinition {
        let name = try HandlerName(try reader.text())
        let command = try reader.command()
        let environment = try reader.environment()
        return HandlerDefinition(
            name: name, command: command, environment: environment,
            directory: try reader.flag() ? try reader.text() : nil)
    }
}
