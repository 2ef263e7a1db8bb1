extension GeneratedModule {
    /// None, one or two statements.
    mutating func statements(_ depth: Int) -> String {
        guard depth > 0, nodesLeft > 0 else { return "" }
        return (0..<choices.below(3)).map { _ in statement(depth) }.joined(separator: " ")
    }

    /// Code that leaves no value.
    mutating func statement(_ depth: Int) -> String {
        nodesLeft -= 1
        let type = type()
        switch choices.below(18) {
        case 0, 1, 2: return "(local.set \(local(type)) \(value(type, depth)))"
        case 3, 4: return "(global.set $\(type) \(value(type, depth)))"
        case 5, 6: return store(type, depth)
        case 7: return loop(depth)
        case 8:
            return
                "(if \(value(.i32, depth)) (then \(statements(depth - 1))) (else \(statements(depth - 1))))"
        case 9: return block(depth)
        case 10: return branch(depth) ?? "(drop \(value(type, depth)))"
        case 11: return bulk(depth)
        case 12: return change(depth)
        case 13: return swap(type)
        case 14: return table(depth)
        default: return "(drop \(value(type, depth)))"
        }
    }

    private mutating func store(_ type: GeneratedType, _ depth: Int) -> String {
        var names = ["\(type).store"]
        switch type {
        case .i32: names += ["i32.store8", "i32.store16"]
        case .i64: names += ["i64.store8", "i64.store16", "i64.store32"]
        default: break
        }
        let name = choices.element(of: names)
        let offset = choices.isTrue(oneIn: 2) ? " offset=\(choices.below(250))" : ""
        if choices.isTrue(oneIn: 4) {
            return
                "(\(name) $n\(offset) (i64.extend_i32_u \(address(depth))) \(value(type, depth)))"
        }
        return "(\(name) $m\(offset) \(address(depth)) \(value(type, depth)))"
    }

    /// A loop of a few rounds.
    private mutating func loop(_ depth: Int) -> String {
        guard loopDepth < Self.loopDepthMax, depth > 0 else { return "(nop)" }
        let counter = "$c\(loopDepth)"
        let label = "$l\(labelCount)"
        labelCount += 1
        loopDepth += 1
        defer { loopDepth -= 1 }
        let body = (0..<(1 + choices.below(3))).map { _ in statement(depth - 1) }.joined(
            separator: " "
        )
        return "(local.set \(counter) (i32.const \(1 + choices.below(12)))) (loop \(label) \(body) "
            + "(br_if \(label) (local.tee \(counter) (i32.sub (local.get \(counter)) (i32.const 1)))))"
    }

    private mutating func block(_ depth: Int) -> String {
        let label = "$b\(labelCount)"
        labelCount += 1
        labels.append(label)
        defer { labels.removeLast() }
        let body = (0..<(1 + choices.below(4))).map { _ in statement(depth - 1) }.joined(
            separator: " "
        )
        return "(block \(label) \(body))"
    }

    private mutating func branch(_ depth: Int) -> String? {
        guard !labels.isEmpty else { return nil }
        if choices.isTrue(oneIn: 3) {
            let targets = (0..<(1 + choices.below(4))).map { _ in choices.element(of: labels) }
            // The code after a branch that is always taken cannot be reached.
            return "(br_table \(targets.joined(separator: " ")) \(value(.i32, depth)))"
        }
        return "(br_if \(choices.element(of: labels)) \(value(.i32, depth)))"
    }

    private mutating func bulk(_ depth: Int) -> String {
        let (a, b) = (address(depth), address(depth))
        let count = "(i32.and \(value(.i32, depth)) (i32.const 31))"
        switch choices.below(7) {
        case 0: return "(memory.fill $m \(a) \(value(.i32, depth)) \(count))"
        case 1: return "(memory.copy $m $m \(a) \(b) \(count))"
        case 2: return "(memory.copy $m $n \(a) (i64.extend_i32_u \(b)) \(count))"
        case 3: return "(memory.init $m $d \(a) (i32.const \(choices.below(12))) \(count))"
        case 4:
            return
                "(array.fill $a64 (global.get $a) (i32.const 2) \(value(.i64, depth)) (i32.const 3))"
        case 5:
            return
                "(array.copy $a8 $a8 (global.get $b) (i32.const 1) (global.get $b) (i32.const 0) "
                + "(i32.and \(value(.i32, depth)) (i32.const 15)))"
        default: return "(drop (memory.grow $m (i32.and \(value(.i32, depth)) (i32.const 1))))"
        }
    }

    /// A change to an object.
    private mutating func change(_ depth: Int) -> String {
        switch choices.below(8) {
        case 0: return "(global.set $s \(structure(depth)))"
        case 1: return "(struct.set $s 0 \(structure(depth)) \(value(.i32, depth)))"
        case 2: return "(struct.set $s 4 \(structure(depth)) \(value(.v128, depth)))"
        case 3: return "(struct.set $s 2 \(structure(depth)) \(value(.i32, depth)))"
        case 4:
            return
                "(array.set $a64 (global.get $a) (i32.rem_u \(value(.i32, depth)) (i32.const 9)) "
                + "\(value(.i64, depth)))"
        case 5:
            return "(array.set $a8 (global.get $b) (i32.and \(value(.i32, depth)) (i32.const 15)) "
                + "\(value(.i32, depth)))"
        case 6:
            return "(global.set $l (struct.new $link2 \(value(.i32, depth)) \(value(.i64, depth))))"
        default: return "(global.set $a (array.new $a64 \(value(.i64, depth)) (i32.const 9)))"
        }
    }

    /// Exchanges two locals by way of the operand stack.
    private mutating func swap(_ type: GeneratedType) -> String {
        let (a, b) = (local(type), local(type))
        return "(local.get \(a)) (local.get \(b)) (local.set \(a)) (local.set \(b))"
    }

    private mutating func table(_ depth: Int) -> String {
        let index = "(i32.and \(value(.i32, depth)) (i32.const 7))"
        switch choices.below(3) {
        case 0: return "(table.set $t \(index) (table.get $t \(index)))"
        case 1:
            return "(table.copy $t $t (i32.const \(choices.below(4))) (i32.const 4) (i32.const 2))"
        default: return "(local.set \(local(.i32)) (ref.is_null (table.get $t \(index))))"
        }
    }
}
