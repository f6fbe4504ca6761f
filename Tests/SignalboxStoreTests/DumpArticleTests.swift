import Glibc
import SignalboxCore
import Testing

@testable import SignalboxStore

@Suite struct `The article on dumps` {
    /// Aim: what a program finds in a dump is written down, and what is written down is there. Method: the members of lines
    /// of every kind, with every field that can be set, against the tables of the article.
    @Test func `names every member of every kind of line, and no other`() throws {
        let (article, work) = sections(of: try readArticle())
        var written: [String: Set<String>] = [:]
        for sample in DumpSamples.all {
            written[sample.kind.rawValue, default: []].formUnion(members(of: try #require(JSONText(try sample.line()))))
        }
        let header = DumpHeader(
            storeFormat: 1, storeID: "", sequence: 1, changedAt: .epoch, hasSecrets: true, since: .epoch)
        written["header"] = members(of: try #require(JSONText(header.line())))
        written["footer"] = members(of: try #require(JSONText(DumpFooter().line())))
        // Both say what is run; it is enough that one of the samples says all that can be said of it.
        for (kind, other) in [("job", "request"), ("request", "job")] {
            let shared = written[other, default: []].intersection(work)
            written[kind]?.formUnion(shared)
        }
        #expect(Set(article.keys) == Set(written.keys))
        for (kind, names) in written {
            let described = try #require(article[kind])
            #expect(names.subtracting(described.all) == [], "\(kind): written, and not described")
            #expect(described.members.subtracting(names) == [], "\(kind): described, and not written")
        }
    }

    /// What the members are called, at any depth, but for objects that may have any names.
    private func members(of value: JSONText) -> Set<String> {
        var names: Set<String> = []
        for (name, member) in value.members ?? [] where name != "kind" {
            names.insert(name)
            if !["env", "tags", "limits", "counts", "dispatches"].contains(name) {
                names.formUnion(members(of: member))
            }
        }
        for element in value.elements ?? [] { names.formUnion(members(of: element)) }
        return names
    }

    /// For each kind the members in the first columns of its tables, and all words that are set as code there.
    private func sections(of article: String) -> (sections: [String: Section], work: Set<String>) {
        var sections: [String: Section] = [:]
        var work = Section()
        var kind: String?
        var isWork = false
        var isForm = false
        for line in article.split(separator: "\n") {
            if line.hasPrefix("## ") { isForm = line == "## Form" }
            if line.hasPrefix("#") {
                (kind, isWork) = (line.hasPrefix("### ") ? String(line.dropFirst(4)) : nil, false)
            }
            guard isForm else { continue }
            guard let kind else { continue }
            if line.hasPrefix("What is run, in jobs and in requests") { isWork = true }
            var found = sections[kind] ?? Section()
            defer { sections[kind] = found }
            guard line.hasPrefix("| ") else { continue }
            let (members, all) = (words(in: line.split(separator: "|")[0]), words(in: line))
            if isWork {
                work.members.formUnion(members)
                work.all.formUnion(all)
            }
            found.members.formUnion(members)
            found.all.formUnion(all)
        }
        sections["request"]?.members.formUnion(work.members)
        sections["request"]?.all.formUnion(work.all)
        return (sections, work.all)
    }

    private struct Section {
        var members: Set<String> = []
        var all: Set<String> = []
    }

    private func words(in text: some StringProtocol) -> Set<String> {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return Set(parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) })
    }

    private func readArticle() throws -> String {
        let root = "\(#filePath)".split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let file = try #require(fopen("\(root)/Sources/Signalbox/Signalbox.docc/Dump.md", "rbe"))
        defer { fclose(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { text += buffer[..<count] }
        return String(decoding: text, as: UTF8.self)
    }
}
