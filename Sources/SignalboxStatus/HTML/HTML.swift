import SignalboxCore

/// Markup. A `String` is never markup: it becomes part of a page through ``text(_:keeping:)``, which escapes it, and
/// only what is written as a literal in this module's source can become markup as it is.
struct HTML: Sendable {
    fileprivate(set) var markup: String

    init() { markup = "" }

    /// Markup written in the source.
    init(literal: StaticString) { markup = literal.description }

    /// `text` for people to read: `<`, `&` and quotes escaped, and what could move the cursor or reverse the line made
    /// visible.
    static func text(_ text: some StringProtocol, keeping: Set<Unicode.Scalar> = []) -> HTML {
        var html = HTML()
        html.markup = escaped(text, keeping: keeping)
        return html
    }

    /// `elements` one after the other.
    static func list(_ elements: [HTML]) -> HTML {
        var html = HTML()
        for element in elements { html.markup += element.markup }
        return html
    }
}

/// An attribute of an element; its value is escaped.
struct Attribute: Sendable {
    fileprivate let name: StaticString
    fileprivate let value: String

    private init(_ name: StaticString, _ value: String) {
        self.name = name
        self.value = value
    }

    static func href(_ target: PageTarget) -> Attribute { Attribute("href", target.text) }
    static func action(_ target: PageTarget) -> Attribute { Attribute("action", target.text) }
    static func action(_ target: ControlTarget) -> Attribute { Attribute("action", target.path) }
    static let login = Attribute("href", ControlTarget.login.path)
    static let posted = Attribute("method", "post")
    static func name(_ text: String) -> Attribute { Attribute("name", text) }
    static let required = Attribute("required", "")
    static func autocomplete(_ text: StaticString) -> Attribute { Attribute("autocomplete", text.description) }
    static func longest(_ count: Int) -> Attribute { Attribute("maxlength", String(count)) }
    static func value(_ text: String) -> Attribute { Attribute("value", text) }
    static func type(_ text: StaticString) -> Attribute { Attribute("type", text.description) }
    static func id(_ text: StaticString) -> Attribute { Attribute("id", text.description) }
    static func `class`(_ names: String) -> Attribute { Attribute("class", names) }
    static func title(_ text: String) -> Attribute { Attribute("title", text) }
    static func datetime(_ instant: Instant) -> Attribute { Attribute("datetime", instant.description) }
    static func role(_ role: StaticString) -> Attribute { Attribute("role", role.description) }
    static func scope(_ scope: StaticString) -> Attribute { Attribute("scope", scope.description) }
    /// The name of an element for those who do not see it.
    static func label(_ text: String) -> Attribute { Attribute("aria-label", text) }
    static let currentPage = Attribute("aria-current", "page")
    static let focusable = Attribute("tabindex", "0")
    static let passedOver = Attribute("tabindex", "-1")
    /// The heading of a cell's column, shown in front of it on narrow screens.
    static func column(_ text: String) -> Attribute { Attribute("data-label", text) }
    static func value(_ number: Int) -> Attribute { Attribute("value", String(number)) }
    static func maximum(_ number: Int) -> Attribute { Attribute("max", String(number)) }
    static func width(_ number: Int) -> Attribute { Attribute("width", String(number)) }
    static func height(_ number: Int) -> Attribute { Attribute("height", String(number)) }
    static func x(_ number: Int) -> Attribute { Attribute("x", String(number)) }
    static func y(_ number: Int) -> Attribute { Attribute("y", String(number)) }
    static func viewBox(_ box: StaticString) -> Attribute { Attribute("viewBox", box.description) }
    /// A drawing that fills its box, whatever shape that has.
    static let stretched = Attribute("preserveAspectRatio", "none")
    /// Says nothing that is not said in words beside it.
    static let decorative = Attribute("aria-hidden", "true")
    static func rel(_ text: StaticString) -> Attribute { Attribute("rel", text.description) }
    static func source(_ target: PageTarget) -> Attribute { Attribute("src", target.text) }
    /// A script that runs when the page has been read.
    static let deferred = Attribute("defer", "")
}

/// What the script looks for.
extension Attribute {
    /// A part of the page that is replaced by the same part of a newer one.
    static func region(_ name: StaticString) -> Attribute { Attribute("data-region", name.description) }
    /// What an element stands for, so that it is found again in a newer page, wherever it stands there.
    static func key(_ text: String) -> Attribute { Attribute("data-key", text) }
    static func ofJob(_ name: JobName) -> Attribute { Attribute("data-job", name.text) }
    static func ofDispatch(_ id: DispatchID) -> Attribute { Attribute("data-dispatch", id.description) }
    /// A form that is sent without leaving the page.
    static let staying = Attribute("data-stay", "")
    /// It shows what a worker last said of itself.
    static let ofWorkers = Attribute("data-workers", "")
    /// A time whose text is kept true.
    static func ticking(_ tick: Tick) -> Attribute { Attribute("data-tick", tick.rawValue) }
    static func sequence(_ number: UInt64) -> Attribute { Attribute("data-sequence", String(number)) }
    /// When the page would look different though nothing has changed.
    static func renewal(_ instant: Instant) -> Attribute { Attribute("data-renew", instant.description) }
    /// Which changes the page is about, as the query of the live feed.
    static func feed(_ query: String) -> Attribute { Attribute("data-feed", query) }

    enum Tick: String {
        /// "4 min ago"
        case relative
        /// "4 min 12 s"
        case elapsed
        /// "4 min"
        case uptime
    }
}

/// `<name attributes>content</name>`
func element(_ name: StaticString, _ attributes: Attribute..., @HTMLBuilder content: () -> HTML) -> HTML {
    element(name, attributes, content())
}

/// `<name attributes>content</name>`, where the attributes are a list already.
func element(_ name: StaticString, _ attributes: [Attribute], _ content: HTML) -> HTML {
    var html = openingTag(name, attributes)
    html.markup += content.markup
    html.markup += "</\(name)>"
    return html
}

/// `<name attributes>` of an element that has no content, such as `link`.
func voidElement(_ name: StaticString, _ attributes: Attribute...) -> HTML { openingTag(name, attributes) }

private func openingTag(_ name: StaticString, _ attributes: [Attribute]) -> HTML {
    var html = HTML()
    html.markup = "<\(name)"
    for attribute in attributes { html.markup += " \(attribute.name)=\"\(escaped(attribute.value, keeping: []))\"" }
    html.markup += ">"
    return html
}

/// Lets the content of an element be written as a list of elements and texts.
@resultBuilder
enum HTMLBuilder {
    static func buildExpression(_ text: String) -> HTML { .text(text) }
    static func buildExpression(_ html: HTML) -> HTML { html }
    static func buildBlock(_ parts: HTML...) -> HTML { .list(parts) }
    static func buildOptional(_ part: HTML?) -> HTML { part ?? HTML() }
    static func buildEither(first: HTML) -> HTML { first }
    static func buildEither(second: HTML) -> HTML { second }
    static func buildArray(_ parts: [HTML]) -> HTML { .list(parts) }
}

private func escaped(_ text: some StringProtocol, keeping: Set<Unicode.Scalar>) -> String {
    // Nearly all text is plain, and a page can hold thousands of lines of it.
    let plain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && !isMarkup($0) }
    guard !plain else { return String(text) }
    var bytes: [UInt8] = []
    for byte in printable(text, keeping: keeping).utf8 {
        switch byte {
        case UInt8(ascii: "<"): bytes += "&lt;".utf8
        case UInt8(ascii: ">"): bytes += "&gt;".utf8
        case UInt8(ascii: "&"): bytes += "&amp;".utf8
        case UInt8(ascii: "\""): bytes += "&quot;".utf8
        case UInt8(ascii: "'"): bytes += "&#39;".utf8
        default: bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func isMarkup(_ byte: UInt8) -> Bool { "<>&\"'".utf8.contains(byte) }
