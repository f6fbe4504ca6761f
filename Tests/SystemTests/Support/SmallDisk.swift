import Glibc
import Testing

/// A small disk of a test's own: mounted for it, and gone after it.
enum SmallDisk: CaseIterable, CustomTestStringConvertible {
    /// In memory, where a byte is there or not as it is written.
    case memory
    /// A file with a file system in it, which chooses blocks late, has a journal, and keeps some blocks for root.
    case ext4

    /// Its size in MiB: no file system of the second kind is much smaller.
    private var size: Int { self == .memory ? 6 : 16 }

    var testDescription: String { self == .memory ? "tmpfs" : "ext4" }

    /// Runs `body` with the path of the empty disk.
    func mounted(in box: Box, _ body: (String) throws -> Void) throws {
        let path = box.path("disk")
        try prepare(box)
        try mount(box, at: path)
        defer { _ = try? box.run(program: ["/usr/bin/umount", "--lazy", path]) }
        try body(path)
    }

    /// Mounts anew what has been ``prepare(_:)``d.
    func mount(_ box: Box, at path: String) throws {
        mkdir(path, 0o755)
        let words =
            switch self {
            case .memory: ["-t", "tmpfs", "-o", "size=\(size)m", "tmpfs", path]
            case .ext4: ["-t", "ext4", "-o", "loop,errors=remount-ro", box.path("disk.img"), path]
            }
        let mounted = try box.run(program: ["/usr/bin/mount"] + words)
        guard mounted.status == 0 else { try Test.cancel("this machine does not permit mounts: \(mounted.errors)") }
    }

    private func prepare(_ box: Box) throws {
        guard self == .ext4 else { return }
        let maker = "/usr/sbin/mkfs.ext4"
        guard access(maker, X_OK) == 0 else { try Test.cancel("there is no \(maker)") }
        let image = box.path("disk.img")
        try box.write("", to: "disk.img")
        truncate(image, size << 20)
        let made = try box.run(program: [maker, "-q", "-F", image])
        guard made.status == 0 else { throw TestFailure("\(maker): \(made.errors)") }
    }
}

/// Writes a file until not another byte fits.
func fill(_ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TestFailure("\(path): \(errnoText())") }
    defer { close(descriptor) }
    let block = [UInt8](repeating: 1, count: 4096)
    while write(descriptor, block, block.count) > 0 {}
    guard errno == ENOSPC else { throw TestFailure("\(path): \(errnoText())") }
}
