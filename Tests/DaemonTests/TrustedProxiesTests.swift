import HTTP
import Linux
import Platform
import Testing

@testable import Daemon

/// What a request's fields say of its origin, when 10.0.0.0/8, ::1 and Unix-domain sockets are
/// trusted, and 10.0.0.1 sent it.
struct TrustedProxiesTests {
    private let proxies: TrustedProxies
    private let sender = RequestOrigin(address: "10.0.0.1", port: 4711)

    init() throws { proxies = try TrustedProxies(["10.0.0.0/8", "::1", "unix"], key: "k") }

    private func fields(_ lines: [String]) -> Fields {
        var fields = Fields()
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields.append(String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        return fields
    }

    private func check(_ lines: [String], _ expected: RequestOrigin) {
        #expect(proxies.origin(of: fields(lines), sentBy: sender) == expected, "\(lines)")
    }

    // MARK: - Forwarded

    @Test(
        arguments: [
            ("for=192.0.2.60", RequestOrigin(address: "192.0.2.60")),
            ("For=192.0.2.60;Proto=HTTP;By=203.0.113.43", .init(address: "192.0.2.60")),
            ("for=192.0.2.60; proto=https", .init(address: "192.0.2.60", scheme: "https")),
            ("proto=https;for=192.0.2.60", .init(address: "192.0.2.60", scheme: "https")),
            ("for=\"192.0.2.60:80\"", .init(address: "192.0.2.60", port: 80)),
            ("for=192.0.2.60:80", .init(address: "192.0.2.60", port: 80)),
            ("for=\"192.0.2.60:_p\"", .init(address: "192.0.2.60")),
            ("for=\"[2001:DB8::17]:80\"", .init(address: "2001:db8::17", port: 80)),
            ("for=\"[2001:db8::17]\"", .init(address: "2001:db8::17")),
            ("for=[2001:db8::17]", .init(address: "2001:db8::17")),
            ("for=\"2001:db8::17\"", .init(address: "2001:db8::17")),
            ("for=\"[::ffff:192.0.2.60]\"", .init(address: "192.0.2.60")),
            (#"for="192\.0.2.60""#, .init(address: "192.0.2.60")),
            ("for=192.0.2.60;host=example.org", .init(address: "192.0.2.60", host: "example.org")),
            (
                "for=192.0.2.60;host=\"example.org:8443\";proto=https;ext=\"a;b,c\"",
                .init(address: "192.0.2.60", scheme: "https", host: "example.org:8443")
            ),
            ("for=192.0.2.60;proto=ftp;host=\"a/b\"", .init(address: "192.0.2.60")),
            (",for=192.0.2.60;;, ,", .init(address: "192.0.2.60")),
        ]
    )
    func `an element names the client`(value: String, origin: RequestOrigin) {
        check(["Forwarded: " + value], origin)
    }

    @Test(
        arguments: [
            // The rightmost that is not a proxy itself; what stands before it is anybody's word.
            (["for=192.0.2.43, for=198.51.100.17"], RequestOrigin(address: "198.51.100.17")),
            (["for=192.0.2.43, for=10.9.9.9"], .init(address: "192.0.2.43")),
            (["for=192.0.2.43, for=10.9.9.9,for=\"[::1]\""], .init(address: "192.0.2.43")),
            (["for=192.0.2.43", "for=10.9.9.9"], .init(address: "192.0.2.43")),
            (["for=192.0.2.43, for=10.9.9.9", "for=\"[::1]\""], .init(address: "192.0.2.43")),
            // All of them are: the first is as good as a client.
            (["for=10.2.2.2, for=10.9.9.9:5"], .init(address: "10.2.2.2")),
            // The scheme and the host are those by which the client came in.
            (
                ["for=192.0.2.43;proto=https;host=a, for=10.9.9.9;proto=http;host=b"],
                .init(address: "192.0.2.43", scheme: "https", host: "a")
            ),
            (["for=192.0.2.43, for=10.9.9.9;proto=https;host=b"], .init(address: "192.0.2.43")),
        ]
    )
    func `proxies are followed for as long as they are trusted`(
        values: [String],
        origin: RequestOrigin
    ) {
        check(values.map { "Forwarded: " + $0 }, origin)
    }

    @Test(
        arguments: [
            ("for=_hidden", "_hidden"), ("for=\"_SEV.K-IS_1:80\"", "_SEV.K-IS_1"),
            ("for=unknown", "unknown"), ("for=\"UNKNOWN:_p\"", "unknown"),
            ("for=192.0.2.43, for=_hidden", "_hidden"), ("for=_a, for=10.9.9.9", "_a"),
        ]
    )
    func `a client that a proxy hides has the name it is given`(value: String, name: String) {
        check(["Forwarded: " + value], RequestOrigin(address: name))
    }

    @Test(
        arguments: [
            "", ",", "for", "for=", "=192.0.2.1", "for =192.0.2.1", "for= 192.0.2.1", "for=1.2.3",
            "for=256.0.0.1", "for=localhost", "for=example.org", "for=192.0.2.1:",
            "for=192.0.2.1:x",
            "for=192.0.2.1:99999", "for=192.0.2.1:+5", "for=\"192.0.2.1:8 \"", "for=192.0.2.1:_",
            "for=\"[192.0.2.1]\"", "for=\"[2001:db8::1\"", "for=\"[2001:db8::1]x\"", "for=\"[]\"",
            "for=\"2001:db8::1%eth0\"", "for=_", "for=\"_a b\"", "for=_ä", "for=\"\"",
            "for=\"192.0.2.1", "for=192.0.2.1\"", "for=\"192.0.2.1\"x", #"for="192.0.2.1\""#,
            #"for="\"#, "for=192.0.2.1;for=192.0.2.1", "for=192.0.2.1;proto", "for=\"_a,b\"",
            "for=192.0.2.1 x", "by=192.0.2.1", "for=192.0.2.9, for=192.0.2.1;x",
        ]
    )
    func `an element that cannot be read says nothing`(value: String) {
        check(["Forwarded: " + value], RequestOrigin(address: "10.0.0.1", port: 4711))
    }

    @Test(
        arguments: [
            "for=\"x", "for=\"", #"for="\"#, "for=\\", "\"", "for=\"[::1]", #"for=\""#, "\\\"\\",
            "(",
            "for=192.0.2.1;proto=https;x=\"",
        ]
    )
    func `what a client writes does not change how a proxy's own is read`(forged: String) {
        for own in ["for=192.0.2.7", "for=\"192.0.2.7\"", "for=192.0.2.7;by=\"[::1]:80\""] {
            let origin = RequestOrigin(address: "192.0.2.7")
            check(["Forwarded: \(forged), \(own)"], origin)
            check(["Forwarded: " + forged, "Forwarded: " + own], origin)
        }
    }

    @Test func `every cut of a value is read as something`() {
        let value = #"for=192.0.2.43;host="a\b:1";proto=https, for="[::1]:80";by=_x, for=10.9.9.9"#
        let names = ["192.0.2.43", "::1", "10.9.9.9", "10.0.0.1"]
        for cut in value.indices {
            for part in [value[..<cut], value[cut...]] {
                let origin = proxies.origin(of: fields(["Forwarded: \(part) "]), sentBy: sender)
                #expect(names.contains { $0.hasPrefix(origin.address) }, "\(part)")
            }
        }
    }

    // MARK: - The fields before it

    @Test(
        arguments: [
            (["For: 192.0.2.60"], RequestOrigin(address: "192.0.2.60")),
            (["For: 192.0.2.60:80"], .init(address: "192.0.2.60", port: 80)),
            (["For: 2001:db8::17"], .init(address: "2001:db8::17")),
            (["For: [2001:db8::17]:80"], .init(address: "2001:db8::17", port: 80)),
            (["For: 192.0.2.43, 198.51.100.17"], .init(address: "198.51.100.17")),
            (["For: 192.0.2.43,10.9.9.9"], .init(address: "192.0.2.43")),
            (["For: 192.0.2.43", "For: 10.9.9.9"], .init(address: "192.0.2.43")),
            (["For: nonsense, 192.0.2.43"], .init(address: "192.0.2.43")),
            (["For: unknown"], .init(address: "unknown")),
            (["For: nonsense"], .init(address: "10.0.0.1", port: 4711)),
            (["For: 192.0.2.43, nonsense"], .init(address: "10.0.0.1", port: 4711)),
            (
                ["For: 192.0.2.60", "Proto: HTTPS", "Host: example.org"],
                .init(address: "192.0.2.60", scheme: "https", host: "example.org")
            ),
            (["Proto: https"], .init(address: "10.0.0.1", port: 4711, scheme: "https")),
            // Values go together from the last on.
            (
                ["For: 192.0.2.43, 10.9.9.9", "Proto: https, http", "Host: a, b"],
                .init(address: "192.0.2.43", scheme: "https", host: "a")
            ),
            (
                ["For: 1.1.1.1, 192.0.2.43", "Proto: https, http", "Host: a, b"],
                .init(address: "192.0.2.43", host: "b")
            ),
            (
                ["For: 192.0.2.43, 10.9.9.9", "Proto: https"],
                .init(address: "192.0.2.43", scheme: "https")
            ),
            (["For: 10.9.9.9", "Proto: https, http"], .init(address: "10.9.9.9")),
        ]
    )
    func `the fields before Forwarded are read like it`(lines: [String], origin: RequestOrigin) {
        check(lines.map { "X-Forwarded-" + $0 }, origin)
    }

    @Test func `of both, Forwarded counts`() {
        let others = ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"]
        check(others + ["Forwarded: for=192.0.2.2"], RequestOrigin(address: "192.0.2.2"))
        check(others + ["Forwarded: nonsense"], sender)
    }

    @Test func `without any, the sender is the client`() {
        check(["Host: a", "Via: 1.1 b"], sender)
    }

    // MARK: - Who is trusted

    @Test(
        arguments: [
            ("10.0.0.0", true), ("10.255.255.255", true), ("11.0.0.0", false), ("9.9.9.9", false),
            ("::1", true), ("::2", false), ("::10.0.0.1", false), ("::ffff:10.0.0.1", true),
        ]
    )
    func `an address is trusted when it is in a block`(text: String, isTrusted: Bool) throws {
        let address = try #require(SocketAddress(host: text, port: 0))
        #expect(proxies.contains(address.host.unmapped) == isTrusted)
    }

    @Test(
        arguments: [
            ("0.0.0.0/0", "255.1.2.3", true), ("0.0.0.0/0", "::1", false), ("::/0", "::1", true),
            ("::/0", "1.2.3.4", false), ("192.0.2.129/25", "192.0.2.128", true),
            ("192.0.2.129/25", "192.0.2.127", false), ("192.0.2.1/32", "192.0.2.1", true),
            ("192.0.2.1/32", "192.0.2.0", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false), ("fe80::/64", "fe80::1", true),
            ("fe80::/64", "fe80:0:0:1::", false), ("::5/128", "::5", true), ("::5", "::4", false),
        ]
    )
    func `a block has so many leading bits`(block: String, text: String, isTrusted: Bool) throws {
        let address = try #require(SocketAddress(host: text, port: 0))
        #expect(try TrustedProxies([block], key: "k").contains(address.host) == isTrusted)
    }

    @Test func `nobody is trusted unless named`() throws {
        let unix = SocketAddress.Host.unix(path: "")
        #expect(proxies.contains(unix))
        #expect(!TrustedProxies().contains(unix))
        #expect(!TrustedProxies().contains(.v4(0x7f00_0001)))
    }

    @Test(
        arguments: [
            "", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10/8",
            "::/129", "[::1]", "localhost", "10.0.0.0/8/8", " 10.0.0.1", "UNIX", "example.org",
            "::ffff:10.0.0.0/104",
        ]
    )
    func `what is no address and no block is refused`(text: String) {
        #expect {
            _ = try TrustedProxies(["::1", text], key: "trustedProxies")
        } throws: { error in
            (error as? ConfigurationError)?.key == "trustedProxies[1]"
        }
    }
}
