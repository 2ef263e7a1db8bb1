/// The names of one kind of definition, and how many there are. Core specification §6.1.2
struct IndexSpace {
    /// What the definitions are called in messages.
    let kind: String
    private(set) var count: UInt32 = 0
    private var indices: [[UInt8]: UInt32] = [:]
    /// The names that were given, in order of index.
    private(set) var names: [(index: UInt32, name: [UInt8])] = []

    init(_ kind: String) { self.kind = kind }

    /// Adds a definition, named or not; nil when the name is taken.
    @discardableResult
    mutating func add(_ name: [UInt8]?) -> UInt32? {
        let index = count
        count += 1
        guard let name else { return index }
        guard indices.updateValue(index, forKey: name) == nil else { return nil }
        names.append((index, name))
        return index
    }

    /// The index of a name; nil when nothing has it.
    func index(of name: [UInt8]) -> UInt32? { indices[name] }
}

/// A value type in its binary form.
struct EncodedType: Hashable {
    var code: UInt8
    /// The heap type after the codes of `ref` and `ref null`.
    var heap: Int64 = 0

    var isReference: Bool { code < 0x7B }

    func write(to writer: inout BinaryWriter) {
        writer.byte(code)
        if code == 0x63 || code == 0x64 { writer.signed(heap) }
    }

    static let functionReference = EncodedType(code: 0x70)
}

/// The parameters and results of a function type.
struct Signature: Hashable {
    var parameters: [EncodedType] = []
    var results: [EncodedType] = []

    /// The type with its form byte.
    func write(to writer: inout BinaryWriter) {
        writer.byte(0x60)
        writer.count(parameters.count)
        for type in parameters { type.write(to: &writer) }
        writer.count(results.count)
        for type in results { type.write(to: &writer) }
    }
}
