import NIOHTTP1

/// The files that pages need, compiled in: nothing comes from elsewhere, and nothing can be missing.
enum Asset: Hashable, Sendable, CaseIterable {
    case styleSheet
    case script
    case mark

    var path: String {
        switch self {
        case .styleSheet: "/assets/style.css"
        case .script: "/assets/page.js"
        case .mark: "/assets/mark.svg"
        }
    }

    /// Changes with the content, so that browsers may keep what they have for ever.
    var version: String { Self.versions[self] ?? "" }

    private static let versions = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, String(contentHash($0.content.utf8), radix: 16)) })

    private var content: String {
        switch self {
        case .styleSheet: styleSheetText
        case .script: scriptText
        case .mark: Self.markDrawing.description
        }
    }

    private var type: PageResponse.ContentType {
        switch self {
        case .styleSheet: .css
        case .script: .javaScript
        case .mark: .svg
        }
    }

    func response(known: [String]) -> PageResponse {
        PageResponse(.ok, type: type, body: content, caching: .forever)
            .tagged(.strong(sequence: 0, content.utf8), known: known)
    }

    /// A semaphore with its arm raised: line clear.
    private static let markDrawing: StaticString = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">\
        <rect width="32" height="32" rx="8" fill="#16324f"/>\
        <rect x="7.5" y="5" width="3" height="22" rx="1.5" fill="#e8edf3"/>\
        <rect x="4.5" y="25" width="9" height="2.5" rx="1.25" fill="#e8edf3"/>\
        <g transform="rotate(-30 9 13)"><rect x="9" y="10" width="18" height="6" rx="1.5" fill="#e5484d"/>\
        <rect x="21" y="10" width="2.6" height="6" fill="#fff"/></g>\
        <circle cx="9" cy="13" r="3.2" fill="#3ddc97" stroke="#16324f" stroke-width="1.2"/></svg>
        """

    static let inlineMark = HTML(literal: markDrawing)
}
