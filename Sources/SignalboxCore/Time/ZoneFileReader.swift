/// Takes a TZif file apart. Every count and index is checked before it is used.
struct ZoneFileReader {
    struct Contents {
        var types: [ZoneOffset]
        var transitions: [(time: Int64, type: Int)]
        var rule: ZoneRule?
    }

    let bytes: [UInt8]
    let name: String
    private var position = 0

    init(bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    /// The second, 64-bit part where there is one, else the first.
    mutating func contents() throws(ZoneError) -> Contents {
        let first = try header()
        guard first.version >= UInt8(ascii: "2") else { return try block(first, timeSize: 4) }
        try skip(first.blockSize(timeSize: 4))
        var contents = try block(try header(), timeSize: 8)
        contents.rule = try footer()
        return contents
    }

    private struct Header {
        var version: UInt8
        var isUTCCount, isStandardCount, leapCount, timeCount, typeCount, characterCount: Int

        func blockSize(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + characterCount + leapCount * (timeSize + 4) + isStandardCount
                + isUTCCount
        }
    }

    private mutating func header() throws(ZoneError) -> Header {
        guard try take(4) == Array("TZif".utf8)[...] else { throw malformed("it does not begin with TZif") }
        let version = try take(16)
        var counts: [Int] = []
        for _ in 0..<6 { counts.append(Int(try integer(4))) }
        let header = Header(
            version: version[version.startIndex], isUTCCount: counts[0], isStandardCount: counts[1],
            leapCount: counts[2], timeCount: counts[3], typeCount: counts[4], characterCount: counts[5])
        guard counts.allSatisfy({ (0...bytes.count).contains($0) }) else { throw malformed("it is cut short") }
        guard header.leapCount == 0 else {
            throw ZoneError(
                .leapSeconds,
                "\(quoted(name)) counts leap seconds (right/…): use the zone of the same name without them")
        }
        return header
    }

    private mutating func block(_ header: Header, timeSize: Int) throws(ZoneError) -> Contents {
        guard (1...256).contains(header.typeCount), header.characterCount >= 1 else {
            throw malformed("it has \(header.typeCount) kinds of local time; 1 to 256 are possible")
        }
        let times = try integers(header.timeCount, size: timeSize)
        let indexes = Array(try take(header.timeCount))
        let types = Array(try take(header.typeCount * 6))
        let characters = Array(try take(header.characterCount))
        try skip(header.isStandardCount + header.isUTCCount)
        guard zip(times, times.dropFirst()).allSatisfy(<) else {
            throw malformed("its changes are not in order of time")
        }
        guard indexes.allSatisfy({ $0 < header.typeCount }) else {
            throw malformed("a change names no kind of local time")
        }
        var offsets: [ZoneOffset] = []
        for index in 0..<header.typeCount {
            offsets.append(try offset(types[(index * 6)..<(index * 6 + 6)], characters))
        }
        return Contents(types: offsets, transitions: Array(zip(times, indexes.map(Int.init))))
    }

    /// Six bytes: the offset, whether it is daylight time, and where its abbreviation begins.
    private func offset(_ record: ArraySlice<UInt8>, _ characters: [UInt8]) throws(ZoneError) -> ZoneOffset {
        let fields = Array(record)
        let seconds = Int(Int32(truncatingIfNeeded: fields[0..<4].reduce(0) { $0 << 8 | Int64($1) }))
        guard (-89_999...93_599).contains(seconds) else { throw malformed("an offset of \(seconds) s cannot be") }
        guard fields[4] <= 1, Int(fields[5]) < characters.count,
            let end = characters[Int(fields[5])...].firstIndex(of: 0)
        else { throw malformed("a kind of local time is damaged") }
        return ZoneOffset(
            seconds: seconds, isDaylight: fields[4] == 1,
            abbreviation: String(decoding: characters[Int(fields[5])..<end], as: UTF8.self))
    }

    /// The text between two newlines at the end; empty means that there is no rule.
    private mutating func footer() throws(ZoneError) -> ZoneRule? {
        let newline = UInt8(ascii: "\n")
        guard try take(1).first == newline, let end = bytes[position...].firstIndex(of: newline) else {
            throw malformed("its footer is missing")
        }
        let text = Array(try take(end - position))
        return text.isEmpty ? nil : try ZoneRule(text, name: name)
    }

    private mutating func take(_ count: Int) throws(ZoneError) -> ArraySlice<UInt8> {
        guard bytes.count - position >= count else { throw malformed("it is cut short") }
        position += count
        return bytes[(position - count)..<position]
    }

    private mutating func skip(_ count: Int) throws(ZoneError) { _ = try take(count) }

    /// A big-endian signed number.
    private mutating func integer(_ size: Int) throws(ZoneError) -> Int64 {
        let value = try take(size).reduce(0) { $0 << 8 | Int64($1) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : value
    }

    private mutating func integers(_ count: Int, size: Int) throws(ZoneError) -> [Int64] {
        var values: [Int64] = []
        for _ in 0..<count { values.append(try integer(size)) }
        return values
    }

    private func malformed(_ what: String) -> ZoneError {
        ZoneError(.malformed, "the data of the zone \(quoted(name)) cannot be used: \(what)")
    }
}
