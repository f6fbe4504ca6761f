import CYAML
import SignalboxCore

/// One YAML document, read with libyaml into a tree that knows its lines.
///
/// Only what a file of settings needs is accepted: scalars, lists and mappings with plain keys. Anchors and aliases,
/// tags, several documents and duplicate keys are refused in words, and depth and size are bounded, so that no file
/// can blow up.
public enum YAMLDocument {
    /// The largest text that is read, in bytes, and the deepest nesting.
    public static let sizeLimit = 1 << 20
    public static let depthLimit = 16

    /// The root of the document; nil when there is nothing but blanks and comments.
    /// - Throws: `FormatError` with `fileName`, line and column.
    public static func parse(text: String, fileName: String) throws(FormatError) -> YAMLNode? {
        let bytes = Array(text.utf8)
        guard bytes.count <= sizeLimit else {
            throw FormatError(
                .tooLarge, file: fileName, line: 1, column: 1,
                "the file has \(bytes.count) bytes; at most \(sizeLimit) are accepted")
        }
        let result = bytes.withUnsafeBufferPointer { input -> Result<YAMLNode?, FormatError> in
            let events = YAMLEvents(input, fileName: fileName)
            do throws(FormatError) { return .success(try events.document()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

/// libyaml's parser over one text, which it must not outlive.
private final class YAMLEvents {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let input: UnsafeBufferPointer<UInt8>
    private let fileName: String

    init(_ input: UnsafeBufferPointer<UInt8>, fileName: String) {
        self.input = input
        self.fileName = fileName
        precondition(yaml_parser_initialize(parser) == 1, "libyaml has no memory for a parser")
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// What an event is, without what libyaml owns.
    private enum Event {
        case streamStart, streamEnd, documentStart, documentEnd, alias
        case scalar(YAMLScalar)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    func document() throws(FormatError) -> YAMLNode? {
        _ = try next()
        guard case (.documentStart, _) = try next() else { return nil }
        let (event, place) = try next()
        let root = try node(event, place, depth: 0)
        _ = try next()
        let (behind, place2) = try next()
        guard case .streamEnd = behind else {
            throw error(.unsupported, place2, "a second document begins here; expected one document only")
        }
        return root
    }

    private func node(_ event: Event, _ place: YAMLPlace, depth: Int) throws(FormatError) -> YAMLNode {
        guard depth < YAMLDocument.depthLimit else {
            throw error(.tooLarge, place, "nested deeper than \(YAMLDocument.depthLimit) levels")
        }
        switch event {
        case .scalar(let scalar): return YAMLNode(value: .scalar(scalar), place: place)
        case .sequenceStart: return YAMLNode(value: .sequence(try items(depth)), place: place)
        case .mappingStart: return YAMLNode(value: .mapping(try entries(depth)), place: place)
        case .alias:
            throw error(.unsupported, place, "aliases (*name) are not supported; write the value out")
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw error(.syntax, place, "expected a value")
        }
    }

    private func items(_ depth: Int) throws(FormatError) -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            let (event, place) = try next()
            if case .sequenceEnd = event { return items }
            items.append(try node(event, place, depth: depth + 1))
        }
    }

    private func entries(_ depth: Int) throws(FormatError) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var lines: [String: Int] = [:]
        while true {
            let (event, place) = try next()
            if case .mappingEnd = event { return entries }
            guard case .scalar(let key) = event else {
                throw error(.unsupported, place, "a key must be a plain word")
            }
            if let line = lines.updateValue(place.line, forKey: key.text) {
                throw error(.conflict, place, "the key \(quoted(key.text)) is there already, in line \(line)")
            }
            let (value, valuePlace) = try next()
            entries.append(YAMLEntry(key: key.text, place: place, value: try node(value, valuePlace, depth: depth + 1)))
        }
    }

    /// The next event, already freed.
    private func next() throws(FormatError) -> (Event, YAMLPlace) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError }
        defer { yaml_event_delete(&event) }
        let place = YAMLPlace(event.start_mark)
        return (try read(event, place), place)
    }

    private func read(_ event: yaml_event_t, _ place: YAMLPlace) throws(FormatError) -> Event {
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag, place)
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                YAMLScalar(
                    text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE))
        case YAML_SEQUENCE_START_EVENT:
            try refuse(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag, place)
            return .sequenceStart
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            try refuse(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag, place)
            return .mappingStart
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: throw error(.syntax, place, "libyaml reports an event of type \(event.type.rawValue)")
        }
    }

    private func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, _ place: YAMLPlace
    ) throws(FormatError) {
        if anchor != nil { throw error(.unsupported, place, "anchors (&name) are not supported; write the value out") }
        if tag != nil { throw error(.unsupported, place, "tags (!name) are not supported; write the value alone") }
    }

    /// What libyaml says went wrong, and where.
    private var syntaxError: FormatError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "the text is not YAML"
        let context = parser.pointee.context.map { " " + String(cString: $0) } ?? ""
        let isReaderError = parser.pointee.error == YAML_READER_ERROR
        let place =
            isReaderError ? place(ofByte: parser.pointee.problem_offset) : YAMLPlace(parser.pointee.problem_mark)
        return error(.syntax, place, "this is not YAML: \(problem)\(context)")
    }

    /// The line and column of a character that cannot be: libyaml knows only how many bytes stand before it.
    private func place(ofByte offset: Int) -> YAMLPlace {
        let before = input.prefix(offset)
        let line = before.lastIndex(of: UInt8(ascii: "\n")).map { before[($0 + 1)...] } ?? before
        return YAMLPlace(
            line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: String(decoding: line, as: UTF8.self).count + 1
        )
    }

    private func error(_ code: FormatError.Code, _ place: YAMLPlace, _ message: String) -> FormatError {
        FormatError(code, file: fileName, line: place.line, column: place.column, message)
    }
}

extension YAMLPlace {
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
