extension GeneratedModule {
    /// Code that leaves a value of a type.
    mutating func value(_ type: GeneratedType, _ depth: Int) -> String {
        nodesLeft -= 1
        guard depth > 0, nodesLeft > 0, choices.hasMore else { return leaf(type) }
        switch choices.below(16) {
        case 0, 1: return leaf(type)
        case 2: return "(local.tee \(local(type)) \(value(type, depth - 1)))"
        case 3:
            return
                "(select \(value(type, depth - 1)) \(value(type, depth - 1)) \(value(.i32, depth - 1)))"
        case 4:
            let condition = value(.i32, depth - 1)
            let then = statements(depth - 2) + value(type, depth - 1)
            let otherwise = statements(depth - 2) + value(type, depth - 1)
            return "(if (result \(type)) \(condition) (then \(then)) (else \(otherwise)))"
        case 5: return branchingBlock(type, depth)
        case 6: return load(type, depth)
        case 7: return call(type, depth) ?? leaf(type)
        case 8: return object(type, depth)
        case 9: return catching(type, depth)
        case 10, 11: return rounded(type, depth) ?? operation(type, depth)
        default: return operation(type, depth)
        }
    }

    private mutating func leaf(_ type: GeneratedType) -> String {
        switch choices.below(6) {
        case 0, 1, 2: return "(local.get \(local(type)))"
        case 3: return "(global.get $\(type))"
        default: return constant(type)
        }
    }

    private mutating func constant(_ type: GeneratedType) -> String {
        let integers = [
            "0", "1", "-1", "2", "7", "31", "32", "63", "64", "127", "128", "255", "65535",
        ]
        let small = choices.element(of: integers)
        let isWide = choices.isTrue(oneIn: 3)
        switch type {
        case .i32:
            let bits = Int32(truncatingIfNeeded: isWide ? choices.word() >> 32 : 0x8000_0000)
            return "(i32.const \(isWide || choices.isTrue(oneIn: 8) ? "\(bits)" : small))"
        case .i64:
            let bits = Int64(bitPattern: isWide ? choices.word() : 1 << 63)
            return "(i64.const \(isWide || choices.isTrue(oneIn: 8) ? "\(bits)" : small))"
        case .f32, .f64:
            let floats = [
                "0", "-0", "1", "-1.5", "0x1p-149", "3.4e38", "inf", "-inf", "nan", "2147483648",
                "0.1",
            ]
            return "(\(type).const \(choices.element(of: floats)))"
        case .v128:
            return isWide
                ? "(v128.const i64x2 \(choices.word()) \(choices.word()))"
                : "(v128.const i32x4 \(small) 0x3f800000 0x80000000 \(small))"
        }
    }

    private mutating func operation(_ type: GeneratedType, _ depth: Int) -> String {
        apply(choices.element(of: type.operators), depth)
    }

    private mutating func apply(_ chosen: GeneratedType.Operator, _ depth: Int) -> String {
        var operands = chosen.operands.map { value($0, depth - 1) }
        let divides = chosen.name.contains(".div_") || chosen.name.contains(".rem_")
        // Few functions would come to their end if divisors were often zero.
        if divides, !choices.isTrue(oneIn: 16) {
            let type = chosen.operands[1]
            operands[1] = "(\(type).or \(operands[1]) (\(type).const 1))"
        }
        return "(\(chosen.name) \(operands.joined(separator: " ")))"
    }

    /// An operation whose result may be a NaN, which is made the canonical one.
    private mutating func rounded(_ type: GeneratedType, _ depth: Int) -> String? {
        guard !type.floats.isEmpty else { return nil }
        let code = apply(choices.element(of: type.floats), depth)
        switch type {
        case .f32:
            return
                "(select (local.tee $tf \(code)) (f32.const nan) (f32.eq (local.get $tf) (local.get $tf)))"
        case .f64:
            return
                "(select (local.tee $td \(code)) (f64.const nan) (f64.eq (local.get $td) (local.get $td)))"
        default:
            return "(v128.bitselect (local.tee $tv \(code)) (v128.const f32x4 nan nan nan nan) "
                + "(f32x4.eq (local.get $tv) (local.get $tv)))"
        }
    }

    /// A block that is left early with one value or at its end with another.
    private mutating func branchingBlock(_ type: GeneratedType, _ depth: Int) -> String {
        let label = "$v\(labelCount)"
        labelCount += 1
        let before = statements(depth - 2)
        let early = value(type, depth - 1)
        let condition = value(.i32, depth - 1)
        let after = statements(depth - 2)
        let late = value(type, depth - 1)
        return
            "(block \(label) (result \(type)) \(before) (drop (br_if \(label) \(early) \(condition)))"
            + " \(after) \(late))"
    }

    mutating func address(_ depth: Int) -> String {
        choices.isTrue(oneIn: 100)
            ? value(.i32, depth - 1) : "(i32.and \(value(.i32, depth - 1)) (i32.const 0xfff8))"
    }

    private mutating func load(_ type: GeneratedType, _ depth: Int) -> String {
        var names = ["\(type).load"]
        switch type {
        case .i32: names += ["i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u"]
        case .i64: names += ["i64.load8_s", "i64.load16_u", "i64.load32_s", "i64.load32_u"]
        case .v128:
            names += ["v128.load8x8_s", "v128.load32x2_u", "v128.load16_splat", "v128.load64_zero"]
        default: break
        }
        let name = choices.element(of: names)
        let offset = choices.isTrue(oneIn: 2) ? " offset=\(choices.below(250))" : ""
        if choices.isTrue(oneIn: 4) {
            return "(\(name) $n\(offset) (i64.extend_i32_u \(address(depth))))"
        }
        return "(\(name) $m\(offset) \(address(depth)))"
    }

    /// A call of a later function; nil when there is none of that type.
    private mutating func call(_ type: GeneratedType, _ depth: Int) -> String? {
        let callees = signatures.indices.filter { $0 > function && signatures[$0].result == type }
        guard !callees.isEmpty, loopDepth < 2 else { return nil }
        let callee = choices.element(of: callees)
        let arguments = signatures[callee].parameters.map { value($0, depth - 2) }
        guard choices.isTrue(oneIn: 3) else {
            return "(call \(callee) \(arguments.joined(separator: " ")))"
        }
        let parameters = signatures[callee].parameters.map { "(param \($0))" }.joined(
            separator: " "
        )
        let index = "(i32.const \(callee))"
        return "(call_indirect $t \(parameters) (result \(type)) "
            + "\(arguments.joined(separator: " ")) \(index))"
    }

    /// Something read from an object.
    private mutating func object(_ type: GeneratedType, _ depth: Int) -> String {
        switch type {
        case .i32:
            switch choices.below(6) {
            case 0: return "(struct.get $s 0 \(structure(depth)))"
            case 1: return "(struct.get_s $s 2 \(structure(depth)))"
            case 2:
                return
                    "(array.get_u $a8 (global.get $b) (i32.and \(value(.i32, depth - 1)) (i32.const 15)))"
            case 3: return "(ref.test (ref $link) (global.get $l))"
            case 4: return "(i31.get_s (ref.i31 \(value(.i32, depth - 1))))"
            default: return "(ref.eq (global.get $s) \(structure(depth)))"
            }
        case .i64:
            return choices.isTrue(oneIn: 2)
                ? "(struct.get $s 1 \(structure(depth)))"
                : "(array.get $a64 (global.get $a) (i32.rem_u \(value(.i32, depth - 1)) (i32.const 9)))"
        case .f64: return "(struct.get $s 3 \(structure(depth)))"
        case .v128: return "(struct.get $s 4 \(structure(depth)))"
        case .f32: return operation(type, depth)
        }
    }

    mutating func structure(_ depth: Int) -> String {
        guard choices.isTrue(oneIn: 2) else {
            return "(block $z (result (ref $s)) (br_on_non_null $z (global.get $s)) "
                + "(struct.new_default $s))"
        }
        return "(struct.new $s \(value(.i32, depth - 2)) \(value(.i64, depth - 2)) "
            + "\(value(.i32, depth - 2)) \(value(.f64, depth - 2)) \(value(.v128, depth - 2)) (global.get $s))"
    }

    /// A value that comes from an exception, or from where none was thrown.
    private mutating func catching(_ type: GeneratedType, _ depth: Int) -> String {
        guard type == .i64 else { return operation(type, depth) }
        let label = "$e\(labelCount)"
        labelCount += 1
        let thrown =
            "(if \(value(.i32, depth - 1)) (then (throw $x \(value(.i32, depth - 2)) \(value(.i64, depth - 2)))))"
        let normal = "\(value(.i32, depth - 2)) \(value(.i64, depth - 1))"
        return "(block (result i64) (block \(label) (result i32 i64) (try_table (result i32 i64) "
            + "(catch $x \(label)) \(statements(depth - 2)) \(thrown) \(normal))) "
            + "(local.set \(local(.i64))) (drop) (local.get \(local(.i64))))"
    }
}
