/// The form that asks for the token.
struct LoginPage {
    enum Refusal: String, CaseIterable {
        case name, token
    }

    private let refusal: Refusal?

    /// Nil when `target` is another page's.
    init?(target: String) {
        let pages = [nil] + Refusal.allCases
        guard let refusal = pages.first(where: { Self.target(refusing: $0) == target }) else { return nil }
        self.refusal = refusal
    }

    static func target(refusing refusal: Refusal?) -> String {
        ControlTarget.login.path + (refusal.map { "?refused=\($0.rawValue)" } ?? "")
    }

    var html: HTML {
        Frame(title: "Log in", target: nil, refreshes: false, stamp: nil, audience: .strangers, main: main).html
    }

    private var main: HTML {
        element("section", .class("card login")) {
            element("h1") { "Log in" }
            if let refusal { element("p", .class("late"), .role("alert")) { sentence(refusal) } }
            element("p") { "Who knows the control token can run, pause and cancel jobs. The name goes into the log." }
            element("form", .posted, .action(ControlTarget.login)) {
                element("label") {
                    "Your name"
                    voidElement(
                        "input", .type("text"), .name("name"), .required, .longest(Visitor.nameLimit),
                        .autocomplete("username"))
                }
                element("label") {
                    "Control token"
                    voidElement(
                        "input", .type("password"), .name("token"), .required, .autocomplete("current-password"))
                }
                element("button", .type("submit")) { "Log in" }
            }
        }
    }

    private func sentence(_ refusal: Refusal) -> String {
        switch refusal {
        case .name: "Give a name of 1 to \(Visitor.nameLimit) bytes."
        case .token: "That is not the control token. It stands in the file that the server was started with."
        }
    }
}
