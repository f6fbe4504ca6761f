import Glibc

/// The kernel's error numbers that the server has words for.
enum Errno {
    static let addressInUse = EADDRINUSE
    static let addressNotAvailable = EADDRNOTAVAIL
    static let permission = EACCES
    static let notPermitted = EPERM
    static let noEntry = ENOENT
}
