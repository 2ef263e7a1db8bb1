import Foundation
import Platform

/// Where the spans of invocations are sent, and which.
struct TracingConfiguration: Equatable, Sendable {
    /// A field of the requests to the collector; its value may be a secret.
    struct Header: Equatable, Sendable, CustomStringConvertible {
        let name: String
        let value: String

        /// The name without the value.
        var description: String { "\(name): …" }
    }

    /// Where a collector takes OTLP over HTTP, in JSON.
    var endpoint: URL
    /// The share of new traces that are exported.
    var sampleRatio = 1.0
    /// Fields added to each request.
    var headers: [Header] = []
    /// The most invocations whose spans wait; more are dropped and counted.
    var queueMax = 8_192
    /// The most invocations whose spans are sent in one request.
    var batchMax = 512
    /// How long the first of a batch waits for others.
    var batchMilliseconds = 1_000
    /// How long a request may take.
    var timeoutMilliseconds = 10_000
    /// The longest time before the second attempt, which doubles with each further one.
    var retryMilliseconds = 1_000
    /// How often a batch is sent before it is given up.
    var attemptsMax = 5
    /// How long the spans that wait may take when the daemon stops.
    var flushMilliseconds = 5_000

    /// Reads the object `tracing` of a configuration file.
    init(_ reader: inout ObjectReader) throws(ConfigurationError) {
        let key = reader.key("endpoint")
        guard let text = try reader.string("endpoint") else {
            throw ConfigurationError(key: key, reason: "is missing")
        }
        guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https",
            url.host(percentEncoded: false)?.isEmpty == false
        else {
            throw ConfigurationError(
                key: key,
                reason: "is '\(text)' when it should be an http or https URL"
            )
        }
        endpoint = url
        try reader.share("sampleRatio", &sampleRatio)
        let headersKey = reader.key("headers")
        headers = try reader.strings("headers").sorted { $0.key < $1.key }
            .map { Header(name: $0.key, value: $0.value) }
        for header in headers where !header.isValid {
            throw ConfigurationError(
                key: "\(headersKey).\(header.name)",
                reason: "is not a header field: a token for its name, no control characters in "
                    + "its value"
            )
        }
        try Self.read("queueMax", 1...1_000_000, &queueMax, &reader)
        try Self.read("batchMax", 1...10_000, &batchMax, &reader)
        try Self.read("batchMs", 0...60_000, &batchMilliseconds, &reader)
        try Self.read("timeoutMs", 1...600_000, &timeoutMilliseconds, &reader)
        try Self.read("retryMs", 1...60_000, &retryMilliseconds, &reader)
        try Self.read("attemptsMax", 1...100, &attemptsMax, &reader)
        try Self.read("flushMs", 0...600_000, &flushMilliseconds, &reader)
    }

    private static func read(
        _ name: String,
        _ range: ClosedRange<Int>,
        _ value: inout Int,
        _ reader: inout ObjectReader
    ) throws(ConfigurationError) {
        try reader.integer(name, &value)
        guard !range.contains(value) else { return }
        throw ConfigurationError(
            key: reader.key(name),
            reason: "is \(value) when it should be \(range.lowerBound) to \(range.upperBound)"
        )
    }
}

extension TracingConfiguration.Header {
    /// Whether it can be sent. RFC 9110 §5.1, §5.5
    fileprivate var isValid: Bool {
        let isToken = name.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
            }
        }
        return isToken && !name.isEmpty && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }
}
