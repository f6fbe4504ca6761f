import NIOHTTP1

/// A page with one sentence instead of what was asked for.
struct MessagePage {
    var status: HTTPResponseStatus
    var heading: String
    var sentence: String
    /// Whether asking again may help.
    var refreshes = false

    var page: HTML {
        Frame(title: heading, target: nil, refreshes: refreshes, stamp: nil, main: main).html
    }

    private var main: HTML {
        element("section", .class("message")) {
            element("p", .class("code")) { String(status.code) }
            element("h1") { heading }
            element("p") { sentence }
        }
    }

    /// Read errors mostly pass: the store is being restored, or a disk is slow. So the page asks again.
    static func unavailable(_ error: any Error) -> MessagePage {
        MessagePage(
            status: .serviceUnavailable, heading: "The store cannot be read", sentence: "\(error)",
            refreshes: true)
    }
}

extension TargetProblem {
    var page: MessagePage {
        switch code {
        case .malformed: MessagePage(status: .badRequest, heading: "Not understood", sentence: message)
        case .notFound: MessagePage(status: .notFound, heading: "Not found", sentence: message)
        }
    }
}
