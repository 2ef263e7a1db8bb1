/// A name of an import or export, compared by its code points.
///
/// Swift takes strings as equal that differ only in how characters are composed; WebAssembly's
/// names are different then. Core specification §2.2.4
struct Name: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Name, right: Name) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(0xFF as UInt8)
    }
}
