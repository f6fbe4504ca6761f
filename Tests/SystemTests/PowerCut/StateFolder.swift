// The folder in which a state is shown as files, in memory. From one state to the next only what differs is written:
// the files lie aside, and the tree of a state is made of links to them.
import Glibc

final class StateFolder {
    /// Where the tree of the present state begins.
    var tree: String { folder + "/tree" }
    private let folder: String
    private var files: [Int: Int32] = [:]
    private var shown: [String: Int]?

    /// A file shorter than this is written anew each time: whoever opens a store may write into such files.
    private static let smallSize = 64 << 10

    init() throws {
        let above = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(above)/signalbox-power-cut-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) }
        guard let made else { throw TestFailure("mkdtemp: \(errnoText())") }
        folder = made
        mkdir(folder + "/files", 0o700)
    }

    deinit {
        for descriptor in files.values { close(descriptor) }
        removeTree(folder)
    }

    func show(_ tree: [String: Int], of disk: Disk) throws {
        for (path, node) in tree {
            guard let file = disk.files[node] else { continue }
            let isSmall = path.hasSuffix(".lock") || file.size < Self.smallSize
            try file.show(in: try descriptor(node), entirely: isSmall)
        }
        if tree != shown { try link(tree, disk) }
    }

    private func descriptor(_ node: Int) throws -> Int32 {
        if let descriptor = files[node] { return descriptor }
        let descriptor = open(path(of: node), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw TestFailure("\(path(of: node)): \(errnoText())") }
        files[node] = descriptor
        return descriptor
    }

    private func path(of node: Int) -> String { "\(folder)/files/\(node)" }

    private func link(_ tree: [String: Int], _ disk: Disk) throws {
        removeTree(self.tree)
        mkdir(self.tree, 0o750)
        for (name, node) in tree.sorted(by: { $0.key < $1.key }) {
            let target = "\(self.tree)/\(name)"
            let status = disk.isFolder(node) ? mkdir(target, 0o750) : Glibc.link(path(of: node), target)
            guard status == 0 else { throw TestFailure("\(target): \(errnoText())") }
        }
        shown = tree
    }

    /// A copy of the present state on which anything may be tried; `body` gets its path.
    func withCopy(of tree: [String: Int], in disk: Disk, _ body: (String) throws -> Void) throws {
        let copy = folder + "/copy"
        mkdir(copy, 0o750)
        defer { removeTree(copy) }
        for (name, node) in tree.sorted(by: { $0.key < $1.key }) {
            let target = "\(copy)/\(name)"
            guard let file = disk.files[node] else {
                guard mkdir(target, 0o750) == 0 else { throw TestFailure("\(target): \(errnoText())") }
                continue
            }
            let descriptor = open(target, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
            defer { close(descriptor) }
            try file.show(in: descriptor, entirely: true)
        }
        try body(copy)
    }
}
