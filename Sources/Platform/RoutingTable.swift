public import HTTP
import Store

/// What an alias stands for: a version, and others that get a share of the requests.
struct AliasTarget: Sendable {
    var version: FunctionVersion
    /// Further versions, each with its share of the requests between 0 and 1.
    var shares: [(version: FunctionVersion, share: Double)] = []
    /// What decides who gets which version; nil leaves it to chance.
    var sticky: StickyChoice?

    /// What the aliases of a function stand for, of which these are the versions.
    static func targets(
        of record: FunctionRecord,
        _ versions: [FunctionVersion]
    ) -> [(name: String, target: AliasTarget)] {
        func version(_ number: Int) -> FunctionVersion? { versions.first { $0.number == number } }
        return record.aliases.compactMap { alias in
            guard let main = version(alias.version) else { return nil }
            let shares = alias.weights.sorted { $0.key < $1.key }.compactMap { number, share in
                version(number).map { (version: $0, share: share) }
            }
            let sticky = alias.sticky.map { StickyChoice($0, function: main.function) }
            return (alias.name, AliasTarget(version: main, shares: shares, sticky: sticky))
        }
    }

    /// Chooses the version for one request.
    func choose(for head: RequestHead) -> FunctionVersion {
        guard !shares.isEmpty else { return version }
        var point = sticky?.point(of: head) ?? Double.random(in: 0..<1)
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
    /// Whether the live version, else the latest, is only for callers with a token.
    ///
    /// All versions are then: otherwise whoever names an older one could do without.
    let isGuarded: Bool
    /// Where requests go that name the function and nothing else; nil when that differs, or when nothing is live.
    fileprivate let plainMatch: RouteMatch?

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
        let version = live?.version ?? versions.max { $0.number < $1.number }
        isGuarded = version?.configuration.access == .token
        plainMatch =
            if let live, live.shares.isEmpty {
                RouteMatch(
                    version: live.version,
                    alias: Self.liveAlias,
                    isGuarded: isGuarded,
                    prefixCount: RoutingTable.functionsPrefix.count + name.description.utf8.count,
                    pattern: RoutingTable.functionsPattern
                )
            } else {
                nil
            }
    }

    /// The alias that plain requests use.
    static let liveAlias = "live"

    /// A version by its number.
    public func version(_ number: Int) -> FunctionVersion? {
        versions.first { $0.number == number }
    }

    /// What an alias stands for.
    func alias(_ name: String) -> AliasTarget? { aliases.first { $0.name == name }?.target }

    /// The versions that an alias leads to, some of them perhaps several times.
    var referencedVersions: [FunctionVersion] {
        aliases.flatMap { [$0.target.version] + $0.target.shares.map { $0.version } }
    }

    /// The same function without some of its versions, to which no alias leads.
    func without(_ numbers: [Int]) -> Function {
        Function(
            name: name,
            revision: revision,
            versions: versions.filter { !numbers.contains($0.number) },
            aliases: aliases,
            gate: gate
        )
    }

    /// The version that plain requests get, without regard to shares.
    public var liveVersion: FunctionVersion? { live?.version }
}

/// Where a request goes.
public final class RouteMatch: Sendable {
    public let version: FunctionVersion
    /// The alias that led to the version; nil when the request named the version's number.
    public let alias: String?
    /// Whether all versions of the function are only for callers with a token.
    let isGuarded: Bool
    /// How much of the request's path named the function, in octets; the rest is the function's.
    let prefixCount: Int
    /// The pattern that matched, for `X_MATCHED_ROUTE`.
    let pattern: String

    init(
        version: FunctionVersion,
        alias: String?,
        isGuarded: Bool,
        prefixCount: Int,
        pattern: String
    ) {
        self.version = version
        self.alias = alias
        self.isGuarded = isGuarded
        self.prefixCount = prefixCount
        self.pattern = pattern
    }

    /// Whether only callers who show a token may go there.
    public var needsToken: Bool { isGuarded || version.configuration.access == .token }

    /// The part of the target that is the function's: the rest of the path, and the query.
    func rest(of head: RequestHead) -> [UInt8] {
        var rest = Array(head.pathOctets.dropFirst(prefixCount))
        if rest.isEmpty { rest = [UInt8(ascii: "/")] }
        if let query = head.query { rest += Array("?\(query)".utf8) }
        return rest
    }
}

/// Where a request's path leads.
public enum RouteLookup: Sendable {
    case match(RouteMatch)
    /// To a function that has to be read from the store first, if it exists.
    case dormant(FunctionName)
    case nowhere
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

    /// Some of the functions: a change copies one part.
    fileprivate struct Part {
        /// In ascending order of their names' hashes.
        var functions: [(hash: UInt64, function: Function)] = []
        /// Fingerprints of the names of dormant functions, in ascending order; two names may have the same.
        var dormant: [UInt32] = []

        /// Where a function is, or would be.
        func place(of name: Span<UInt8>, _ hash: UInt64) -> (index: Int, isThere: Bool) {
            var index = functions.place { $0.hash < hash }
            while index < functions.count, functions[index].hash == hash {
                if functions[index].function.name.description.utf8.span.isEqual(to: name) {
                    return (index, true)
                }
                index += 1
            }
            return (index, false)
        }
    }

    private var parts = [Part](repeating: Part(), count: Self.partCount)

    /// How many functions there are, and how many of them are dormant.
    private(set) var count = 0
    private(set) var dormantCount = 0

    /// How often functions, or versions of one, have been removed.
    private(set) var withdrawalCount = 0

    /// The functions' own routes, longest path first, those with a host before those without.
    private var routes: [Route] = []

    private static let partCount = 1_024

    init() {}

    /// The function of a name.
    public subscript(name: String) -> Function? {
        function(name.utf8.span)
    }

    private func function(_ name: Span<UInt8>) -> Function? {
        let hash = Self.hash(name)
        let part = Self.part(hash)
        let (index, isThere) = parts[part].place(of: name, hash)
        return isThere ? parts[part].functions[index].function : nil
    }

    /// The functions that are not dormant, in no order.
    var functions: some Sequence<Function> {
        parts.lazy.flatMap { $0.functions.lazy.map(\.function) }
    }

    private static func hash(_ name: Span<UInt8>) -> UInt64 {
        // FNV-1a: as good as the standard library's hashes here, and a third of their cost.
        var hash: UInt64 = 14_695_981_039_346_656_037
        for index in name.indices { hash = (hash ^ UInt64(name[index])) &* 1_099_511_628_211 }
        return hash
    }

    private static func part(_ hash: UInt64) -> Int { Int(hash % UInt64(partCount)) }

    private static func fingerprint(_ hash: UInt64) -> UInt32 { UInt32(hash >> 32) }

    /// Makes known that a function exists that is to be read from the store when it is called.
    mutating func addDormant(_ name: String) {
        let hash = Self.hash(name.utf8.span)
        let part = Self.part(hash)
        guard !parts[part].place(of: name.utf8.span, hash).isThere else { return }
        let fingerprint = Self.fingerprint(hash)
        parts[part].dormant.insert(fingerprint, at: parts[part].place(of: fingerprint))
        count += 1
        dormantCount += 1
    }

    /// Forgets all of a function but that it exists.
    mutating func makeDormant(_ name: String) {
        replace(name, with: nil)
        addDormant(name)
    }

    /// Removes a function, dormant or not; false when there was none.
    mutating func remove(_ name: String) -> Bool {
        let before = count
        removeDormant(name)
        replace(name, with: nil)
        withdrawalCount += 1
        return count != before
    }

    /// Whether there is a function of a name; of dormant ones, whether there seems to be.
    func knows(_ name: String) -> Bool { self[name] != nil || isDormant(name) }

    private func isDormant(_ name: String) -> Bool {
        guard dormantCount > 0 else { return false }
        let hash = Self.hash(name.utf8.span)
        return parts[Self.part(hash)].has(Self.fingerprint(hash))
    }

    private mutating func removeDormant(_ name: String) {
        let hash = Self.hash(name.utf8.span)
        let part = Self.part(hash)
        let fingerprint = Self.fingerprint(hash)
        guard !parts[part].place(of: name.utf8.span, hash).isThere, parts[part].has(fingerprint)
        else {
            return
        }
        parts[part].dormant.remove(at: parts[part].place(of: fingerprint))
        count -= 1
        dormantCount -= 1
    }

    /// Takes versions away that nobody may use any more.
    mutating func forget(_ numbers: [Int], of name: String) {
        withdrawalCount += 1
        guard let function = self[name] else { return }
        replace(name, with: function.without(numbers))
    }

    /// Replaces a function, adds it, or (nil) removes it.
    mutating func replace(_ name: String, with function: Function?) {
        if function != nil { removeDormant(name) }
        let hash = Self.hash(name.utf8.span)
        let part = Self.part(hash)
        let (index, isThere) = parts[part].place(of: name.utf8.span, hash)
        let old = isThere ? parts[part].functions.remove(at: index).function : nil
        if let function { parts[part].functions.insert((hash, function), at: index) }
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
    fileprivate static let functionsPrefix = Array("/f/".utf8)
    /// The same as a pattern.
    static let functionsPattern = "/f/*"

    /// Finds the version that a request is for.
    public func find(_ head: RequestHead) -> RouteLookup {
        let path = head.pathOctets
        guard path.starts(with: Self.functionsPrefix) else {
            let match = routes.isEmpty ? nil : matchRoute(head)
            return match.map { .match($0) } ?? .nowhere
        }
        if let match = matchFunction(path, head) { return .match(match) }
        let name = path.dropFirst(Self.functionsPrefix.count)
            .prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "@") }
        guard let name = FunctionName(String(decoding: name, as: UTF8.self)),
            self[name.description] == nil, isDormant(name.description)
        else { return .nowhere }
        return .dormant(name)
    }

    /// Matches `/f/{name}/…` and `/f/{name}@{version or alias}/…`.
    private func matchFunction(_ path: ArraySlice<UInt8>, _ head: RequestHead) -> RouteMatch? {
        let rest = path.dropFirst(Self.functionsPrefix.count)
        let segment = rest.prefix { $0 != UInt8(ascii: "/") }
        let prefixCount = Self.functionsPrefix.count + segment.count
        guard let at = segment.firstIndex(of: UInt8(ascii: "@")) else {
            guard let function = function(segment.span) else { return nil }
            if let match = function.plainMatch { return match }
            guard let live = function.live else { return nil }
            return RouteMatch(
                version: live.choose(for: head),
                alias: Function.liveAlias,
                isGuarded: function.isGuarded,
                prefixCount: prefixCount,
                pattern: Self.functionsPattern
            )
        }
        let selector = String(decoding: segment[(at + 1)...], as: UTF8.self)
        let name = segment[..<at]
        guard let function = function(name.span) else { return nil }
        if let number = Int(selector) {
            // "+5" and "007" are numbers to Int, but no names of versions.
            guard String(number) == selector, let version = function.version(number) else {
                return nil
            }
            return RouteMatch(
                version: version,
                alias: nil,
                isGuarded: function.isGuarded,
                prefixCount: prefixCount,
                pattern: Self.functionsPattern
            )
        }
        guard let target = function.alias(selector) else { return nil }
        return RouteMatch(
            version: target.choose(for: head),
            alias: selector,
            isGuarded: function.isGuarded,
            prefixCount: prefixCount,
            pattern: Self.functionsPattern
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
            version: live.choose(for: head),
            alias: Function.liveAlias,
            isGuarded: match.function.isGuarded,
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

extension RoutingTable.Part {
    /// Where a fingerprint is, or belongs.
    fileprivate func place(of fingerprint: UInt32) -> Int { dormant.place { $0 < fingerprint } }

    fileprivate func has(_ fingerprint: UInt32) -> Bool {
        let place = place(of: fingerprint)
        return place < dormant.count && dormant[place] == fingerprint
    }
}

extension Array {
    /// Where the first element is that is not before what is searched; those that are come first.
    fileprivate func place(_ isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Span<UInt8> {
    fileprivate func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
