import Glibc

/// A system call that failed for a reason this program has no better word for.
public struct SystemCallError: Error, Hashable, CustomStringConvertible {
    /// The call's name in section 2 of the manual, and what it was about where that helps: "open /var/lib/x".
    public let call: String
    /// The kernel's errno.
    public let number: Int32

    public init(_ call: String, _ number: Int32) {
        self.call = call
        self.number = number
    }

    /// With the errno of the call just made, read before `call` is put together.
    init(_ call: @autoclosure () -> String) {
        number = errno
        self.call = call()
    }

    /// The kernel's words for the error: "No such file or directory".
    public var reason: String { Self.text(of: number) }

    public var description: String {
        switch number {
        case EMFILE:
            "\(call): \(reason); this process may have no more descriptors: "
                + "raise its limit (ulimit -n) or run with fewer slots"
        case EFBIG: "\(call): \(reason); this process may write no larger files: raise its limit (ulimit -f)"
        case EAGAIN where call == "pthread_create":
            "\(call): \(reason); this process may have no more threads: raise its limits of processes or address space "
                + "(ulimit -u, ulimit -v)"
        case ENFILE: "\(call): \(reason); the machine has no descriptors left (sysctl fs.file-max)"
        default: "\(call): \(reason)"
        }
    }

    static func text(of number: Int32) -> String { String(cString: strerror(number)) }
}
