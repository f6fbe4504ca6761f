// A disk with files and folders, as a recording fills it: what is surely there after a cut, and what may be.

/// How a file system treats names and sizes that nobody waited for.
enum DirectoryModel: String, CaseIterable {
    /// As ext4's journal: in the order they were made, none without those before it, and no length without its bytes.
    case ordered
    /// As POSIX allows: any of them, in any order; a name that was changed may even be gone.
    case strict
}

final class Disk {
    let model: DirectoryModel
    private let recording: Recording
    private(set) var files: [Int: DiskFile] = [:]
    /// The names that are there for sure.
    private(set) var names: [RecordedName: Int] = [:]
    /// The changes of names that may have arrived.
    private(set) var pendingNames: [(serial: Int, change: NameChange)] = []
    /// What is being done.
    private(set) var present: RecordedEvent?
    /// When each present wait of a process for a node began.
    private var waits: [[Int]: Int] = [:]
    /// So many changes of a file may be missing; older ones have arrived. Nil: all that nobody waited for.
    private let window: Int?

    init(_ recording: Recording, _ model: DirectoryModel, window: Int? = nil) {
        self.model = model
        self.recording = recording
        self.window = window
        for (node, extent) in recording.extents.enumerated() where !recording.isFolder[node] {
            files[node] = DiskFile(extent: extent)
        }
    }

    /// The change of `event` is made, and may or may not have arrived: the power may go now.
    func begin(_ event: RecordedEvent) {
        present = event
        switch event.what {
        case .write(let file, let offset, let bytes, _): files[file]?.begin(write: bytes, at: offset, event.serial)
        case .resize(let file, let size): files[file]?.begin(size: size, event.serial)
        case .name(let change): pendingNames.append((event.serial, change))
        case .syncBegan, .syncEnded, .words, .process: break
        }
    }

    /// Whoever made the call of `event` goes on.
    func end(_ event: RecordedEvent) {
        present = nil
        switch event.what {
        case .write(let file, _, _, let waits):
            if waits { files[file]?.settleNewest() }
            if let window { files[file]?.settle(allBut: window) }
        case .syncBegan(let node):
            // Of two at once the older one counts: neither is taken for more than it waited for.
            let wait = [Int(event.process), node]
            if waits[wait] == nil { waits[wait] = event.serial }
        case .syncEnded(let node):
            if let began = waits.removeValue(forKey: [Int(event.process), node]) { settle(node, before: began) }
        case .resize, .name, .words, .process: break
        }
    }

    private func settle(_ node: Int, before serial: Int) {
        guard recording.isFolder[node] else { return files[node]?.settle(before: serial) ?? () }
        var rest: [(serial: Int, change: NameChange)] = []
        for (number, change) in pendingNames {
            guard number < serial else {
                rest.append((number, change))
                continue
            }
            // A name that was moved to another folder has two folders to wait for.
            let (covered, others) = model == .ordered ? (change, NameChange()) : change.parts(in: node)
            covered.apply(to: &names)
            if !others.isEmpty { rest.append((number, others)) }
        }
        pendingNames = rest
    }

    /// The tree of paths, from the folder that holds the store's, with the `names` of a state.
    func tree(_ names: [RecordedName: Int]) -> [String: Int] {
        var (tree, folders) = ([String: Int](), [(node: 0, path: "")])
        let inFolders = Dictionary(grouping: names, by: \.key.folder)
        while let (folder, path) = folders.popLast() {
            for (name, node) in inFolders[folder] ?? [] {
                tree[path + name.name] = node
                if recording.isFolder[node] { folders.append((node, path + name.name + "/")) }
            }
        }
        return tree
    }

    func isFolder(_ node: Int) -> Bool { recording.isFolder[node] }
}

extension NameChange {
    var isEmpty: Bool { put.isEmpty && removed.isEmpty }

    /// What of it is in one folder, and what is not.
    func parts(in folder: Int) -> (inside: NameChange, outside: NameChange) {
        let inside = NameChange(
            put: put.filter { $0.name.folder == folder }, removed: removed.filter { $0.folder == folder })
        let outside = NameChange(
            put: put.filter { $0.name.folder != folder }, removed: removed.filter { $0.folder != folder })
        return (inside, outside)
    }

    func apply(to names: inout [RecordedName: Int]) {
        for name in removed { names[name] = nil }
        for (name, node) in put { names[name] = node }
    }

    /// Half of a rename: the old name is gone, and the new one not there yet.
    func applyRemoval(to names: inout [RecordedName: Int]) {
        for name in removed { names[name] = nil }
    }
}
