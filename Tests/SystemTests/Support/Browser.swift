import FoundationEssentials
import Glibc
import Testing

/// Debian's chromium without a window, told what to do by its DevTools protocol over a fifo: one JSON text after the
/// other, each with a zero byte behind it. What it answers, and tells by itself, goes to a file in the box's folder, so
/// that a test waits for it as for everything else.
final class Browser {
    static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first { (path: String) in
        access(path, X_OK) == 0
    }

    private let box: Box
    private let process: ChildProcess
    private let commands: Fifo
    private var output = Output()
    private var lastNumber = 0
    private var session: String?
    /// What it told by itself, oldest first: `{method, params}`.
    private(set) var events: [JSONValue] = []

    /// With one empty page.
    init(_ box: Box) throws {
        self.box = box
        commands = try box.makeFifo("browser-in")
        try box.write("", to: "browser-out")
        let options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--remote-debugging-pipe", "--user-data-dir=\(box.path("browser"))",
            "about:blank",
        ]
        let shell = ["/bin/sh", "-c", "exec \"$@\" 3<browser-in 4>browser-out", "sh", Self.program ?? ""]
        process = try box.start(program: shell + options)
        let target = try call("Target.createTarget", ["url": "about:blank"])["targetId"]
        session = try call("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"].text
        for domain in ["Page", "Runtime", "Log", "Network"] { try call("\(domain).enable") }
    }

    func close() throws {
        session = nil
        try call("Browser.close")
        try process.wait()
    }

    // MARK: The protocol

    @discardableResult
    func call(_ method: String, _ parameters: [String: JSONValue] = [:]) throws -> JSONValue {
        lastNumber += 1
        var command: [String: JSONValue] = [
            "id": .number(Double(lastNumber)), "method": .text(method), "params": .object(parameters),
        ]
        if let session { command["sessionId"] = .text(session) }
        try commands.write(JSONValue.object(command).json + "\0")
        var answer: JSONValue?
        try box.until("the browser answered \(method)", unlessEnds: process) {
            answer = try read().first { $0["id"].number == lastNumber } ?? answer
            return answer != nil
        }
        if let message = answer?["error"]["message"].text { throw TestFailure("\(method): \(message)") }
        return answer?["result"] ?? .null
    }

    /// The first event that has come since `place` and that `condition` accepts; waits for it.
    @discardableResult
    func event(_ method: String, after place: Int = 0, where condition: (JSONValue) -> Bool = { _ in true }) throws
        -> JSONValue
    {
        var found: JSONValue?
        try box.until("the browser told \(method)", unlessEnds: process) {
            _ = try read()
            found = events.dropFirst(place).first { $0["method"].text == method && condition($0["params"]) }
            return found != nil
        }
        return found?["params"] ?? .null
    }

    /// The answers that have come since the last time; events are kept.
    private func read() throws -> [JSONValue] {
        let messages = try output.read(box.path("browser-out"))
        events += messages.filter { $0["method"].text != nil }
        return messages.filter { $0["method"].text == nil }
    }

    // MARK: Pages

    /// Returns when the page has been loaded.
    func open(_ address: String) throws {
        let place = events.count
        try call("Page.navigate", ["url": .text(address)])
        try event("Page.loadEventFired", after: place)
    }

    /// What JavaScript says in the page; a promise is waited for.
    @discardableResult
    func evaluate(_ expression: String) throws -> JSONValue {
        let answer = try call(
            "Runtime.evaluate", ["expression": .text(expression), "awaitPromise": true, "returnByValue": true])
        if case .object = answer["exceptionDetails"] {
            throw TestFailure("\(expression): \(answer["exceptionDetails"]["exception"]["description"].text ?? "")")
        }
        return answer["result"]["value"]
    }

    /// Returns when a condition holds in the page, which looks whenever it changes.
    func until(_ condition: String) throws {
        try evaluate(
            """
            new Promise((done) => {
                const look = () => { if (\(condition)) { observer.disconnect(); done(true); } };
                const observer = new MutationObserver(look);
                observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
                look();
            })
            """)
    }

    func press(_ key: String, code: Int) throws {
        for type in ["rawKeyDown", "keyUp"] {
            try call(
                "Input.dispatchKeyEvent",
                [
                    "type": .text(type), "key": .text(key), "code": .text(key),
                    "windowsVirtualKeyCode": .number(Double(code)),
                ])
        }
    }

    /// Dialogs, exceptions, and errors in the console, such as what the page's policy has refused.
    func problems() throws -> [String] {
        // Everything that happened before this answer has been told before it.
        try evaluate("0")
        return events.compactMap { event in
            let details = event["params"]
            switch event["method"].text {
            case "Page.javascriptDialogOpening": return "dialog: \(details["message"].text ?? "")"
            case "Runtime.exceptionThrown": return "exception: \(details["exceptionDetails"])"
            case "Runtime.consoleAPICalled": return "console: \(details["args"])"
            case "Log.entryAdded":
                return details["entry"]["level"] == "error" ? "log: \(details["entry"]["text"].text ?? "")" : nil
            default: return nil
            }
        }
    }
}

/// The file with the browser's messages, as far as they have been read.
private struct Output {
    private var offset: off_t = 0
    private var rest: [UInt8] = []

    mutating func read(_ path: String) throws -> [JSONValue] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("\(path): \(errnoText())") }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, offset)
            guard count > 0 else { break }
            offset += off_t(count)
            rest += buffer[..<count]
        }
        var parts = rest.split(separator: 0, omittingEmptySubsequences: false)
        rest = Array(parts.removeLast())
        return try parts.map { try JSONValue(String(decoding: $0, as: UTF8.self)) }
    }
}

extension JSONValue {
    var json: String {
        switch self {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .number(let number): number == number.rounded() ? "\(Int(number))" : "\(number)"
        case .text(let text): "\"" + text.unicodeScalars.map(Self.escaped).joined() + "\""
        case .list(let list): "[" + list.map(\.json).joined(separator: ",") + "]"
        case .object(let fields):
            "{" + fields.map { "\(JSONValue.text($0).json):\($1.json)" }.joined(separator: ",") + "}"
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case ..<" ": "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        default: String(scalar)
        }
    }
}

/// Runs `body` with a box and a browser in it.
func withBrowser(_ body: @escaping (Box, Browser) throws -> Void) async throws {
    try await withBox { box in
        let browser = try Browser(box)
        try body(box, browser)
        try browser.close()
    }
}
