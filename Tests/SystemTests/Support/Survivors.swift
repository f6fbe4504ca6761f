/// Lines for the shell that write to the file `survivors` which of the processes listed in the file `processes` live.
/// One that has ended and waits for its parent to notice does not.
let survivorsLine = """
    for process in $(cat processes); do
        if grep -q '^State:.[^ZX]' /proc/$process/status; then echo $process >>survivors; fi
    done 2>/dev/null
    """

/// Whether a process, given by its number, lives.
func isAlive(_ process: String) throws -> Bool {
    guard Int(process) != nil else { throw TestFailure("\(process) is no number of a process") }
    guard let status = try? readFile("/proc/\(process)/status") else { return false }
    return !status.contains("State:\tZ") && !status.contains("State:\tX")
}
