import Glibc

/// How many files a process may have open. Each connection of a server is one.
enum OpenFiles {
    /// Raises the limit to `count`, or as far as the system lets it. Not for a process that starts commands: they would
    /// inherit it.
    static func raise(to count: Int) {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < rlim_t(count) else { return }
        limit.rlim_cur = min(rlim_t(count), limit.rlim_max)
        _ = setrlimit(resource, &limit)
    }
}
