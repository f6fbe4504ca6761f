import Testing

/// The short form of `tools/soak/hammer`, which says what is done and what must hold.
@Suite struct `Four processes that hammer one store` {
    private static let hammer =
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/tools/soak/hammer"

    @Test func `lose nothing, run nothing twice, and leave it sound, though its processes are killed and stopped`() async throws {
        try await withBox { box in
            let seed = UInt16.random(in: 1...1000)
            let finished = try box.run(
                program: [
                    "/bin/bash", Self.hammer, "--seconds", "6", "--seed", "\(seed)", "--signalbox", Box.command,
                    "--folder", box.path("hammer"),
                ])
            #expect(finished.status == 0, "\(finished.output)\(finished.errors)")
            #expect(finished.output.contains(": no fault"))
        }
    }
}
