import Daemon
import Foundation
import TestSupport
import Testing

/// JavaScript and Python on published interpreters, which `scripts/runtimes --fetch` brings.
struct LanguageTests {
    private static let hint: Comment = "run 'scripts/runtimes --fetch' for the interpreters"

    // MARK: - JavaScript

    private func javaScript() throws -> RunningDaemon {
        let daemon = try RunningDaemon()
        let module = try #require(ScriptFixtures.published("javascript"))
        #expect(try daemon.addRuntime("javascript", module).status == 201)
        return daemon
    }

    private static var hasJavaScript: Bool { ScriptFixtures.published("javascript") != nil }

    @Test(.enabled(if: hasJavaScript, hint))
    func `a function in JavaScript answers`() throws {
        let daemon = try javaScript()
        let script = """
            let calls = 0;
            const started = Math.random();
            export default {
                async fetch(request, env, context) {
                    const url = new URL(request.url);
                    console.log("called", url.pathname);
                    await new Promise((resume) => setTimeout(resume, 1));
                    return Response.json({
                        method: request.method, path: url.pathname, a: url.searchParams.get("a"),
                        header: request.headers.get("X-Mine"), body: await request.text(),
                        env: env.GREETING, calls: ++calls, id: context.requestId,
                        random: Math.random(),
                    }, { status: 201, headers: { "x-made-by": "script" } });
                },
            };
            """
        #expect(try daemon.deploy("js", script: script, type: "text/javascript").status == 201)
        #expect(try daemon.configure("js", #"{"env": {"GREETING": "hé"}}"#).status == 200)
        var numbers: Set<Double> = []
        for _ in 0..<3 {
            let answer = try daemon.request(
                "POST",
                "/f/js/x%20y?a=%C3%BC",
                fields: [("X-Mine", "1"), ("X-Request-Id", UUID().uuidString)],
                body: Array("größe".utf8)
            )
            #expect(answer.status == 201)
            #expect(answer["x-made-by"] == "script")
            #expect(answer["x-start"] != "compiled")
            let json = try RunningDaemon.json(answer)
            #expect(json["method"] as? String == "POST")
            #expect(json["path"] as? String == "/f/js/x%20y")
            #expect(json["a"] as? String == "ü")
            #expect(json["header"] as? String == "1")
            #expect(json["body"] as? String == "größe")
            #expect(json["env"] as? String == "hé")
            #expect(json["calls"] as? Int == 1)
            #expect(json["id"] as? String == answer["x-request-id"])
            numbers.insert(json["random"] as? Double ?? 0)
        }
        #expect(numbers.count == 3)
    }

    @Test(.enabled(if: hasJavaScript, hint))
    func `JavaScript imports modules that came with it, and streams`() throws {
        let daemon = try javaScript()
        let deployed = try daemon.deploy(
            "js",
            files: [
                (
                    "main.js",
                    """
                    import { parts } from "./lib/parts.js";
                    export default {
                        fetch: () => new Response((async function* () {
                            for (const part of parts) yield part;
                        })()),
                    };
                    """
                ),
                ("lib/parts.js", #"export const parts = ["one ", new Uint8Array([50]), "\n"];"#),
            ]
        )
        #expect(deployed.status == 201, "\(deployed.text)")
        #expect(try daemon.request("GET", "/f/js").text == "one 2\n")
        try daemon.restart()
        #expect(try daemon.request("GET", "/f/js").text == "one 2\n")
    }

    @Test(.enabled(if: hasJavaScript, hint))
    func `an error in JavaScript has its line, at deploy and in the record`() throws {
        let daemon = try javaScript()
        func deploy(_ script: String) throws -> RawHTTPClient.Response {
            try daemon.deploy("js", script: script, type: "text/javascript")
        }
        let syntax = try deploy("const a = 1;\nconst b = ;\n")
        #expect(syntax.status == 422)
        #expect(try RunningDaemon.json(syntax)["line"] as? Int == 2)
        let thrown = try deploy("\n\nnull.x;\n")
        #expect(try RunningDaemon.json(thrown)["line"] as? Int == 3)
        #expect(try deploy("export default 5;").text.contains("export default { fetch"))
        let script = "export default {\n  fetch(request) {\n    return missing;\n  },\n};\n"
        #expect(try deploy(script).status == 201)
        let failed = try daemon.request("GET", "/f/js", fields: [("X-Request-Id", "mine")])
        #expect(failed.status == 502)
        daemon.service.flushRecords()
        let record = try RunningDaemon.json(daemon.request("GET", "/v1/invocations/mine"))
        let error = try #require(record["error"] as? String)
        #expect(error.contains("/main.js:3:") && error.contains("missing"))
    }

    @Test(.enabled(if: hasJavaScript, hint))
    func `headers that would split a response are refused`() throws {
        let daemon = try javaScript()
        let script = """
            export default {
                fetch(request) {
                    const name = new URL(request.url).searchParams.get("name");
                    return new Response("x", { headers: { "x-name": name } });
                },
            };
            """
        #expect(try daemon.deploy("js", script: script, type: "text/javascript").status == 201)
        #expect(try daemon.request("GET", "/f/js?name=ok")["x-name"] == "ok")
        #expect(try daemon.request("GET", "/f/js?name=a%0d%0aSet-Cookie:b").status == 502)
    }

    @Test(
        .enabled(if: hasJavaScript, hint),
        arguments: [
            // The body of `fetch`, and what it answers.
            (
                """
                const order = [];
                setTimeout(() => order.push("timer"), 0);
                queueMicrotask(() => order.push("reaction"));
                for (let i = 0; i < 50; i++) await null;
                order.push("main");
                await new Promise((resume) => setTimeout(resume, 1));
                return new Response(order.join());
                """, 200, "reaction,main,timer"
            ),
            (
                // Nobody sleeps while there is something to do.
                """
                const work = (async () => { for (let i = 0; i < 50; i++) await null; return "work"; })();
                const late = new Promise((resume) => setTimeout(resume, 1_000_000, "late"));
                return new Response(await Promise.race([work, late]));
                """, 200, "work"
            ),
            (
                """
                let count = 0;
                await new Promise((resume) => {
                    const timer = setInterval(() => { if (++count === 3) { clearInterval(timer); resume(); } }, 1);
                });
                return new Response(String(count));
                """, 200, "3"
            ),
            (
                // Sixteen days, and cleared.
                """
                const timer = setTimeout(() => {}, 1_400_000_000);
                await new Promise((resume) => setTimeout(() => { clearTimeout(timer); resume(); }, 1));
                await new Promise(() => {});
                """, 502, "a promise is awaited that nothing is left to settle"
            ),
            (
                "await new Promise(() => setTimeout(() => { throw new Error('in a timer'); }, 1));",
                502,
                "Error: in a timer"
            ),
            ("throw new Proxy({}, { get() { throw 1; } });", 502, "cannot be shown"),
            (
                "context.waitUntil(new Promise(() => {})); return new Response('whole');", 200,
                "whole"
            ),
            (
                "return new Response((async function* () { yield 'a'; throw new Error('b'); })());",
                502, "b"
            ),
        ]
    )
    func `timers and promises take turns`(body: String, status: Int, answer: String) throws {
        let daemon = try javaScript()
        let script = "export default { async fetch(request, env, context) {\n\(body)\n} };"
        #expect(try daemon.deploy("js", script: script, type: "text/javascript").status == 201)
        let response = try daemon.request("GET", "/f/js")
        #expect(response.status == status)
        #expect(response.text.contains(answer), "\(response.text)")
    }

    @Test(.enabled(if: hasJavaScript, hint))
    func `a script of no type that is known is named by its runtime's language`() throws {
        let daemon = try javaScript()
        let broken = try daemon.deploy("js", script: "\nx(", query: "?runtime=javascript")
        #expect(try RunningDaemon.json(broken)["file"] as? String == "/main.js")
    }

    @Test(.enabled(if: hasJavaScript, hint))
    func `a script that waits for nothing is refused at once, and one for a timer is loaded`()
        throws
    {
        let daemon = try javaScript()
        func deploy(_ script: String) throws -> RawHTTPClient.Response {
            try daemon.deploy("js", script: script, type: "text/javascript")
        }
        let refused = try deploy("await new Promise(() => {}); export default () => {};")
        #expect(refused.status == 422)
        #expect(refused.text.contains("a promise is awaited that nothing is left to settle"))
        let script = """
            await new Promise((resume) => setTimeout(resume, 1));
            export default () => new Response("loaded");
            """
        #expect(try deploy(script).status == 201)
        #expect(try daemon.request("GET", "/f/js").text == "loaded")
        let endless = try deploy("while (true) {}")
        #expect(endless.text.contains("it ran for more than 10000000000 instructions"))
    }

    // MARK: - Python

    private static var hasMicroPython: Bool { ScriptFixtures.published("python") != nil }
    private static var hasCPython: Bool { ScriptFixtures.published("cpython") != nil }
    private static let hintOfCPython: Comment =
        "run 'scripts/runtimes --fetch --cpython' for CPython"

    /// A daemon with one of the interpreters, by the name of its file.
    private func python(_ build: String = "python") throws -> RunningDaemon {
        let daemon = try RunningDaemon()
        let module = try #require(ScriptFixtures.published(build))
        #expect(try daemon.addRuntime("python", module).status == 201)
        return daemon
    }

    @Test(.enabled(if: hasMicroPython, hint))
    func `a WSGI application answers on MicroPython`() throws {
        try checkApplication(python())
    }

    @Test(.enabled(if: hasCPython, hintOfCPython))
    func `a WSGI application answers on CPython`() throws {
        let daemon = try python("cpython")
        try checkApplication(daemon)
        let script = """
            import collections, dataclasses, datetime, decimal, html, json, re, urllib.parse

            @dataclasses.dataclass
            class Item:
                name: str
                price: decimal.Decimal

            def app(environ, start_response):
                query = urllib.parse.parse_qs(environ["QUERY_STRING"])
                item = Item(html.escape(query["name"][0]), decimal.Decimal("1.10") * 3)
                start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
                yield f"{item.name} {item.price} {datetime.date(2024, 2, 29):%A}".encode()
            """
        #expect(try daemon.deploy("py", script: script, type: "text/x-python").status == 200)
        let answer = try daemon.request("GET", "/f/py?name=%3C%C3%BC%3E")
        #expect(answer.text == "&lt;ü&gt; 3.30 Thursday")
        #expect(answer["x-start"] == "pooled")
    }

    private func checkApplication(_ daemon: RunningDaemon) throws {
        let deployed = try daemon.deploy(
            "py",
            files: [
                (
                    "app.py",
                    """
                    import words
                    calls = 0

                    def app(environ, start_response):
                        global calls
                        calls += 1
                        print("called", environ["PATH_INFO"])
                        body = environ["wsgi.input"].read()
                        start_response("201 Created", [("Content-Type", "text/plain"), ("X-A", "b")])
                        text = "%s %s %s %s %s %d " % (
                            words.greeting, environ["REQUEST_METHOD"], environ["PATH_INFO"],
                            environ["QUERY_STRING"], environ["HTTP_X_MINE"], calls)
                        return [text.encode(), body]
                    """
                ),
                ("words.py", "greeting = 'hello'\n"),
            ]
        )
        #expect(deployed.status == 201, "\(deployed.text)")
        for _ in 0..<2 {
            let answer = try daemon.request(
                "POST",
                "/f/py/x%20y?a=1",
                fields: [("X-Mine", "m")],
                body: [0x00, 0xff]
            )
            #expect(answer.status == 201)
            #expect(answer["x-a"] == "b")
            #expect(answer.body == Array("hello POST /x y a=1 m 1 ".utf8) + [0x00, 0xff])
        }
    }

    @Test(.enabled(if: hasMicroPython, hint))
    func `an error has its line on MicroPython, at deploy and in the record`() throws {
        try checkErrors(python())
    }

    @Test(.enabled(if: hasCPython, hintOfCPython))
    func `an error has its line on CPython, at deploy and in the record`() throws {
        try checkErrors(python("cpython"))
    }

    @Test(.enabled(if: hasMicroPython, hint))
    func `a long answer on MicroPython may make more garbage than its memory holds`() throws {
        let daemon = try python()
        let script = """
            import gc
            gc.enable()

            def app(environ, start_response):
                gc.collect()
                start_response("200 OK", [])
                def pieces():
                    a, b, c, d, e, f, g, h = [1], [2], [3], [4], [5], [6], [7], [8]
                    kept = {"k%d" % i: [i, str(i)] for i in range(100)}
                    for i in range(5000):
                        garbage = bytearray(20000)
                        assert [a, b, c, d, e, f, g, h] == [[n] for n in range(1, 9)]
                        assert kept["k%d" % (i % 100)] == [i % 100, str(i % 100)]
                        yield b"."
                return pieces()
            """
        #expect(try daemon.deploy("py", script: script, type: "text/x-python").status == 201)
        #expect(try daemon.configure("py", #"{"limits": {"timeoutMs": 120000}}"#).status == 200)
        let answer = try daemon.request("GET", "/f/py")
        #expect(answer.status == 200)
        #expect(answer.body.count == 5000, "\(answer.text.suffix(300))")
    }

    private func checkErrors(_ daemon: RunningDaemon) throws {
        func deploy(_ script: String) throws -> RawHTTPClient.Response {
            try daemon.deploy("py", script: script, type: "text/x-python")
        }
        #expect(try RunningDaemon.json(deploy("a = 1\ndef f(:\n"))["line"] as? Int == 2)
        #expect(try RunningDaemon.json(deploy("a = 1\n\nb = c\n"))["line"] as? Int == 3)
        #expect(try deploy("a = 1\n").text.contains("WSGI application"))
        let script = "def app(environ, start_response):\n    return missing\n"
        #expect(try deploy(script).status == 201)
        let failed = try daemon.request("GET", "/f/py")
        #expect(failed.status == 502)
        #expect(failed.text.contains("/main.py:2: NameError"))
        for (answer, reason) in [("['a']", "text, and not bytes"), ("None", "returned None")] {
            let script = "def app(environ, start):\n    start('200 OK', [])\n    return \(answer)\n"
            #expect(try deploy(script).status == 200)
            #expect(try daemon.request("GET", "/f/py").text.contains(reason))
        }
    }
}
