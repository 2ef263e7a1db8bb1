import Synchronization

/// A type that some module defines, identified over all modules: equal for equivalent types.
///
/// Core specification §3.3.2 "Type Equivalence": recursion groups are equivalent as wholes. Valid for
/// as long as a module that defines the type lives.
public struct DefinedType: Hashable, Sendable {
    let id: UInt32
}

extension DefinedType: CustomStringConvertible {
    /// A name that tells defined types apart, such as `$type7`.
    public var description: String { "$type\(id)" }
}

/// The defined types of all modules that live, each equivalence class once.
///
/// Safe to use from any thread.
final class TypeRegistry: HeapTypeHierarchy, Sendable {
    static let shared = TypeRegistry()

    /// No type: the supertype of those that declare none.
    static let none = UInt32.max

    private struct Group {
        var first: UInt32
        var count: Int
        /// The modules that define the group.
        var users: Int
    }

    private struct State {
        /// By the group's encoding.
        var groups: [[UInt32]: Group] = [:]
        /// The supertype of every type, by id.
        var supertypes: [UInt32] = []
        /// What every type is a type of, by id.
        var kinds: [CompositeKind] = []
        /// The first ids of groups that no module defines any more, by the groups' size.
        var free: [Int: [UInt32]] = [:]
    }

    private let state = Mutex(State())

    /// Gives every type of a module its id.
    ///
    /// Indices in `types` name types of the same group or of earlier ones; supertypes are earlier
    /// types.
    func register(_ types: [SubType], _ groups: [Range<Int>]) -> RegisteredTypes {
        var ids: [UInt32] = []
        ids.reserveCapacity(types.count)
        var keys: [[UInt32]] = []
        keys.reserveCapacity(groups.count)
        state.withLock { state in
            for range in groups {
                let key = RecursionGroupEncoding.encode(types[range], first: range.lowerBound, ids)
                let first = Self.enter(key, range.count, &state)
                for offset in 0..<range.count { ids.append(first + UInt32(offset)) }
                for (offset, type) in types[range].enumerated() {
                    let supertype = type.supertypes.first.map { ids[Int($0)] }
                    state.supertypes[Int(first) + offset] = supertype ?? Self.none
                    state.kinds[Int(first) + offset] = CompositeKind(type.composite)
                }
                keys.append(key)
            }
        }
        return RegisteredTypes(ids: ids, keys: keys)
    }

    private static func enter(_ key: [UInt32], _ count: Int, _ state: inout State) -> UInt32 {
        if let known = state.groups[key] {
            state.groups[key]?.users += 1
            return known.first
        }
        let first: UInt32
        if let reused = state.free[count]?.popLast() {
            first = reused
        } else {
            first = UInt32(truncatingIfNeeded: state.supertypes.count)
            state.supertypes.append(contentsOf: repeatElement(none, count: count))
            state.kinds.append(contentsOf: repeatElement(.function, count: count))
        }
        state.groups[key] = Group(first: first, count: count, users: 1)
        return first
    }

    fileprivate func release(_ keys: [[UInt32]]) {
        state.withLock { state in
            for key in keys {
                guard var group = state.groups[key] else { continue }
                group.users -= 1
                if group.users > 0 {
                    state.groups[key] = group
                } else {
                    state.groups[key] = nil
                    state.free[group.count, default: []].append(group.first)
                }
            }
        }
    }

    func kind(_ id: Int) -> CompositeKind {
        state.withLock { $0.kinds[id] }
    }

    func isSubtype(_ id: Int, of other: Int) -> Bool {
        if id == other { return true }
        return state.withLock { state in
            var id = UInt32(truncatingIfNeeded: id)
            while Int(id) < state.supertypes.count {
                if id == other { return true }
                id = state.supertypes[Int(id)]
            }
            return false
        }
    }
}

/// The registered types of one module, which keeps them registered for as long as this lives.
final class RegisteredTypes: Sendable {
    /// The id of every type of the module.
    let ids: [UInt32]
    private let keys: [[UInt32]]

    fileprivate init(ids: [UInt32], keys: [[UInt32]]) {
        self.ids = ids
        self.keys = keys
    }

    deinit { TypeRegistry.shared.release(keys) }

    /// A value type whose indices are resolved.
    func resolve(_ type: ValueType) -> ValueType {
        guard case .reference(let reference) = type else { return type }
        return .reference(resolve(reference))
    }

    /// A reference type whose index is resolved.
    func resolve(_ type: ReferenceType) -> ReferenceType {
        guard case .index(let index) = type.heapType else { return type }
        let defined = DefinedType(id: ids[Int(index)])
        return ReferenceType(heapType: .defined(defined), isNullable: type.isNullable)
    }

    /// A function type whose indices are resolved.
    func resolve(_ type: FunctionType) -> FunctionType {
        guard
            type.parameters.contains(where: \.hasIndex) || type.results.contains(where: \.hasIndex)
        else { return type }
        return FunctionType(type.parameters.map(resolve), type.results.map(resolve))
    }
}

extension ValueType {
    /// Whether the type names another of its module by index.
    fileprivate var hasIndex: Bool {
        if case .reference(let reference) = self, case .index = reference.heapType { return true }
        return false
    }
}

/// Writes recursion groups as numbers, equal for equivalent groups.
///
/// References to types of the same group are written relative to it, others by their id.
private struct RecursionGroupEncoding {
    let first: Int
    let ids: [UInt32]
    var words: [UInt32] = []

    static func encode(
        _ types: ArraySlice<SubType>,
        first: Int,
        _ ids: [UInt32]
    ) -> [UInt32] {
        var encoding = RecursionGroupEncoding(first: first, ids: ids)
        for type in types { encoding.append(type) }
        return encoding.words
    }

    private mutating func append(_ type: SubType) {
        words.append((type.isFinal ? 1 : 0) | UInt32(type.supertypes.count) << 1)
        for supertype in type.supertypes { appendIndex(supertype) }
        switch type.composite {
        case .function(let function):
            words += [0, UInt32(function.parameters.count), UInt32(function.results.count)]
            for parameter in function.parameters { append(parameter) }
            for result in function.results { append(result) }
        case .structure(let fields):
            words += [1, UInt32(fields.count)]
            for field in fields { append(field) }
        case .array(let element):
            words.append(2)
            append(element)
        }
    }

    private mutating func append(_ field: FieldType) {
        let mutability: UInt32 = field.isMutable ? 1 << 16 : 0
        switch field.storage {
        case .i8: words.append(8 | mutability)
        case .i16: words.append(9 | mutability)
        case .value(let type): append(type, flags: mutability)
        }
    }

    private mutating func append(_ type: ValueType, flags: UInt32 = 0) {
        switch type {
        case .i32: words.append(1 | flags)
        case .i64: words.append(2 | flags)
        case .f32: words.append(3 | flags)
        case .f64: words.append(4 | flags)
        case .v128: words.append(5 | flags)
        case .reference(let reference):
            let flags = flags | (reference.isNullable ? 1 << 17 : 0)
            switch reference.heapType {
            case .index(let index):
                words.append(6 | flags)
                appendIndex(index)
            default:
                words.append(7 | flags | UInt32(reference.heapType.abstractCode) << 8)
            }
        }
    }

    private mutating func appendIndex(_ index: UInt32) {
        let index = Int(index)
        words += index < first ? [0, ids[index]] : [1, UInt32(index - first)]
    }
}

extension HeapType {
    /// A number for each abstract heap type, in the order of ``abstractTypes``; that of `none` for
    /// others.
    var abstractCode: UInt8 {
        switch self {
        case .function: 0
        case .noFunction: 1
        case .external: 2
        case .noExternal: 3
        case .exception: 4
        case .noException: 5
        case .any: 6
        case .equal: 7
        case .i31: 8
        case .structure: 9
        case .array: 10
        case .none, .index, .defined: 11
        }
    }

    /// The abstract heap types by ``abstractCode``.
    static let abstractTypes: [HeapType] = [
        .function, .noFunction, .external, .noExternal, .exception, .noException,
        .any, .equal, .i31, .structure, .array, .none,
    ]
}
