// Aim: a command may be killed before any of its steps. Method: strace ends it with SIGKILL as it enters the n-th call of
// a kind, for every n until it comes to its end.
import Glibc

enum Kills {
    static let strace = "/usr/bin/strace"
    static var canTrace: Bool { access(strace, X_OK) == 0 }

    /// Runs `signalbox` with `arguments` again and again, killed at another call each time, and looks at what is left.
    /// - Returns: how often it was killed.
    static func eachCall(
        _ call: String, of arguments: [String], in box: Box, _ look: (_ isDone: Bool) throws -> Void
    ) throws -> Int {
        for number in 1...200 {
            let inject = "inject=\(call):signal=SIGKILL:when=\(number)"
            let finished = try box.run(
                program: [strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", inject, Box.command]
                    + arguments)
            if finished.status == 0 {
                try look(true)
                return number - 1
            }
            guard finished.ending == .signalled(SIGKILL) else {
                throw TestFailure("\(call) \(number): \(finished.ending); \(finished.errors)")
            }
            try look(false)
        }
        throw TestFailure("\(call): killed 200 times, and not at its end")
    }
}
