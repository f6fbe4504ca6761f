import Glibc
import SignalboxRuntime
import Testing

@Suite struct `A command's environment` {
    private let account = Account(name: "ada", home: "/home/ada")

    @Test func `takes PATH, LANG and TZ from the worker, and nothing else`() {
        let inherited = ["PATH": "/opt/bin", "LANG": "de_DE.UTF-8", "TZ": "Europe/Berlin", "HOME": "/x", "SECRET": "1"]
        let environment = CommandEnvironment(account: account, inherited: inherited)
        #expect(
            environment.entries == [
                "HOME=/home/ada", "LANG=de_DE.UTF-8", "LOGNAME=ada", "PATH=/opt/bin", "SHELL=/bin/sh",
                "TZ=Europe/Berlin", "USER=ada",
            ])
    }

    @Test func `lets the job decide over all but what is ours`() {
        let environment = CommandEnvironment(
            account: account, inherited: ["PATH": "/opt/bin"], job: ["PATH": "/job", "SIGNALBOX_RUN_ID": "forged"],
            ours: ["SIGNALBOX_RUN_ID": "true"])
        #expect(environment.variables["PATH"] == "/job")
        #expect(environment.variables["SIGNALBOX_RUN_ID"] == "true")
    }

    @Test func `knows who runs it`() {
        let account = Account.current()
        #expect(!account.name.isEmpty)
        #expect(account.home.hasPrefix("/"))
    }
}

@Suite struct `A signal` {
    @Test func `goes by its name where it has one`() {
        #expect(Signal.kill.description == "SIGKILL")
        #expect(Signal(rawValue: SIGSEGV).description == "SIGSEGV")
        #expect(Signal(rawValue: 40).description == "signal 40")
    }
}
