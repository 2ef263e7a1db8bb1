import Foundation
import HTTP
import TestSupport
import Testing

@testable import Daemon

/// What `/openapi.json` says, held against the routes and the answers that there are.
struct OpenAPITests {
    private let daemon: RunningDaemon
    private let document: JSONValue

    init() throws {
        daemon = try RunningDaemon()
        document = try JSONValue.read(daemon.request("GET", "/openapi.json").body)
    }

    private struct Operation: Hashable {
        let method: String
        let path: String
    }

    private var operations: [Operation: JSONValue] {
        var operations: [Operation: JSONValue] = [:]
        guard case .object(let paths) = document["paths"] else { return [:] }
        for (path, item) in paths {
            guard case .object(let methods) = item else { continue }
            for (method, operation) in methods {
                operations[Operation(method: method.uppercased(), path: path)] = operation
            }
        }
        return operations
    }

    /// All values in the document that stand under a key.
    private static func values(_ key: String, in value: JSONValue) -> [JSONValue] {
        switch value {
        case .object(let members):
            (members[key].map { [$0] } ?? []) + members.values.flatMap { values(key, in: $0) }
        case .array(let elements): elements.flatMap { values(key, in: $0) }
        default: []
        }
    }

    @Test func `the document is OpenAPI 3.1, and hangs together`() throws {
        #expect(document["openapi"] == "3.1.0")
        let schema = JSONSchema(root: document)
        var used: Set<String> = []
        for case .string(let reference) in Self.values("$ref", in: document) {
            #expect(schema.resolve(reference) != nil, "\(reference)")
            used.insert(reference)
        }
        guard case .object(let components) = document["components"] else {
            Issue.record("there are no components")
            return
        }
        for kind in ["schemas", "parameters", "responses"] {
            guard case .object(let members) = components[kind] else { continue }
            for name in members.keys {
                #expect(used.contains("#/components/\(kind)/\(name)"), "\(name) is not used")
            }
        }
        var names: Set<String> = []
        for (place, operation) in operations {
            let name = try #require(operation["operationId"]?.text, "\(place)")
            #expect(names.insert(name).inserted, "\(name)")
            #expect(operation["summary"]?.text != nil)
            let given = try (operation["parameters"]?.elements ?? []).compactMap { parameter in
                let reference = parameter["$ref"]?.text
                let parameter = try #require(reference.map { schema.resolve($0) } ?? parameter)
                return parameter["in"] == "path" ? parameter["name"]?.text : nil
            }
            let wanted = place.path.matches(of: #/\{(\w+)\}/#).map { String($0.1) }
            #expect(given == wanted, "\(place)")
        }
    }

    /// The daemon names the methods of a path when it is asked for one that it has not.
    @Test func `each path has the methods that are documented`() throws {
        var methods: [String: Set<String>] = [:]
        for operation in operations.keys {
            methods[operation.path, default: []].insert(operation.method)
        }
        for (path, methods) in methods where path.hasPrefix("/v1/") {
            let answer = try daemon.request("OPTIONS", Self.example(path))
            #expect(answer.status == 405, "\(path)")
            let allowed = (answer["allow"] ?? "").split(separator: ",").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            #expect(Set(allowed) == methods, "\(path)")
        }
    }

    @Test func `each route that has a rule is documented, and no other`() throws {
        func place(_ method: String, _ segments: [Substring]) -> Operation {
            let path = segments.map { $0.hasPrefix("{") ? "{}" : $0 }.joined(separator: "/")
            return Operation(method: method, path: "/" + path)
        }
        // A rule may be there before its route.
        let rules = try RouteRule.table.filter { rule in
            let path = "/" + rule.pattern.joined(separator: "/")
            return try path == "/metrics"
                || daemon.request("OPTIONS", Self.example(path)).status == 405
        }
        let ruled = rules.map { place($0.method.rawValue, $0.pattern) }
        let documented = operations.keys.map { place($0.method, $0.path.split(separator: "/")) }
        let open = ["/healthz", "/readyz", "/version", "/ui", "/openapi.json"]
        #expect(Set(ruled) == Set(documented.filter { !open.contains($0.path) }))
    }

    private static func example(_ path: String) -> String {
        path.replacing(#/\{(name|function)\}/#, with: "hello").replacing("{version}", with: "1")
            .replacing("{alias}", with: "next").replacing(#/\{\w+\}/#, with: "none")
    }

    // MARK: - Answers

    /// Sends requests, and checks each answer against what is documented of it.
    private final class Client {
        let daemon: RunningDaemon
        let operations: [Operation: JSONValue]
        let schema: JSONSchema
        var succeeded: Set<Operation> = []

        init(_ tests: OpenAPITests) {
            daemon = tests.daemon
            operations = tests.operations
            schema = JSONSchema(root: tests.document)
        }

        /// Sends a request to a path of the document, with `values` in the places of its parameters.
        @discardableResult
        func call(
            _ method: String,
            _ path: String,
            _ values: [String: String] = ["name": "hello"],
            query: String = "",
            fields: [(String, String)] = [],
            body: [UInt8]? = nil,
            expecting status: Int = 200
        ) throws -> RawHTTPClient.Response {
            let place = Operation(method: method, path: path)
            let operation = try #require(operations[place], "\(place)")
            let target = values.reduce(path) { $0.replacing("{\($1.key)}", with: $1.value) } + query
            let answer = try daemon.request(method, target, fields: fields, body: body)
            #expect(answer.status == status, "\(method) \(target): \(answer.text)")
            let documented = try #require(
                operation["responses"]?[String(answer.status)],
                "\(method) \(target) answers with \(answer.status)"
            )
            let reference = documented["$ref"]?.text
            let response = try #require(reference.map { schema.resolve($0) } ?? documented)
            if answer.status < 300 { succeeded.insert(place) }
            try check(answer, response, "\(method) \(target)")
            return answer
        }

        private func check(
            _ answer: RawHTTPClient.Response,
            _ response: JSONValue,
            _ what: String
        ) throws {
            guard case .object(let contents) = response["content"] else {
                #expect(answer.body.isEmpty, "\(what)")
                return
            }
            let type = String((answer["content-type"] ?? "").prefix { $0 != ";" })
            let content = try #require(contents[type] ?? contents["*/*"], "\(what): \(type)")
            guard let schema = content["schema"] else { return }
            switch type {
            case "application/x-ndjson":
                for line in answer.text.split(separator: "\n") where schema["$ref"] != nil {
                    let value = try JSONValue.read(Array(line.utf8))
                    let violations = self.schema.violations(of: value, schema)
                    #expect(violations.isEmpty, "\(what)")
                }
            case "application/json", "application/problem+json":
                let violations = try self.schema.violations(of: JSONValue.read(answer.body), schema)
                #expect(violations.isEmpty, "\(what)")
            default: break
            }
        }
    }

    @Test func `answers are as documented, of every operation`() throws {
        let client = Client(self)
        try functions(client)
        try records(client)
        for path in ["/v1/pool", "/v1/stats", "/healthz", "/readyz", "/version", "/metrics", "/ui"]
        {
            try client.call("GET", path)
        }
        try client.call("GET", "/v1/health")
        let export = try client.call("GET", "/v1/export")
        try client.call("POST", "/v1/import", body: export.body)
        try client.call("POST", "/v1/import", query: "?existing=skip", body: export.body)
        try client.call("POST", "/v1/import", body: Array("no".utf8), expecting: 422)
        try client.call("GET", "/v1/stats", query: "?series=true&function=hello")
        let page = try client.call("GET", "/openapi.json")
        let known = [("If-None-Match", try #require(page["etag"]))]
        try client.call("GET", "/openapi.json", fields: known, expecting: 304)
        try access(client)
        try client.call("DELETE", "/v1/functions/{name}", expecting: 204)
        try client.call("DELETE", "/v1/functions/{name}", expecting: 404)
        try runtimes(client)
        for operation in operations.keys {
            #expect(client.succeeded.contains(operation), "\(operation) was not called")
        }
    }

    private func runtimes(_ client: Client) throws {
        let runtime = "/v1/runtimes/{runtime}"
        let echo = ["runtime": "echo"]
        let text = [("Content-Type", "text/wat")]
        let interpreter = Array(ScriptFixtures.interpreter.utf8)
        try client.call("GET", runtime, echo, expecting: 404)
        try client.call("PUT", runtime, echo, fields: text, body: interpreter, expecting: 201)
        try client.call("PUT", runtime, echo, fields: text, body: interpreter)
        try client.call("GET", runtime, echo)
        try client.call("GET", "/v1/runtimes")
        try client.call("DELETE", runtime, echo, expecting: 204)
    }

    private func functions(_ client: Client) throws {
        let function = "/v1/functions/{name}"
        let wasm = [("Content-Type", "application/wasm")]
        let hello = try GuestModule.sample("hello")
        try client.call("PUT", function, fields: wasm, body: hello, expecting: 201)
        try client.call("PUT", function, fields: wasm, body: GuestModule.sample("crash"))
        try client.call("PUT", function, fields: wasm, body: Array("no".utf8), expecting: 415)
        let broken = Array(hello.prefix(40))
        try client.call("PUT", function, fields: wasm, body: broken, expecting: 422)
        try client.call(
            "PUT",
            function,
            fields: wasm + [("If-Match", "\"99\"")],
            body: hello,
            expecting: 412
        )
        try client.call("PUT", function, ["name": "NO"], fields: wasm, body: hello, expecting: 400)
        try client.call("GET", "/v1/functions")
        try client.call("GET", "/v1/functions", query: "?limit=x", expecting: 400)
        try client.call("GET", function)
        try client.call("GET", function, ["name": "none"], expecting: 404)
        try client.call("GET", function + "/config")
        let patch = Array(#"{"env":{"A":"1"},"routes":[{"path":"/a"}]}"#.utf8)
        try client.call("PATCH", function + "/config", body: patch)
        let wrong = Array(#"{"reuse":-1}"#.utf8)
        try client.call("PATCH", function + "/config", body: wrong, expecting: 422)
        try client.call("GET", function + "/config")
        try client.call("PUT", function + "/config", body: Array(#"{"env":{"B":"2"}}"#.utf8))
        let secret = ["name": "hello", "secret": "KEY"]
        let value = Array("hidden".utf8)
        try client.call("PUT", function + "/secrets/{secret}", secret, body: value)
        try client.call("GET", function + "/secrets")
        try client.call("POST", "/v1/secrets/rotate-key")
        try client.call("DELETE", function + "/secrets/{secret}", secret)
        try client.call("DELETE", function + "/secrets/{secret}", secret, expecting: 404)
        try client.call("GET", function + "/history")
        try client.call("GET", function + "/capabilities")
        try client.call("GET", function + "/versions")
        let first = ["name": "hello", "version": "1"]
        try client.call(
            "POST",
            function + "/bench",
            query: "?version=1",
            body: Array(#"{"count":5}"#.utf8)
        )
        try client.call("GET", function + "/versions/{version}", first)
        try client.call("GET", function + "/versions/{version}/module", first)
        try client.call("GET", function + "/versions/{version}/files", first)
        let next = ["name": "hello", "alias": "next"]
        let target = Array(#"{"version":1,"weights":{"2":0.25},"sticky":{"cookie":"group"}}"#.utf8)
        try client.call("PUT", function + "/aliases/{alias}", next, body: target)
        try client.call("DELETE", function + "/aliases/{alias}", next, expecting: 204)
        try client.call("DELETE", function + "/aliases/{alias}", next, expecting: 404)
        try client.call("POST", function + "/rollback")
        while try daemon.request("POST", "/v1/functions/hello/rollback").status == 200 {}
        try client.call("POST", function + "/rollback", expecting: 409)
    }

    private func access(_ client: Client) throws {
        let token = Array(#"{"name":"reader","scopes":["read"],"functions":["shop-*"]}"#.utf8)
        try client.call("POST", "/v1/tokens", body: token, expecting: 201)
        try client.call("POST", "/v1/tokens", body: token, expecting: 409)
        try client.call("POST", "/v1/tokens", body: Array("{}".utf8), expecting: 422)
        try client.call("GET", "/v1/tokens")
        try client.call("DELETE", "/v1/tokens/{token}", ["token": "reader"], expecting: 204)
        try client.call("DELETE", "/v1/tokens/{token}", ["token": "reader"], expecting: 404)
        try client.call("GET", "/v1/audit")
    }

    private func records(_ client: Client) throws {
        _ = try daemon.request("GET", "/f/hello", fields: [("X-Request-Id", "one")])
        _ = try daemon.request("GET", "/f/hello@2", fields: [("X-Request-Id", "two")])
        let later = [("X-Request-Id", "later"), ("Prefer", "respond-async")]
        #expect(try daemon.request("GET", "/f/hello", fields: later).status == 202)
        daemon.service.flushRecords()
        try client.call("GET", "/v1/invocations")
        try client.call("GET", "/v1/invocations", query: "?outcome=none", expecting: 400)
        for id in ["one", "two", "later"] {
            try client.call("GET", "/v1/invocations/{id}", ["id": id])
        }
        try client.call("GET", "/v1/invocations/{id}", ["id": "none"], expecting: 404)
        try client.call("GET", "/v1/functions/{name}/logs")
        try client.call("GET", "/v1/logs")
        let query = Array(
            #"{"sql":"SELECT function, p99(totalUs) FROM invocations GROUP BY 1"}"#.utf8
        )
        try client.call("POST", "/v1/query", body: query)
        let wrong = Array(#"{"sql":"DELETE FROM invocations"}"#.utf8)
        try client.call("POST", "/v1/query", body: wrong, expecting: 400)
        var tries = 0
        while try daemon.request("GET", "/v1/invocations/later/result").status != 200, tries < 200 {
            tries += 1
            Thread.sleep(forTimeInterval: 0.01)
        }
        try client.call("GET", "/v1/invocations/{id}/result", ["id": "later"])
        try client.call("GET", "/v1/async-calls")
        try client.call("POST", "/v1/async-calls/{id}/retry", ["id": "later"])
        try client.call("DELETE", "/v1/async-calls/{id}", ["id": "later"], expecting: 204)
        try client.call("DELETE", "/v1/async-calls/{id}", ["id": "later"], expecting: 404)
    }
}
