import Glibc
import SignalboxCore
import SignalboxFormats
import SignalboxRuntime

/// The unit files of some folders, by name.
struct UnitFolders {
    /// The timers asked for, by name; templates only where their file was named.
    let timers: [String]
    private let folders: [String]

    /// - Parameter paths: timer files, or folders.
    /// - Throws: `badInput` for a path that is neither.
    init(_ paths: [String]) throws {
        var folders: [String] = []
        var timers: Set<String> = []
        for path in paths {
            if let names = names(inFolder: path) {
                folders.append(path)
                // A template is no timer by itself, and every folder has some.
                timers.formUnion(names.filter { $0.hasSuffix(".timer") && !$0.hasSuffix("@.timer") })
            } else {
                let parts = path.split(separator: "/", omittingEmptySubsequences: false)
                guard let name = parts.last, name.hasSuffix(".timer"), access(path, R_OK) == 0 else {
                    throw Failure(.badInput, "\(quoted(path)) is neither a folder nor a .timer file that can be read")
                }
                timers.insert(String(name))
                folders.append(parts.count > 1 ? parts.dropLast().joined(separator: "/") : ".")
            }
        }
        self.timers = timers.sorted()
        self.folders = folders.enumerated().filter { !folders[..<$0].contains($1) }.map(\.element)
    }

    /// The file and the drop-ins of a unit, also of an instance; nil when there is no file of it.
    func sources(of name: String) throws -> [UnitSource]? {
        let template = templateName(of: name)
        let candidates = [name] + [template].compactMap { $0 }
        let files = candidates.flatMap { name in folders.reversed().map { "\($0)/\(name)" } }
        guard let file = files.first(where: { access($0, F_OK) == 0 }) else { return nil }
        var sources = [UnitSource(file: file, text: try Terminal.readText(file))]
        for folder in candidates.reversed().flatMap({ name in folders.map { "\($0)/\(name).d" } }) {
            for name in (names(inFolder: folder) ?? []).sorted() where name.hasSuffix(".conf") {
                let file = "\(folder)/\(name)"
                sources.append(UnitSource(file: file, text: try Terminal.readText(file)))
            }
        }
        return sources
    }

    /// "backup@.service" for "backup@home.service".
    private func templateName(of name: String) -> String? {
        guard let at = name.firstIndex(of: "@"), let dot = name.lastIndex(of: "."), name.index(after: at) < dot else {
            return nil
        }
        return String(name[...at] + name[dot...])
    }
}
