import Daemon
import Foundation
import TestSupport
import Testing

/// What pages of other origins may do, and fields that are added to responses.
struct CrossOriginTests {
    private let daemon: RunningDaemon

    /// The guest says things that are the platform's to say.
    init() throws {
        daemon = try RunningDaemon()
        let module = try GuestModule.writing(
            """
            Content-Type: text/plain
            Access-Control-Allow-Origin: https://evil.example
            X-Frame-Options: ALLOW
            Vary: Accept
            Set-Cookie: a=1

            hi
            """
        )
        #expect(try daemon.deploy("page", module).status == 201)
    }

    private func ask(
        _ method: String,
        origin: String?,
        _ fields: (String, String)...
    ) throws -> RawHTTPClient.Response {
        let all = (origin.map { [("Origin", $0)] } ?? []) + fields
        return try daemon.request(method, "/f/page", fields: all)
    }

    private func configure(_ patch: String) throws {
        let response = try daemon.configure("page", patch)
        #expect(response.status == 200, "\(response.text)")
    }

    private func values(_ response: RawHTTPClient.Response, _ name: String) -> [String] {
        response.fields.filter { $0.name == name }.map(\.value)
    }

    @Test func `a preflight is answered without the guest`() throws {
        try configure(
            """
            {"cors":{"origins":["https://a.example","http://b.example:8080"],
            "methods":["GET","PUT"],"headers":["X-Token","Content-Type"],"maxAgeSeconds":60,
            "credentials":true}}
            """
        )
        let asked = ("Access-Control-Request-Method", "PUT")
        let client = try RawHTTPClient(daemon.service.address)
        let response = try client.request(
            "OPTIONS",
            "/f/page",
            fields: [
                ("Origin", "http://b.example:8080"), asked,
                ("Access-Control-Request-Headers", "content-type, x-token"),
            ]
        )
        #expect(response.status == 204)
        #expect(response["access-control-allow-origin"] == "http://b.example:8080")
        #expect(response["access-control-allow-methods"] == "GET, PUT")
        #expect(response["access-control-allow-headers"] == "X-Token, Content-Type")
        #expect(response["access-control-allow-credentials"] == "true")
        #expect(response["access-control-max-age"] == "60")
        #expect(response["vary"]?.contains("Origin") == true)
        #expect(response["x-request-id"] != nil && response["x-function-version"] == nil)
        // The connection goes on, and what is no preflight reaches the guest.
        let plain = try client.request("OPTIONS", "/f/page", fields: [])
        #expect(plain.status == 200 && plain["x-function-version"] != nil)
        #expect(try ask("OPTIONS", origin: "https://c.example", asked).status == 403)
        let method = ("Access-Control-Request-Method", "DELETE")
        let refused = try ask("OPTIONS", origin: "https://a.example", method)
        #expect(refused.status == 403 && refused.text.contains("cors.methods"))
        #expect(refused["access-control-allow-origin"] == nil)
        let header = ("Access-Control-Request-Headers", "x-other")
        #expect(try ask("OPTIONS", origin: "https://a.example", asked, header).status == 403)
    }

    @Test func `a page that may reads the response, and caches know`() throws {
        try configure(#"{"cors":{"origins":["https://a.example"],"exposeHeaders":["X-Start"]}}"#)
        let allowed = try ask("GET", origin: "https://a.example")
        #expect(allowed["access-control-allow-origin"] == "https://a.example")
        #expect(allowed["access-control-expose-headers"] == "X-Start")
        #expect(allowed["access-control-allow-credentials"] == nil)
        #expect(Set(values(allowed, "vary")) == ["Accept", "Origin"])
        for origin in [nil, "https://evil.example"] {
            let response = try ask("GET", origin: origin)
            #expect(response.status == 200)
            #expect(response["access-control-allow-origin"] == nil)
            #expect(values(response, "vary").contains("Origin"))
        }
        try configure(#"{"cors":{"origins":["*"],"methods":["*"],"headers":["*"]}}"#)
        let open = try ask("GET", origin: "https://any.example")
        #expect(open["access-control-allow-origin"] == "*")
        #expect(values(open, "vary") == ["Accept"])
        let preflight = try ask(
            "OPTIONS",
            origin: "https://any.example",
            ("Access-Control-Request-Method", "DELETE"),
            ("Access-Control-Request-Headers", "Authorization,X-A")
        )
        #expect(preflight.status == 204)
        #expect(preflight["access-control-allow-methods"] == "DELETE")
        #expect(preflight["access-control-allow-headers"] == "authorization, x-a")
    }

    @Test func `a page can read why a function failed`() throws {
        #expect(try daemon.deploy("crash", GuestModule.sample("crash")).status == 201)
        let patch = #"{"cors":{"origins":["*"]},"headers":{"X-Team":"web"}}"#
        #expect(try daemon.configure("crash", patch).status == 200)
        let fields = [("Origin", "https://a.example")]
        let response = try daemon.request("GET", "/f/crash", fields: fields)
        #expect(response.status == 502)
        #expect(response["access-control-allow-origin"] == "*")
        #expect(response["x-team"] == "web")
    }

    @Test func `configured fields are added, in place of the guest's or beside them`() throws {
        try configure(
            """
            {"headers":{"X-Frame-Options":"DENY","Vary":"X-Mode","Set-Cookie":"b=2",
            "Strict-Transport-Security":"max-age=60"}}
            """
        )
        let response = try ask("GET", origin: nil)
        #expect(response["x-frame-options"] == "DENY")
        #expect(response["strict-transport-security"] == "max-age=60")
        #expect(values(response, "vary") == ["Accept", "X-Mode"])
        #expect(values(response, "set-cookie") == ["a=1", "b=2"])
        // Without a policy, the guest says what pages may do.
        #expect(response["access-control-allow-origin"] == "https://evil.example")
    }

    @Test(arguments: [
        (#"{"headers":{"Content-Length":"3"}}"#, "headers.Content-Length", "frames"),
        (#"{"headers":{"transfer-encoding":"x"}}"#, "headers.transfer-encoding", "frames"),
        (#"{"headers":{"Connection":"close"}}"#, "headers.Connection", "frames"),
        (#"{"headers":{"X-Request-Id":"3"}}"#, "headers.X-Request-Id", "by the platform"),
        (
            #"{"headers":{"Access-Control-Allow-Origin":"*"}}"#,
            "headers.Access-Control-Allow-Origin", "cors"
        ),
        (#"{"headers":{"A B":"3"}}"#, "headers.A B", "name"),
        (#"{"headers":{"A":"x\r\nB: y"}}"#, "headers.A", "control character"),
        (#"{"headers":{"A":"1","a":"2"}}"#, "headers.a", "twice"),
        (#"{"cors":{}}"#, "cors.origins", "must name"),
        (#"{"cors":{"origins":["https://a.example/"]}}"#, "cors.origins[0]", "should be like"),
        (#"{"cors":{"origins":["a.example"]}}"#, "cors.origins[0]", "should be like"),
        (#"{"cors":{"origins":["*"],"credentials":true}}"#, "cors.origins", "credentials"),
        (
            #"{"cors":{"origins":["https://a.example"],"headers":["*"],"credentials":true}}"#,
            "cors.headers", "credentials"
        ),
        (#"{"cors":{"origins":["*"],"methods":["FETCH"]}}"#, "cors.methods[0]", "no method"),
        (#"{"cors":{"origins":["*"],"maxAgeSeconds":90000}}"#, "cors.maxAgeSeconds", "86400"),
        (#"{"cors":{"origin":["*"]}}"#, "cors.origin", "did you mean 'cors.origins'"),
        (#"{"limits":{"timeoutMS":5}}"#, "limits.timeoutMS", "did you mean 'limits.timeoutMs'"),
        (#"{"pool":{"mim":5}}"#, "pool.mim", "did you mean 'pool.min'"),
        (
            #"{"routes":[{"path":"/x","hots":"y"}]}"#, "routes[0].hots",
            "did you mean 'routes[0].host'"
        ),
        (#"{"enviroment":{}}"#, "enviroment", "did you mean 'env'"),
    ])
    func `what cannot be is refused, and says which key`(
        patch: String,
        key: String,
        reason: String
    ) throws {
        let response = try daemon.configure("page", patch)
        #expect(response.status == 422)
        let problem = try RunningDaemon.json(response)
        #expect(problem["key"] as? String == key)
        #expect((problem["detail"] as? String ?? "").contains(reason), "\(problem)")
    }
}
