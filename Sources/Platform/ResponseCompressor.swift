import Gzip
public import HTTP

/// Packs a response's body for a client that accepts gzip (RFC 9110 §8.4.1.3, §12.5.3).
final class ResponseCompressor {
    /// Below this, packing saves nothing that matters.
    private static let bodyBytesMin = 1_024

    private let encoder: GzipEncoder

    /// Decides whether a response is packed, and changes its head accordingly; nil when it is not packed.
    ///
    /// `isAllowed` is the function's word. `bodyByteCount` is nil when the body is still to come. What might be packed for another client says so in
    /// `Vary`.
    static func make(
        for head: inout AnswerHead,
        _ request: RequestHead,
        isAllowed: Bool,
        _ bodyByteCount: Int?
    ) -> ResponseCompressor? {
        guard isAllowed, Self.isWorthIt(head, bodyByteCount ?? head.length) else {
            return nil
        }
        Self.addVary(to: &head.fields)
        guard request.fields.acceptsGzip, let encoder = GzipEncoder() else { return nil }
        head.fields.append("Content-Encoding", "gzip")
        head.length = nil
        // The packed bytes are another representation, the same only in meaning (RFC 9110 §8.8.1).
        if let tag = head.fields["etag"], !tag.hasPrefix("W/") {
            head.fields.set("ETag", "W/" + tag)
        }
        return ResponseCompressor(encoder)
    }

    private init(_ encoder: GzipEncoder) { self.encoder = encoder }

    func pack(_ bytes: [UInt8], isLast: Bool) -> [UInt8] { encoder.pack(bytes, isLast: isLast) }

    private static func isWorthIt(_ head: AnswerHead, _ byteCount: Int?) -> Bool {
        guard byteCount ?? .max >= bodyBytesMin, !head.status.forbidsBody,
            head.status.code != 206, !head.fields.contains("content-encoding"),
            let type = head.fields["content-type"], isCompressible(type)
        else { return false }
        return !head.fields.values(of: "cache-control").contains {
            $0.lowercased().contains("no-transform")
        }
    }

    /// Whether content of a type is text, or packs as well as text.
    static func isCompressible(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.trimmed.lowercased()
        if type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml") {
            return true
        }
        return [
            "application/json", "application/javascript", "application/xml", "application/x-ndjson",
            "application/wasm", "application/problem+json", "application/manifest+json",
            "application/graphql", "image/bmp", "font/ttf", "font/otf",
        ].contains(type)
    }

    private static func addVary(to fields: inout Fields) {
        let names = fields.values(of: "vary").flatMap { $0.split(separator: ",") }
            .map { $0.trimmed.lowercased() }
        guard !names.contains("accept-encoding"), !names.contains("*") else { return }
        fields.append("Vary", "Accept-Encoding")
    }
}

extension Fields {
    /// Whether `Accept-Encoding` admits gzip.
    public var acceptsGzip: Bool {
        var isAccepted: Bool?
        var isAnyAccepted: Bool?
        for value in values(of: "accept-encoding") {
            for element in value.split(separator: ",") {
                let parts = element.split(separator: ";").map(\.trimmed)
                guard let coding = parts.first?.lowercased() else { continue }
                let weight = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }
                let isWanted = weight.map { (Double($0.dropFirst(2)) ?? 0) > 0 } ?? true
                if coding == "gzip" || coding == "x-gzip" { isAccepted = isWanted }
                if coding == "*" { isAnyAccepted = isWanted }
            }
        }
        return isAccepted ?? isAnyAccepted ?? false
    }
}

extension Substring {
    /// Without blanks at its ends.
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
