import ArgumentParser
import SignalboxCore

/// Whether a request may be made while another with the same key waits, runs, or was made not long ago.
struct UniqueOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "While a dispatch holds this key no other is made: the number of that one is printed.", valueName: "key"))
    var unique: String?

    @Option(
        help: ArgumentHelp(
            "How long it holds the key: active (until it has ended, the standard), window, forever.", valueName: "scope"
        ))
    var uniqueScope: String?

    @Option(
        help: ArgumentHelp("How long after it was enqueued it holds the key (scope window).", valueName: "duration"),
        transform: Parse.window)
    var uniqueWindow: Duration?

    @Option(
        help: ArgumentHelp(
            """
            What to do when another holds the key: existing (print its number, the standard), reject (exit 3), replace \
            it, debounce (it waits anew, with the newest arguments), keep-latest (it gets the newest arguments).
            """, valueName: "policy"),
        transform: Parse.conflict)
    var onConflict: ConflictPolicy?

    var isEmpty: Bool { unique == nil && uniqueScope == nil && uniqueWindow == nil && onConflict == nil }

    func validate() throws { _ = try key() }

    func key() throws -> UniqueKey? {
        guard let unique else {
            guard isEmpty else {
                throw ValidationError("--unique-scope, --unique-window and --on-conflict need --unique")
            }
            return nil
        }
        do {
            return UniqueKey(
                unique, scope: try UniqueScope(word: uniqueScope, window: uniqueWindow),
                onConflict: onConflict ?? .existing
            )
        } catch { throw ValidationError("\(error)") }
    }
}

extension UniqueScope {
    /// The scope of that word, or of what else is said.
    /// - Throws: ``ScopeError``
    init(word: String?, window: Duration?) throws(ScopeError) {
        switch (word, window) {
        case (nil, nil), ("active", nil): self = .active
        case (nil, let window?), ("window", let window?): self = .window(window)
        case ("forever", nil): self = .forever
        case ("window", nil): throw ScopeError("the scope window needs its length, as in 10m")
        case ("active", _), ("forever", _): throw ScopeError("a window goes with the scope window only")
        default: throw ScopeError("there is no scope \(quoted(word ?? "")); known are active, window, forever")
        }
    }
}

/// Words that name no scope.
struct ScopeError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
