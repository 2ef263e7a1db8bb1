import Daemon
import Foundation

/// Checks JSON documents against schemas, as far as our description of the API uses them.
///
/// More strictly than they say: what is described at all must be described wholly.
struct JSONSchema {
    /// The document that schemas are part of, which `$ref` refers to.
    let root: JSONValue

    /// What a JSON pointer such as `#/components/schemas/Name` points to.
    func resolve(_ reference: String) -> JSONValue? {
        reference.split(separator: "/").dropFirst().reduce(root) { $0?[String($1)] }
    }

    /// The places at which a value is not as a schema wants it, and why; none when it is.
    func violations(
        of value: JSONValue,
        _ schema: JSONValue,
        at place: String = "$"
    ) -> [String] {
        if let reference = schema["$ref"]?.text {
            guard let target = resolve(reference) else { return ["\(place): no \(reference)"] }
            return violations(of: value, target, at: place)
        }
        if let choices = schema["anyOf"]?.elements {
            let all = choices.map { violations(of: value, $0, at: place) }
            return all.contains(where: \.isEmpty) ? [] : all.min { $0.count < $1.count } ?? []
        }
        if let type = schema["type"], !Self.isOf(type, value) {
            return ["\(place): \(value) is not of type \(type)"]
        }
        var found: [String] = []
        if let choices = schema["enum"]?.elements, !choices.contains(value) {
            found.append("\(place): \(value) is none of the choices")
        }
        if let constant = schema["const"], constant != value {
            found.append("\(place): \(value) is not \(constant)")
        }
        if let pattern = schema["pattern"]?.text, let text = value.text,
            text.range(of: pattern, options: .regularExpression) == nil
        {
            found.append("\(place): '\(text)' does not match \(pattern)")
        }
        if let number = value.double {
            if let least = schema["minimum"]?.double, number < least {
                found.append("\(place): \(number) is less than \(least)")
            }
            if let most = schema["maximum"]?.double, number > most {
                found.append("\(place): \(number) is more than \(most)")
            }
        }
        if let elements = value.elements, let schema = schema["items"] {
            for (index, element) in elements.enumerated() {
                found += violations(of: element, schema, at: "\(place)[\(index)]")
            }
        }
        return found + memberViolations(of: value, schema, place)
    }

    private func memberViolations(
        of value: JSONValue,
        _ schema: JSONValue,
        _ place: String
    ) -> [String] {
        guard case .object(let members) = value else { return [] }
        var found: [String] = []
        for case .string(let name) in schema["required"]?.elements ?? [] where members[name] == nil
        {
            found.append("\(place): has no '\(name)'")
        }
        for (name, member) in members {
            let described = schema["properties"]?[name] ?? schema["additionalProperties"]
            if let described, case .object = described {
                found += violations(of: member, described, at: "\(place).\(name)")
            } else if described == nil, schema["properties"] != nil {
                found.append("\(place): '\(name)' is not described")
            }
        }
        return found
    }

    private static func isOf(_ types: JSONValue, _ value: JSONValue) -> Bool {
        (types.elements ?? [types]).contains { type in
            switch (type.text, value) {
            case ("null", .null), ("boolean", .boolean), ("integer", .integer),
                ("number", .integer), ("number", .number), ("string", .string), ("array", .array),
                ("object", .object):
                true
            default: false
            }
        }
    }
}

extension JSONValue {
    /// Reads a document.
    static func read(_ bytes: [UInt8]) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}
