import HTTP
import Store

/// How the answer to a query is written.
enum QueryFormat: CaseIterable {
    /// One document.
    case json
    /// An object for each row, on a line of its own.
    case ndjson
    /// As RFC 4180, with a line of names first.
    case csv

    /// The first of the media types in an `Accept` field that there is; `json` without a field.
    init(accept: String?) throws(Problem) {
        guard let accept else {
            self = .json
            return
        }
        for part in accept.split(separator: ",") {
            let type = part.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
            if type == "*/*" || type == "application/*" {
                self = .json
                return
            }
            let found = Self.allCases.first { $0.mediaType == type }
            if let found {
                self = found
                return
            }
        }
        let all = Self.allCases.map(\.mediaType).joined(separator: ", ")
        throw Problem(
            status: .notAcceptable,
            kind: "not-acceptable",
            title: "Not acceptable",
            detail: "Accept is '\(accept)' when there are \(all)"
        )
    }

    private var mediaType: String {
        switch self {
        case .json: "application/json"
        case .ndjson: "application/x-ndjson"
        case .csv: "text/csv"
        }
    }

    var contentType: String { self == .csv ? "text/csv; charset=utf-8" : mediaType }

    func encode(_ answer: InvocationQuery.Answer) -> [UInt8] {
        switch self {
        case .json: Self.document(answer)
        case .ndjson: Self.objects(answer)
        case .csv: Self.table(answer)
        }
    }

    private static func document(_ answer: InvocationQuery.Answer) -> [UInt8] {
        let columns = answer.columns.map { column in
            var members = ["name": JSONValue(column.name)]
            if let type = column.type { members["type"] = JSONValue(type) }
            return JSONValue.object(members)
        }
        let document: JSONValue = [
            "columns": .array(columns),
            "rows": .array(answer.rows.map { .array($0.map { JSONValue($0) }) }),
            "truncated": JSONValue(answer.isTruncated),
            "elapsedMs": .number(Double(answer.elapsedMicroseconds) / 1_000),
        ]
        return document.encoded()
    }

    // Members are in the order of the columns, unlike those of a dictionary.
    private static func objects(_ answer: InvocationQuery.Answer) -> [UInt8] {
        let names = uniqueNames(answer.columns).map { JSONValue($0).encoded() }
        var bytes: [UInt8] = []
        for row in answer.rows {
            bytes.append(UInt8(ascii: "{"))
            for (index, value) in row.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += names[index]
                bytes.append(UInt8(ascii: ":"))
                bytes += JSONValue(value).encoded()
            }
            bytes += "}\n".utf8
        }
        return bytes
    }

    /// The columns' names, with numbers to tell those apart that are the same.
    private static func uniqueNames(_ columns: [InvocationQuery.Column]) -> [String] {
        var seen: Set<String> = []
        return columns.map { column in
            var name = column.name
            var number = 1
            while !seen.insert(name).inserted {
                number += 1
                name = "\(column.name)_\(number)"
            }
            return name
        }
    }

    private static func table(_ answer: InvocationQuery.Answer) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ fields: [String]) {
            bytes += fields.map(quoted).joined(separator: ",").utf8
            bytes += "\r\n".utf8
        }
        append(answer.columns.map(\.name))
        for row in answer.rows { append(row.map(text)) }
        return bytes
    }

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else {
            return field
        }
        let parts = field.split(separator: "\"", omittingEmptySubsequences: false)
        return "\"\(parts.joined(separator: "\"\""))\""
    }

    private static func text(_ value: InvocationQuery.Value) -> String {
        switch value {
        case .null: ""
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .text(let value): value
        case .blob(let bytes): InvocationQuery.hexadecimal(bytes)
        }
    }
}

extension JSONValue {
    /// Blobs as hexadecimal digits; what JSON has no number for as null.
    fileprivate init(_ value: InvocationQuery.Value) {
        switch value {
        case .null: self = .null
        case .integer(let value): self = .integer(value)
        case .real(let value): self = value.isFinite ? .number(value) : .null
        case .text(let value): self = .string(value)
        case .blob(let bytes): self = .string(InvocationQuery.hexadecimal(bytes))
        }
    }
}
