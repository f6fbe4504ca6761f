/// The bytes of a page with each of its links replaced. Only what this module has written as an attribute can look like
/// one: in texts and values the quotes are escaped.
func rewritingLinks(of page: HTML, _ replacement: (_ target: String) -> String) -> [UInt8] {
    let starts = [Array(" href=\"/".utf8), Array(" src=\"/".utf8)]
    let bytes = Array(page.markup.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
        let start = bytes[index] == UInt8(ascii: " ") ? starts.first { bytes[index...].starts(with: $0) } : nil
        guard let start, let end = bytes[(index + start.count)...].firstIndex(of: UInt8(ascii: "\"")) else {
            result.append(bytes[index])
            index += 1
            continue
        }
        let target = String(decoding: bytes[(index + start.count - 1)..<end], as: UTF8.self)
        result += start.dropLast()
        result += replacement(target.replacing("&amp;", with: "&")).utf8
        index = end
    }
    return result
}
