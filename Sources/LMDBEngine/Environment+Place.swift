extension Environment {
    /// Whether the directory it was opened by still holds this environment's data file, whole.
    /// - Returns: False when another store lies there now.
    /// - Throws: What opening it would: `.notFound` when nothing is there any more, `.damaged` when the file was cut off.
    ///   A file that is cut off while it is read ends the process; so whoever reads a store for long asks this first.
    ///
    /// That the same file is there is seen without opening it, so that a process which has no descriptor left does not
    /// take that for a store that is gone.
    public func isInPlace() throws -> Bool {
        let place = StoreDirectory(path: directory)
        guard place.namedData == identity else { return try place.examined() == identity }
        try handle.requireWholeFile()
        return true
    }

    /// As ``isInPlace()``; nil where that cannot be told just now: a descriptor or memory is wanting, the disk gives an
    /// error, access is denied, or the file system has become read-only. Look again later.
    public func isInPlaceAsFarAsKnown() throws -> Bool? {
        do { return try isInPlace() } catch let error as EnvironmentError where error.saysNothingOfThePlace {
            return nil
        }
    }
}

extension EnvironmentError {
    fileprivate var saysNothingOfThePlace: Bool {
        if case .systemCall = code { return true }
        return code == .permission || code == .readOnlyMount
    }
}
