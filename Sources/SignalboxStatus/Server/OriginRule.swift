/// Which `Origin` a request may have: that of our own pages. Browsers send it with what a page asks for, so a stranger's
/// page that connects to this machine is told from ours; programs send none.
enum OriginRule {
    /// Judges the value of the `Origin` field by that of `Host`, which is one of our names. The port counts too: a
    /// server on another port of the same machine is a stranger.
    static func allows(_ origin: String, host: String) -> Bool {
        let origin = origin.lowercased()
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")] where origin.hasPrefix(scheme) {
            let authority = origin.dropFirst(scheme.count)
            return !authority.isEmpty && without(port, authority) == without(port, host.lowercased()[...])
        }
        return false
    }

    private static func without(_ port: String, _ authority: Substring) -> Substring {
        authority.hasSuffix(port) ? authority.dropLast(port.count) : authority
    }
}

extension PageRequest {
    /// Whether one of our own pages asks, or no page at all.
    var comesFromUs: Bool {
        guard let origin = origins.first else { return true }
        return origins.count == 1 && hosts.count == 1 && OriginRule.allows(origin, host: hosts[0])
    }
}
