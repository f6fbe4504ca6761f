import Testing

@testable import SignalboxCore

@Suite struct `A command in one line` {
    @Test(
        arguments: [
            (["/bin/date", "-u", "+%F"], "/bin/date -u +%F"), (["echo", "two words"], "echo 'two words'"),
            (["echo", ""], "echo ''"), (["echo", "it's"], #"echo 'it'\''s'"#), (["echo", "'"], #"echo ''\'''"#),
            (["echo", "$HOME", "*", "a;b", "`x`", "~"], "echo '$HOME' '*' 'a;b' '`x`' '~'"),
            (["echo", "a\nb"], "echo 'a\nb'"), (["echo", "Grüße"], "echo 'Grüße'"), (["a=b", "x,y@z:1"], "a=b x,y@z:1"),
        ])
    func `is quoted as a shell needs it`(arguments: [String], line: String) {
        #expect(Command.program(arguments).summary == line)
    }

    @Test func `of the shell is the line itself`() {
        #expect(Command.shell("ls | wc -l").summary == "ls | wc -l")
    }
}
