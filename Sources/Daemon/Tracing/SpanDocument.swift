import Platform
import Store

/// Spans in the JSON encoding of OTLP: `ExportTraceServiceRequest` of OpenTelemetry's protocol, version 1.
///
/// An invocation makes a span of kind SERVER, and one within it for each phase that it came to. Names of
/// attributes are those of OpenTelemetry's semantic conventions for HTTP and FaaS; others begin with `roost.`.
struct SpanDocument {
    /// What the spans come from.
    struct Resource: Sendable {
        let instance: String
        let host: String
        let process: Int
    }

    private var json = JSONText()

    /// Writes a document of the spans of invocations.
    static func encode(_ spans: [InvocationSpan], _ resource: Resource) -> [UInt8] {
        var document = SpanDocument()
        document.json.object { json in
            json.key("resourceSpans")
            json.array { json in
                json.object { json in
                    json.key("resource")
                    json.object { write(resource, to: &$0) }
                    json.key("scopeSpans")
                    json.array { json in
                        json.object { json in
                            json.key("scope")
                            json.object { json in
                                json.member("name", "roost")
                                json.member("version", ProgramVersion.text)
                            }
                            json.key("spans")
                            json.array { json in
                                for span in spans { write(span, to: &json) }
                            }
                        }
                    }
                }
            }
        }
        return document.json.bytes
    }

    private static func write(_ resource: Resource, to json: inout JSONText) {
        var attributes = SpanAttributes()
        attributes.add("service.name", "roost")
        attributes.add("service.version", ProgramVersion.text)
        attributes.add("service.instance.id", resource.instance)
        attributes.add("host.name", resource.host)
        attributes.add("process.pid", resource.process)
        attributes.add("telemetry.sdk.name", "roost")
        attributes.add("telemetry.sdk.language", "swift")
        attributes.add("telemetry.sdk.version", ProgramVersion.text)
        attributes.write(to: &json)
    }

    // MARK: - One invocation

    /// The numbers of `SpanKind` and `StatusCode`.
    private static let (internalKind, serverKind, errorCode) = (1, 2, 2)

    private static func write(_ span: InvocationSpan, to json: inout JSONText) {
        let record = span.record
        let began = record.startedAt.microseconds
        json.object { json in
            writeHead(
                span,
                id: span.context.span,
                parent: span.context.parent,
                name: "\(record.method) \(route(of: span))",
                kind: serverKind,
                from: began,
                lasting: record.totalMicroseconds,
                to: &json
            )
            attributes(of: span).write(to: &json)
            guard let error = error(of: record) else { return }
            json.key("status")
            json.object { json in
                json.member("code", errorCode)
                json.member("message", error.message)
            }
            guard record.outcome != .ok else { return }
            json.key("events")
            json.array { json in
                json.object { json in
                    json.member("name", "exception")
                    json.member(
                        "timeUnixNano",
                        nanoseconds(began + record.totalMicroseconds)
                    )
                    exception(of: record, error).write(to: &json)
                }
            }
        }
        var phases = [("queue", record.queueMicroseconds)]
        if record.start != nil {
            phases += [("start", record.startMicroseconds), ("guest", record.guestMicroseconds)]
        }
        var moment = began
        for (name, duration) in phases {
            json.object { json in
                writeHead(
                    span,
                    id: .random(in: 1 ... .max),
                    parent: span.context.span,
                    name: name,
                    kind: internalKind,
                    from: moment,
                    lasting: duration,
                    to: &json
                )
            }
            moment += duration
        }
    }

    private static func writeHead(
        _ span: InvocationSpan,
        id: UInt64,
        parent: UInt64?,
        name: String,
        kind: Int,
        from began: Int64,
        lasting duration: Int64,
        to json: inout JSONText
    ) {
        json.member("traceId", span.context.traceIdentifier)
        json.member("spanId", TraceContext.digits(of: id))
        if let state = span.state { json.member("traceState", state) }
        if let parent { json.member("parentSpanId", TraceContext.digits(of: parent)) }
        // Bit 0: sampled; bit 8: it is known whether the parent is remote; bit 9: it is.
        let isRemote = kind == serverKind && span.hasRemoteParent
        json.member("flags", isRemote ? 0x301 : 0x101)
        json.member("name", name)
        json.member("kind", kind)
        json.member("startTimeUnixNano", nanoseconds(began))
        json.member("endTimeUnixNano", nanoseconds(began + duration))
    }

    /// 64-bit numbers are strings in this encoding.
    private static func nanoseconds(_ microseconds: Int64) -> String { "\(microseconds)000" }

    /// The function's path, or the path of its own that it was called by.
    private static func route(of span: InvocationSpan) -> String {
        span.route == "/f/*" ? "/f/\(span.record.function)" : span.route
    }

    private static func attributes(of span: InvocationSpan) -> SpanAttributes {
        let record = span.record
        var attributes = SpanAttributes()
        attributes.add("http.request.method", record.method)
        attributes.add("url.path", record.path)
        attributes.add("url.scheme", span.scheme)
        attributes.add("http.route", route(of: span))
        if record.status != 0 { attributes.add("http.response.status_code", record.status) }
        attributes.add("http.request.body.size", record.bytesIn)
        attributes.add("http.response.body.size", record.bytesOut)
        if !span.clientAddress.isEmpty { attributes.add("client.address", span.clientAddress) }
        attributes.add("faas.name", record.function)
        attributes.add("faas.version", String(record.version))
        attributes.add("faas.invocation_id", record.id)
        attributes.add("faas.trigger", record.trigger == .http ? "http" : "other")
        if let start = record.start {
            attributes.add("faas.coldstart", start != .pooled)
            attributes.add("roost.start", start.rawValue)
        }
        if let alias = record.alias { attributes.add("roost.alias", alias) }
        attributes.add("roost.outcome", record.outcome.rawValue)
        attributes.add("roost.fuel", record.fuel)
        attributes.add("roost.memory.peak", record.memoryPeakBytes)
        if let error = error(of: record) { attributes.add("error.type", error.type) }
        return attributes
    }

    /// Why a span has the status ERROR; nil when it has not: a client that went away is no failure of the function.
    private static func error(of record: InvocationRecord) -> (type: String, message: String)? {
        switch record.outcome {
        case .canceled:
            nil
        case .ok:
            record.status >= 500
                ? (String(record.status), "the function answered \(record.status)") : nil
        default:
            (record.outcome.rawValue, record.error ?? record.outcome.rawValue)
        }
    }

    private static func exception(
        of record: InvocationRecord,
        _ error: (type: String, message: String)
    ) -> SpanAttributes {
        var attributes = SpanAttributes()
        let trap = record.trapReport.flatMap { try? JSONValue(parsing: $0.utf8) }
        attributes.add("exception.type", trap?["kind"]?.string ?? error.type)
        attributes.add("exception.message", error.message)
        if let trap {
            let stack = BacktraceText.lines(of: trap).joined(separator: "\n")
            attributes.add("exception.stacktrace", stack)
        }
        return attributes
    }
}

/// Attributes in the JSON encoding of OTLP: a list of keys with typed values.
struct SpanAttributes {
    private enum Value {
        case string(String)
        case integer(Int64)
        case boolean(Bool)
    }

    private var list: [(key: String, value: Value)] = []

    mutating func add(_ key: String, _ value: String) { list.append((key, .string(value))) }

    mutating func add(_ key: String, _ value: some BinaryInteger) {
        list.append((key, .integer(Int64(clamping: value))))
    }

    mutating func add(_ key: String, _ value: Bool) { list.append((key, .boolean(value))) }

    /// Writes the member `attributes`.
    func write(to json: inout JSONText) {
        json.key("attributes")
        json.array { json in
            for (key, value) in list {
                json.object { json in
                    json.member("key", key)
                    json.key("value")
                    json.object { json in
                        switch value {
                        case .string(let text): json.member("stringValue", text)
                        case .integer(let number): json.member("intValue", String(number))
                        case .boolean(let flag):
                            json.key("boolValue")
                            json.boolean(flag)
                        }
                    }
                }
            }
        }
    }
}
