/// Modules in the text format (`.wat`). Core specification §6
public enum TextModule {
    /// Translates a module to the binary format.
    ///
    /// The result follows the binary format; whether it is valid is for the validator to say. Takes
    /// time and memory in proportion to the source. Throws the first thing wrong with the text.
    public static func encode(
        _ source: [UInt8],
        limits: TextLimits = TextLimits()
    ) throws(TextError) -> [UInt8] {
        var reader = try TokenReader(source, limits: limits)
        let isWrapped = reader.tryOpen("module")
        let bytes = try ModuleEncoder.encode(&reader, isWrapped: isWrapped, limits: limits)
        guard reader.kind == .end else { throw reader.unexpected("the end") }
        return bytes
    }

    /// As ``encode(_:limits:)`` for a string.
    public static func encode(_ source: String) throws(TextError) -> [UInt8] {
        try encode(Array(source.utf8))
    }

    /// Whether bytes are not in the binary format: they do not begin with its magic number.
    public static func isText(_ bytes: [UInt8]) -> Bool {
        !bytes.starts(with: [0x00, 0x61, 0x73, 0x6D])
    }
}
