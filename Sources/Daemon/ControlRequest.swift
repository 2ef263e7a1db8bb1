import Foundation
import HTTP
import Store

/// A control-plane request, taken apart.
struct ControlRequest: Sendable {
    let method: HTTP.Method
    /// The decoded segments of the path.
    let segments: [String]
    let path: String
    let query: [String: String]
    let fields: Fields
    let body: [UInt8]
    let identifier: String
    /// Who asks.
    let caller: Caller
    /// What the call needs, and what is noted of it.
    let rule: RouteRule
    /// Who asks, for history.
    var origin: ChangeOrigin {
        ChangeOrigin(actor: caller.name, requestIdentifier: identifier)
    }
    /// Where to tell how far the call is; nil when the client did not ask.
    let progress: ProgressStream?
    /// Where the body is, if it was too large for memory.
    let upload: String?

    /// Takes a request apart; throws when a part of its target is not decodable or given twice.
    init(
        _ request: Request,
        identifier: String,
        caller: Caller,
        _ progress: ProgressStream? = nil,
        upload: String? = nil
    ) throws(Problem) {
        self.progress = progress
        self.upload = upload
        method = request.head.method
        fields = request.head.fields
        body = request.body
        path = request.head.path
        self.identifier = identifier
        self.caller = caller
        segments = try Self.segments(of: path)
        rule = RouteRule.find(method, segments)
        var query: [String: String] = [:]
        for pair in (request.head.query ?? "").split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(halves[0], plusIsSpace: true)
            let value = try Self.decoded(halves.count > 1 ? halves[1] : "", plusIsSpace: true)
            guard query.updateValue(value, forKey: name) == nil else {
                throw .badRequest("the query gives '\(name)' more than once")
            }
        }
        self.query = query
    }

    /// The decoded segments of a path, the only reading of it: what is allowed is what is done.
    static func segments(of path: String) throws(Problem) -> [String] {
        var segments: [String] = []
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            segments.append(try decoded(Substring(part), plusIsSpace: false))
        }
        return segments
    }

    private static func decoded(
        _ text: Substring,
        plusIsSpace: Bool
    ) throws(Problem) -> String {
        let spaced = plusIsSpace ? String(text.map { $0 == "+" ? " " : $0 }) : String(text)
        guard let decoded = spaced.removingPercentEncoding else {
            throw .badRequest("'\(text)' is not UTF-8 in percent-encoding")
        }
        return decoded
    }

    /// Refuses query parameters other than these.
    func allowQuery(_ names: String...) throws(Problem) {
        guard let unknown = query.keys.filter({ !names.contains($0) }).min() else { return }
        throw .badRequest(
            names.isEmpty
                ? "'\(unknown)' is not a parameter: there are none here"
                : "'\(unknown)' is not a parameter; there \(names.count == 1 ? "is" : "are") "
                    + names.joined(separator: ", ")
        )
    }

    /// An integer parameter; nil when it is not given.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = query[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .badRequest(
                "'\(name)' is '\(text)' when it should be an integer from "
                    + "\(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    /// A boolean parameter; nil when it is not given.
    func boolean(_ name: String) throws(Problem) -> Bool? {
        switch query[name] {
        case nil: return nil
        case "true", "1", "": return true
        case "false", "0": return false
        case .some(let text): throw .badRequest("'\(name)' is '\(text)', not true or false")
        }
    }

    /// The body as a JSON document.
    func json() throws(Problem) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: body)
        } catch {
            throw .badRequest("\(error)")
        }
    }
}
