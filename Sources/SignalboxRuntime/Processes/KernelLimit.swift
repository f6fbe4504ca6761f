import CLinux
import Glibc
import SignalboxCore
import Synchronization

/// The limits of processes, in the kernel's terms.
enum KernelLimit {
    /// How many descriptors a process may have, as it was for this one before ``raiseOpenFiles()``.
    private static let openFilesBefore = Mutex<rlimit?>(nil)

    /// Lets this process have as many descriptors as the machine allows. Its commands do not: some programs go through
    /// all that they might have.
    static func raiseOpenFiles() {
        var limit = rlimit()
        guard getrlimit(ResourceLimit.openFiles.resource, &limit) == 0 else { return }
        openFilesBefore.withLock { $0 = $0 ?? limit }
        limit.rlim_cur = limit.rlim_max
        setrlimit(ResourceLimit.openFiles.resource, &limit)
    }

    /// What a command with these limits is started with, by word.
    static func list(_ limits: [ResourceLimit: LimitValue]) -> [(name: String, limit: linux_limit)] {
        var list = limits.sorted { $0.key.word < $1.key.word }.map { name, value in
            (name.word, linux_limit(name, soft: value.number, hard: value.number))
        }
        if limits[.openFiles] == nil, let before = openFilesBefore.withLock({ $0 }) {
            let limit = linux_limit(.openFiles, soft: UInt64(before.rlim_cur), hard: UInt64(before.rlim_max))
            list.append((ResourceLimit.openFiles.word, limit))
        }
        return list
    }
}

extension linux_limit {
    fileprivate init(_ limit: ResourceLimit, soft: UInt64, hard: UInt64) {
        self.init(resource: limit.resource, soft: soft, hard: hard)
    }
}

extension LimitValue {
    /// As the kernel takes it: all bits set for no limit.
    fileprivate var number: UInt64 {
        switch self {
        case .amount(let amount): amount
        case .unlimited: .max
        }
    }
}

extension ResourceLimit {
    fileprivate var resource: __rlimit_resource_t {
        let name: __rlimit_resource =
            switch self {
            case .addressSpace: RLIMIT_AS
            case .core: RLIMIT_CORE
            case .cpu: RLIMIT_CPU
            case .data: RLIMIT_DATA
            case .fileSize: RLIMIT_FSIZE
            case .lockedMemory: __RLIMIT_MEMLOCK
            case .openFiles: RLIMIT_NOFILE
            case .processes: __RLIMIT_NPROC
            case .stack: RLIMIT_STACK
            }
        return __rlimit_resource_t(name.rawValue)
    }
}
