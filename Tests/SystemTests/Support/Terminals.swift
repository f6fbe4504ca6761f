// What a person sees of a command: script(1) runs it on a terminal of its own.
import Glibc
import Testing

private let script = "/usr/bin/script"

/// Whether there is a program that makes terminals.
let hasTerminals = access(script, X_OK) == 0

extension Box {
    /// All that a terminal of so many columns got to see, of a command that the shell runs there.
    func seen(_ line: String, columns: Int, expecting status: Int32 = 0) throws -> String {
        let finished = try run(program: [script, "-qec", "stty cols \(columns); \(line)", path("typescript")])
        #expect(finished.status == status, "\(finished.output)")
        return finished.output
    }
}

/// What stands on each line at its end, when all that was drawn over is gone.
func shownLines(_ seen: String) -> [String] {
    // A carriage return and a line feed are one Character.
    seen.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map { line in
        var shown: [Character] = []
        for part in line.split(separator: "\r", omittingEmptySubsequences: false) {
            shown = Array(part) + shown.dropFirst(part.count)
        }
        while shown.last == " " { shown.removeLast() }
        return String(shown)
    }
}
