import SignalboxCore

/// Reads the handlers of a jobs file: those below `handlers`, and the one that a job defines for itself.
enum HandlerReader {
    static func all(in root: YAMLFields) throws(FormatError) -> [HandlerDefinition] {
        guard let handlers = root["handlers"] else { return [] }
        if case .scalar(let scalar) = handlers.value.value, scalar.isNull { return [] }
        guard case .mapping(let entries) = handlers.value.value else {
            throw root.error(
                handlers.value.place, "handlers must be a mapping of names to handlers, not \(handlers.value.kind)")
        }
        var definitions: [HandlerDefinition] = []
        for entry in entries {
            let name: HandlerName
            do { name = try HandlerName(entry.key) } catch { throw root.error(entry.place, "\(error)") }
            definitions.append(try handler(name, entry.value, what: "the handler \(quoted(entry.key))", root))
        }
        return definitions
    }

    static func handler(
        _ name: HandlerName, _ node: YAMLNode, what: String, _ root: YAMLFields
    ) throws(FormatError) -> HandlerDefinition {
        let fields = try YAMLFields(node, file: root.file, what: what, keys: ["command", "env", "cwd"])
        guard let command = fields["command"] else {
            throw fields.error(
                fields.place, "\(what) does not say which program it is: give command: [program, argument]", .missing)
        }
        return HandlerDefinition(
            name: name, command: try fields.command(command), environment: try fields.environment(),
            directory: try fields.directory())
    }
}

extension YAMLFields {
    /// A payload: a text as it is, anything else as the JSON that says the same.
    func json(_ node: YAMLNode) throws(FormatError) -> [UInt8] {
        if case .scalar(let scalar) = node.value { return Array(scalar.text.utf8) }
        return Array(json(inside: node).utf8)
    }

    private func json(inside node: YAMLNode) -> String {
        switch node.value {
        case .scalar(let scalar): scalar.json
        case .sequence(let items): "[" + items.map(json(inside:)).joined(separator: ",") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\(JSONText(string: $0.key).text):\(json(inside: $0.value))" }.joined(separator: ",")
                + "}"
        }
    }
}

extension YAMLScalar {
    /// What is written without quotes may be a number, true, false or null; all else is a text.
    fileprivate var json: String {
        if isNull { return "null" }
        if isPlain, let value = JSONText(text), value.kind == .number || value.kind == .boolean { return text }
        return JSONText(string: text).text
    }
}
