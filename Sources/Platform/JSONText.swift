/// Writes the few JSON documents that the request path makes, without Foundation. RFC 8259
package struct JSONText {
    package private(set) var text = ""
    private var needsComma = false

    /// An empty document.
    package init() {}

    /// The finished document.
    package var bytes: [UInt8] { Array(text.utf8) }

    package mutating func object(_ body: (inout JSONText) -> Void) { nest("{", "}", body) }

    package mutating func array(_ body: (inout JSONText) -> Void) { nest("[", "]", body) }

    /// Writes a member's name; its value must follow.
    package mutating func key(_ name: String) {
        separate()
        append(quoting: name)
        text += ":"
        needsComma = false
    }

    package mutating func string(_ value: String) {
        separate()
        append(quoting: value)
        needsComma = true
    }

    package mutating func number(_ value: some BinaryInteger) {
        separate()
        text += String(value)
        needsComma = true
    }

    package mutating func boolean(_ value: Bool) {
        separate()
        text += value ? "true" : "false"
        needsComma = true
    }

    package mutating func null() {
        separate()
        text += "null"
        needsComma = true
    }

    package mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func member(_ name: String, _ value: some BinaryInteger) {
        key(name)
        number(value)
    }

    private mutating func nest(_ open: String, _ close: String, _ body: (inout JSONText) -> Void) {
        separate()
        text += open
        needsComma = false
        body(&self)
        text += close
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { text += "," }
    }

    private mutating func append(quoting value: String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
