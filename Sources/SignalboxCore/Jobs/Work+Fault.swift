// What can never be run as it is asked for is refused when it is written down, not when its time has come: a setting
// that nobody would look at, such as the user of a handler, would else be taken for one that holds.

extension Work {
    /// What speaks against running it as it says; nil when nothing does.
    public var fault: String? { commandFault ?? handlerFault ?? directoryFault ?? limitFault }

    private var commandFault: String? {
        let isEmpty =
            switch command {
            case .program(let arguments): arguments.isEmpty
            case .shell(let line): line.allSatisfy(\.isWhitespace)
            case .handler: false
            }
        return isEmpty ? "there is no command to run: name a program, or give a shell line" : nil
    }

    /// A handler's process lives on from one dispatch to the next: what is set for a process cannot be set for one.
    private var handlerFault: String? {
        guard case .handler(let name) = command else { return nil }
        let standard = Work(command: command)
        let set: [(String, Bool)] = [
            ("env", environment != standard.environment), ("cwd", directory != standard.directory),
            ("user", process.user != nil), ("umask", process.fileModeMask != nil), ("nice", process.nice != nil),
            ("limits", !process.limits.isEmpty), ("success", exitCodes.success != standard.exitCodes.success),
            ("fatal", exitCodes.fatal != standard.exitCodes.fatal),
        ]
        let names = set.filter(\.1).map(\.0)
        guard !names.isEmpty else { return nil }
        return
            "\(names.joined(separator: ", ")) cannot be set for the handler \(name), which lives on from one dispatch "
            + "to the next: it has env and cwd of its own, and is given a payload"
    }

    private var directoryFault: String? {
        guard let directory, !directory.hasPrefix("/") else { return nil }
        return "cwd is \(quoted(directory)); expected a path that begins with /"
    }
}
