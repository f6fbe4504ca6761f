/// What a file is that was given as a dump and is none, told by its first bytes: the likely mistakes, each with the way out.
enum ForeignFile {
    /// Compressed, by this program.
    case compressed(String)
    /// The data file of a store.
    case dataFile

    /// Nil when nothing is known of such a file.
    init?(firstBytes bytes: [UInt8]) {
        if bytes.starts(with: [0x1f, 0x8b]) {
            self = .compressed("gzip")
        } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            self = .compressed("zstd")
        } else if bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
            self = .compressed("xz")
        } else if bytes.starts(with: Array("BZh".utf8)) {
            self = .compressed("bzip2")
        } else if bytes.dropFirst(16).starts(with: [0xde, 0xc0, 0xef, 0xbe]) {
            self = .dataFile
        } else {
            return nil
        }
    }

    /// What it is, and what to do.
    var advice: String {
        switch self {
        case .compressed(let program):
            "it is compressed, and a dump is text: `\(program) -dc FILE | signalbox restore -`"
        case .dataFile:
            "it is the data file of a store, and no dump: the folder that it lies in is one already (--store)"
        }
    }
}
