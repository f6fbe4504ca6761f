import Glibc
import Testing

@Suite struct `An export` {
    @Test func `is all pages as files, and every link leads to one`() async throws {
        try await withBox { box in
            try box.succeed("add", "disk:root", "--manual", "--shell", "echo '<well>'; exit 3", "--max-attempts", "1")
            _ = try box.startWorker("--name", "signalman")
            for _ in 0..<3 { try box.run("run", "disk:root", "--wait") }
            try box.succeed("enqueue", "--delay", "1h", "--", "true")
            try box.write("", to: "empty-file")
            let printed = try box.succeed("serve", "--export", "site")
            let site = try Site(box.path("site"))
            #expect(printed == "\(site.pages.count - 1) pages in site\n")
            #expect(site.text("index.html").contains("disk:root"))
            #expect(site.text("jobs/disk~root.html").contains("FAILED"))
            #expect(site.text("dispatches/1.html").contains("&lt;well&gt;"))
            #expect(site.text("workers.html").contains("signalman"))
            #expect(site.pages.contains { $0.hasPrefix("lists/dispatches,state=FAILED") })
            #expect(site.brokenLinks == [], "\(site.brokenLinks)")
            for page in site.pages {
                let text = site.text(page)
                for part in ["<script", "http-equiv", "href=\"/", "src=\"/", "<form", "Stop refreshing", "</html>\n"] {
                    #expect(text.contains(part) == (part == "</html>\n"), "\(page): \(part)")
                }
            }
        }
    }

    @Test func `replaces an older export, nothing else, and never by halves`() async throws {
        try await withBox { box in
            try box.succeed("add", "first", "--manual", "--", "true")
            try box.succeed("serve", "--export", "site")
            try box.succeed("remove", "first")
            try box.succeed("add", "second", "--manual", "--", "true")
            try box.succeed("serve", "--export", "site/")
            let site = try Site(box.path("site"))
            #expect(site.pages.contains("jobs/second.html") && !site.pages.contains("jobs/first.html"))

            #expect(mkdir(box.path("mine"), 0o755) == 0)
            try box.succeed("serve", "--export", "mine")
            #expect(access(box.path("mine/index.html"), F_OK) == 0)
            #expect(mkdir(box.path("precious"), 0o755) == 0)
            try box.write("kept", to: "precious/letter")
            let before = try Listing(box.path("precious"))
            let refused = try box.run("serve", "--export", "precious")
            #expect(refused.status == 3 && refused.errors.contains("left alone"))
            #expect(try Listing(box.path("precious")).changes(since: before) == [])
            #expect(try box.run("serve", "--export", "precious/letter").status == 3)
            #expect(try box.run("serve", "--export", "none/site").status == 74)
            #expect(try box.run("serve", "--export", "other", "--store", "none").status == 66)
            #expect(names(in: box.folder).filter { $0.contains(".new-") || $0 == "other" } == [])
        }
    }
}

/// The files of an export.
private struct Site {
    let folder: String
    private(set) var files: Set<String> = []
    var pages: [String] { files.filter { $0.hasSuffix(".html") }.sorted() }

    init(_ folder: String) throws {
        self.folder = folder
        for name in names(in: folder) {
            let below = names(in: "\(folder)/\(name)")
            files.formUnion(below.isEmpty ? [name] : below.map { "\(name)/\($0)" })
        }
    }

    func text(_ file: String) -> String { (try? readFile("\(folder)/\(file)")) ?? "" }

    /// Links of any page that lead to no file.
    var brokenLinks: [String] {
        pages.flatMap { page in
            text(page).matches(of: /\s(?:href|src|action)="([^"]*)"/).map { String($0.1) }.filter { link in
                guard !link.hasPrefix("#") else { return false }
                var folders = page.split(separator: "/").dropLast().map(String.init)
                for part in link.split(separator: "/") {
                    if part == ".." { _ = folders.popLast() } else { folders.append(String(part)) }
                }
                return !files.contains(folders.joined(separator: "/"))
            }
        }
    }
}
