/// A valid module made out of any bytes: dense code over locals, memories, globals and objects.
///
/// Beside modules from other generators: here every value matters to what can be seen at the end,
/// and locals are read and written while they are operands.
public struct GeneratedModule {
    /// The module's text.
    public private(set) var text = ""

    var choices: Choices
    /// The types of the parameters and the result of each function; functions call only later ones.
    var signatures: [(parameters: [GeneratedType], result: GeneratedType)] = []
    var function = 0
    /// The types of the parameters and locals of the function that is written.
    var locals: [GeneratedType] = []
    /// Labels of enclosing blocks that take no value.
    var labels: [String] = []
    var labelCount = 0
    /// The loops around the place that is written.
    var loopDepth = 0
    /// What may still be written: bytes decide, so that without it few would make much.
    var nodesLeft = 1500

    /// Makes the module.
    public init(_ bytes: [UInt8]) {
        choices = Choices(bytes)
        for _ in 0..<(2 + choices.below(4)) {
            let parameters = (0..<choices.below(5)).map { _ in type() }
            signatures.append((parameters, type()))
        }
        text = Self.head + "(elem (table 0) (i32.const 0) func"
        for index in 0..<8 { text += " \(index % signatures.count)" }
        text += ")\n"
        for index in signatures.indices { writeFunction(index) }
        text += ")\n"
    }

    /// What every module has.
    private static let head = """
        (module
        (type $s (struct (field (mut i32)) (field (mut i64)) (field (mut i8)) (field (mut f64))
          (field (mut v128)) (field (mut (ref null $s)))))
        (type $a8 (array (mut i8))) (type $a64 (array (mut i64))) (type $link (sub (struct (field i32))))
        (type $link2 (sub $link (struct (field i32) (field i64))))
        (memory $m (export "m") 1 2) (memory $n (export "n") i64 1 1)
        (data $d "the quick brown fox jumps over the lazy dog")
        (table $t 8 8 funcref)
        (tag $x (param i32 i64))
        (global $i32 (export "i32") (mut i32) (i32.const 7))
        (global $i64 (export "i64") (mut i64) (i64.const -7))
        (global $f32 (export "f32") (mut f32) (f32.const 1.5))
        (global $f64 (export "f64") (mut f64) (f64.const -2.5))
        (global $v128 (export "v128") (mut v128) (v128.const i32x4 1 2 3 4))
        (global $s (mut (ref null $s)) (ref.null $s))
        (global $a (mut (ref null $a64)) (array.new_default $a64 (i32.const 9)))
        (global $b (mut (ref null $a8)) (array.new_default $a8 (i32.const 16)))
        (global $l (mut anyref) (ref.i31 (i32.const 5)))

        """

    /// How many loops may lie in one another; each has a local that counts its rounds.
    static let loopDepthMax = 2

    mutating func type() -> GeneratedType { choices.element(of: GeneratedType.allCases) }

    private mutating func writeFunction(_ index: Int) {
        function = index
        let signature = signatures[index]
        locals =
            signature.parameters + GeneratedType.allCases
            + (0..<choices.below(6)).map { _ in type() }
        nodesLeft = 1500 / signatures.count
        let declared = locals.dropFirst(signature.parameters.count).map(\.rawValue)
        text += "(func (export \"\(index)\")"
        for parameter in signature.parameters { text += " (param \(parameter))" }
        text += " (result \(signature.result)) (local \(declared.joined(separator: " ")))\n"
        text +=
            "  (local $c0 i32) (local $c1 i32) (local $tf f32) (local $td f64) (local $tv v128)\n"
        for _ in 0..<(1 + choices.below(12)) { text += "  " + statement(3) + "\n" }
        text += "  " + value(signature.result, 5) + ")\n"
    }

    /// The index of a local of a type: there is one of each.
    mutating func local(_ type: GeneratedType) -> Int {
        let candidates = locals.indices.filter { locals[$0] == type }
        return choices.element(of: candidates)
    }
}
