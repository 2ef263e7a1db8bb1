/// Decodes modules from the binary format. Core specification §5.5
///
/// Decoding checks the form of everything but the instructions of function bodies, which the
/// validator checks as it walks them. Every count is compared with the limits and with the bytes
/// that are left before anything is allocated for it, so that memory stays in proportion to the
/// module's size.
struct ModuleDecoder {
    let bytes: [UInt8]
    let limits: ModuleLimits
    var structure = ModuleStructure()

    /// Decodes a whole module, or throws the first thing that is wrong with it.
    static func decode(
        _ bytes: [UInt8],
        limits: ModuleLimits
    ) throws(ModuleError) -> ModuleStructure {
        guard bytes.count <= limits.moduleBytesMax else {
            throw ModuleError(
                .limit,
                "the module has \(bytes.count) bytes, more than \(limits.moduleBytesMax)",
                at: limits.moduleBytesMax
            )
        }
        var decoder = ModuleDecoder(bytes: bytes, limits: limits)
        try decoder.checkHeader()
        try decoder.decodeSections()
        try decoder.checkCounts()
        return decoder.structure
    }

    private init(bytes: [UInt8], limits: ModuleLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    // MARK: - Header

    private func checkHeader() throws(ModuleError) {
        guard bytes.starts(with: [0x00, 0x61, 0x73, 0x6D]) else {
            throw ModuleError(.malformed, "magic header not detected", at: 0)
        }
        let version = bytes.dropFirst(4).prefix(4)
        guard version.count == 4 else {
            throw ModuleError(.malformed, "unknown binary version", at: 4)
        }
        if version.elementsEqual([0x01, 0x00, 0x00, 0x00]) { return }
        if version.dropFirst(2).elementsEqual([0x01, 0x00]) {
            throw ModuleError(
                .unsupported,
                "this is a component (component model), and not a core module",
                at: 4
            )
        }
        throw ModuleError(.malformed, "unknown binary version", at: 4)
    }

    // MARK: - Sections

    /// The sections in their order, which is not that of their numbers. §5.5.16
    private static let order: [UInt8] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

    private mutating func decodeSections() throws(ModuleError) {
        var reader = BinaryReader(bytes, range: 8..<bytes.count)
        var rank = 0
        while !reader.isAtEnd {
            let offset = reader.position
            let id = try reader.byte()
            if id != 0 {
                guard let sectionRank = Self.order.firstIndex(of: id) else {
                    throw ModuleError(.malformed, "malformed section id \(id)", at: offset)
                }
                guard sectionRank >= rank else {
                    throw ModuleError(
                        .malformed,
                        "unexpected content after last section: section \(id) is out of order "
                            + "or repeated",
                        at: offset
                    )
                }
                rank = sectionRank + 1
            }
            let size = Int(try reader.u32())
            guard size <= reader.remaining else {
                throw ModuleError(
                    .malformed,
                    "length out of bounds: section \(id) has \(size) bytes, "
                        + "\(reader.remaining) are left",
                    at: offset
                )
            }
            var section = BinaryReader(bytes, range: try reader.skip(size))
            try decodeSection(id, &section)
            guard section.isAtEnd else {
                throw ModuleError(
                    .malformed,
                    "section size mismatch: section \(id) has \(section.remaining) more bytes",
                    at: section.position
                )
            }
        }
    }

    private mutating func decodeSection(
        _ id: UInt8,
        _ section: inout BinaryReader
    ) throws(ModuleError) {
        switch id {
        case 0: try decodeCustomSection(&section)
        case 1: try decodeTypes(&section)
        case 2: try decodeImports(&section)
        case 3: try decodeFunctions(&section)
        case 4: try decodeTables(&section)
        case 5: try decodeMemories(&section)
        case 6: try decodeGlobals(&section)
        case 7: try decodeExports(&section)
        case 8:
            structure.startOffset = section.position
            structure.start = try section.u32()
        case 9: try decodeElements(&section)
        case 10: try decodeBodies(&section)
        case 11: try decodeDataSegments(&section)
        case 12: structure.dataCount = try section.u32()
        default: try decodeTags(&section)
        }
    }

    private mutating func decodeCustomSection(
        _ section: inout BinaryReader
    ) throws(ModuleError) {
        let name = try section.name(limits)
        let contents = try section.skip(section.remaining)
        structure.customSections.append(CustomSection(name: name, bytes: contents))
    }

    /// Compares counts that two sections give. §5.5.16
    private func checkCounts() throws(ModuleError) {
        guard structure.bodies.count == structure.functions.count else {
            throw inconsistentBodies(structure.bodies.count, at: bytes.count)
        }
        if let dataCount = structure.dataCount, dataCount != structure.dataSegments.count {
            throw ModuleError(
                .malformed,
                "data count and data section have inconsistent lengths: \(dataCount) and "
                    + "\(structure.dataSegments.count)",
                at: bytes.count
            )
        }
    }

    func inconsistentBodies(_ count: Int, at offset: Int) -> ModuleError {
        ModuleError(
            .malformed,
            "function and code section have inconsistent lengths: \(structure.functions.count) "
                + "and \(count)",
            at: offset
        )
    }

    // MARK: - Vectors

    /// Reads the count of a vector whose entries have at least `entryBytes` bytes each.
    func count(
        of entries: String,
        atMost limit: Int,
        entryBytes: Int,
        _ reader: inout BinaryReader
    ) throws(ModuleError) -> Int {
        let offset = reader.position
        let count = Int(try reader.u32())
        guard count <= limit else {
            throw ModuleError(.limit, "\(count) \(entries) are more than \(limit)", at: offset)
        }
        guard count <= reader.remaining / entryBytes else {
            throw ModuleError(
                .malformed,
                "unexpected end: \(count) \(entries) do not fit in \(reader.remaining) bytes",
                at: offset
            )
        }
        return count
    }
}

extension BinaryReader {
    /// A name: a length and that many bytes of UTF-8. §5.2.4
    mutating func name(_ limits: ModuleLimits) throws(ModuleError) -> String {
        let offset = position
        let length = Int(try u32())
        guard length <= remaining else {
            throw ModuleError(
                .malformed,
                "length out of bounds: a name has \(length) bytes, \(remaining) are left",
                at: offset
            )
        }
        guard length <= limits.nameBytesMax else {
            throw ModuleError(
                .limit,
                "a name has \(length) bytes, more than \(limits.nameBytesMax)",
                at: offset
            )
        }
        guard let name = String(validating: bytes[try skip(length)], as: UTF8.self) else {
            throw ModuleError(.malformed, "malformed UTF-8 encoding", at: offset)
        }
        return name
    }
}
