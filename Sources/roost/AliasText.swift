import Daemon

/// An alias, or what one led to, in words.
struct AliasText {
    private let document: JSONValue

    init(_ document: JSONValue) { self.document = document }

    private var name: String { document["alias"]?.text ?? "" }

    private var weights: [(version: String, share: Double)] {
        guard case .object(let members)? = document["weights"] else { return [] }
        return members.map { ($0.key, Double($0.value.text) ?? 0) }.sorted { $0.0 < $1.0 }
    }

    /// `7`, or `7, 5 % to 8, by header X-User`.
    var text: String {
        let shares = weights.map { ", \(Self.percent($0.share)) to \($0.version)" }.joined()
        guard case .object(let sticky)? = document["sticky"] else {
            return (document["version"]?.text ?? "") + shares
        }
        let key = sticky.map { ", by \($0.key) \($0.value.text)" }.joined()
        return (document["version"]?.text ?? "") + shares + key
    }

    /// The alias's name when it leads to a version, with the version's share of several.
    func share(of version: String) -> String? {
        let shares = weights
        if document["version"]?.text == version {
            guard !shares.isEmpty else { return name }
            return "\(name) \(Self.percent(1 - shares.reduce(0) { $0 + $1.share }))"
        }
        return shares.first { $0.version == version }.map { "\(name) \(Self.percent($0.share))" }
    }

    private static func percent(_ share: Double) -> String {
        let tenths = (share * 1_000).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int(tenths)) %" : "\(tenths) %"
    }
}
