import Testing

/// The short form of `tools/soak/hammer`, which says what is done and what must hold.
@Suite struct `A store whose processes are killed five hundred times` {
    private static let hammer =
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/tools/soak/hammer"

    @Test func `loses nothing, runs nothing twice, and is sound`() async throws {
        try await withBox { box in
            let hammer = try box.start(
                program: [
                    "/usr/bin/python3", Self.hammer, "--kills", "500", "--signalbox", Box.command, "--folder",
                    box.path("hammer"),
                ])
            let ending = try hammer.wait()
            let (output, errors) = (try hammer.output(), try hammer.errors())
            #expect(ending == .exited(0), "\(output)\(errors)")
            #expect(output.contains("faults: none"), "\(output)")
        }
    }
}
