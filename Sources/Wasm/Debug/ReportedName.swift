/// Names of a module as traps, errors and logs show them.
///
/// A name may be as long as the module, and a backtrace repeats it: only its beginning is shown.
enum ReportedName {
    /// How many bytes of a name are shown.
    static let byteCountMax = 256

    /// The text of a name that should be UTF-8: other bytes are replaced, and "…" says that there
    /// was more.
    static func text(_ name: some BidirectionalCollection<UInt8>) -> String {
        let limit = name.index(name.startIndex, offsetBy: byteCountMax, limitedBy: name.endIndex)
        guard var end = limit, end < name.endIndex else {
            return String(decoding: name, as: UTF8.self)
        }
        // Not within a character, which has at most three bytes after its first.
        for _ in 0..<3 where name[end] & 0xC0 == 0x80 { name.formIndex(before: &end) }
        return String(decoding: name[..<end], as: UTF8.self) + "…"
    }
}
