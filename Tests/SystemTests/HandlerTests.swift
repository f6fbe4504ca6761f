import Glibc
import Testing

@Suite struct `A handler in Python` {
    /// The example of the demo, beside the jobs file of the test.
    private func prepare(_ box: Box, retry: String = "{base: 10ms, jitter: 0}") throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        try box.write(try readFile("\(root)/tools/demo/resize.py"), to: "resize.py")
        try box.write(
            """
            handlers:
              resize: {command: [python3, resize.py], cwd: \(box.folder)}
            jobs:
              thumbnail:
                manual: true
                handler: resize
                payload: {width: 64, to: \(box.path("small.ppm"))}
                overlap: allow
              slow:
                manual: true
                max_attempts: 3
                retry: \(retry)
                handler: {command: [sh, slow.sh], cwd: \(box.folder)}

            """, to: "jobs.yaml")
        try box.write(Self.slow, to: "slow.sh")
    }

    /// Starts what outlives it, says so in the folder, and answers the second attempt only.
    private static let slow = """
        while IFS= read -r line; do
            case $line in
            *'"attempt":1,'*)
                mkfifo up
                (setsid sh -c 'echo $$ >>processes; echo >up; exec sleep 1000' &)
                read -r up <up
                echo $$ >>processes
                echo up >&2
                echo up >>begun
                read -r never
                ;;
            esac
            \(survivorsLine)
            echo '{"result": null}'
        done

        """

    @Test func `is started once for many dispatches, and keeps waiting what no worker has`() async throws {
        try await withBox { box in
            try prepare(box)
            let early = try box.succeed("enqueue", "--handler", "resize", "--payload", #"{"width": 10}"#).number
            #expect(try box.succeed("status").contains("no worker for resize"))
            #expect(try box.succeed("dispatch", "\(early)").contains("no worker for resize"))
            #expect(try box.dispatch(early)["no_worker"] == true)
            let worker = try box.startWorker("--slots", "1")
            #expect(
                try box.succeed("apply", "jobs.yaml").split(separator: "\n").map {
                    $0.split(separator: " ").joined(separator: " ")
                }
                    == ["added handler resize", "added handler slow", "added thumbnail", "added slow"])
            #expect(try box.succeed("logs", "\(early)", "--follow").contains("10 pixels wide"))
            let run = try box.run("run", "thumbnail", "--follow")
            #expect(run.status == 0)
            #expect(run.output.contains("64 pixels wide"))
            #expect(try readBytes(box.path("small.ppm")).count == "P6 64 48 255\n".utf8.count + 64 * 48 * 3)
            let lines =
                #"{"handler": "resize", "payload": {"width": 3}}"# + "\n" + #"{"handler": "resize", "payload": 7}"#
                + "\n"
            #expect(try box.run(program: [Box.command, "enqueue", "--stdin"], input: lines).status == 0)
            let outputs = try [early, run.output.number, 3].map { try box.succeed("logs", "\($0)", "--follow") }
            #expect(Set(outputs.compactMap { $0.split(separator: " ").dropFirst().first }).count == 1)
            let refused = try box.run("logs", "4", "--follow")
            #expect(refused.status == 0)
            let last = try box.dispatch(4)
            #expect((last["state"], last["reason"]) == ("FAILED", "handler"))
            #expect(last["attempts"][0]["error"].text?.contains("TypeError") == true)
            #expect(try box.jsonList("workers")[0]["handlers"] == .list([.text("resize"), .text("slow")]))
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            #expect(try box.run("diff", "jobs.yaml").status == 0)
        }
    }

    @Test func `that is killed is started again, and its dispatch with it`() async throws {
        try await withBox { box in
            try prepare(box)
            try box.succeed("apply", "jobs.yaml")
            _ = try box.startWorker("--slots", "1")
            let id = try box.succeed("run", "slow").number
            try box.until("it works") { try box.lines(of: "begun").count == 1 }
            let last = try #require(try box.lines(of: "processes").last)
            let process = try #require(Int32(last))
            kill(process, SIGKILL)
            _ = try box.succeed("logs", "\(id)", "--follow")
            let dispatch = try box.dispatch(id)
            #expect((dispatch["state"], dispatch["attempt"], dispatch["crashes"]) == ("SUCCESS", 2, 1))
            #expect(dispatch["attempts"][0]["error"].text?.contains("SIGKILL") == true)
            #expect(try box.lines(of: "survivors") == [])
        }
    }

    @Test func `whose worker is killed is gone with all that it started before another begins`() async throws {
        try await withBox { box in
            try prepare(box)
            try box.succeed("apply", "jobs.yaml")
            let first = try box.startWorker("--name", "first", "--slots", "1")
            let id = try box.succeed("run", "slow").number
            try box.until("it works") { try box.lines(of: "begun").count == 1 }
            _ = try box.startWorker("--name", "second", "--slots", "1")
            first.end()
            _ = try box.succeed("logs", "\(id)", "--follow")
            let dispatch = try box.dispatch(id)
            #expect((dispatch["state"], dispatch["attempt"], dispatch["crashes"]) == ("SUCCESS", 2, 1))
            #expect(dispatch["attempts"][0]["reason"] == "worker_died")
            #expect(try box.lines(of: "processes").count == 2)
            #expect(try box.lines(of: "survivors") == [])
        }
    }
}

extension String {
    /// The number that a command printed first.
    fileprivate var number: Int { Int(prefix { $0.isNumber }) ?? 0 }
}
