/// Names that a compiler has made of a path and a hash, read back: those of Rust, and plain ones of C++.
///
/// Both are nested names of the Itanium C++ ABI (§5.1.2): `_ZN`, components that each begin with their
/// length, `E`. Rust escapes what is no letter in them, and adds a component with a hash. What has templates,
/// operators or substitutions is left as it is, as are Swift's names and Rust's newer ones (`_R`).
enum MangledName {
    /// What a name stands for, cut as ``ReportedName`` says; nil when it is not of a known form.
    static func readable(_ name: ArraySlice<UInt8>) -> String? {
        guard name.starts(with: "_Z".utf8), name.count <= byteCountMax else { return nil }
        var rest = name.dropFirst(2)
        let isNested = rest.first == UInt8(ascii: "N")
        if isNested {
            rest = rest.dropFirst()
            // A member function that leaves its object alone: const.
            if rest.first == UInt8(ascii: "K") { rest = rest.dropFirst() }
        }
        var components: [ArraySlice<UInt8>] = []
        while let component = takeComponent(&rest) {
            components.append(component)
            if !isNested { break }
        }
        guard let last = components.last else { return nil }
        if isNested {
            if let special = takeStructor(&rest, of: last) { components.append(special) }
            // Parameters may follow.
            guard rest.first == UInt8(ascii: "E") else { return nil }
        }
        let isRust = components.count > 1 && isRustHash(last)
        if isRust { components.removeLast() }
        var text: [UInt8] = []
        for component in components {
            if !text.isEmpty { text += "::".utf8 }
            if isRust { unescape(component, into: &text) } else { text += component }
        }
        return ReportedName.text(text)
    }

    /// Longer names are shown as they are.
    private static let byteCountMax = 4_096

    /// Takes a component that begins with its length.
    private static func takeComponent(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty, digits.count <= 4,
            let length = Int(String(decoding: digits, as: UTF8.self)), length > 0,
            rest.count - digits.count >= length
        else { return nil }
        rest = rest.dropFirst(digits.count)
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }

    /// Takes the mark of a constructor or destructor, which has the name of its class.
    private static func takeStructor(
        _ rest: inout ArraySlice<UInt8>,
        of name: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8>? {
        guard rest.count >= 2, let kind = rest.first else { return nil }
        let number = rest[rest.startIndex + 1]
        guard (UInt8(ascii: "0")...UInt8(ascii: "5")).contains(number) else { return nil }
        switch kind {
        case UInt8(ascii: "C"):
            rest = rest.dropFirst(2)
            return name
        case UInt8(ascii: "D"):
            rest = rest.dropFirst(2)
            return [UInt8(ascii: "~")] + name
        default:
            return nil
        }
    }

    /// Whether a component is `h` and sixteen hexadecimal digits.
    private static func isRustHash(_ component: ArraySlice<UInt8>) -> Bool {
        component.count == 17 && component.first == UInt8(ascii: "h")
            && component.dropFirst().allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }

    /// What Rust writes for characters that a symbol may not have.
    private static let escapes: [(escape: String, text: String)] = [
        ("$SP$", "@"), ("$BP$", "*"), ("$RF$", "&"), ("$LT$", "<"), ("$GT$", ">"), ("$LP$", "("),
        ("$RP$", ")"), ("$C$", ","), ("..", "::"),
    ]

    private static func unescape(_ component: ArraySlice<UInt8>, into text: inout [UInt8]) {
        var rest = component
        // A symbol begins with a letter: one stands before an escape.
        if rest.starts(with: "_$".utf8) { rest = rest.dropFirst() }
        while let byte = rest.first {
            if let known = escapes.first(where: { rest.starts(with: $0.escape.utf8) }) {
                text += known.text.utf8
                rest = rest.dropFirst(known.escape.utf8.count)
            } else if let (scalar, count) = scalar(rest) {
                text += Array(String(scalar).utf8)
                rest = rest.dropFirst(count)
            } else {
                text.append(byte)
                rest = rest.dropFirst()
            }
        }
    }

    /// A character by its number: `$u7b$`.
    private static func scalar(_ rest: ArraySlice<UInt8>) -> (Unicode.Scalar, count: Int)? {
        guard rest.starts(with: "$u".utf8) else { return nil }
        let digits = rest.dropFirst(2).prefix(7).prefix { $0 != UInt8(ascii: "$") }
        let end = rest.dropFirst(2 + digits.count).first
        guard end == UInt8(ascii: "$"), !digits.isEmpty,
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(number)
        else { return nil }
        return (scalar, digits.count + 3)
    }
}
