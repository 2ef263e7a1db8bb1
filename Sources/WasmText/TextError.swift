/// What is wrong with a text, and where.
public struct TextError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was expected and what was found.
    public let message: String

    /// The line, from 1.
    public let line: Int

    /// The column in bytes, from 1.
    public let column: Int

    /// Makes an error at a place.
    public init(_ message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    /// How much of a message is kept, in Unicode scalars.
    private static let messageCharactersMax = 200

    /// Makes an error at a byte of a source.
    init(_ message: String, at offset: Int, in source: [UInt8]) {
        let before = source.prefix(offset)
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        // Messages quote what they are about, which may be as long as the text.
        let isLong = message.utf8.count > Self.messageCharactersMax
        let beginning = message.unicodeScalars.prefix(Self.messageCharactersMax)
        self.init(
            isLong ? String(beginning) + "…" : message,
            line: before.count { $0 == 0x0A } + 1,
            column: before.count - start + 1
        )
    }

    /// `3:14: unknown operator "i32.ad"`.
    public var description: String { "\(line):\(column): \(message)" }
}

/// How large a text may be; larger ones are refused.
public struct TextLimits: Sendable {
    public var sourceBytesMax = 1 << 28
    /// Depth of nested blocks and folded instructions in one function, and of nested annotations.
    public var nestingMax = 10_000

    /// The default limits.
    public init() {}
}
