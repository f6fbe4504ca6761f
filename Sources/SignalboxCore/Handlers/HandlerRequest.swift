/// The line that tells a handler's process what to do: one JSON object.
public enum HandlerRequest {
    /// `payload` is the input as it is when that is JSON, null when there is none; anything else comes as
    /// `payload_base64` instead.
    /// - Parameter deadline: when the attempt is ended; nil: never.
    public static func line(_ dispatch: Dispatch, input: [UInt8], deadline: Instant?) -> [UInt8] {
        var line = "{\"id\":\(dispatch.id),\"attempt\":\(dispatch.attempt)"
        line += member("handler", dispatch.handler?.text) + member("job", dispatch.job?.text)
        line += member("scheduled_for", dispatch.scheduledFor?.description) + member("deadline", deadline?.description)
        guard !input.isEmpty else { return Array((line + ",\"payload\":null}\n").utf8) }
        guard let payload = JSONText(input) else {
            return Array((line + ",\"payload_base64\":\"").utf8) + base64(input) + Array("\"}\n".utf8)
        }
        // A line break can stand only between the parts of it, where a space means the same.
        let flat = payload.bytes.map { $0 == 10 || $0 == 13 ? 32 : $0 }
        return Array((line + ",\"payload\":").utf8) + flat + Array("}\n".utf8)
    }

    private static func member(_ name: String, _ value: String?) -> String {
        ",\"\(name)\":" + (value.map { JSONText(string: $0).text } ?? "null")
    }
}

/// RFC 4648, with padding.
public func base64(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
        for place in 0..<4 {
            let digit = digits[Int(bits >> UInt32(18 - 6 * place) & 63)]
            text.append(place <= group.count ? digit : UInt8(ascii: "="))
        }
    }
    return text
}
