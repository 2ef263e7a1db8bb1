import CEmbedded
import Crypto
import Foundation
import Gzip
import HTTP
import Platform

/// A file that is part of the program, as it is served: those of the dashboard, and the API's description.
struct EmbeddedFile: Sendable {
    /// The bytes of a file in one coding, and their entity tag (RFC 9110 §8.8.3).
    private struct Representation: Sendable {
        let bytes: [UInt8]
        let tag: String

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            let digest = SHA256.hash(data: bytes).prefix(16)
            tag = "\"" + digest.map { String(format: "%02x", $0) }.joined() + "\""
        }
    }

    /// All files by the paths at which they are served.
    ///
    /// They are packed when they are first asked for, which takes milliseconds.
    static let all: [String: EmbeddedFile] = {
        var files: [String: EmbeddedFile] = [:]
        // SAFETY: the C target's files are constants: pointers to them stay good.
        while let file = unsafe roost_embedded_file_at(files.count)?.pointee {
            let bytes = unsafe Array(UnsafeBufferPointer(start: file.bytes, count: file.size))
            let type = unsafe String(cString: file.type)
            unsafe files[String(cString: file.path)] = EmbeddedFile(type: type, bytes)
        }
        return files
    }()

    private let type: String
    private let plain: Representation
    private let packed: Representation?

    private init(type: String, _ bytes: [UInt8]) {
        self.type = type
        plain = Representation(bytes)
        packed = GzipEncoder().map { Representation($0.pack(bytes, isLast: true)) }
    }

    /// Answers a request for the file.
    func response(to head: RequestHead) -> Response {
        let representation = head.fields.acceptsGzip ? packed ?? plain : plain
        var fields = Self.safetyFields
        fields.append("ETag", representation.tag)
        fields.append("Cache-Control", "no-cache")
        fields.append("Vary", "Accept-Encoding")
        if isKnown(representation.tag, to: head) {
            return Response(status: .notModified, fields: fields)
        }
        fields.append("Content-Type", type)
        if representation.tag != plain.tag { fields.append("Content-Encoding", "gzip") }
        return Response(status: .ok, fields: fields, body: representation.bytes)
    }

    /// Whether `If-None-Match` has the tag, compared weakly (RFC 9110 §13.1.2).
    private func isKnown(_ tag: String, to head: RequestHead) -> Bool {
        head.fields.values(of: "if-none-match").contains { value in
            value.split(separator: ",").contains { element in
                let known = element.trimmingCharacters(in: .whitespaces)
                return known == "*" || known == tag || known == "W/" + tag
            }
        }
    }

    /// The page loads nothing from elsewhere, runs no script but its own, and is shown in no frame.
    private static let safetyFields: Fields = [
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    ]
}

extension ControlAPI {
    /// Answers `GET /ui`, what is below, and `GET /openapi.json`: open, since they tell nothing of this daemon.
    static func embeddedFile(_ head: RequestHead, _ identifier: String) -> Response {
        func refusal(_ problem: Problem) -> Response {
            problem.response(requestIdentifier: identifier, path: head.path)
        }
        // Addresses in the page are relative to `/ui`.
        if head.path == "/ui/" {
            return Response(status: .permanentRedirect, fields: ["Location": "../ui"])
        }
        guard let file = EmbeddedFile.all[head.path] else { return refusal(.noRoute(head.path)) }
        guard head.method == .get || head.method == .head else {
            return refusal(.methodNotAllowed(head.method, allowed: [.get, .head]))
        }
        return file.response(to: head)
    }
}
