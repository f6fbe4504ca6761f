/// A line that the process of a handler writes to its standard output.
public enum HandlerReply: Hashable, Sendable {
    /// `{"progress": 40, "text": "resizing"}`: 0 to 100.
    case progress(percent: Int, text: String)
    /// `{"log": "text"}`: for the output of the dispatch.
    case log(String)
    /// The last word on this dispatch: `{"result": …}`, `{"error": "text", "retry": true}` with a duration or false
    /// instead, `{"fatal": "text"}`, `{"snooze": "5m"}`, `{"cancel": true}`.
    case answer(HandlerAnswer)

    /// The most bytes of a line.
    public static let lineLimit = 1 << 20

    /// Reads a line; members that it does not know are passed over, so that handlers may be newer than we are.
    public init(line: ArraySlice<UInt8>) throws(HandlerReplyError) {
        guard let members = JSONText(line)?.members else { throw HandlerReplyError(Self.shown(line)) }
        let fields = Dictionary(members.map { ($0.name, $0.value) }) { $1 }
        if let result = fields["result"] {
            self = .answer(.returned(result.kind == .null ? nil : result))
        } else if let error = try Self.error(fields) {
            self = .answer(.threw(error))
        } else if let percent = fields["progress"]?.number, (0...100).contains(percent) {
            let text = fields["text"]?.string ?? ""
            self = .progress(percent: Int(percent), text: text.cut(toBytes: ControlLine.textLimit))
        } else if let text = fields["log"]?.string {
            self = .log(text)
        } else {
            throw HandlerReplyError(Self.shown(line))
        }
    }

    private static func error(_ fields: [String: JSONText]) throws(HandlerReplyError) -> HandlerError? {
        if let text = fields["fatal"] { return HandlerError(words(text), .fatal) }
        if let text = fields["error"] { return HandlerError(words(text), try wish(fields["retry"])) }
        if let wait = fields["snooze"] { return HandlerError("", .snooze(try duration(wait, "snooze"))) }
        if fields["cancel"]?.boolean == true { return HandlerError("its handler cancelled it", .cancel) }
        return nil
    }

    /// A text as it is, anything else as the JSON it is.
    private static func words(_ value: JSONText) -> String { value.string ?? value.text }

    private static func wish(_ retry: JSONText?) throws(HandlerReplyError) -> HandlerError.Wish {
        guard let retry, retry.kind != .null else { return .retry(after: nil) }
        if let wanted = retry.boolean { return wanted ? .retry(after: nil) : .fatal }
        return .retry(after: try duration(retry, "retry"))
    }

    private static func duration(_ value: JSONText, _ name: String) throws(HandlerReplyError) -> Duration {
        let text = value.string ?? "\(value.text)s"
        do { return try Duration(text: text) } catch {
            throw HandlerReplyError("\(name) is \(value.text.cut(toBytes: 100)); expected a duration, as in \"10s\"")
        }
    }

    private static func shown(_ line: ArraySlice<UInt8>) -> String {
        let text = String(decoding: line.prefix(100), as: UTF8.self)
        return "it wrote \(quoted(text))\(line.count > 100 ? "…" : ""), which is no answer; expected a line such as "
            + "{\"result\": null} on its standard output, and what is for people on standard error"
    }
}

/// What is wrong with a line that a handler wrote.
public struct HandlerReplyError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
