import Glibc

/// Reads a file of /proc, at most `limit` bytes of it. Such files say 0 for their size, and change while they are read.
func readProcessFile(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw SystemCallError("open \(path)") }
    let descriptor = Descriptor(owning: number)
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: min(limit, 16_384))
    while content.count < limit {
        switch try descriptor.read(into: &buffer) {
        case .bytes(let count): content += buffer.prefix(min(count, limit - content.count))
        case .wouldBlock, .end: return content
        }
    }
    return content
}
