import Glibc

/// Tells an ``EventLoop`` that something else may lie at a path now: the folder, or one above it, was moved or deleted,
/// or a file in it was replaced. What is in the files does not matter, so that a store that is worked on is quiet.
public final class PlaceWatch: EventSource {
    public let descriptor: Descriptor
    private var buffer = [UInt8](repeating: 0, count: 4 << 10)

    /// Where a folder cannot be watched, nothing is told of it.
    public init(folder: String) throws(SystemCallError) {
        let number = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard number >= 0 else { throw SystemCallError("inotify_init1") }
        descriptor = Descriptor(owning: number)
        let moves = UInt32(IN_MOVE_SELF) | UInt32(IN_DELETE_SELF) | UInt32(IN_ONLYDIR)
        guard let resolved = realpath(folder, nil) else { return }
        defer { free(resolved) }
        var path = String(cString: resolved)
        let replacements = UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE)
        _ = inotify_add_watch(number, path, moves | replacements)
        while let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            path = String(path[..<slash])
            _ = inotify_add_watch(number, path, moves)
        }
    }

    /// Quiet again.
    public func acknowledge() throws(SystemCallError) {
        while case .bytes = try descriptor.read(into: &buffer) {}
    }
}

@available(*, unavailable)
extension PlaceWatch: Sendable {}
