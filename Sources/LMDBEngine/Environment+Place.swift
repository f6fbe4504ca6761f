extension Environment {
    /// Whether the directory it was opened by still holds this environment's data file, whole.
    /// - Returns: False when another store lies there now.
    /// - Throws: What opening it would: `.notFound` when nothing is there any more, `.damaged` when the file was cut off.
    ///   A file that is cut off while it is read ends the process; so whoever reads a store for long asks this first.
    public func isInPlace() throws -> Bool {
        try StoreDirectory(path: directory).examined() == identity
    }
}
