import CLinux
import Glibc

/// The wall clock of a box's processes, which a test sets as an administrator would: they run on, and their timers on
/// it are told as the kernel tells them (Shim/wall-clock.c). The boot clock is the machine's.
final class WallClock {
    private let box: Box
    private let file: UnsafeMutableRawPointer
    private static let size = 16

    /// From now on the processes that `box` starts have a clock that shows `time`, as in 2026-11-22T12:00:00Z.
    init(of box: Box, showing time: String) throws {
        self.box = box
        try writeFile(box.path("clock"), String(repeating: "\0", count: Self.size))
        let descriptor = open(box.path("clock"), O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0,
            let map = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), map != MAP_FAILED
        else { throw TestFailure("the clock's file: \(errnoText())") }
        file = map
        box.environment += ["LD_PRELOAD=\(try Self.library.get())", "TEST_CLOCK=\(box.path("clock"))"]
        try set(to: time)
    }

    deinit { munmap(file, Self.size) }

    /// Sets it, and tells those who want to know.
    func set(to time: String) throws {
        let fields = time.split { !$0.isNumber }.compactMap { Int32($0) }
        guard fields.count == 6 else { throw TestFailure("\(time) is no time") }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (fields[0] - 1900, fields[1] - 1, fields[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (fields[3], fields[4], fields[5])
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let offset = (Int64(timegm(&parts)) - Int64(now.tv_sec)) * 1_000_000_000 - Int64(now.tv_nsec)
        file.storeBytes(of: offset, toByteOffset: 8, as: Int64.self)
        let settings = file.assumingMemoryBound(to: UInt32.self)
        _ = linux_atomic_add(settings, 1)
        linux_futex_wake(settings, .max)
    }

    /// Processes started from now on are in another boot.
    func reboot() throws {
        box.environment.removeAll { $0.hasPrefix("TEST_BOOT_ID=") }
        try writeFile(box.path("boot-id"), "b0070000-0000-4000-8000-000000000002\n")
        box.environment.append("TEST_BOOT_ID=\(box.path("boot-id"))")
    }

    /// Built once, when a test first needs it.
    private static let library = Result {
        let path = try PreloadedLibrary.built("wall-clock", of: "Shim/wall-clock.c", with: ["-lpthread"])
        atexit { unlink("/tmp/signalbox-wall-clock-\(getpid()).so") }
        return path
    }
}

/// The machine's boot clock, in seconds.
func bootSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

extension ChildProcess {
    /// The processor time that it has used, in seconds.
    func processorSeconds() throws -> Double {
        let fields = try readFile("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw TestFailure("/proc/\(pid)/stat has another shape")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
