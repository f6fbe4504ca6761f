import SignalboxCore
import Synchronization

/// Somebody who has shown the token.
struct Visitor: Hashable, Sendable {
    /// As they called themselves; it stands in the log beside what they did.
    let name: String
    /// Written into every form of theirs: a stranger's page cannot know it.
    let formToken: String

    /// The longest name, in bytes.
    static let nameLimit = 64
}

/// Who is logged in. Kept in memory alone, so the end of the server ends every session.
final class ControlSessions: Sendable {
    private struct Session {
        let visitor: Visitor
        let ends: BootInstant
    }

    /// How long a session lasts.
    static let length: Duration = .seconds(12 * 3600)
    /// Beyond so many the one that ends first goes.
    static let limit = 64

    private let sessions = Mutex<[String: Session]>([:])

    /// Begins a session, and returns what the browser keeps of it.
    func begin(_ name: String, at now: BootInstant) -> String {
        let key = randomText()
        let session = Session(visitor: Visitor(name: name, formToken: randomText()), ends: now + Self.length)
        sessions.withLock { sessions in
            sessions = sessions.filter { $0.value.ends > now }
            if sessions.count >= Self.limit, let first = sessions.min(by: { $0.value.ends < $1.value.ends }) {
                sessions[first.key] = nil
            }
            sessions[key] = session
        }
        return key
    }

    func visitor(of key: String, at now: BootInstant) -> Visitor? {
        sessions.withLock { $0[key] }.flatMap { $0.ends > now ? $0.visitor : nil }
    }

    func end(_ key: String) { sessions.withLock { _ = $0.removeValue(forKey: key) } }
}

/// 128 bits from the kernel, as text.
private func randomText() -> String {
    var random = SystemRandomNumberGenerator()
    let halves = [random.next(), random.next()] as [UInt64]
    return halves.map { String($0, radix: 36) }.joined(separator: "-")
}
