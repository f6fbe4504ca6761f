import Logging
import NIOHTTP1
import SignalboxCore
import SignalboxStore

/// Answers what is sent to it by forms: lets in who knows the token, and does what they ask. Nothing is done unless the
/// request comes from a page of ours (Origin), from somebody who is logged in (the cookie), by a form that was made for
/// them (its token).
final class ControlDesk: Sendable {
    /// The cookie that a session is known by.
    static let cookie = "signalbox_session"

    private let control: Control
    private let sessions = ControlSessions()
    private let logger: Logger

    init(_ control: Control, logger: Logger) {
        self.control = control
        self.logger = logger
    }

    /// Who sent the request; nil for somebody who is not logged in.
    func visitor(of request: PageRequest, at now: BootInstant) -> Visitor? {
        request.cookie(Self.cookie).flatMap { sessions.visitor(of: $0, at: now) }
    }

    func answer(to request: PageRequest, at now: BootInstant) -> PageResponse {
        guard let target = ControlTarget(path: request.target) else { return .nothingToControl }
        guard request.origins.count == 1, request.comesFromUs else { return .foreignForm }
        guard request.isForm, let form = ControlForm(request.body) else { return .noForm }
        if target == .login { return logIn(form, request, now) }
        guard let visitor = visitor(of: request, at: now) else { return .seeOther(ControlTarget.login.path) }
        guard form["form_token"] == visitor.formToken else { return .foreignForm }
        return perform(target, for: visitor, request)
    }

    private func logIn(_ form: ControlForm, _ request: PageRequest, _ now: BootInstant) -> PageResponse {
        let name = printable(form["name"])
        guard !name.isEmpty, name.utf8.count <= Visitor.nameLimit else {
            return .seeOther(LoginPage.target(refusing: .name))
        }
        guard control.token.matches(form["token"]) else {
            logger.warning("a login with a wrong token", metadata: ["name": "\(name)", "from": "\(request.peer)"])
            return .seeOther(LoginPage.target(refusing: .token))
        }
        logger.notice("logged in", metadata: ["name": "\(name)", "from": "\(request.peer)"])
        return .seeOther("/").setting(cookie: sessions.begin(name, at: now), for: ControlSessions.length)
    }

    private func perform(_ target: ControlTarget, for visitor: Visitor, _ request: PageRequest) -> PageResponse {
        do {
            let answer = try carryOut(target, for: visitor, request)
            logger.notice(
                "done from a page",
                metadata: ["what": "\(target.path)", "name": "\(visitor.name)", "from": "\(request.peer)"])
            return answer
        } catch {
            logger.warning(
                "refused from a page",
                metadata: ["what": "\(target.path)", "name": "\(visitor.name)", "error": "\(error)"])
            return .refused(error)
        }
    }

    private func carryOut(
        _ target: ControlTarget, for visitor: Visitor, _ request: PageRequest
    ) throws -> PageResponse {
        let actions = control.actions
        switch target {
        case .login: return .seeOther("/")
        case .logout:
            if let key = request.cookie(Self.cookie) { sessions.end(key) }
            return .seeOther("/").setting(cookie: "", for: .zero)
        case .run(let job): return .seeOther(Route.dispatch(try actions.run(job)).target)
        case .pause(let job):
            try actions.pause(job, by: visitor.name)
            return .seeOther(Route.job(job).target)
        case .resume(let job):
            try actions.resume(job)
            return .seeOther(Route.job(job).target)
        case .cancel(let id):
            try actions.cancel(id)
            return .seeOther(Route.dispatch(id).target)
        case .requeue(let id): return .seeOther(Route.dispatch(try actions.requeue(id)).target)
        }
    }
}

extension PageResponse {
    /// Lets the forms of a page say where they come from, to us: without a referrer browsers say it is nowhere.
    func namingOrigin() -> PageResponse {
        var answer = self
        answer.headers.replaceOrAdd(name: "Referrer-Policy", value: "same-origin")
        return answer
    }

    fileprivate static let nothingToControl = plain(.notFound, "There is nothing to be done under this address.")
    fileprivate static let foreignForm = plain(
        .forbidden, "This did not come from a page that was made for you. Load the page again, and try again.")
    fileprivate static let noForm = plain(
        .unsupportedMediaType, "Only forms are taken here (application/x-www-form-urlencoded).")

    /// What was done is seen on another page; loading that again does not do it again.
    fileprivate static func seeOther(_ target: String) -> PageResponse {
        var answer = PageResponse(.seeOther, type: .text, body: "")
        answer.headers.add(name: "Location", value: target)
        return answer
    }

    fileprivate func setting(cookie value: String, for length: Duration) -> PageResponse {
        var answer = self
        let age = length.components.seconds
        answer.headers.add(
            name: "Set-Cookie",
            value: "\(ControlDesk.cookie)=\(value); Path=/; Max-Age=\(age); HttpOnly; SameSite=Strict")
        return answer
    }

    /// What the store says against it.
    fileprivate static func refused(_ error: any Error) -> PageResponse {
        let status: HTTPResponseStatus =
            switch (error as? StoreError)?.code {
            case .notFound: .notFound
            case .refused, .invalid: .conflict
            case .full: .serviceUnavailable
            case nil, .damaged, .formatVersion: .internalServerError
            }
        let page = MessagePage(status: status, heading: "That was not done", sentence: "\(error)")
        return PageResponse(status, type: .html, body: page.page.markup)
    }
}
