import CLinux
import Glibc
import SignalboxCore

/// Waits for many descriptors at once, on one thread: what the worker and the scheduler sleep in.
///
/// The owner names each source by a token of its own choice and gets the tokens back, so the loop's code is one
/// `switch` and no callbacks:
///
///     for event in try loop.wait() {
///         switch event.token {
///         case .command(let id): …
///         case .bell: …
///         }
///     }
///
/// It is level-triggered: a source that was not attended to is reported again. It keeps its sources open until they are
/// removed, so no report can come from a descriptor that was closed and given out again.
public final class EventLoop<Token: Hashable & Sendable>: EventSource {
    /// One source that wants attention.
    public struct Event: Hashable, Sendable {
        public let token: Token
    }

    /// Readable when a source wants attention, so that a loop can be a source of another.
    public let descriptor: Descriptor
    private var sources: [UInt64: (token: Token, descriptor: Descriptor)] = [:]
    private var keys: [Token: UInt64] = [:]
    private var nextKey: UInt64 = 0
    private var reports = [epoll_event](repeating: epoll_event(), count: 512)

    public init() throws(SystemCallError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw SystemCallError("epoll_create1") }
        descriptor = Descriptor(owning: number)
    }

    /// The tokens of all sources.
    public var tokens: some Collection<Token> { keys.keys }

    /// What a source is waited for.
    public enum Interest: Sendable {
        /// There is something to read.
        case reading
        /// There is room to write.
        case writing
    }

    /// Reports `source` as `token` from now on, until it is removed. A token names one source at a time.
    public func add(
        _ source: some EventSource, token: Token, for interest: Interest = .reading
    ) throws(SystemCallError) {
        precondition(keys[token] == nil, "the token \(token) already names a source of this loop")
        let key = nextKey
        var request = epoll_event(
            events: interest == .reading ? EPOLLIN.rawValue : EPOLLOUT.rawValue, data: epoll_data_t(u64: key))
        guard epoll_ctl(descriptor.number, EPOLL_CTL_ADD, source.descriptor.number, &request) == 0 else {
            throw SystemCallError("epoll_ctl")
        }
        nextKey += 1
        sources[key] = (token, source.descriptor)
        keys[token] = key
    }

    /// Reports the source of `token` no more, and lets go of it. Nothing happens when there is none.
    public func remove(_ token: Token) {
        guard let key = keys.removeValue(forKey: token), let source = sources.removeValue(forKey: key) else { return }
        let result = epoll_ctl(descriptor.number, EPOLL_CTL_DEL, source.descriptor.number, nil)
        precondition(result == 0, "epoll_ctl: a registered descriptor was closed behind the loop's back")
    }

    /// Sleeps until at least one source wants attention, or until `limit` has passed (nil: without limit; zero: only
    /// looks). Returns the sources that do, at most 512 of them, those left over next time; none when the limit passed.
    public func wait(for limit: Duration? = nil) throws(SystemCallError) -> [Event] {
        let deadline = limit.map { SystemClocks.bootTime() + $0 }
        while true {
            let left = deadline.map { max(.zero, $0 - SystemClocks.bootTime()) }
            let count = epoll_wait(descriptor.number, &reports, Int32(reports.count), left?.wholeMilliseconds ?? -1)
            if count > 0 { return reports.prefix(Int(count)).compactMap(event) }
            if count < 0 && errno != EINTR { throw SystemCallError("epoll_wait") }
            if count == 0 && left == .zero { return [] }
        }
    }

    private func event(for report: epoll_event) -> Event? {
        guard let source = sources[report.data.u64] else { return nil }
        return Event(token: source.token)
    }
}

@available(*, unavailable)
extension EventLoop: Sendable {}
