/// What a host offers to modules: functions by two-level name, and exports of other instances.
public struct Imports: Sendable {
    enum External: Sendable {
        case host(HostFunction)
        case function(Instance, Int)
        case table(Table)
        case memory(Memory)
        case global(Global)
        case tag(Tag)
    }

    private var externals: [Name: [Name: External]] = [:]

    /// Offers nothing yet.
    public init() {}

    /// Offers a host function.
    public mutating func define(_ module: String, _ name: String, _ function: HostFunction) {
        externals[Name(module), default: [:]][Name(name)] = .host(function)
    }

    /// Offers a global of the host.
    public mutating func define(_ module: String, _ name: String, _ global: Global) {
        externals[Name(module), default: [:]][Name(name)] = .global(global)
    }

    /// Offers a table.
    public mutating func define(_ module: String, _ name: String, _ table: Table) {
        externals[Name(module), default: [:]][Name(name)] = .table(table)
    }

    /// Offers a memory.
    public mutating func define(_ module: String, _ name: String, _ memory: Memory) {
        externals[Name(module), default: [:]][Name(name)] = .memory(memory)
    }

    /// Offers all exports of an instance under a module name.
    ///
    /// Instances that share tables must be kept alive together: references in a table do not retain
    /// the instances whose functions they name.
    public mutating func define(_ module: String, exportsOf instance: Instance) {
        for export in instance.module.structure.exports {
            let external: External =
                switch export.description {
                case .function(let index): .function(instance, Int(index))
                case .table(let index): .table(instance.tables[Int(index)])
                case .memory(let index): .memory(instance.memories[Int(index)])
                case .global(let index): .global(instance.global(Int(index)))
                case .tag(let index): .tag(instance.tags[Int(index)])
                }
            externals[Name(module), default: [:]][Name(export.name)] = external
        }
    }

    /// Whether something of that name is offered.
    public func contains(_ module: String, _ name: String) -> Bool {
        externals[Name(module)]?[Name(name)] != nil
    }

    func external(_ module: String, _ name: String) -> External? {
        externals[Name(module)]?[Name(name)]
    }

    /// Why nothing is offered under a name, with the name that is most like it when any is alike.
    ///
    /// Looking for that one compares with every name; without `suggests` none is looked for.
    func reasonForAbsence(_ module: String, _ name: String, suggests: Bool) -> String {
        let offered = externals[Name(module)] != nil
        let reason =
            "unknown import"
            + (offered ? "" : ": there is no module \(ReportedName.text(module.utf8))")
        guard suggests else { return reason }
        let place = offered ? module : EditDistance.nearest(to: module, among: externals.keys)
        let names = place.flatMap { externals[Name($0)]?.keys.map { $0 } } ?? []
        let nearest = EditDistance.nearest(to: name, among: names)
        let prefix = offered ? "" : (place ?? "") + "."
        return reason + (nearest.map { ", did you mean \(prefix)\($0)?" } ?? "")
    }
}

/// What about a module's imports cannot be satisfied.
public struct LinkError: Error, Sendable, CustomStringConvertible {
    /// One import that is missing or of another type.
    public struct Problem: Sendable {
        /// The module that the import names, cut when it is long.
        public let module: String
        /// The name within that, cut when it is long.
        public let name: String
        /// The byte of the module where the import begins.
        public let offset: Int
        /// What is wrong, with the expected and the found type, or the nearest name.
        public let reason: String
        /// Whether nothing of that name is offered.
        public let isMissing: Bool
    }

    /// The first problems, in the order of the imports.
    public let problems: [Problem]

    /// How many further problems there are.
    public let omittedCount: Int

    /// The most problems that are kept.
    public static let problemCountMax = 100
    /// For how many problems a similar name is looked for.
    static let suggestionCountMax = 10

    /// The problems on one line.
    public var description: String {
        var parts = problems.map { "import \($0.module).\($0.name): \($0.reason)" }
        if omittedCount > 0 { parts.append("… and \(omittedCount) more") }
        return parts.joined(separator: "; ")
    }
}

/// A module whose imports are resolved: it can be instantiated again and again.
public final class LinkedModule: Sendable {
    /// The module.
    public let module: Module

    let externals: [Imports.External]

    init(_ module: Module, _ externals: [Imports.External]) {
        self.module = module
        self.externals = externals
    }
}

extension Module {
    /// Resolves every import.
    ///
    /// Throws one error for all imports that are missing or of another type.
    public func link(_ imports: Imports) throws(LinkError) -> LinkedModule {
        var externals: [Imports.External] = []
        var problems: [LinkError.Problem] = []
        var omittedCount = 0
        for entry in structure.imports {
            let external = imports.external(entry.module, entry.name)
            let expected = importType(entry.description)
            if let external, external.satisfies(expected, entry.description, of: self) {
                externals.append(external)
                continue
            }
            guard problems.count < LinkError.problemCountMax else {
                omittedCount += 1
                continue
            }
            let reason: String
            if let external {
                reason = "incompatible import type: expected \(expected), found \(external.type)"
            } else {
                reason = imports.reasonForAbsence(
                    entry.module,
                    entry.name,
                    suggests: problems.count < LinkError.suggestionCountMax
                )
            }
            problems.append(
                LinkError.Problem(
                    module: ReportedName.text(entry.module.utf8),
                    name: ReportedName.text(entry.name.utf8),
                    offset: entry.offset,
                    reason: reason,
                    isMissing: external == nil
                )
            )
        }
        guard problems.isEmpty else {
            throw LinkError(problems: problems, omittedCount: omittedCount)
        }
        return LinkedModule(self, externals)
    }
}

extension Imports.External {
    /// The type, with the present size as the minimum of memories and tables. §4.5.4
    var type: ExternalType {
        switch self {
        case .host(let function):
            return .function(function.type)
        case .function(let instance, let index):
            return .function(instance.module.functionType(index))
        case .table(let table):
            var type = table.type
            type.limits.minimum = UInt64(table.count)
            return .table(type)
        case .memory(let memory):
            var type = memory.type
            type.limits.minimum = UInt64(memory.byteCount / MemoryType.pageSize)
            return .memory(type)
        case .global(let global):
            return .global(global.type)
        case .tag(let tag):
            return .tag(tag.type)
        }
    }

    /// The heap that what is imported may have references into; nil when it is not bound to any.
    var heap: Heap? {
        get {
            switch self {
            case .function(let instance, _): instance.heap
            case .table(let table): table.heap
            case .global(let global): global.heap
            case .host, .memory, .tag: nil
            }
        }
        nonmutating set {
            switch self {
            case .table(let table): table.heap = newValue
            case .global(let global): global.heap = newValue
            default: return
            }
        }
    }

    /// Whether the external matches the type of a module's import. §3.3.13
    func satisfies(
        _ expected: ExternalType,
        _ description: Import.Description,
        of module: Module
    ) -> Bool {
        let registry = TypeRegistry.shared
        switch (type, expected, description) {
        case (.function(let found), .function(let expected), .function(let index)):
            guard case .function(let instance, let function) = self else {
                // A function of the host has a final type that stands alone.
                return found == expected && module.structure.types[Int(index)].isFinal
            }
            let type = instance.module.structure.functionTypeIndices[function]
            let id = instance.module.typeID(type)
            return registry.isSubtype(Int(id), of: Int(module.typeID(index)))
        case (.table(let found), .table(let expected), _):
            return found.element == expected.element && found.addressType == expected.addressType
                && found.limits.lies(within: expected.limits)
        case (.memory(let found), .memory(let expected), _):
            return found.addressType == expected.addressType
                && found.limits.lies(within: expected.limits)
        case (.global(let found), .global(let expected), _):
            guard found.isMutable == expected.isMutable else { return false }
            return found.value == expected.value
                || !found.isMutable && registry.matches(found.value, expected.value)
        case (.tag, .tag, .tag(let index)):
            guard case .tag(let tag) = self else { return false }
            return tag.typeID == module.typeID(index)
        default:
            return false
        }
    }
}

extension SizeLimits {
    /// Whether the range lies within another. §3.3.11
    func lies(within other: SizeLimits) -> Bool {
        guard minimum >= other.minimum else { return false }
        guard let bound = other.maximum else { return true }
        return maximum.map { $0 <= bound } ?? false
    }
}

/// The Levenshtein distance of two names.
enum EditDistance {
    /// The name that takes the fewest changes to become another; nil when it takes too many.
    static func nearest(to name: String, among names: some Sequence<Name>) -> String? {
        let distances = names.map { ($0.text, between($0.text, name)) }
        guard let nearest = distances.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }),
            nearest.1 <= max(2, name.utf8.count / 3)
        else { return nil }
        return nearest.0
    }

    static func between(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8.prefix(64)), Array(right.utf8.prefix(64)))
        var row = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let substituted = diagonal + (character == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
