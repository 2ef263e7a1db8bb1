/// The primitives of WebAssembly's binary format, for tests that build modules.
///
/// Core specification §5
public enum ModuleEncoding {
    /// The magic number and the version.
    public static let header: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]

    /// An unsigned LEB128 integer; the value is not negative.
    public static func unsigned(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
        return bytes
    }

    /// A signed LEB128 integer.
    public static func signed(_ value: Int64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while true {
            let low = UInt8(truncatingIfNeeded: rest & 0x7F)
            rest >>= 7
            if (rest == 0 && low & 0x40 == 0) || (rest == -1 && low & 0x40 != 0) {
                return bytes + [low]
            }
            bytes.append(low | 0x80)
        }
    }

    /// Entries with their count in front.
    public static func vector(_ entries: [[UInt8]]) -> [UInt8] {
        unsigned(entries.count) + entries.flatMap { $0 }
    }

    /// Bytes with their count in front.
    public static func counted(_ bytes: [UInt8]) -> [UInt8] { unsigned(bytes.count) + bytes }

    /// A name.
    public static func name(_ text: String) -> [UInt8] { counted(Array(text.utf8)) }

    /// A section with its number and size.
    public static func section(_ id: UInt8, _ contents: [UInt8]) -> [UInt8] {
        [id] + counted(contents)
    }
}
