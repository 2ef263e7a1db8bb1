import HTTP
import Store
import WASI

/// The messages that interpreters read from standard input: a length as eight hexadecimal digits, and that many bytes
/// of JSON.
///
/// docs/RUNTIMES.md has the members.
enum ScriptMessage {
    /// What a script is loaded by: where it is, and the function's environment.
    static func load(
        main: String,
        _ environment: [FunctionConfiguration.Variable],
        _ secrets: [Secret]
    ) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.member("main", "/" + main)
            json.key("env")
            json.object { json in
                for variable in environment { json.member(variable.name, variable.value) }
                for secret in secrets { json.member(secret.name, secret.value.text) }
            }
        }
        return framed(json)
    }

    /// A request; its body follows.
    static func request(
        _ head: RequestHead,
        _ match: RouteMatch,
        identifier: String,
        _ origin: RequestOrigin,
        seed: [UInt32]
    ) -> [UInt8] {
        let path = head.pathOctets
        var json = JSONText()
        json.object { json in
            json.member("method", head.method.rawValue)
            json.member("scheme", origin.scheme)
            json.member("host", origin.host ?? head.authority ?? "localhost")
            json.member("prefix", String(decoding: path.prefix(match.prefixCount), as: UTF8.self))
            json.member("path", String(decoding: path.dropFirst(match.prefixCount), as: UTF8.self))
            json.key("query")
            if let query = head.query { json.string(query) } else { json.null() }
            json.member("protocol", head.version == .http10 ? "HTTP/1.0" : "HTTP/1.1")
            json.key("headers")
            json.array { json in
                for index in 0..<head.fields.count {
                    json.string(head.fields.name(at: index).lowercased())
                    json.string(text(head.fields.octets(at: index)))
                }
            }
            json.key("hasBody")
            json.boolean(hasBody(head))
            json.member("address", origin.address)
            json.member("id", identifier)
            json.member("function", match.version.function.description)
            json.member("version", match.version.number)
            json.key("seed")
            json.array { json in seed.forEach { json.number($0) } }
        }
        return framed(json)
    }

    /// Numbers for a script's generator of random numbers, whose state is the same in all instances.
    static func makeSeed() -> [UInt32] {
        (0..<4).map { _ in UInt32.random(in: 1...UInt32.max) }
    }

    private static func hasBody(_ head: RequestHead) -> Bool {
        switch head.framing {
        case .none: false
        case .length(let length): length > 0
        case .chunked: true
        }
    }

    /// Each octet as the character of that number, as the Fetch standard has it.
    private static func text(_ octets: ArraySlice<UInt8>) -> String {
        guard octets.contains(where: { $0 >= 0x80 }) else {
            return String(decoding: octets, as: UTF8.self)
        }
        var text = ""
        for octet in octets { text.unicodeScalars.append(Unicode.Scalar(octet)) }
        return text
    }

    private static func framed(_ json: JSONText) -> [UInt8] {
        let bytes = json.bytes
        let digits = String(bytes.count, radix: 16)
        return Array((String(repeating: "0", count: max(0, 8 - digits.count)) + digits).utf8)
            + bytes
    }
}
