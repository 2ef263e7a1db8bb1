import Foundation
import Wasm

/// A script as `wasm-tools json-from-wast` writes it.
struct Script: Decodable {
    let commands: [Command]

    struct Command: Decodable {
        let type: String
        let line: Int
        let filename: String?
        let module_type: String?
        let name: String?
        let `as`: String?
        let text: String?
        let action: Action?
        let expected: [Pattern]?
    }

    struct Action: Decodable {
        let type: String
        let module: String?
        let field: String
        let args: [Pattern]?
    }

    /// A value, or what a result may be.
    struct Pattern: Decodable, CustomStringConvertible {
        let type: String
        let value: Scalar?
        let values: [Pattern]?

        var description: String { "\(type) \(value?.text ?? "")" }
    }

    /// A number as text; lanes of vectors are not kept.
    struct Scalar: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            self.text = try? decoder.singleValueContainer().decode(String.self)
        }
    }
}

extension Script.Pattern {
    /// The value that an argument stands for.
    func value(of instance: Instance) -> Value? {
        let text = value?.text ?? ""
        switch type {
        case "i32": return Int32(text).map { .i32($0) }
        case "i64": return Int64(text).map { .i64($0) }
        case "f32": return UInt32(text).map { .f32(bits: $0) }
        case "f64": return UInt64(text).map { .f64(bits: $0) }
        case "externref":
            return text == "null"
                ? .externalReference(nil) : UInt64(text).map { .externalReference($0) }
        case "funcref" where text == "null": return .functionReference(nil)
        default: return nil
        }
    }

    /// Whether a result is as expected.
    func matches(_ found: Value) -> Bool {
        let text = value?.text
        switch (type, found) {
        case ("either", _):
            return (values ?? []).contains { $0.matches(found) }
        case ("i32", .i32(let number)):
            return text == "\(number)"
        case ("i64", .i64(let number)):
            return text == "\(number)"
        case ("f32", .f32(let bits)):
            switch text {
            case "nan:canonical": return bits & 0x7FFF_FFFF == 0x7FC0_0000
            case "nan:arithmetic": return bits & 0x7FC0_0000 == 0x7FC0_0000
            default: return text == "\(bits)"
            }
        case ("f64", .f64(let bits)):
            switch text {
            case "nan:canonical": return bits & 0x7FFF_FFFF_FFFF_FFFF == 0x7FF8_0000_0000_0000
            case "nan:arithmetic": return bits & 0x7FF8_0000_0000_0000 == 0x7FF8_0000_0000_0000
            default: return text == "\(bits)"
            }
        case ("externref", .externalReference(let number)):
            guard let text else { return number != nil }
            return text == "null" ? number == nil : text == number.map { "\($0)" }
        case ("funcref", .functionReference(let function)):
            return text == "null" ? function == nil : function != nil
        case ("refnull", .functionReference(nil)), ("refnull", .externalReference(nil)):
            return true
        case ("nullfuncref", .functionReference(nil)), ("nullexternref", .externalReference(nil)):
            return true
        default:
            return false
        }
    }
}
