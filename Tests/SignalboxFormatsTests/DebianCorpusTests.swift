import SignalboxCore
import SignalboxFormats
import Testing

/// A file of Corpus/debian.txt.
private struct PackagedFile {
    let package: String
    let path: String
    var text = ""

    var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

    static func all() throws -> [PackagedFile] {
        var files: [PackagedFile] = []
        for line in try Corpus.text("debian.txt").split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ").map(String.init)
            if words.first == "@@" {
                files.append(PackagedFile(package: words[1], path: words[3]))
            } else if !files.isEmpty {
                files[files.count - 1].text += line + "\n"
            }
        }
        return files
    }
}

@Suite struct `What Debian's packages bring` {
    /// Each line of the table was read by a person beside the file that it comes from.
    @Test func `becomes the jobs that are written down`() throws {
        let files = try PackagedFile.all()
        #expect(Set(files.map(\.package)).count == 44)
        let found = try files.flatMap { file in
            let isCrontab = file.path.hasPrefix("/etc/cron.d/")
            return try isCrontab ? crontab(file) : file.name.hasSuffix(".timer") ? timer(file, files) : []
        }
        let expected = try Corpus.text("debian-jobs.txt").split(separator: "\n").map(String.init)
        #expect(expected.count == 91)
        for (line, wanted) in zip(found, expected) { #expect(line == wanted) }
        #expect(found.count == expected.count)
    }

    private func crontab(_ file: PackagedFile) -> [String] {
        let result = Crontab.parse(text: file.text, fileName: file.path, system: true)
        return result.errors.map { "\(file.package) \(file.path) \($0.line): refused: \($0.message)" }
            + result.jobs.map { text($0.definition, $0.line, file) }
    }

    private func timer(_ file: PackagedFile, _ files: [PackagedFile]) throws -> [String] {
        let now = try Instant(text: "2026-11-22T04:00:00Z")
        let sources = [UnitSource(file: file.path, text: file.text)]
        let result = try SystemdTimers.read(file.name, sources, now: now, zone: findZone) { name in
            files.first { $0.package == file.package && $0.name == name }
                .map { [UnitSource(file: $0.path, text: $0.text)] }
        }
        return result.errors.map { "\(file.package) \(file.path) \($0.line): refused: \($0.message)" }
            + result.jobs.map { text($0.definition, $0.line, file) }
    }

    private func text(_ job: JobDefinition, _ line: Int, _ file: PackagedFile) -> String {
        "\(file.package) \(file.path) \(line): \(job.name) | \(job.schedule) | \(job.command.redacted.summary)"
    }
}
