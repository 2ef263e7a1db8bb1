import Linux

/// Writes figures in Prometheus's text format, version 0.0.4.
///
/// Each family is written once, with its help, its type and all of its samples.
struct MetricsText {
    /// The types of families.
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    /// Labels as they stand between braces.
    struct Labels {
        fileprivate(set) var octets: [UInt8] = []

        /// Writes labels down; the values may be any text.
        init(_ labels: (name: StaticString, value: String)...) {
            for (name, value) in labels {
                if !octets.isEmpty { octets.append(UInt8(ascii: ",")) }
                octets += "\(name)=\"".utf8
                for byte in value.utf8 {
                    switch byte {
                    case UInt8(ascii: "\\"): octets += #"\\"#.utf8
                    case UInt8(ascii: "\""): octets += #"\""#.utf8
                    case UInt8(ascii: "\n"): octets += #"\n"#.utf8
                    default: octets.append(byte)
                    }
                }
                octets.append(UInt8(ascii: "\""))
            }
        }
    }

    /// What was written so far.
    private(set) var octets: [UInt8] = []
    private var name = ""

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        let help = help.replacing("\\", with: #"\\"#).replacing("\n", with: #"\n"#)
        octets += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8
    }

    /// Writes a family of one sample without labels.
    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        family(name, .gauge, help)
        append("", [], value)
    }

    /// Writes a family of one sample without labels.
    mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        gauge(name, help, Double(value))
    }

    /// Writes a family of one sample without labels; the name ends in `_total`.
    mutating func counter(_ name: String, _ help: String, _ value: Double) {
        family(name, .counter, help)
        append("", [], value)
    }

    /// Writes a family of one sample without labels; the name ends in `_total`.
    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        counter(name, help, Double(value))
    }

    /// Writes a sample of the family begun last.
    mutating func sample(_ labels: Labels, _ value: Double) {
        append("", labels.octets, value)
    }

    /// Writes a sample of the family begun last.
    mutating func sample(_ labels: Labels, _ value: Int) {
        sample(labels, Double(value))
    }

    /// Writes a histogram of the family begun last, in seconds.
    mutating func histogram(_ labels: Labels, _ histogram: DurationHistogram.Snapshot) {
        var count: UInt64 = 0
        for (bucket, limit) in zip(histogram.counts, Self.limits) {
            count += bucket
            var octets = labels.octets
            if !octets.isEmpty { octets.append(UInt8(ascii: ",")) }
            append("_bucket", octets + limit, Double(count))
        }
        append("_sum", labels.octets, Double(histogram.sumNanoseconds) / 1e9)
        append("_count", labels.octets, Double(count))
    }

    private mutating func append(_ suffix: String, _ labels: [UInt8], _ value: Double) {
        octets += name.utf8
        octets += suffix.utf8
        if !labels.isEmpty {
            octets.append(UInt8(ascii: "{"))
            octets += labels
            octets.append(UInt8(ascii: "}"))
        }
        octets.append(UInt8(ascii: " "))
        octets += Self.text(value).utf8
        octets.append(UInt8(ascii: "\n"))
    }

    /// The label of each bucket of a histogram.
    private static let limits: [[UInt8]] =
        DurationHistogram.bounds.map { Array("le=\"\(text(Double($0) / 1e9))\"".utf8) }
        + [Array("le=\"+Inf\"".utf8)]

    /// Integers have no point.
    private static func text(_ value: Double) -> String {
        if let integer = Int64(exactly: value) { return String(integer) }
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : String(value)
    }
}
