import Testing

@testable import SignalboxCore

@Suite struct `A command as text` {
    @Test(
        arguments: [
            (["/bin/date", "-u", "+%F"], "/bin/date -u +%F"), (["echo", "two words"], "echo 'two words'"),
            (["echo", ""], "echo ''"), (["echo", "it's"], #"echo 'it'\''s'"#), (["echo", "'"], #"echo ''\'''"#),
            (["echo", "$HOME", "*", "a;b", "`x`", "~"], "echo '$HOME' '*' 'a;b' '`x`' '~'"),
            (["echo", "a\nb"], "echo 'a\nb'"), (["echo", "Grüße"], "echo 'Grüße'"),
            (["a=b", "x,y@z:1"], "a=b x,y@z:1"),
        ])
    func `is quoted as a shell needs it`(arguments: [String], line: String) {
        #expect(Command.program(arguments).text == line)
    }

    @Test func `of the shell is the text itself`() {
        #expect(Command.shell("ls |\n  wc -l").text == "ls |\n  wc -l")
    }

    @Test func `in one line shows where lines ended`() {
        #expect(Command.shell("cd /tmp\nls | wc -l\n").summary == "cd /tmp ⏎ ls | wc -l")
        #expect(Command.program(["echo", "a\nb"]).summary == "echo 'a ⏎ b'")
    }
}
