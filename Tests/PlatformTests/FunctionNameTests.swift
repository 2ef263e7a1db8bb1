import Platform
import Testing

struct FunctionNameTests {
    @Test(arguments: ["a", "0", "a-b", "a--b", "hello-2", String(repeating: "x", count: 63)])
    func `a name within the rule is accepted`(name: String) {
        #expect(FunctionName(name)?.description == name)
    }

    @Test(
        arguments: [
            "", "-", "-a", "a-", "A", "a_b", "a.b", "a/b", "..", "a b", "ä", "a\u{0}",
            String(repeating: "x", count: 64),
        ]
    )
    func `a name outside the rule is refused`(name: String) {
        #expect(FunctionName(name) == nil)
    }
}

struct FunctionConfigurationTests {
    @Test func `the default configuration is valid`() throws {
        try FunctionConfiguration().validate()
    }

    private func check(
        _ key: String,
        _ change: (inout FunctionConfiguration) -> Void
    ) {
        var configuration = FunctionConfiguration()
        change(&configuration)
        #expect {
            try configuration.validate()
        } throws: { error in
            (error as? ConfigurationError)?.key == key
        }
    }

    @Test func `a value outside its range is refused with its key`() {
        check("limits.memoryBytes") { $0.limits.memoryBytes = 65_535 }
        check("limits.memoryBytes") { $0.limits.memoryBytes = (1 << 30) + 1 }
        check("limits.fuel") { $0.limits.fuel = 0 }
        check("limits.timeoutMs") { $0.limits.timeoutMilliseconds = 0 }
        check("limits.requestBytes") { $0.limits.requestBytes = -1 }
        check("limits.outputBytes") { $0.limits.outputBytes = (16 << 30) + 1 }
        check("limits.logBytes") { $0.limits.logBytes = (1 << 20) + 1 }
        check("pool.min") { $0.pool.minimum = 65 }
        check("pool.max") { $0.pool.maximum = 0 }
        check("concurrency") { $0.concurrency = 0 }
        check("queue") { $0.queue = -1 }
        check("reuse") { $0.reuse = 0 }
        check("env.A=B") { $0.environment = [.init(name: "A=B", value: "")] }
        check("env.A") { $0.environment = [.init(name: "A", value: "\0")] }
        check("routes[0].path") { $0.routes = [.init(path: "a")] }
        check("routes[0].path") { $0.routes = [.init(path: "/v1/functions")] }
        check("routes[0].path") { $0.routes = [.init(path: "/f")] }
        check("routes[0].host") { $0.routes = [.init(path: "/", host: "Example.org")] }
    }

    @Test func `a path that only begins like a reserved one is allowed`() throws {
        var configuration = FunctionConfiguration()
        configuration.routes = [.init(path: "/face"), .init(path: "/v1beta")]
        try configuration.validate()
    }
}
