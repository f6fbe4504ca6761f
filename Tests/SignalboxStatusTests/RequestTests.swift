import SignalboxCore
import SignalboxStore
@testable import SignalboxStatus
import Testing

@Suite struct `A target` {
    @Test(arguments: [
        "/", "/jobs", "/jobs/probe:uplink", "/dispatches", "/dispatches?state=FAILED&job=a&queue=b&before=7",
        "/dispatches?q=%2Fbin%2Fecho%20%26%3F%C3%BC&after=7", "/jobs?after=a", "/jobs?before=a", "/metrics",
        "/dispatches/12", "/workers", "/healthz",
    ])
    func `reads back as it is written, with and without the refresh`(text: String) throws {
        var target = try PageTarget(text: text)
        #expect(target.text == text)
        target.refreshes = false
        #expect(try PageTarget(text: target.text) == target)
    }

    @Test(arguments: [
        ("/dispatches?state=WRONG", "must be one of SCHEDULED"), ("/dispatches?before=x", "must be the number"),
        ("/dispatches?before=9&after=3", "Both before and after"), ("/jobs?after=%20", "must be the name"),
        ("/dispatches?q=" + String(repeating: "x", count: 201), "at most 200 bytes"),
        ("/jobs?q=x", "no parameter \"q\""),
        ("/dispatches?job=%2Fetc", "must be the name"), ("/dispatches?status=FAILED", "no parameter \"status\""),
        ("/dispatches?state=%zz", "percent-encoded"), ("/dispatches?state=%ff", "percent-encoded"),
        ("/jobs?refresh=maybe", "can only be on or off"), ("/jobs?refresh=on&refresh=off", "more than once"),
        ("http://host/", "begins with a slash"),
    ])
    func `that is malformed is told what is wrong with it`(text: String, part: String) {
        let problem = #expect(throws: TargetProblem.self) { try PageTarget(text: text) }
        #expect(problem?.code == .malformed)
        #expect(problem?.message.contains(part) == true, "\(problem?.message ?? "")")
    }

    @Test(arguments: [
        "/nowhere", "/jobs/", "/jobs/a/b", "/jobs/%20", "/dispatches/0", "/dispatches/x", "//", "/assets/other.css",
    ])
    func `that leads nowhere is not found`(text: String) {
        let problem = #expect(throws: TargetProblem.self) { try PageTarget(text: text) }
        #expect(problem?.code == .notFound)
    }

    @Test func `takes names in any spelling a browser may send`() throws {
        #expect(try PageTarget(text: "/jobs/probe%3auplink").route == .job(JobName("probe:uplink")))
        #expect(
            try PageTarget(text: "/dispatches?state=in_progress&job=").route
                == .dispatches(DispatchFilter(state: .inProgress)))
        #expect(try PageTarget(text: "/dispatches?q=a+%2B").route == .dispatches(DispatchFilter(text: "a +")))
    }
}

@Suite struct `A host` {
    private let local = HostRule(listening: .standard)

    @Test(arguments: ["localhost", "LOCALHOST:8420", "127.0.0.1:8420", "127.0.0.1", "[::1]:9999", "localhost:1"])
    func `of this machine is answered, on any port`(host: String) {
        #expect(local.allows(host))
    }

    @Test(arguments: [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8420", "192.168.1.7", "", ":8420", "[::1",
        "localhost:x", "localhost:99999",
    ])
    func `of a stranger is refused`(host: String) {
        #expect(!local.allows(host))
    }

    @Test func `is what the server listens on, any address for one that listens on all, anything behind a proxy`() {
        let lan = HostRule(listening: .network(address: "192.168.1.7", port: 80))
        #expect(lan.allows("192.168.1.7:80") && !lan.allows("192.168.1.8"))
        let all = HostRule(listening: .network(address: "0.0.0.0", port: 80))
        #expect(all.allows("192.168.1.8") && all.allows("[fe80::1]") && !all.allows("evil.example"))
        #expect(HostRule(listening: .unixSocket(path: "/run/box.sock")).allows("box.example"))
    }
}

@Suite struct `An address to listen on` {
    @Test(arguments: ["127.0.0.1:8420", "[::1]:8420", "0.0.0.0:0", "unix:/run/box.sock"])
    func `reads back as it is written`(text: String) throws {
        #expect(try ListenAddress(text: text).description == text)
    }

    @Test func `may be called localhost`() throws {
        #expect(try ListenAddress(text: "localhost:80") == .network(address: "127.0.0.1", port: 80))
    }

    @Test(arguments: [
        "", "8420", "127.0.0.1", ":8420", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
        "::1:8420", "[127.0.0.1]:80", "box.example:80", "unix:", "unix:" + String(repeating: "x", count: 108),
    ])
    func `that is none is refused with the form that is expected`(text: String) {
        let error = #expect(throws: ListenAddressError.self) { try ListenAddress(text: text) }
        #expect(error?.description.hasPrefix("cannot listen on") == true)
    }
}
