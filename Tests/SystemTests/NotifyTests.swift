import Glibc
import LMDBEngine
import OrderedStore
import SignalboxStore
import Testing

@Suite struct `A service of systemd` {
    @Test(arguments: [
        ["up", "--listen", "127.0.0.1:0"], ["worker"], ["scheduler"], ["serve", "--listen", "127.0.0.1:0"],
    ])
    func `says when it does its work, and when it begins to end`(arguments: [String]) async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--delay", "1h", "--", "true")
            let socket = try NotifySocket(box.path("notify"))
            box.environment = ["NOTIFY_SOCKET=\(socket.name)"]
            let service = try box.start(program: [Box.command] + arguments)
            let ready = try socket.next()
            #expect(ready.first == "READY=1" && ready.last?.hasPrefix("STATUS=running: ") == true)
            let said = try service.errors()
            #expect(arguments[0] == "serve" || said.contains("online"))
            #expect(!arguments.contains("--listen") || said.contains("listens"))
            service.signal(SIGTERM)
            #expect(try socket.next().first == "STOPPING=1")
            #expect(try service.wait() == .exited(0))
            #expect(socket.takeAll() == 0, "each is said once")
        }
    }

    @Test func `is not ready where it cannot listen`() async throws {
        try await withBox { box in
            let socket = try NotifySocket("@signalbox-\(getpid())-refused")
            box.environment = ["NOTIFY_SOCKET=\(socket.name)"]
            let service = try box.start("up", "--listen", "unix:/no/such/folder/socket")
            #expect(try service.wait() != .exited(0))
            #expect(try socket.next().first == "STOPPING=1")
            #expect(socket.takeAll() == 0)
        }
    }

    @Test func `beats the watchdog, and hands down nothing of that to its commands`() async throws {
        try await withBox { box in
            let socket = try NotifySocket("@signalbox-\(getpid())-beats")
            box.environment = ["NOTIFY_SOCKET=\(socket.name)", "WATCHDOG_USEC=20000"]
            let service = try box.start("up", "--listen", "127.0.0.1:0")
            try socket.beat(5)
            try box.succeed("enqueue", "--", "env")
            try box.succeed("logs", "1", "--follow")
            let variables = try box.succeed("logs", "1")
            #expect(variables.contains("SIGNALBOX_RUN_ID="))
            #expect(!variables.contains("NOTIFY_SOCKET") && !variables.contains("WATCHDOG"))
            // Nobody listens any more: that must keep nobody.
            service.signal(SIGTERM)
            #expect(try service.wait() == .exited(0))
        }
    }

    @Test func `does not beat a watchdog that is another process's`() async throws {
        try await withBox { box in
            let socket = try NotifySocket(box.path("notify"))
            box.environment = ["NOTIFY_SOCKET=\(socket.name)", "WATCHDOG_USEC=1000", "WATCHDOG_PID=1"]
            let service = try box.start("worker")
            #expect(try socket.next().first == "READY=1")
            service.signal(SIGTERM)
            #expect(try socket.next().first == "STOPPING=1")
        }
    }

    /// Method: the worker's loop waits for the lock of the store's writer, which the test holds; that it stays silent
    /// is seen by the beats of another service, which goes on.
    @Test func `falls silent when its loop hangs, and beats again when that goes on`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let (hanging, going) = (try NotifySocket(box.path("hanging")), try NotifySocket(box.path("going")))
            let id = try box.enqueue(shell: "echo >\(box.path("started")); read line <\(gate.path)")
            box.environment = ["NOTIFY_SOCKET=\(hanging.name)", "WATCHDOG_USEC=20000"]
            _ = try box.start("worker")
            box.environment = ["NOTIFY_SOCKET=\(going.name)", "WATCHDOG_USEC=20000"]
            _ = try box.start("serve", "--listen", "127.0.0.1:0")
            try box.until("it runs") { try box.lines(of: "started").count == 1 }
            let store = try Environment.open(at: box.store, buckets: Buckets.all, access: .readWrite)
            try store.write { _ in
                try gate.release()
                // The command may end some beats later: silent is the worker from then on.
                repeat {
                    _ = hanging.takeAll()
                    try going.beat(12)
                } while hanging.takeAll() > 0
                try going.beat(12)
                #expect(hanging.takeAll() == 0)
            }
            while try hanging.next() != ["WATCHDOG=1"] {}
            try box.succeed("logs", "\(id)", "--follow")
        }
    }
}

extension NotifySocket {
    /// Waits for so many beats of the watchdog.
    fileprivate func beat(_ count: Int) throws {
        var beats = 0
        while beats < count { if try next() == ["WATCHDOG=1"] { beats += 1 } }
    }
}
