import Daemon
import Foundation
import TestSupport
import Testing

/// A module and its configuration in one request.
struct FormUploadTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    private func deploy(
        _ parts: [(head: String, body: [UInt8])],
        ending: String = "--b--\r\n",
        type: String = "multipart/form-data; boundary=b"
    ) throws -> RawHTTPClient.Response {
        var body: [UInt8] = []
        for part in parts { body += "--b\r\n\(part.head)\r\n\r\n".utf8 + part.body + "\r\n".utf8 }
        return try daemon.request(
            "PUT",
            "/v1/functions/app",
            fields: [("Content-Type", type)],
            body: body + ending.utf8
        )
    }

    private func part(_ name: String, _ body: String, type: String? = nil) -> (String, [UInt8]) {
        let type = type.map { "\r\nContent-Type: \($0)" } ?? ""
        return ("Content-Disposition: form-data; name=\"\(name)\"\(type)", Array(body.utf8))
    }

    private var module: (String, [UInt8]) {
        part("module", GuestModule.environment, type: "text/wat")
    }

    private func config() throws -> [String: Any] {
        try RunningDaemon.json(daemon.request("GET", "/v1/functions/app/config"))
    }

    @Test func `module and configuration become one version`() throws {
        let response = try deploy([
            module, part("config", #"{"env":{"A":"1","B":"2"},"concurrency":5}"#),
            part("patch", #"{"env":{"B":null}}"#),
        ])
        #expect(response.status == 201)
        #expect(try RunningDaemon.json(response)["version"] as? Int == 1)
        #expect(try config()["env"] as? [String: String] == ["A": "1"])
        // A patch alone changes what there is; a whole configuration takes its place.
        #expect(try deploy([part("patch", #"{"env":{"C":"3"}}"#), module]).status == 200)
        #expect(try config()["env"] as? [String: String] == ["A": "1", "C": "3"])
        #expect(try config()["concurrency"] as? Int == 5)
        #expect(try deploy([module, part("config", "{}")]).status == 200)
        #expect(try config()["concurrency"] as? Int == 128)
        let binary = try GuestModule.sample("hello")
        let head = "content-disposition: form-data; filename=\"x\"; name=module"
        #expect(try deploy([(head, binary)]).status == 200)
        #expect(try daemon.request("GET", "/f/app").text == "Hello from WebAssembly!\n")
    }

    @Test func `nothing is stored when a part is wrong`() throws {
        let refusals: [(RawHTTPClient.Response, Int, String)] = try [
            (deploy([part("config", "{}")]), 400, "no part 'module'"),
            (deploy([module, part("config", #"{"concurency":5}"#)]), 422, "concurrency"),
            (deploy([module, part("config", "[1]")]), 400, "part 'config' should be"),
            (deploy([module, part("config", "{")]), 400, "part 'config'"),
            (deploy([module, part("confg", "{}")]), 400, "did you mean 'config'"),
            (deploy([module, module]), 400, "given twice"),
            (deploy([module], ending: ""), 400, "last boundary"),
            (deploy([("X: y", [])]), 400, "no name"),
            (deploy([("X y", [])]), 400, "no colon"),
            (deploy([], ending: ""), 400, "no part"),
            (deploy([module], type: "multipart/form-data"), 400, "no boundary"),
            (deploy([part("module", "(module)", type: "text/plain")]), 415, "text/plain"),
            (
                deploy(
                    Array(repeating: module, count: 1) + [
                        part("x", String(repeating: "x", count: 9))
                    ]
                ), 400, "'x'"
            ),
        ]
        for (response, status, reason) in refusals {
            #expect(response.status == status, "\(response.text)")
            #expect(response.text.contains(reason), "\(response.text)")
        }
        #expect(try daemon.request("GET", "/v1/functions/app").status == 404)
    }
}
