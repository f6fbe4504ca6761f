import Glibc

/// Records what the processes of a box do to the store's files, from before there are any.
final class Recorder {
    private let box: Box
    private let path: String
    private let log: RecordedLog
    private var isKept = false

    init(_ box: Box) throws {
        self.box = box
        let above = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        path = "\(above)/signalbox-recording-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        log = try RecordedLog(path, of: box.folder)
        box.environment += [
            "LD_PRELOAD=\(try Self.library.get())", "POWER_CUT_LOG=\(path)", "POWER_CUT_ROOT=\(box.store)",
        ]
    }

    deinit {
        if !isKept { unlink(path) }
    }

    /// Keeps it for who wants to look at a state of it again; returns where.
    func keep() -> String {
        isKept = true
        return path
    }

    /// What was recorded so far, by processes that have ended.
    func recording() throws -> Recording {
        box.environment.removeAll { $0.hasPrefix("LD_PRELOAD=") }
        let recording = try Recording(log)
        try requireComplete(recording)
        return recording
    }

    /// A recording that misses a change would prove nothing: all of it together has to make the files that are there.
    private func requireComplete(_ recording: Recording) throws {
        let disk = Disk(recording, .ordered)
        for event in recording.events {
            disk.begin(event)
            disk.end(event)
        }
        var names = disk.names
        for (_, change) in disk.pendingNames { change.apply(to: &names) }
        let tree = disk.tree(names)
        guard Set(tree.keys) == Set(try present()) else {
            throw TestFailure("recorded were \(tree.keys.sorted()), and there are \(try present().sorted())")
        }
        for (path, node) in tree {
            guard let file = disk.files[node] else { continue }
            file.lay(size: file.pending.last?.size ?? file.sureSize) { _, _ in true }
            let present = try readBytes(box.path(path))
            guard present.count == file.size, memcmp(present, file.bytes, file.size) == 0 else {
                throw TestFailure("\(path) is not as it was recorded")
            }
        }
    }

    /// What there is of files and folders that are recorded.
    private func present() throws -> [String] {
        var (found, folders) = ([String](), [""])
        while let folder = folders.popLast() {
            for name in names(in: box.path(folder)) where folder != "" || name.hasPrefix("store") {
                if ["lock.mdb", "bell", "live"].contains(name) { continue }
                found.append(folder + name)
                if !names(in: box.path(folder + name)).isEmpty { folders.append(folder + name + "/") }
            }
        }
        return found
    }

    /// Built once, when a test first needs it.
    private static let library = Result {
        let path = try PreloadedLibrary.built("recorder", of: "Faults/recorder.c", with: ["-ldl"])
        atexit { unlink("/tmp/signalbox-recorder-\(getpid()).so") }
        return path
    }
}
