/// What a message may cost before its parser gives it up.
public struct Limits: Sendable, Equatable {
    /// The request line and all field lines together, with their line ends.
    ///
    /// Beyond: 431.
    public var headBytesMax = 32 * 1024

    /// The request target.
    ///
    /// RFC 9112 §3 asks for 8000 at least. Beyond: 414.
    public var targetBytesMax = 8 * 1024

    /// The number of field lines.
    ///
    /// Beyond: 431.
    public var fieldCountMax = 100

    /// Empty lines before the request line, which RFC 9112 §2.2 asks to ignore.
    ///
    /// Beyond: 400.
    public var leadingEmptyLinesMax = 4

    /// Everything in a chunked body that is not its data: sizes, extensions, line ends and trailer
    /// fields, for the whole message.
    ///
    /// Beyond: 400.
    public var chunkOverheadBytesMax = 16 * 1024

    /// What a body's storage is reserved for when its length is announced; it grows as data
    /// arrives, so that an announcement alone costs no more than this.
    public var bodyReservationBytesMax = 64 * 1024

    /// Makes the default limits.
    public init() {}
}
