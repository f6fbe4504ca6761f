import NIOCore

/// Why the status server cannot serve.
public struct StatusServerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Somebody listens there already.
        case addressInUse
        /// The system does not let this user listen there.
        case permissionDenied
        /// This machine has no such address, or no such folder for a socket.
        case noSuchAddress
        /// The process may not have what a server needs.
        case resources
        /// Any other error of the system.
        case system
    }

    public let code: Code
    /// One sentence: cause, value and the way out.
    public let message: String
    public var description: String { message }

    init(listeningOn address: ListenAddress, _ error: any Error) {
        let (code, cause) = Self.explanation(of: error, at: address)
        self.code = code
        message = "cannot listen on \(address): \(cause)"
    }

    init(files: Int, limit: Int) {
        code = .resources
        message =
            "the status server needs \(files) descriptors, and this process may have \(limit): raise its limit (ulimit -n)"
    }

    init(threads: Int) {
        code = .resources
        message =
            "the status server needs \(threads) threads, and this process may not have so many more: raise its limits of "
            + "processes or address space (ulimit -u, ulimit -v)"
    }

    private static func explanation(of error: any Error, at address: ListenAddress) -> (Code, String) {
        switch (error as? IOError)?.errnoCode {
        case Errno.addressInUse:
            (.addressInUse, "another process listens there; stop it, or choose another address with --listen")
        case Errno.permission, Errno.notPermitted: (.permissionDenied, Self.permissionHint(address))
        case Errno.addressNotAvailable:
            (.noSuchAddress, "this machine has no such address; 127.0.0.1 always works, 0.0.0.0 means all of them")
        case Errno.noEntry: (.noSuchAddress, "the folder of the socket does not exist; make it first")
        default: (.system, "\(error)")
        }
    }

    private static func permissionHint(_ address: ListenAddress) -> String {
        switch address {
        case .network: "not permitted; ports below 1024 are for root, so choose a higher one, as in 127.0.0.1:8420"
        case .unixSocket: "not permitted; choose a folder that this user may write to"
        }
    }
}
