// LMDB's locks are lost, and two writers let in, when one process has the same file open twice. So every open goes
// through this registry: one environment for each data file, whatever the spelling of its path.

final class EnvironmentRegistry: Sendable {
    static let shared = EnvironmentRegistry()

    private struct Entry {
        weak var environment: Environment?
    }

    /// An entry stays until its environment is fully closed, which is later than nobody uses it.
    private let entries = Monitor<[FileIdentity: Entry]>([:])
    private let opening = Monitor(())

    /// The environment open on this file, or what `open` makes of it.
    func environment(_ identity: FileIdentity, orOpen open: () throws -> Environment) throws -> Environment {
        try opening.withLock { _ in
            // Kept out here, so that no environment can come to its end, and lock the entries again, inside their lock.
            var present: Environment?
            entries.when({ entries in
                present = entries[identity]?.environment
                return present != nil || entries[identity] == nil
            }) { _ in }
            if let present { return present }
            let environment = try open()
            entries.withLock { $0[identity] = Entry(environment: environment) }
            return environment
        }
    }

    /// Runs `close`, and only then lets the file be opened again.
    func closing(_ identity: FileIdentity, _ close: () -> Void) {
        close()
        entries.withLock { $0[identity] = nil }
    }
}
