import Glibc

/// How far a long command is, on the last line of a terminal: "[=====>    ] 48 %  12,000 lines  85,300/s". Where standard
/// error is no terminal nothing is ever written, so that logs and pipes stay clean.
///
/// It is drawn with carriage returns and blanks alone, which every terminal knows, and taken away before anything else
/// is written; when the program is interrupted its line ends.
struct ProgressBar {
    private let isShown: Bool
    private var size: Int?
    /// Nothing is drawn for what takes no longer.
    private let patience: Duration
    private let began = ContinuousClock.now
    /// Nil: nothing of it is on the terminal.
    private var drawn: ContinuousClock.Instant?

    /// - Parameters:
    ///   - size: the bytes there will be; nil when nobody can tell: then there are only numbers.
    ///   - patience: nothing is drawn for what is over so soon.
    init(size: Int?, patience: Duration = .zero) {
        self.size = size
        self.patience = patience
        isShown = isatty(STDERR_FILENO) == 1
        if isShown { Self.clearWhenInterrupted() }
    }

    /// Draws it anew, at most some ten times a second.
    /// - Parameter bytes: how many of them are done.
    mutating func show(lines: Int, bytes: Int) {
        draw(bytes: bytes) { seconds in
            ("\(Self.grouped(lines)) lines", "\(Self.grouped(Int(Double(lines) / seconds)))/s")
        }
    }

    /// Draws it anew for a copy, of which so many of `size` bytes are done.
    mutating func show(bytes: Int, of size: Int) {
        self.size = size
        draw(bytes: bytes) { seconds in (Words.size(bytes), "\(Words.size(Int(Double(bytes) / seconds)))/s") }
    }

    private mutating func draw(bytes: Int, _ words: (_ seconds: Double) -> (numbers: String, rate: String)) {
        let now = ContinuousClock.now
        guard isShown, drawn.map({ now - $0 >= .milliseconds(100) }) ?? (now - began >= patience) else { return }
        drawn = now
        let width = Self.terminalWidth()
        let (numbers, rate) = words(max((now - began) / .seconds(1), 0.001))
        let text = Self.text(
            numbers: numbers, rate: rate, share: size.map { min(1, Double(bytes) / Double(max(1, $0))) },
            width: width - 1)
        Terminal.writeError("\r" + text + String(repeating: " ", count: max(0, width - 1 - text.utf8.count)))
    }

    /// Takes it away, before something else is written or at the end.
    mutating func clear() {
        guard drawn != nil else { return }
        drawn = nil
        Terminal.writeError("\r" + String(repeating: " ", count: Self.terminalWidth() - 1) + "\r")
    }

    /// The line, of ASCII and no longer than `width`: what does not fit is left out, the numbers last.
    static func text(numbers: String, rate: String, share: Double?, width: Int) -> String {
        let full = [numbers, rate].joined(separator: "  ")
        guard let share else { return String((full.utf8.count <= width ? full : numbers).prefix(max(0, width))) }
        let percent = "\(Int(share * 100)) %"
        let room = width - full.utf8.count - percent.utf8.count - 5
        guard room >= 8 else { return String("\(percent)  \(full)".prefix(max(0, width))) }
        let length = min(room, 40)
        let done = Int(share * Double(length))
        let bar = String(repeating: "=", count: max(0, done - 1)) + (done > 0 ? ">" : "")
        return "[" + bar + String(repeating: " ", count: length - done) + "] \(percent)  \(full)"
    }

    private static func grouped(_ number: Int) -> String {
        let digits = String(number)
        return digits.enumerated().reduce(into: "") { text, digit in
            if digit.offset > 0, (digits.count - digit.offset).isMultiple(of: 3) { text += "," }
            text.append(digit.element)
        }
    }

    /// Columns; 80 where the terminal does not say. Looked up each time, for windows change.
    private static func terminalWidth() -> Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Ctrl-C would leave the bar where the shell puts its prompt. Only what a signal handler may do is done.
    private static func clearWhenInterrupted() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                _ = write(STDERR_FILENO, "\r\n", 2)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
