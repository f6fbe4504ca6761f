import SignalboxCore
import SignalboxStore

/// Who looks at a page, as far as that decides what can be done from it.
enum Audience: Hashable, Sendable {
    /// Nobody can do anything: the server has no control token.
    case readers
    /// Somebody who could, but is not logged in.
    case strangers
    case visitor(Visitor)

    var isReaders: Bool { self == .readers }

    /// What stands in the corner of every page.
    var corner: HTML {
        switch self {
        case .readers: HTML()
        case .strangers: element("a", .class("corner"), .login) { "Log in" }
        case .visitor(let visitor):
            element("div", .class("corner")) {
                element("span", .class("quiet")) { visitor.name }
                button("Log out", .logout)
            }
        }
    }

    /// A form of one button; nothing for those who may not.
    func button(_ label: String, _ target: ControlTarget) -> HTML {
        guard case .visitor(let visitor) = self else { return HTML() }
        let marks: [Attribute] = [.class("control"), .posted, .action(target)] + (target.isStaying ? [.staying] : [])
        return element(
            "form", marks,
            .list([
                voidElement("input", .type("hidden"), .name("form_token"), .value(visitor.formToken)),
                element("button", .type("submit")) { label },
            ]))
    }
}

extension ControlTarget {
    /// What is done is seen where one is; anything else leads to another page.
    fileprivate var isStaying: Bool {
        switch self {
        case .run, .pause, .resume, .cancel: true
        case .login, .logout, .requeue: false
        }
    }
}

extension PageView {
    func runButton(_ job: Job) -> HTML {
        job.progress.paused ? HTML() : audience.button("Run now", .run(job.name))
    }

    func buttons(for job: Job) -> HTML {
        .list([
            runButton(job),
            job.progress.paused
                ? audience.button("Resume", .resume(job.name)) : audience.button("Pause", .pause(job.name)),
        ])
    }

    func buttons(for dispatch: Dispatch) -> HTML {
        if dispatch.state.isTerminal { return audience.button("Run again", .requeue(dispatch.id)) }
        return dispatch.cancelRequested ? HTML() : audience.button("Cancel", .cancel(dispatch.id))
    }
}
