import CLinux
import Glibc

/// Tells an ``EventLoop`` that zone data may have changed: a file in the folder of zones or in one below it was
/// replaced, or the file of the machine's zone was. Where there is no such folder, nothing is ever told.
final class ZoneWatch: EventSource {
    let descriptor: Descriptor
    private let localtimeName: [UInt8]
    /// The watch on the folder of the machine's zone file, in which other files change too.
    private var shared: Int32 = -1
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    init(folder: String, localtime: String) throws(SystemCallError) {
        let number = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard number >= 0 else { throw SystemCallError("inotify_init1") }
        descriptor = Descriptor(owning: number)
        let slash = localtime.lastIndex(of: "/") ?? localtime.startIndex
        localtimeName = Array(localtime[slash...].drop { $0 == "/" }.utf8)
        shared = watch(slash == localtime.startIndex ? "/" : String(localtime[..<slash]))
        watchTree(folder)
        // /etc/localtime may lead to a file that lies elsewhere.
        if let target = realpath(localtime, nil) {
            defer { free(target) }
            let path = String(cString: target)
            if let end = path.lastIndex(of: "/"), path != localtime { _ = watch(String(path[..<end])) }
        }
    }

    /// Whether zone data may have changed; quiet again.
    func acknowledge() throws(SystemCallError) -> Bool {
        var concernsZones = false
        while case .bytes(let count) = try descriptor.read(into: &buffer) {
            if mentionsZones(buffer[..<count]) { concernsZones = true }
        }
        return concernsZones
    }

    /// An event is its watch, mask, cookie and length, 32 bits each, and a name filled up with zeros.
    private func mentionsZones(_ events: ArraySlice<UInt8>) -> Bool {
        var rest = events
        while rest.count >= 16 {
            let fields = (0..<4).map { field in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(rest[rest.startIndex + field * 4 + $1]) << UInt32($1 * 8) }
            }
            let name = rest.dropFirst(16).prefix(Int(fields[3])).prefix { $0 != 0 }
            if Int32(bitPattern: fields[0]) != shared || name.elementsEqual(localtimeName) { return true }
            rest = rest.dropFirst(16 + Int(fields[3]))
        }
        return false
    }

    private func watch(_ folder: String) -> Int32 {
        let changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE
        return inotify_add_watch(descriptor.number, folder, UInt32(changes) | UInt32(IN_ONLYDIR) | UInt32(IN_MASK_ADD))
    }

    /// Three levels are as deep as the names of zones go, as in America/Argentina/Salta.
    private func watchTree(_ folder: String, levels: Int = 3) {
        guard watch(folder) >= 0, levels > 1 else { return }
        for name in names(inFolder: folder) ?? [] where !name.hasPrefix(".") {
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            watchTree("\(folder)/\(name)", levels: levels - 1)
        }
    }
}
