import Linux

/// What one proxy says of where it got a request from: an element of `Forwarded` (RFC 7239 §4), or
/// what the fields used before it have in its place.
struct ForwardedHop: Equatable {
    /// Who sent the request to the proxy; nil when it does not say, or nothing that can be read.
    var node: Node?
    /// `http` or `https`; nil when the proxy does not say.
    var scheme: String?
    /// The host that was asked for, perhaps with a port; nil when the proxy does not say.
    var host: String?

    /// A node's identifier. RFC 7239 §6
    enum Node: Equatable {
        case address(SocketAddress.Host, port: UInt16?)
        /// Instead of an address: `unknown`, or a name of the proxy's own, which begins with `_`.
        case name(String)
    }

    /// Says nothing.
    init() {}

    /// Reads what the fields before `Forwarded` have for one proxy.
    init(node: String?, scheme: String?, host: String?) {
        self.node = node.flatMap { Node($0) }
        self.scheme = scheme.flatMap(Self.scheme)
        self.host = host.flatMap(Self.host)
    }

    /// Reads a forwarded-element; one that is malformed says nothing.
    ///
    /// Blanks around its pairs are let pass, though the grammar has none.
    init(element: ArraySlice<UInt8>) {
        var pairs: [String: String] = [:]
        for octets in ListElements(element, separator: UInt8(ascii: ";")) {
            guard let (name, value) = Self.pair(octets),
                pairs.updateValue(value, forKey: name) == nil
            else {
                self.init()
                return
            }
        }
        self.init(node: pairs["for"], scheme: pairs["proto"], host: pairs["host"])
    }

    /// A forwarded-pair, its name in lower case.
    private static func pair(_ octets: ArraySlice<UInt8>) -> (name: String, value: String)? {
        guard let equals = octets.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = octets[..<equals]
        guard !name.isEmpty, name.allSatisfy(isToken),
            let value = value(octets[(equals + 1)...])
        else { return nil }
        return (String(decoding: name, as: UTF8.self).lowercased(), value)
    }

    /// A token or the contents of a quoted string. RFC 9110 §5.6
    ///
    /// An address with a colon may stand without the quotes that it should have.
    private static func value(_ octets: ArraySlice<UInt8>) -> String? {
        guard octets.first == ListElements.quote else {
            let isBare = octets.allSatisfy { isToken($0) || isHost($0) }
            return octets.isEmpty || !isBare ? nil : String(decoding: octets, as: UTF8.self)
        }
        guard octets.count >= 2, octets.last == ListElements.quote else { return nil }
        var contents: [UInt8] = []
        var isEscaped = false
        for octet in octets.dropFirst().dropLast() {
            if !isEscaped, octet == ListElements.backslash {
                isEscaped = true
                continue
            }
            guard isEscaped || octet != ListElements.quote else { return nil }
            contents.append(octet)
            isEscaped = false
        }
        return isEscaped ? nil : String(decoding: contents, as: UTF8.self)
    }

    private static func scheme(_ text: String) -> String? {
        let scheme = text.lowercased()
        return scheme == "http" || scheme == "https" ? scheme : nil
    }

    /// A host and perhaps a port, of letters and signs that cannot be taken for more of a URL.
    private static func host(_ text: String) -> String? {
        !text.isEmpty && text.utf8.allSatisfy(isHost) ? text : nil
    }

    private static func isHost(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default:
            isAlphanumeric(octet)
        }
    }

    // RFC 9110 §5.6.2
    private static func isToken(_ octet: UInt8) -> Bool {
        isAlphanumeric(octet) || "!#$%&'*+-.^_`|~".utf8.contains(octet)
    }

    fileprivate static func isAlphanumeric(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default:
            false
        }
    }
}

extension ForwardedHop.Node {
    /// Reads a node, with or without a port; nil when it is none.
    ///
    /// An IPv6 address may stand without brackets, as `X-Forwarded-For` has it.
    init?(_ text: String) {
        guard let (name, port) = Self.parts(text) else { return nil }
        if name.lowercased() == "unknown" {
            self = .name("unknown")
        } else if name.hasPrefix("_") {
            guard Self.isObfuscated(name) else { return nil }
            self = .name(name)
        } else if let host = Self.host(name) {
            self = .address(host, port: port)
        } else {
            return nil
        }
    }

    /// An address literal, without brackets; an IPv4 address in IPv6's form is the former.
    static func host(_ text: String) -> SocketAddress.Host? {
        let isLiteral = text.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."), UInt8(ascii: ":"):
                true
            default:
                false
            }
        }
        // Names, such as `localhost`, are no addresses here.
        return isLiteral ? SocketAddress(host: text, port: 0)?.host.unmapped : nil
    }

    /// What names the node, without brackets, and the port if it is known.
    private static func parts(_ text: String) -> (name: String, port: UInt16?)? {
        let name: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = text[..<end].dropFirst()
            rest = text[end...].dropFirst()
            guard name.contains(":") else { return nil }
        } else {
            // More than one colon: an IPv6 address, which ends where the text does.
            let colon = text.firstIndex(of: ":")
            let end = colon == text.lastIndex(of: ":") ? colon ?? text.endIndex : text.endIndex
            name = text[..<end]
            rest = text[end...]
        }
        guard !rest.isEmpty else { return (String(name), nil) }
        let port = String(rest.dropFirst())
        guard rest.hasPrefix(":") else { return nil }
        if port.hasPrefix("_") { return isObfuscated(port) ? (String(name), nil) : nil }
        guard port.utf8.allSatisfy({ UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }),
            let number = UInt16(port)
        else { return nil }
        return (String(name), number)
    }

    private static func isObfuscated(_ text: String) -> Bool {
        text.utf8.count > 1
            && text.utf8.allSatisfy {
                ForwardedHop.isAlphanumeric($0) || "._-".utf8.contains($0)
            }
    }
}
