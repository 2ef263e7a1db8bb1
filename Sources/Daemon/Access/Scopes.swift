/// What a token allows.
struct Scopes: OptionSet, Sendable {
    let rawValue: UInt8

    /// Looking at functions, records and logs.
    static let read = Scopes(rawValue: 1 << 0)
    /// Changing functions: modules, configuration, aliases.
    static let deploy = Scopes(rawValue: 1 << 1)
    /// Calling functions that ask for a token.
    static let invoke = Scopes(rawValue: 1 << 2)
    /// Everything.
    static let admin = Scopes(rawValue: 1 << 3)

    private static let all: [(name: String, scope: Scopes)] = [
        ("read", .read), ("deploy", .deploy), ("invoke", .invoke), ("admin", .admin),
    ]

    /// The scope of a name.
    static func named(_ name: String) -> Scopes? { all.first { $0.name == name }?.scope }

    /// The names of all scopes, for messages.
    static var allNames: String { all.map(\.name).joined(separator: ", ") }

    /// The names of the scopes in it.
    var names: [String] { Self.all.filter { contains($0.scope) }.map(\.name) }

    /// Whether what needs `scope` is allowed.
    func allow(_ scope: Scopes) -> Bool { contains(.admin) || contains(scope) }
}
