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

    @Test(arguments: [
        ("", "expected a value and found the end, at line 1, column 1"),
        ("{\"a\": 1\n \"b\": 2}", "expected ',' or '}' and found '\"', at line 2, column 2"),
        ("{\"é\": }", "expected a value and found '}', at line 1, column 7"),
        ("{\"a\": \"x\n\"}", "a string does not end on its line, at line 1, column 7"),
        ("{\"a\":1,\n\"b\":2,\n\"a\":3}", "the name 'a' is given twice, at line 3, column 1"),
        ("{\"a\":1} x", "expected the end and found 'x', at line 1, column 9"),
        ("[1,]", "expected a value and found ']', at line 1, column 4"),
        ("[01]", "a number begins with 0, at line 1, column 2"),
        ("[1e999]", "the number is too large, at line 1, column 2"),
        (#"["\ud800"]"#, "half of a surrogate pair, at line 1, column 3"),
        (#"["\x41"]"#, "no such escape, at line 1, column 3"),
        ("{a: 1}", "expected a name in quotes and found 'a', at line 1, column 2"),
        ("// c\n1", "expected a value and found '/', at line 1, column 1"),
        ("truely", "expected the end of 'true' and found 'l', at line 1, column 5"),
    ])
    func `an error says what and where`(text: String, reason: String) throws {
        #expect {
            try parse(text)
        } throws: {
            "\($0)" == "the document is not JSON: \(reason)"
        }
    }

    @Test func `what is wrong in bytes is told too`() throws {
        #expect { try JSONValue(parsing: [0x22, 0xff, 0x22]) } throws: { "\($0)".contains("UTF-8") }
        #expect { try JSONValue(parsing: [0x22, 0x01, 0x22]) } throws: { "\($0)".contains("0x1") }
    }

    @Test(arguments: [
        (
            #"[0, -0, 1.0, -1.5, 1e2, 12e-1, 1e-3]"#,
            #"[0,0,1,-1.5,100,1.2,0.001]"#
        ),
        (#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, #""\"\\/\b\f\n\r\té😀""#),
        (" \n\t{ } ", "{}"), ("\u{feff}[]", "[]"),
        (
            #"{"":{"a":[true,false,null]}}"#,
            #"{"":{"a":[true,false,null]}}"#
        ),
    ])
    func `documents are read as they are meant`(text: String, encoded: String) throws {
        #expect(String(decoding: try parse(text).encoded(), as: UTF8.self) == encoded)
    }

    @Test func `what people write is read where that is allowed`() throws {
        let text = """
            // A comment
            { name: 'a "b"', /* another */ "hex": 0x1F, plus: +1, point: .5, whole: 5.,
              $x_é: "line \\
            goes on", list: [1, 2,], }
            """
        let value = try JSONValue(parsing: text.utf8, allowsJSON5: true)
        let expected = #"""
            {"name":"a \"b\"","hex":31,"plus":1,"point":0.5,"whole":5,"$x_é":"line goes on","list":[1,2]}
            """#
        #expect(value == (try parse(expected)))
        for wrong in ["{a b: 1}", "{a: 0x}", "[,]", "{,}", "/* x", "{1a: 2}", "[NaN]", "'x"] {
            #expect(throws: JSONError.self) {
                try JSONValue(parsing: wrong.utf8, allowsJSON5: true)
            }
        }
    }

    @Test func `nesting has a limit`() throws {
        let depth = JSONParser.depthMax
        let deep = { (count: Int) in
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        _ = try parse(deep(depth))
        #expect { try parse(deep(depth + 1)) } throws: {
            "\($0)".contains("more than \(depth) deep")
        }
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
