import FoundationEssentials

/// A JSON document of any shape.
///
/// Integers keep all their digits; other numbers are doubles.
package enum JSONValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Parses a document; `allowsJSON5` admits comments, trailing commas and bare keys.
    init(parsing bytes: some Sequence<UInt8>, allowsJSON5: Bool = false) throws(JSONError) {
        self = try JSONParser.parse(bytes, allowsJSON5: allowsJSON5)
    }

    /// The document on one line, members sorted by name.
    func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only a number that is not finite cannot be encoded, and none is ever made or parsed.
        guard let data = try? encoder.encode(self) else { return Array("null".utf8) }
        return Array(data)
    }

    /// Whether this is `true`, `1` or the like is never guessed: only a JSON string is one.
    var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// A number, whole or not.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var members: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// A member of an object; nil for anything else.
    package subscript(key: String) -> JSONValue? { members?[key] }

    /// The document changed by a merge patch (RFC 7396): members replace, null removes.
    func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = members ?? [:]
        for (key, change) in changes {
            result[key] = change == .null ? nil : (result[key] ?? .null).merging(change)
        }
        return .object(result)
    }
}

extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let values = try? container.decode([JSONValue].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }

    package init(integerLiteral value: Int64) { self = .integer(value) }

    package init(booleanLiteral value: Bool) { self = .boolean(value) }

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { $1 })
    }

    init(_ value: Int) { self = .integer(Int64(value)) }

    init(_ value: String) { self = .string(value) }

    init(_ value: Bool) { self = .boolean(value) }

    /// Null when there is none.
    init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }

    /// Null when there is none.
    init(_ value: Int?) { self = value.map(JSONValue.init) ?? .null }
}
