import Platform
import Testing

@testable import Daemon

struct JSONValueTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: text.utf8) }

    // RFC 7396, appendix A.
    @Test(
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"a":1,"e":null}"#),
            (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ]
    )
    func `a merge patch replaces members and removes those that are null`(
        document: String,
        patch: String,
        result: String
    ) throws {
        #expect(try parse(document).merging(parse(patch)) == parse(result))
    }

    @Test func `integers keep all their digits`() throws {
        #expect(try parse("[9223372036854775807]") == .array([.integer(.max)]))
        let encoded = JSONValue.integer(.max).encoded()
        #expect(String(decoding: encoded, as: UTF8.self) == "9223372036854775807")
    }

    @Test(arguments: ["", "{", "{\"a\":}", "nul", "[1 2]", String(repeating: "[", count: 100_000)])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }
}

struct FunctionConfigurationJSONTests {
    private func configuration(_ text: String) throws -> FunctionConfiguration {
        try FunctionConfiguration(json: try JSONValue(parsing: text.utf8))
    }

    @Test func `an empty document is the default configuration`() throws {
        #expect(try configuration("{}") == FunctionConfiguration())
    }

    @Test func `a configuration survives its own JSON`() throws {
        let text = """
            {"env":{"B":"2","A":"1"},"limits":{"memoryBytes":65536,"fuel":5,"timeoutMs":7,
            "requestBytes":1,"outputBytes":2,"logBytes":3},"pool":{"min":2,"max":3,"idleMs":4},
            "concurrency":5,"queue":6,"reuse":7,"snapshot":false,
            "routes":[{"path":"/x","host":"example.org"}],"debug":true}
            """
        let read = try configuration(text)
        #expect(read.environment.map(\.name) == ["A", "B"])
        #expect(try FunctionConfiguration(json: read.json) == read)
    }

    @Test(
        arguments: [
            (#"{"limit":{}}"#, "limit"), (#"{"limits":{"timeoutms":1}}"#, "limits.timeoutms"),
            (#"{"limits":{"timeoutMs":"1"}}"#, "limits.timeoutMs"),
            (#"{"limits":{"timeoutMs":1.5}}"#, "limits.timeoutMs"),
            (#"{"limits":{"timeoutMs":0}}"#, "limits.timeoutMs"),
            (#"{"limits":[]}"#, "limits"), (#"{"env":{"A":1}}"#, "env.A"),
            (#"{"debug":1}"#, "debug"), (#"{"routes":[{"host":"a"}]}"#, "routes[0].path"),
            (#"{"routes":[{"path":"/","x":1}]}"#, "routes[0].x"), (#"[]"#, "the document"),
        ]
    )
    func `a wrong key or value is refused with its name`(text: String, key: String) {
        #expect {
            try configuration(text)
        } throws: { error in
            (error as? ConfigurationError)?.key == key
        }
    }
}
