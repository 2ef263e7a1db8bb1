/// Validates the types that a module defines. Core specification §3.2.9 to §3.2.11
enum TypeValidator {
    /// Checks indices, then registers the types, then checks declared subtypes.
    static func validate(
        _ structure: ModuleStructure,
        limits: ModuleLimits
    ) throws(ModuleError) -> TypeTable {
        for group in structure.recursionGroups {
            for index in group { try checkIndices(structure.types, index, in: group) }
        }
        let table = TypeTable(structure.types, groups: structure.recursionGroups)
        try checkSubtypes(table, limits)
        return table
    }

    /// References may name types up to the end of the group, supertypes only earlier types.
    private static func checkIndices(
        _ types: [SubType],
        _ index: Int,
        in group: Range<Int>
    ) throws(ModuleError) {
        let type = types[index]
        func check(_ value: ValueType) throws(ModuleError) {
            guard case .reference(let reference) = value,
                case .index(let target) = reference.heapType, Int(target) >= group.upperBound
            else { return }
            throw ModuleError(
                .invalid,
                "unknown type \(target), in type \(index): its group ends before it",
                at: type.offset
            )
        }
        func check(_ field: FieldType) throws(ModuleError) {
            if case .value(let value) = field.storage { try check(value) }
        }
        switch type.composite {
        case .function(let function):
            for parameter in function.parameters { try check(parameter) }
            for result in function.results { try check(result) }
        case .structure(let fields):
            for field in fields { try check(field) }
        case .array(let element):
            try check(element)
        }
        for supertype in type.supertypes where Int(supertype) >= index {
            throw ModuleError(
                .invalid,
                "unknown type \(supertype): the supertype of type \(index) must come before it",
                at: type.offset
            )
        }
        guard type.supertypes.count <= 1 else {
            throw ModuleError(
                .invalid,
                "sub type \(index) declares \(type.supertypes.count) supertypes, more than one",
                at: type.offset
            )
        }
    }

    private static func checkSubtypes(
        _ table: TypeTable,
        _ limits: ModuleLimits
    ) throws(ModuleError) {
        var depths = [Int](repeating: 0, count: table.types.count)
        for (index, type) in table.types.enumerated() {
            guard let supertype = type.supertypes.first.map({ Int($0) }) else { continue }
            depths[index] = depths[supertype] + 1
            guard depths[index] <= limits.supertypesMax else {
                throw ModuleError(
                    .limit,
                    "type \(index) has more than \(limits.supertypesMax) supertypes above it",
                    at: type.offset
                )
            }
            let target = table.types[supertype]
            guard !target.isFinal else {
                throw ModuleError(
                    .invalid,
                    "sub type \(index) does not match super type \(supertype), which is final",
                    at: type.offset
                )
            }
            guard table.matches(type.composite, target.composite) else {
                throw ModuleError(
                    .invalid,
                    "sub type \(index) does not match super type \(supertype)",
                    at: type.offset
                )
            }
        }
    }
}
