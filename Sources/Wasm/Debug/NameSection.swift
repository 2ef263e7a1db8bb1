/// The names for debugging that a module carries. Core specification, appendix "Name Section"
///
/// Nothing depends on these names, so nothing in the section is an error: what cannot be read is
/// left out, bytes that are not UTF-8 are replaced, and names are cut as ``ReportedName`` says.
struct NameSection: Sendable {
    /// The module's own name.
    private(set) var module: String?

    /// The names of functions by their index.
    private(set) var functions: [UInt32: String] = [:]

    /// The names of exception tags by their index.
    private(set) var tags: [UInt32: String] = [:]

    /// Reads the names of a decoded module; costs time and memory in proportion to the section.
    ///
    /// Call it when a name is first wanted.
    init(_ structure: ModuleStructure, bytes: [UInt8]) {
        guard let section = structure.customSections.first(where: { $0.name == "name" }) else {
            return
        }
        var reader = BinaryReader(bytes, range: section.bytes)
        do throws(ModuleError) {
            while !reader.isAtEnd {
                let id = try reader.byte()
                let size = min(Int(try reader.u32()), reader.remaining)
                var subsection = BinaryReader(bytes, range: try reader.skip(size))
                switch id {
                case 0: module = try Self.name(&subsection)
                case 1:
                    try Self.read(
                        &subsection,
                        into: &functions,
                        atMost: structure.functionTypeIndices.count
                    )
                case 11:
                    try Self.read(
                        &subsection,
                        into: &tags,
                        atMost: structure.tagTypeIndices.count
                    )
                default: break
                }
            }
        } catch {
            // The names read so far are as good as they are.
        }
    }

    private static func read(
        _ reader: inout BinaryReader,
        into names: inout [UInt32: String],
        atMost indexCount: Int
    ) throws(ModuleError) {
        let count = try reader.u32()
        for _ in 0..<count {
            let index = try reader.u32()
            let length = Int(try reader.u32())
            let name = reader.bytes[try reader.skip(length)]
            guard Int(index) < indexCount else { continue }
            names[index] = MangledName.readable(name) ?? ReportedName.text(name)
        }
    }

    private static func name(_ reader: inout BinaryReader) throws(ModuleError) -> String {
        let length = Int(try reader.u32())
        return ReportedName.text(reader.bytes[try reader.skip(length)])
    }
}
