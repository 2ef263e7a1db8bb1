import Wasm
import WasmText

extension Value {
    /// The value that a script's constant stands for.
    init?(_ constant: Script.Constant) {
        switch constant {
        case .i32(let bits): self = .i32(Int32(bitPattern: bits))
        case .i64(let bits): self = .i64(Int64(bitPattern: bits))
        case .f32(let bits): self = .f32(bits: bits)
        case .f64(let bits): self = .f64(bits: bits)
        case .v128(let low, let high): self = .v128(V128(low: low, high: high))
        case .null("func"), .null("nofunc"): self = .functionReference(nil)
        case .null("extern"), .null("noextern"): self = .externalReference(nil)
        case .null: self = .anyReference(nil)
        case .external(let number): self = .externalReference(number)
        case .host(let number): self = .anyReference(.host(number))
        }
    }
}

extension Script.Pattern {
    /// Whether a result is as expected.
    func matches(_ found: Value) -> Bool {
        switch (self, found) {
        case (.constant(.null), _), (.anyNull, _):
            return found.isNull
        case (.constant(let constant), _):
            return Value(constant) == found
        case (.f32(let float), .f32(let bits)):
            return float.matches(UInt64(bits), significandBits: 23, width: 32)
        case (.f64(let float), .f64(let bits)):
            return float.matches(bits, significandBits: 52, width: 64)
        case (.f32x4(let lanes), .v128(let vector)):
            return (0..<4).allSatisfy { index in
                let half = index < 2 ? vector.low : vector.high
                let bits = half >> UInt64(32 * (index % 2)) & 0xFFFF_FFFF
                return lanes[index].matches(bits, significandBits: 23, width: 32)
            }
        case (.f64x2(let lanes), .v128(let vector)):
            return lanes[0].matches(vector.low, significandBits: 52, width: 64)
                && lanes[1].matches(vector.high, significandBits: 52, width: 64)
        case (.reference(let heapType), _):
            return found.isReference(to: heapType)
        case (.either(let patterns), _):
            return patterns.contains { $0.matches(found) }
        default:
            return false
        }
    }
}

extension Script.LanePattern {
    fileprivate func matches(_ found: UInt64, significandBits: Int, width: Int) -> Bool {
        switch self {
        case .bits(let bits): bits == found
        case .float(let float):
            float.matches(found, significandBits: significandBits, width: width)
        }
    }
}

extension Script.Float {
    fileprivate func matches(_ bits: UInt64, significandBits: Int, width: Int) -> Bool {
        let infinity =
            (UInt64(1) << UInt64(width - 1)) - (UInt64(1) << UInt64(significandBits))
        let quiet = infinity | 1 << UInt64(significandBits - 1)
        let magnitude = bits & ((UInt64(1) << UInt64(width - 1)) - 1)
        switch self {
        case .canonicalNaN: return magnitude == quiet
        case .arithmeticNaN: return magnitude & quiet == quiet
        }
    }
}

extension Value {
    fileprivate var isNull: Bool {
        self == .functionReference(nil) || self == .externalReference(nil)
            || self == .anyReference(nil)
    }

    /// Whether the value is a reference, not null, to something of a heap type of the text format.
    fileprivate func isReference(to heapType: String) -> Bool {
        switch (self, heapType) {
        case (.functionReference(.some), "func"), (.externalReference(.some), "extern"),
            (.anyReference(.some), "any"), (.anyReference(.i31), "i31"),
            (.anyReference(.i31), "eq"),
            (.anyReference(.object), "extern"), (.anyReference(.i31), "extern"):
            true
        case (.anyReference(.object(let object)), "struct"): object.kind == .structure
        case (.anyReference(.object(let object)), "array"): object.kind == .array
        case (.anyReference(.object(let object)), "exn"): object.kind == .exception
        case (.anyReference(.object(let object)), "eq"): object.kind != .exception
        default: false
        }
    }
}
