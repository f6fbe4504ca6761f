import Glibc

/// Descriptors that are held while a command starts, and let go of then: so a worker with many commands never has so few
/// left that it cannot look into /proc, or at a lock. Where they cannot be had, one command more would be too many.
final class SpareDescriptors {
    private static let count = 8
    private var held: [Descriptor] = []

    init() throws(SystemCallError) {
        for _ in 0..<Self.count {
            let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard number >= 0 else { throw SystemCallError("open /dev/null") }
            held.append(Descriptor(owning: number))
        }
    }

    func letGo() { held = [] }
}
