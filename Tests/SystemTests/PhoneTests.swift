import Testing

@Suite(.enabled(if: Browser.program != nil, "Debian's chromium is not installed"))
struct `On a phone a table` {
    @Test func `names each value beside it`() async throws {
        try await withBox { box in
            _ = try box.startWorker("--name", "signalman")
            try box.succeed("add", "disk", "--manual", "--", "true")
            try box.succeed("run", "disk", "--wait")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let line = try server.waitForLine("address=127.0.0.1:")
            let port = line.split(separator: "address=127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
            let browser = try Browser(box)
            try browser.call(
                "Emulation.setDeviceMetricsOverride",
                ["width": 390, "height": 840, "deviceScaleFactor": 1, "mobile": true])
            try browser.open("http://127.0.0.1:\(port)/dispatches/1")
            // The name is drawn by the style sheet; in a grid the value begins behind the column of the names.
            let values = try browser.evaluate(
                """
                [...document.querySelectorAll("main table.lines td:not(:empty)")].map((cell) => {
                    const text = document.createRange();
                    text.selectNodeContents(cell);
                    const begin = text.getBoundingClientRect().left - cell.getBoundingClientRect().left;
                    return begin > 100 ? "" : cell.dataset.label + " at " + begin;
                }).join("|")
                """)
            #expect(values == "||||", "Worker, Started, Took, Reason, Ended")
            try browser.close()
        }
    }
}
