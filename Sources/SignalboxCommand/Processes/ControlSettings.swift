import ArgumentParser
import Glibc
import Signalbox
import SignalboxStatus

/// What a server needs to let people do something from its pages.
struct ControlSettings: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Let who knows the token in this file run, pause, resume, cancel and requeue from the pages.",
            valueName: "file"))
    var controlTokenFile: String?

    /// Nil unless control was asked for.
    func control(of store: StoreOptions) throws -> Control? {
        guard let path = controlTokenFile else { return nil }
        try refuseIfOthersMayRead(path)
        let text = try Terminal.readText(path)
        let line = text.split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
        return Control(token: try ControlToken(String(line)), actions: StoreControl { try store.open(.write) })
    }

    private func refuseIfOthersMayRead(_ path: String) throws {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            throw Failure(.badInput, "\(path): \(String(cString: strerror(errno)))")
        }
        guard facts.st_mode & 0o007 == 0 else {
            throw Failure(
                .badInput, "\(path): every user of this machine may read or write it; take that away with chmod o=")
        }
    }
}
