import HTTP
import Linux

/// Keeps web pages of other sites from using a visitor's browser to talk to the control plane.
///
/// A page can have its own host's name lead here (DNS rebinding): so the host that a request names must be one
/// that is known to mean this daemon. And a page can send requests here: so one that says which site it comes from
/// must come from this one.
struct BrowserGuard {
    let head: RequestHead
    /// The host that the client asked for, when a trusted proxy has told.
    let forwardedHost: String?
    /// Names that mean this daemon, in lower case, besides `localhost` and addresses.
    let controlHosts: [String]

    /// Throws when the request is not for this daemon, or comes from a page of another site.
    func check() throws(Problem) {
        // Only HTTP/1.0 has no host, and browsers do not speak it.
        let authority = forwardedHost ?? head.authority
        if let authority { try checkHost(Place(authority)) }
        let origins = head.fields.values(of: "origin")
        for origin in origins where !isSame(origin, authority) || origins.count > 1 {
            throw .foreign("the request comes from a page of '\(origin)', which is another site")
        }
        let site = head.fields["sec-fetch-site"]
        guard site == nil || site == "same-origin" || site == "none" else {
            throw .foreign("the request comes from a page of another site")
        }
    }

    private func checkHost(_ place: Place) throws(Problem) {
        if SocketAddress(host: place.host, port: 0) != nil { return }
        guard !controlHosts.contains(place.host) else { return }
        throw Problem(
            status: .misdirectedRequest,
            kind: "unknown-host",
            title: "Misdirected request",
            detail:
                "the control plane does not answer to the host '\(place.host)': only to addresses, "
                + "localhost and the names of 'controlHosts'"
        )
    }

    private func isSame(_ origin: String, _ authority: String?) -> Bool {
        let ports = ["http": "80", "https": "443"]
        guard let authority, let end = origin.firstRange(of: "://"),
            let standard = ports[origin[..<end.lowerBound].lowercased()]
        else { return false }
        let one = Place(String(origin[end.upperBound...]))
        let other = Place(authority)
        return one.host == other.host && (one.port ?? standard) == (other.port ?? standard)
    }

    /// A host with its port, if it has one.
    private struct Place {
        let host: String
        let port: String?

        init(_ authority: String) {
            let text = authority.lowercased()
            let colon = text.lastIndex(of: ":")
            guard let colon, !text[colon...].contains("]") else {
                host = text
                port = nil
                return
            }
            host = String(text[..<colon])
            let digits = String(text[text.index(after: colon)...])
            port = digits.isEmpty ? nil : digits
        }
    }
}

extension Problem {
    static func foreign(_ detail: String) -> Problem {
        Problem(
            status: .forbidden,
            kind: "foreign-origin",
            title: "Foreign origin",
            detail: detail
        )
    }
}
