/// Prometheus's text format, version 0.0.4, read without forgiveness.
///
/// Beyond the grammar it demands what the naming conventions say, and that histograms add up.
public struct PrometheusText {
    /// What is wrong, and in which line.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// One figure.
    public struct Sample: Equatable, Sendable {
        /// The family's name, with the suffix of a histogram's parts.
        public var name: String
        /// The labels in order.
        public var labels: [(name: String, value: String)]
        public var value: Double

        /// The value of a label.
        public subscript(label: String) -> String? { labels.first { $0.name == label }?.value }

        /// Compares all of it.
        public static func == (left: Sample, right: Sample) -> Bool {
            left.name == right.name && left.value == right.value
                && left.labels.elementsEqual(right.labels) { $0 == $1 }
        }
    }

    /// All figures of one name.
    public struct Family: Sendable {
        public let name: String
        public let help: String
        public let type: String
        public fileprivate(set) var samples: [Sample] = []

        /// The names of the labels, without that of buckets.
        public var labelNames: Set<String> {
            Set(samples.flatMap { $0.labels.map(\.name) }).subtracting(["le"])
        }
    }

    /// The families in order.
    public private(set) var families: [Family] = []

    /// The family of a name.
    public subscript(name: String) -> Family? { families.first { $0.name == name } }

    /// The only sample with these labels; nil when there is none.
    public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.flatMap(\.samples).first { sample in
            sample.name == name && sample.labels.count == labels.count
                && sample.labels.allSatisfy { labels[$0.name] == $0.value }
        }?.value
    }

    /// Reads a whole answer.
    public init(parsing text: String) throws(Failure) {
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw Failure(description: "the last line does not end")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        var seen: Set<String> = []
        while let line = lines.popFirst() {
            guard let (name, help) = Self.comment(line, "HELP") else {
                throw Failure(description: "a family does not begin with its help: \(line)")
            }
            guard let next = lines.popFirst(), let (typed, type) = Self.comment(next, "TYPE"),
                typed == name, ["counter", "gauge", "histogram"].contains(type)
            else { throw Failure(description: "the type does not follow the help: \(line)") }
            guard seen.insert(name).inserted else {
                throw Failure(description: "\(name) comes twice")
            }
            var family = Family(name: name, help: help, type: type)
            while let sample = lines.first, !sample.hasPrefix("#") {
                family.samples.append(try Self.sample(sample))
                lines.removeFirst()
            }
            try Self.check(family)
            families.append(family)
        }
    }

    // MARK: - Lines

    private static func comment(_ line: Substring, _ keyword: String) -> (String, String)? {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "#", parts[1] == keyword, isName(parts[2]),
            !parts[3].isEmpty
        else { return nil }
        return (String(parts[2]), String(parts[3]))
    }

    private static func isName(_ text: Substring, mayHaveColon: Bool = true) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { octet in
            (0x30...0x39).contains(octet) || (0x41...0x5a).contains(octet)
                || (0x61...0x7a).contains(octet) || octet == UInt8(ascii: "_")
                || (mayHaveColon && octet == UInt8(ascii: ":"))
        }
    }

    private static func sample(_ line: Substring) throws(Failure) -> Sample {
        let name = line.prefix { $0 != "{" && $0 != " " }
        guard isName(name) else { throw Failure(description: "no name: \(line)") }
        var rest = line[name.endIndex...]
        var labels: [(name: String, value: String)] = []
        if rest.first == "{" {
            rest.removeFirst()
            repeat {
                labels.append(try label(&rest))
            } while take(",", &rest)
            guard take("}", &rest) else { throw Failure(description: "no brace: \(line)") }
            guard Set(labels.map(\.name)).count == labels.count else {
                throw Failure(description: "a label comes twice: \(line)")
            }
        }
        guard take(" ", &rest), let value = number(rest) else {
            throw Failure(description: "no value: \(line)")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private static func take(_ character: Character, _ rest: inout Substring) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    private static func label(
        _ rest: inout Substring
    ) throws(Failure) -> (name: String, value: String) {
        let name = rest.prefix { $0 != "=" }
        rest = rest[name.endIndex...]
        guard isName(name, mayHaveColon: false), !name.hasPrefix("__"), take("=", &rest),
            take("\"", &rest)
        else { throw Failure(description: "no label: \(rest)") }
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return (String(name), value)
            case "\\":
                switch rest.popFirst() {
                case "\\": value.append("\\")
                case "\"": value.append("\"")
                case "n": value.append("\n")
                default: throw Failure(description: "a wrong escape in \(name)")
                }
            default: value.append(character)
            }
        }
        throw Failure(description: "the value of \(name) does not end")
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default:
            // Nothing but digits, signs, a point and an exponent: Swift would also read "inf" and "0x1p3".
            text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) } ? Double(text) : nil
        }
    }

    // MARK: - Families

    private static func check(_ family: Family) throws(Failure) {
        let name = family.name
        guard (family.type == "counter") == name.hasSuffix("_total") else {
            throw Failure(description: "\(name) is a \(family.type)")
        }
        var seen: Set<String> = []
        for sample in family.samples {
            let labels = sample.labels.map { "\($0.name)=\($0.value)" }.sorted()
            guard seen.insert(sample.name + labels.joined(separator: "\0")).inserted else {
                throw Failure(description: "\(sample.name) comes twice with \(labels)")
            }
            guard family.type != "counter" || sample.value >= 0 else {
                throw Failure(description: "\(name) is negative")
            }
        }
        guard family.type == "histogram" else {
            guard family.samples.allSatisfy({ $0.name == name && $0["le"] == nil }) else {
                throw Failure(description: "\(name) has samples of another name")
            }
            return
        }
        try checkHistograms(family)
    }

    private static func checkHistograms(_ family: Family) throws(Failure) {
        let name = family.name
        guard name.hasSuffix("_seconds") || name.hasSuffix("_bytes") else {
            throw Failure(description: "\(name) has no unit")
        }
        var rest = family.samples[...]
        while let first = rest.first {
            let labels = first.labels.filter { $0.name != "le" }
            let buckets = rest.prefix { $0.name == "\(name)_bucket" }
            rest = rest.dropFirst(buckets.count)
            var (limit, count) = (-Double.infinity, 0.0)
            for bucket in buckets {
                guard let next = bucket["le"].flatMap({ number($0[...]) }), next > limit,
                    bucket.value >= count,
                    bucket.labels.filter({ $0.name != "le" }).elementsEqual(labels, by: ==)
                else { throw Failure(description: "the buckets of \(name) are out of order") }
                (limit, count) = (next, bucket.value)
            }
            guard limit == .infinity, let sum = rest.popFirst(), sum.name == "\(name)_sum",
                let total = rest.popFirst(), total.name == "\(name)_count", total.value == count,
                sum.value >= 0,
                [sum, total].allSatisfy({ $0.labels.elementsEqual(labels, by: ==) })
            else { throw Failure(description: "\(name) does not add up") }
        }
    }
}
