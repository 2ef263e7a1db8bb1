/// A decoded module: the abstract syntax of core specification §2.5, with function bodies still
/// in their binary form.
///
/// Every offset and range counts bytes from the start of the module.
struct ModuleStructure: Sendable {
    var types: [SubType] = []
    /// The types in groups whose members may refer to one another, in order. §2.3.10
    var recursionGroups: [Range<Int>] = []
    var imports: [Import] = []
    /// Type indices of the functions that the module defines (not of those it imports).
    var functions: [UInt32] = []
    var tables: [TableDefinition] = []
    var memories: [MemoryType] = []
    /// Where the type of each of `memories` begins.
    var memoryOffsets: [Int] = []
    /// Type indices of the exception tags that the module defines.
    var tags: [UInt32] = []
    /// Where the tag section's contents begin.
    var tagsOffset = 0
    var globals: [GlobalDefinition] = []
    var exports: [Export] = []
    var start: UInt32?
    /// Where the start section's contents begin.
    var startOffset = 0
    var elements: [ElementSegment] = []
    var dataSegments: [DataSegment] = []
    var dataCount: UInt32?
    /// Where the code section's contents begin.
    var codeOffset = 0
    /// One body for each of `functions`.
    var bodies: [FunctionBody] = []
    var customSections: [CustomSection] = []

    // The index spaces: imports first, then definitions. §2.5.1
    /// The type index of every function.
    var functionTypeIndices: [UInt32] = []
    var tableTypes: [TableType] = []
    var memoryTypes: [MemoryType] = []
    var globalTypes: [GlobalType] = []
    /// The type index of every tag.
    var tagTypeIndices: [UInt32] = []
    var importedFunctionCount = 0
    var importedTableCount = 0
    var importedMemoryCount = 0
    var importedGlobalCount = 0
    var importedTagCount = 0

    /// The function type with a type index that validation has checked.
    func functionType(at index: UInt32) -> FunctionType {
        guard case .function(let type) = types[Int(index)].composite else { return FunctionType() }
        return type
    }
}

struct Import: Sendable {
    enum Description: Sendable {
        case function(typeIndex: UInt32)
        case table(TableType)
        case memory(MemoryType)
        case global(GlobalType)
        case tag(typeIndex: UInt32)
    }

    var module: String
    var name: String
    var description: Description
    /// Where the import's entry begins.
    var offset: Int
}

struct Export: Sendable {
    enum Description: Hashable, Sendable {
        case function(UInt32)
        case table(UInt32)
        case memory(UInt32)
        case global(UInt32)
        case tag(UInt32)
    }

    var name: String
    var description: Description
    var offset: Int
}

struct TableDefinition: Sendable {
    var type: TableType
    /// The initial value of the elements, when the module gives one; null otherwise.
    var initializer: ConstantExpression?
    var offset: Int
}

struct GlobalDefinition: Sendable {
    var type: GlobalType
    var initializer: ConstantExpression
    var offset: Int
}

struct ElementSegment: Sendable {
    enum Mode: Sendable {
        case passive
        case active(table: UInt32, offset: ConstantExpression)
        case declarative
    }

    enum Items: Sendable {
        case functions([UInt32])
        case expressions([ConstantExpression])
    }

    var type: ReferenceType
    var items: Items
    var mode: Mode
    var offset: Int
}

struct DataSegment: Sendable {
    enum Mode: Sendable {
        case passive
        case active(memory: UInt32, offset: ConstantExpression)
    }

    var mode: Mode
    /// Where the segment's bytes lie in the module.
    var bytes: Range<Int>
    var offset: Int
}

struct FunctionBody: Sendable {
    /// Runs of locals of one type, as the binary groups them; parameters are not among them.
    var locals: [(count: UInt32, type: ValueType)]
    /// The instructions, with the final `end`.
    var code: Range<Int>
    /// Where the body's entry (its size field) begins.
    var offset: Int
}

struct CustomSection: Sendable {
    var name: String
    /// The contents after the name.
    var bytes: Range<Int>
}

/// A constant expression, decoded. §3.4.10 (with the extended constants)
struct ConstantExpression: Sendable {
    var instructions: [ConstantInstruction]
    /// Where the expression begins.
    var offset: Int
}

enum ConstantInstruction: Sendable {
    case i32Const(Int32)
    case i64Const(Int64)
    /// The bits of the constant.
    case f32Const(UInt32)
    /// The bits of the constant.
    case f64Const(UInt64)
    /// The bits of the constant, from the lowest lane on.
    case v128Const(low: UInt64, high: UInt64)
    case globalGet(UInt32)
    case refNull(HeapType)
    case refFunc(UInt32)
    case i32Add, i32Sub, i32Mul
    case i64Add, i64Sub, i64Mul
    case refI31
    case structNew(type: UInt32)
    case structNewDefault(type: UInt32)
    case arrayNew(type: UInt32)
    case arrayNewDefault(type: UInt32)
    case arrayNewFixed(type: UInt32, count: UInt32)
    case anyConvertExtern, externConvertAny
    /// A decodable instruction that is not constant: the validator refuses it by name.
    case other(name: String)
}
