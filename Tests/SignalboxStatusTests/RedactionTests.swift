import SignalboxCore
import Testing

@Suite struct `A secret` {
    @Test func `in a variable is known by its name, in any case`() {
        let shown = redacted(environment: [
            "RESTIC_PASSWORD": "a", "github_token": "b", "AwsSecret": "c", "API_KEY": "d", "LANG": "C.UTF-8",
        ])
        let hidden = shown.filter { $0.value == redactionMark }.keys.sorted()
        #expect(hidden == ["API_KEY", "AwsSecret", "RESTIC_PASSWORD", "github_token"])
        #expect(shown["LANG"] == "C.UTF-8")
    }

    @Test(arguments: [
        (["curl", "--token", "abc", "-v"], ["curl", "--token", "[redacted]", "-v"]),
        (["db", "--password=abc=d"], ["db", "--password=[redacted]"]),
        (["env", "API_KEY=abc", "run"], ["env", "API_KEY=[redacted]", "run"]),
        (["curl", "https://host/?user=1&token=abc&x=2"], ["curl", "https://host/?user=1&token=[redacted]"]),
        (["curl", "-H", "X-Api-Key: abc"], ["curl", "-H", "X-Api-Key: [redacted]"]),
        (["post", #"{"user": "a", "password": "abc"}"#], ["post", #"{"user": "a", "password": [redacted]"#]),
        (["box", "--password", "--verbose"], ["box", "--password", "--verbose"]),
        (["ssh", "keyserver:443", "tokens", "a=b", "--"], ["ssh", "keyserver:443", "tokens", "a=b", "--"]),
        (["box", "--secret", "-abc"], ["box", "--secret", "[redacted]"]),
    ])
    func `in arguments is known by the name before it`(arguments: [String], shown: [String]) {
        #expect(redacted(arguments: arguments) == shown)
        #expect(redacted(arguments: shown) == shown)
    }

    @Test(arguments: [
        ("PASSWORD=abc ./run --fast", "PASSWORD=[redacted] ./run --fast"),
        ("curl  --token 'a b c' -v", "curl  --token [redacted] -v"),
        (#"curl -H "X-Api-Key: a b" host"#, #"curl -H "X-Api-Key: [redacted]" host"#),
        ("TOKEN='a b' ./run", "TOKEN=[redacted] ./run"),
        ("backup /home\n", "backup /home\n"), ("", ""), ("it's open", "it's open"),
    ])
    func `in a shell line is known too, and the rest of the line stays`(line: String, shown: String) {
        #expect(redacted(line: line) == shown)
        #expect(redacted(line: shown) == shown)
    }

    @Test func `is left out of both kinds of command`() {
        #expect(Command.program(["a", "--key", "b"]).redacted == .program(["a", "--key", redactionMark]))
        #expect(Command.shell("a --key b").redacted == .shell("a --key [redacted]"))
    }
}
