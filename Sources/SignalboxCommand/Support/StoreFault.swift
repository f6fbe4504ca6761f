import CLinux
import SignalboxCore

/// What this process says when its store's file is cut off under it, or its disk fails: the file is mapped, so that there
/// is no error to return, only a last word.
enum StoreFault {
    /// Every store that is opened is named first; the newest one counts.
    static func explain(storeAt path: String) {
        linux_explain_store_faults(
            "signalbox: the store at \(quoted(path)) cannot be read any more: its file was cut off or damaged, or its "
                + "disk fails. Stop all that works on it, copy its folder, then try `signalbox verify` and "
                + "`signalbox dump --salvage`\n", ExitStatus.storeFault.rawValue)
    }
}
