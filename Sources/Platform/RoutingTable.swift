public import HTTP

/// What an alias stands for: a version, and others that get a share of the requests.
struct AliasTarget: Sendable {
    var version: FunctionVersion
    /// Further versions, each with its share of the requests between 0 and 1.
    var shares: [(version: FunctionVersion, share: Double)] = []

    /// Chooses the version for one request.
    func choose() -> FunctionVersion {
        guard !shares.isEmpty else { return version }
        var point = Double.random(in: 0..<1)
        for candidate in shares {
            point -= candidate.share
            if point < 0 { return candidate.version }
        }
        return version
    }
}

/// A function as requests see it: its versions and aliases at one moment.
public final class Function: Sendable {
    public let name: FunctionName
    /// Of the function's record in the store: a table never goes back to an older one.
    public let revision: Int
    // Arrays: there are few of either, and many functions.
    let versions: [FunctionVersion]
    private let aliases: [(name: String, target: AliasTarget)]
    let gate: FunctionGate<Invocation>
    /// What plain requests get; nil when nothing is live.
    let live: AliasTarget?

    init(
        name: FunctionName,
        revision: Int,
        versions: [FunctionVersion],
        aliases: [(name: String, target: AliasTarget)],
        gate: FunctionGate<Invocation>
    ) {
        self.name = name
        self.revision = revision
        self.versions = versions
        self.aliases = aliases
        self.gate = gate
        live = aliases.first { $0.name == Self.liveAlias }?.target
    }

    /// The alias that plain requests use.
    static let liveAlias = "live"

    /// A version by its number.
    public func version(_ number: Int) -> FunctionVersion? {
        versions.first { $0.number == number }
    }

    /// What an alias stands for.
    func alias(_ name: String) -> AliasTarget? { aliases.first { $0.name == name }?.target }

    /// The version that plain requests get, without regard to shares.
    public var liveVersion: FunctionVersion? { live?.version }
}

/// Where a request goes.
public struct RouteMatch: Sendable {
    public let version: FunctionVersion
    /// The alias that led to the version; nil when the request named the version's number.
    public let alias: String?
    /// How much of the request's path named the function, in octets; the rest is the function's.
    let prefixCount: Int
    /// The pattern that matched, for `X_MATCHED_ROUTE`.
    let pattern: String

    /// The part of the target that is the function's: the rest of the path, and the query.
    func rest(of head: RequestHead) -> [UInt8] {
        var rest = Array(head.pathOctets.dropFirst(prefixCount))
        if rest.isEmpty { rest = [UInt8(ascii: "/")] }
        if let query = head.query { rest += Array("?\(query)".utf8) }
        return rest
    }
}

/// All functions at one moment.
///
/// Immutable; a change makes another table, which shares with this one all but a small part.
public struct RoutingTable: Sendable {
    private struct Route {
        let path: String
        let host: String?
        let function: Function
    }

    /// Functions by name, in parts: a change copies one of them.
    private var parts = [[String: Function]](repeating: [:], count: Self.partCount)

    /// How many functions there are.
    private(set) var count = 0

    /// The functions' own routes, longest path first, those with a host before those without.
    private var routes: [Route] = []

    private static let partCount = 1_024

    init() {}

    /// The function of a name.
    public subscript(name: String) -> Function? { parts[Self.part(of: name)][name] }

    private static func part(of name: String) -> Int {
        // FNV-1a: as good as the standard library's hashes here, and a third of their cost.
        var hash: UInt32 = 2_166_136_261
        for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return Int(hash % UInt32(partCount))
    }

    /// Replaces a function, adds it, or (nil) removes it.
    mutating func replace(_ name: String, with function: Function?) {
        let part = Self.part(of: name)
        let old = parts[part].removeValue(forKey: name)
        parts[part][name] = function
        count += (function == nil ? 0 : 1) - (old == nil ? 0 : 1)
        let added = (function?.liveVersion?.configuration.routes ?? []).compactMap { route in
            function.map { Route(path: route.path, host: route.host, function: $0) }
        }
        if let old, routes.contains(where: { $0.function === old }) {
            routes.removeAll { $0.function === old }
        }
        guard !added.isEmpty else { return }
        routes = (routes + added).sorted { one, other in
            if one.path.utf8.count != other.path.utf8.count {
                return one.path.utf8.count > other.path.utf8.count
            }
            if (one.host == nil) != (other.host == nil) { return one.host != nil }
            return one.function.name.description < other.function.name.description
        }
    }

    /// The prefix of the paths that name a function.
    private static let functionsPrefix = Array("/f/".utf8)

    /// Finds the version that a request is for.
    public func match(_ head: RequestHead) -> RouteMatch? {
        let path = head.pathOctets
        if path.starts(with: Self.functionsPrefix) { return matchFunction(path) }
        return routes.isEmpty ? nil : matchRoute(head)
    }

    /// Matches `/f/{name}/…` and `/f/{name}@{version or alias}/…`.
    private func matchFunction(_ path: ArraySlice<UInt8>) -> RouteMatch? {
        let rest = path.dropFirst(Self.functionsPrefix.count)
        let segment = rest.prefix { $0 != UInt8(ascii: "/") }
        let prefixCount = Self.functionsPrefix.count + segment.count
        guard let at = segment.firstIndex(of: UInt8(ascii: "@")) else {
            guard let live = self[String(decoding: segment, as: UTF8.self)]?.live else {
                return nil
            }
            return RouteMatch(
                version: live.choose(),
                alias: Function.liveAlias,
                prefixCount: prefixCount,
                pattern: "/f/*"
            )
        }
        let name = String(decoding: segment[..<at], as: UTF8.self)
        let selector = String(decoding: segment[(at + 1)...], as: UTF8.self)
        guard let function = self[name] else { return nil }
        if let number = Int(selector) {
            // "+5" and "007" are numbers to Int, but no names of versions.
            guard String(number) == selector, let version = function.version(number) else {
                return nil
            }
            return RouteMatch(
                version: version,
                alias: nil,
                prefixCount: prefixCount,
                pattern: "/f/*"
            )
        }
        guard let target = function.alias(selector) else { return nil }
        return RouteMatch(
            version: target.choose(),
            alias: selector,
            prefixCount: prefixCount,
            pattern: "/f/*"
        )
    }

    private func matchRoute(_ head: RequestHead) -> RouteMatch? {
        let path = head.path
        let host = head.authority.map(Self.hostName)
        let match = routes.first { route in
            (route.host == nil || route.host == host)
                && FunctionConfiguration.prefix(route.path, covers: path)
        }
        guard let match, let live = match.function.live else { return nil }
        // The slash at the end of a prefix belongs to the rest.
        let hasSlash = match.path.utf8.last == UInt8(ascii: "/")
        return RouteMatch(
            version: live.choose(),
            alias: Function.liveAlias,
            prefixCount: match.path.utf8.count - (hasSlash ? 1 : 0),
            pattern: match.path
        )
    }

    /// The host of an authority, lower-case and without its port.
    private static func hostName(_ authority: String) -> String {
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return host.lowercased()
    }
}
