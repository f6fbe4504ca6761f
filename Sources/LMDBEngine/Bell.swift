// After a commit the bell rings: in a page of memory that all processes of a store share, counters are raised and those
// who sleep on the page are woken. It only signals and holds no truth, so any content will do, and a lost file is made
// anew. Each subject has a counter of its own, and a sleeper names its subjects to the kernel, so that what happens to
// others does not wake it.
//
// Layout, in 32-bit words: 0 the sequence, raised by every ring, which sleepers sleep on; 1 to 32 the counters of the
// subjects with bit 0 to 31. From byte 256 on there are the notes of Logbook.

import CLinux
import Glibc
import OrderedStore

/// The shared page.
@safe final class Bell: @unchecked Sendable {
    private let words: UnsafeMutablePointer<UInt32>
    /// What the page says besides.
    let logbook: Logbook
    private static let byteCount = 4096

    /// Maps the file; with `access` for writing it is created or lengthened when need be.
    init(_ path: String, _ access: Environment.Access) throws {
        let file = try access == .readWrite ? Self.prepared(path) : FileDescriptor(path, O_RDONLY | O_NOFOLLOW)
        guard try file.status.st_size >= Self.byteCount else {
            throw EnvironmentError(.damaged, "\(path): too short; whoever opens the store for writing mends it")
        }
        let protection = access == .readWrite ? PROT_READ | PROT_WRITE : PROT_READ
        let page = unsafe mmap(nil, Self.byteCount, protection, MAP_SHARED, file.number, 0)
        guard let page = unsafe page, unsafe page != MAP_FAILED else {
            throw EnvironmentError.system(errno, "mmap", path)
        }
        unsafe words = page.assumingMemoryBound(to: UInt32.self)
        unsafe logbook = Logbook(page)
    }

    deinit { unsafe munmap(words, Self.byteCount) }

    private static func prepared(_ path: String) throws -> FileDescriptor {
        var file = try? FileDescriptor(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
        if try file.map({ try $0.status.st_mode & S_IFMT != S_IFREG }) ?? true {
            unsafe remove(path)
            file = try FileDescriptor(path, O_RDWR | O_CREAT | O_EXCL)
        }
        guard let file else { throw EnvironmentError.system(EACCES, "open", path) }
        try file.fillHoles(upTo: byteCount)
        return file
    }

    /// Wakes those who wait for one of `interests`. Only for environments opened for writing.
    func ring(_ interests: InterestSet) {
        if interests.isEmpty { return }
        for word in interests.words { _ = unsafe linux_atomic_add(words + word, 1) }
        _ = unsafe linux_atomic_add(words, 1)
        wakeSleepers(interests)
    }

    /// Wakes them although nothing happened: they look, and sleep on.
    func wakeSleepers(_ interests: InterestSet) { unsafe linux_futex_wake(words, interests.rawValue) }

    var sequence: UInt32 { unsafe linux_atomic_load(words) }

    /// The counters of `interests`, in their order.
    func counters(_ interests: InterestSet) -> [UInt32] {
        interests.words.map { unsafe linux_atomic_load(words + $0) }
    }

    /// Sleeps unless the sequence has moved on from `sequence`; may wake for no reason. False: the deadline has passed.
    func sleep(_ sequence: UInt32, _ interests: InterestSet, until deadline: MonotonicDeadline?) -> Bool {
        guard let deadline else {
            _ = unsafe linux_futex_wait(words, sequence, nil, interests.rawValue)
            return true
        }
        var time = deadline.time
        return unsafe linux_futex_wait(words, sequence, &time, interests.rawValue) != ETIMEDOUT
    }
}

extension InterestSet {
    /// The places of the counters in the page.
    fileprivate var words: some Sequence<Int> & Collection<Int> {
        (0..<32).filter { rawValue & 1 << UInt32($0) != 0 }.map { $0 + 1 }
    }
}

/// A moment of CLOCK_MONOTONIC, as futexes want it.
struct MonotonicDeadline {
    let time: timespec

    /// Nil: so far away that it never comes.
    init?(after duration: Duration) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let present = Duration.seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
        let parts = (present + max(duration, .zero)).components
        if parts.seconds > 1 << 40 { return nil }
        time = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
    }
}
