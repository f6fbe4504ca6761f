import Glibc
import Testing

@Suite struct `signalbox apply` {
    private static let first = """
        jobs:
          disk:
            every: 1h
            exec: [df, -h, /]
          load:
            cron: "*/5 * * * *"
            zone: Europe/Berlin
            shell: uptime

        """
    private static let second = """
        jobs:
          disk:
            every: 2h
            exec: [df, -h, /]
          mail:
            manual: true
            shell: true

        """

    @Test func `adds, changes and, when told to, removes jobs, and says so`() async throws {
        try await withBox { box in
            try box.write(Self.first, to: "first.yaml")
            try box.write(Self.second, to: "second.yaml")
            #expect(try words(box, "first.yaml") == ["added disk", "added load"])
            #expect(try words(box, "first.yaml") == ["unchanged disk", "unchanged load"])
            #expect(try box.json("job", "load")["zone"] == "Europe/Berlin")
            #expect(try words(box, "second.yaml") == ["changed disk", "added mail"])
            #expect(try names(box) == ["disk", "load", "mail"])
            let pruned = try words(box, "second.yaml", "--prune")
            #expect(Set(pruned) == ["unchanged disk", "unchanged mail", "removed load"])
            #expect(try names(box) == ["disk", "mail"])
        }
    }

    @Test func `only says what it would do when it is asked to`() async throws {
        try await withBox { box in
            try box.write(Self.first, to: "first.yaml")
            #expect(try words(box, "first.yaml", "--dry-run") == ["added disk", "added load"])
            #expect(access(box.store, F_OK) != 0)
            #expect(try words(box, "first.yaml") == ["added disk", "added load"])
            try box.write(Self.second, to: "second.yaml")
            let before = try Listing(box.store)
            let planned = try words(box, "second.yaml", "--dry-run", "--prune")
            #expect(Set(planned) == ["changed disk", "added mail", "removed load"])
            #expect(try Listing(box.store).changes(since: before) == [])
        }
    }

    private func words(_ box: Box, _ arguments: String...) throws -> [String] {
        let finished = try box.run(program: [Box.command, "apply"] + arguments)
        #expect(finished.status == 0, "\(finished.errors)")
        return finished.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }

    private func names(_ box: Box) throws -> [String?] { try box.jsonList("jobs").map(\.["name"].text) }
}
