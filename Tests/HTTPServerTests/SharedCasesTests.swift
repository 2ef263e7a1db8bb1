import CZlib
import Foundation
import HTTPServer
import TestSupport
import Testing

/// Runs the raw requests that lie beside the repository, where there are any.
struct SharedCasesTests {
    struct Case: Decodable, Sendable {
        struct Step: Decodable, Sendable {
            var text: String?
            var base64: String?
            var zlib: String?
            var fin: Bool?
            var wait100: Bool?
        }

        var id: String
        var methods: [String]?
        var strict: String
        var steps: [Step]
    }

    static let file = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../../shared/http-cases/cases.json")
        .standardizedFileURL

    static func load() throws -> [Case] {
        guard let data = FileManager.default.contents(atPath: file.path) else { return [] }
        return try JSONDecoder().decode([Case].self, from: data)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: file.path), "no \(file.path)"))
    func `every shared case has its strict outcome`() throws {
        let cases = try Self.load()
        #expect(!cases.isEmpty)
        let server = try TestServer()
        for item in cases {
            let outcome = try run(item, server)
            let expected = try Regex(item.strict)
            #expect(outcome.firstMatch(of: expected) != nil, "\(item.id): \(outcome)")
        }
    }

    /// The statuses of the responses and whether the connection stayed open: `200,400|closed`.
    private func run(_ item: Case, _ server: borrowing TestServer) throws -> String {
        let client = try server.connect()
        var statuses: [String] = []
        var methods = item.methods ?? []
        do {
            for step in item.steps {
                if step.fin != nil {
                    client.endOutput()
                } else if step.wait100 != nil {
                    statuses.append("\(try client.readResponse().status)")
                } else {
                    try client.send(try octets(step))
                }
            }
            // Whoever answers one more request is open.
            try client.send("GET /one-more HTTP/1.1\r\nHost: t\r\n\r\n")
        } catch RawHTTPClient.Failure.closed {
            return (statuses + ["|closed"]).joined()
        } catch is CocoaError {
            throw RawHTTPClient.Failure.malformed(item.id)
        } catch {
            // The server closed before everything was sent; what it answered can be read.
        }
        while true {
            let method = methods.isEmpty ? "GET" : methods.removeFirst()
            guard let response = try? client.readResponse(toHead: method == "HEAD") else {
                return statuses.joined(separator: ",") + "|closed"
            }
            if response["x-target"] == "/one-more" {
                return statuses.joined(separator: ",") + "|open"
            }
            statuses.append("\(response.status)")
        }
    }

    private func octets(_ step: Case.Step) throws -> [UInt8] {
        if let text = step.text { return Array(text.utf8) }
        if let text = step.base64, let data = Data(base64Encoded: text) { return Array(data) }
        guard let text = step.zlib, let data = Data(base64Encoded: text) else { return [] }
        var output = [UInt8](repeating: 0, count: 8 << 20)
        var count = uLongf(output.count)
        let code = unsafe uncompress(&output, &count, Array(data), uLong(data.count))
        #expect(code == Z_OK)
        return Array(output[..<Int(count)])
    }
}
