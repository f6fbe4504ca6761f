import SignalboxCore
import Testing

@testable import SignalboxFormats

private func read(_ text: String) throws -> JobsFile.Content { try JobsFile.read(text: text, fileName: "jobs.yaml") }

@Suite struct `Handlers in a jobs file` {
    @Test func `stand for themselves, or in the job that they are for`() throws {
        let content = try read(
            """
            handlers:
              resize: {command: [python3, resize.py], env: {A: "1"}, cwd: /srv}
            jobs:
              thumbs: {every: 1h, handler: resize, payload: {photo: 7.50, tags: [a, "1", true, null], n: "7"}}
              tidy: {manual: true, handler: {command: [tidy, --all]}, payload: as it is}
            """)
        #expect(
            content.handlers == [
                HandlerDefinition(
                    name: try HandlerName("resize"), command: .program(["python3", "resize.py"]),
                    environment: ["A": "1"],
                    directory: "/srv"),
                HandlerDefinition(name: try HandlerName("tidy"), command: .program(["tidy", "--all"])),
            ])
        #expect(content.jobs.map(\.command.text) == ["handler resize", "handler tidy"])
        #expect(
            content.jobs.map { String(decoding: $0.input, as: UTF8.self) }
                == [#"{"photo":7.50,"tags":["a","1",true,null],"n":"7"}"#, "as it is"])
    }

    @Test func `may be all there is`() throws {
        #expect(try read("handlers:\n  a: {command: [b]}\n").handlers.count == 1)
        #expect(try read("handlers:\njobs:\n").handlers.isEmpty)
    }

    @Test(arguments: [
        ("handlers: [a]", "1:11", "mapping"),
        ("handlers:\n  a b: {command: [c]}", "2:3", "no handler name"),
        ("handlers:\n  a: {}", "2:6", "command"),
        ("handlers:\n  a: {command: b}", "2:16", "list"),
        ("handlers:\n  a: {command: [b], shell: c}", "2:21", "shell"),
        ("handlers:\n  a: {command: [b], cwd: c}", "2:26", "begins with /"),
        ("jobs:\n  a: {manual: true, handler: b, shell: c}", "2:33", "exclude"),
        ("jobs:\n  a: {manual: true, handler: b, env: {C: d}}", "2:33", "env"),
        ("jobs:\n  a: {manual: true, shell: b, payload: c}", "2:31", "stdin"),
        ("jobs:\n  a: {manual: true, handler: [b]}", "2:30", "a text"),
        ("handlers:\n  a: {command: [b]}\njobs:\n  a: {manual: true, handler: {command: [c]}}", "4:3", "already"),
    ])
    func `that are wrong say where and what was expected`(text: String, place: String, words: String) {
        let error = #expect(throws: FormatError.self) { try read(text + "\n") }
        #expect(error?.description.contains("jobs.yaml:\(place):") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
