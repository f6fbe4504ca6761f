import Testing

@testable import SignalboxCore

@Suite struct `A line that a handler writes` {
    private func reply(_ line: String) throws -> HandlerReply { try HandlerReply(line: Array(line.utf8)[...]) }

    @Test func `says how far it is, or something for people`() throws {
        #expect(try reply(#"{"progress": 40, "text": "resizing"}"#) == .progress(percent: 40, text: "resizing"))
        #expect(try reply(#"{"progress": 99.9}"#) == .progress(percent: 99, text: ""))
        #expect(try reply(#"{"log": "read 7.jpg"}"#) == .log("read 7.jpg"))
        let long = String(repeating: "ä", count: 150)
        #expect(
            try reply("{\"progress\": 1, \"text\": \"\(long)\"}")
                == .progress(percent: 1, text: String(long.prefix(100))))
    }

    @Test func `ends the work in one of five ways`() throws {
        #expect(try reply(#"{"result": null}"#) == .answer(.returned(nil)))
        #expect(
            try reply(#"{"result": {"bytes": 1.0}, "newer": 1}"#) == .answer(.returned(JSONText("{\"bytes\": 1.0}"))))
        func failure(_ line: String) throws -> HandlerError? {
            guard case .answer(.threw(let error)) = try reply(line) else { return nil }
            return error
        }
        #expect(try failure(#"{"error": "full"}"#) == HandlerError("full", .retry(after: nil)))
        #expect(try failure(#"{"error": "full", "retry": true}"#) == HandlerError("full", .retry(after: nil)))
        #expect(try failure(#"{"error": "full", "retry": "10s"}"#) == HandlerError("full", .retry(after: .seconds(10))))
        #expect(try failure(#"{"error": "full", "retry": 10}"#) == HandlerError("full", .retry(after: .seconds(10))))
        #expect(try failure(#"{"error": ["a"], "retry": false}"#) == HandlerError("[\"a\"]", .fatal))
        #expect(try failure(#"{"fatal": "no such photo"}"#) == HandlerError("no such photo", .fatal))
        #expect(try failure(#"{"snooze": "5m"}"#)?.wish == .snooze(.seconds(300)))
        #expect(try failure(#"{"cancel": true}"#)?.wish == .cancel)
    }

    @Test(arguments: [
        "", "hello", "[]", "7", "{}", #"{"cancel": false}"#, #"{"progress": 101}"#, #"{"progress": "40"}"#,
        #"{"log": 1}"#,
        #"{"error": "x", "retry": "soon"}"#, #"{"snooze": "never"}"#, #"{"snooze": -1}"#,
    ])
    func `that means nothing is refused with a sentence`(line: String) {
        let error = #expect(throws: HandlerReplyError.self) { try reply(line) }
        #expect(error?.description.contains("expected") == true)
    }

    @Test func `keeps a text short`() {
        #expect(HandlerError(String(repeating: "ä", count: 5000), .fatal).text.utf8.count == HandlerError.textLimit)
    }
}

@Suite struct `The line that a handler reads` {
    private func line(_ input: [UInt8], job: String? = nil) throws -> String {
        let name = try job.map { try JobName($0) }
        let now = Now(
            wall: Instant(seconds: 1_795_348_800), boot: BootInstant(nanoseconds: 0),
            bootID: BootID("00000000-0000-4000-8000-000000000001"))
        let new = Dispatch(
            id: DispatchID(7), origin: DispatchOrigin(job: name, maxAttempts: 1), birth: .pending, now: now)
        let dispatch = new.running(.handler(try HandlerName("resize")))
        return String(
            decoding: HandlerRequest.line(dispatch, input: input, deadline: now.wall + .seconds(60)), as: UTF8.self)
    }

    @Test func `is one object with the payload as it was written`() throws {
        #expect(
            try line(Array("{\"photo\": 7.0,\n \"b\": []}".utf8), job: "thumbs")
                == #"{"id":7,"attempt":0,"handler":"resize","job":"thumbs","scheduled_for":null,"#
                + #""deadline":"2026-11-22T12:01:00.000000Z","payload":{"photo": 7.0,  "b": []}}"# + "\n")
    }

    @Test func `has a payload that is no JSON in base64, and null for none`() throws {
        let text = try line(Array("hello".utf8))
        #expect(JSONText(text)?["payload_base64"]?.string == "aGVsbG8=")
        #expect(JSONText(text)?["payload"] == nil)
        #expect(JSONText(try line([]))?["payload"]?.kind == .null)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func `has base64 as RFC 4648 has it`(text: String, expected: String) {
        #expect(String(decoding: base64(Array(text.utf8)), as: UTF8.self) == expected)
    }
}
