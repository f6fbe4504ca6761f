import Testing

@Suite struct `The output of an attempt` {
    @Test func `is there after the next one's, and one that never was is exit 4`() async throws {
        try await withBox { box in
            _ = try box.startWorker()
            let line = "echo said by $SIGNALBOX_ATTEMPT; [ $SIGNALBOX_ATTEMPT = 2 ]"
            let id = try box.number(
                of: box.succeed("enqueue", "--retry", "fixed:1ms", "--max-attempts", "3", "--shell", line))
            try box.succeed("logs", "\(id)", "--follow")
            #expect(try box.succeed("logs", "\(id)") == "said by 2\n")
            #expect(try box.succeed("logs", "\(id)", "--attempt", "1") == "said by 1\n")
            #expect(try box.succeed("logs", "\(id)", "--attempt", "2") == "said by 2\n")
            for missing in ["0", "3"] {
                #expect(try box.run("logs", "\(id)", "--attempt", missing).status == 4)
            }
            #expect(try box.run("logs", "\(id)", "--attempt", "1", "--follow").status == 64)
        }
    }
}
