import CLMDB

/// The version of the liblmdb in this process.
struct LibraryVersion: CustomStringConvertible {
    var major: CInt
    var minor: CInt
    var patch: CInt

    static var current: LibraryVersion {
        var version = LibraryVersion(major: 0, minor: 0, patch: 0)
        _ = unsafe mdb_version(&version.major, &version.minor, &version.patch)
        return version
    }

    var description: String { "\(major).\(minor).\(patch)" }

    /// Nil: this engine knows its format. From 0.9.70 on the numbers mean development builds of the format of 1.0.
    var refusal: EnvironmentError? {
        if major == 0 && minor == 9 && (24..<70).contains(patch) { return nil }
        return EnvironmentError(
            .otherBuild, "liblmdb \(self) is not supported; this program works with 0.9.24 and later of 0.9")
    }
}
