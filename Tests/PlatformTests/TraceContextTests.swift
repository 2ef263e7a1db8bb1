import HTTP
import Testing

@testable import Platform

struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"
    private static let valid = "00-\(trace)-\(span)-01"

    private func make(_ fields: (String, String)...) -> TraceContext? {
        var all = Fields()
        for (name, value) in fields { all.append(name, value) }
        return TraceContext(all, span: 0x11)
    }

    // MARK: - traceparent

    @Test(arguments: [
        (valid, true), ("00-\(trace)-\(span)-00", false), ("00-\(trace)-\(span)-03", true),
        ("00-\(trace)-\(span)-ff", true), ("00-\(trace)-\(span)-fe", false),
        // Later versions may append to what they have in common with this one.
        ("01-\(trace)-\(span)-01", true), ("cc-\(trace)-\(span)-01-what-the-future-brings", true),
        ("cc-\(trace)-\(span)-01-", true), ("fe-\(trace)-\(span)-00", false),
    ])
    func `a trace is continued as its flags say`(value: String, isSampled: Bool) throws {
        let context = try #require(make(("traceparent", value)))
        #expect(context.traceIdentifier == Self.trace)
        #expect(context.parent.map(TraceContext.digits) == Self.span)
        #expect(context.isSampled == isSampled)
        let flags = isSampled ? "01" : "00"
        #expect(context.parentForCallees == "00-\(Self.trace)-0000000000000011-\(flags)")
    }

    @Test(arguments: [
        "", "00", "\(valid)-", "\(valid)-more", "\(valid) ", " \(valid)", "\(valid)0",
        "ff-\(trace)-\(span)-01", "0-\(trace)-\(span)-01", "000-\(trace)-\(span)-01",
        "0g-\(trace)-\(span)-01", "01-\(trace)-\(span)-01.", "01-\(trace)-\(span)-010",
        "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01",
        "00-\(trace.dropLast())-\(span)-01", "00-\(trace)0-\(span)-01",
        "00-\(trace)-\(span.dropLast())-01", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-0A",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00_\(trace)_\(span)_01", "00-\(trace)-\(span)-0é", "é-\(trace)-\(span)-01",
    ])
    func `a traceparent that is not as it should be begins no trace`(value: String) {
        #expect(TraceContext.parse(Array(value.utf8)[...]) == nil)
    }

    @Test func `every beginning of a traceparent is refused`() {
        let value = Array("\(Self.valid)".utf8)
        for count in 0..<value.count { #expect(TraceContext.parse(value.prefix(count)) == nil) }
        // A slice does not begin at zero.
        #expect(TraceContext.parse(([0x20] + value)[1...]) != nil)
    }

    @Test func `of two traceparents neither is believed`() {
        #expect(make(("traceparent", Self.valid), ("TraceParent", Self.valid)) == nil)
        #expect(make(("tracestate", "a=b")) == nil)
    }

    // MARK: - tracestate

    @Test(arguments: [
        (["a=b"], "a=b"), (["a=b,c=d"], "a=b,c=d"), (["a=b", "c=d"], "a=b,c=d"),
        ([" a=b ,\t, c=d\t", ""], "a=b,c=d"), (["rojo=00f067aa0ba902b7"], "rojo=00f067aa0ba902b7"),
        (["0tenant@system=x"], "0tenant@system=x"), (["a_-*/1=!~ x"], "a_-*/1=!~ x"),
        (["a=\(String(repeating: "v", count: 256))"], "a=\(String(repeating: "v", count: 256))"),
        (
            ["\(String(repeating: "k", count: 256))=v"], "\(String(repeating: "k", count: 256))=v"
        ),
    ])
    func `a tracestate is passed on`(lines: [String], list: String) throws {
        var fields: Fields = ["traceparent": Self.valid]
        for line in lines { fields.append("tracestate", line) }
        let context = try #require(TraceContext(fields, span: 1))
        #expect(context.state == list)
        #expect(context.child().state == list)
    }

    @Test(arguments: [
        "", ",", "a", "a=", "=b", "A=b", "1=b", "a=b,a=c", "a@b@c=d", "@a=b", "a@=b", "a@1=b",
        "a b=c", "a=b=c", "a=b,c", "a=\(String(repeating: "v", count: 257))",
        "\(String(repeating: "k", count: 257))=v", "\(String(repeating: "k", count: 242))@s=v",
        "t@\(String(repeating: "s", count: 15))=v",
        (0..<33).map { "k\($0)=v" }.joined(separator: ","),
    ])
    func `a tracestate that is not as it should be is dropped, the trace is not`(
        value: String
    ) throws {
        let context = try #require(make(("traceparent", Self.valid), ("tracestate", value)))
        #expect(context.state == nil)
        #expect(context.traceIdentifier == Self.trace)
    }

    // MARK: - New traces

    @Test func `a request without a trace begins one, sampled by its ratio`() {
        for (ratio, range) in [(0.0, 0...0), (0.25, 700...1_300), (1.0, 4_000...4_000)] {
            var source = TraceSource(sampleRatio: ratio)
            let contexts = (0..<4_000).map { _ in source.context(of: Fields()) }
            #expect(range.contains(contexts.count { $0.isSampled }), "\(ratio)")
            #expect(contexts.allSatisfy { $0.parent == nil && $0.span != 0 })
            #expect(Set(contexts.map(\.traceIdentifier)).count == contexts.count)
            #expect(Set(contexts.map(\.span)).count == contexts.count)
        }
    }

    @Test func `the caller's word on sampling counts, whatever the ratio`() {
        for ratio in [0.0, 1.0] {
            var source = TraceSource(sampleRatio: ratio)
            for (flags, isSampled) in [("01", true), ("00", false)] {
                let fields: Fields = ["traceparent": "00-\(Self.trace)-\(Self.span)-\(flags)"]
                #expect(source.context(of: fields).isSampled == isSampled)
            }
        }
    }

    @Test func `a callee's span has the caller's for its parent`() {
        let parent = TraceContext()
        let child = parent.child()
        #expect(child.traceIdentifier == parent.traceIdentifier)
        #expect(child.parent == parent.span && child.span != parent.span)
    }
}
