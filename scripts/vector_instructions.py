"""The vector instructions for scripts/generate-interpreter, by their names in the text format.

Bodies read operands with typed subscripts of the frame; `lanes` turns a comparison into all ones and
all zeros.
"""
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
NAMES = os.path.join(ROOT, "Sources", "Wasm", "Binary", "InstructionNames.swift")

# (opcode name, body lines, cells, comment)
OPCODES = []
# What is worth having in the loop itself. The others are functions that it calls: together in one function
# they would take the compiler minutes.
INLINE = re.compile(
    r"copyVector|selectVector|v128(Const|Load|Store|Load\d+(Splat|Zero)|And|Andnot|Or|Xor|Not|Bitselect)"
    r"|i32x4Shuffle|(i32x4|i64x2|f32x4|f64x2)(Splat|ExtractLane)"
    r"|[iu]\d+x\d+(Add|Sub|Mul|Shl|ShrS|ShrU)|f\d+x\d+(Add|Sub|Mul|Div|RelaxedMadd|RelaxedNmadd)")
# The number after the prefix 0xFD: how the instruction is translated.
OPERATIONS = {}


def numbers():
    with open(NAMES) as file:
        text = re.search(r'let vector = list\(\s*"""(.*?)"""', file.read(), re.S).group(1)
    return {name: number for number, name in enumerate(text.split()) if name != "-"}


NUMBERS = numbers()


def opcode(name):
    lane, _, operation = name.partition(".")
    return lane + "".join(part[0].upper() + part[1:] for part in operation.split("_"))


def op(name, body, cells=1, comment=None):
    OPCODES.append((name, body.strip("\n").split("\n"), cells, comment))


def instruction(name, shape, body, cells=1, comment=None):
    OPERATIONS[NUMBERS[name]] = f"{shape}(.{opcode(name)})"
    op(opcode(name), body, cells, comment)


SHAPES = {"i8x16": (8, 16), "i16x8": (16, 8), "i32x4": (32, 4), "i64x2": (64, 2),
          "f32x4": (32, 4), "f64x2": (64, 2)}


def vector(kind):
    """The Swift type of vectors of a kind such as u8x16."""
    letter, (bits, count) = kind[0], SHAPES["i" + kind[1:]]
    scalar = {"i": f"Int{bits}", "u": f"UInt{bits}", "f": {32: "Float", 64: "Double"}.get(bits)}[letter]
    return f"SIMD{count}<{scalar}>"


def scalar(kind):
    return vector(kind).split("<")[1].rstrip(">")


def signed(lane, suffix):
    return ("u" if suffix.endswith("u") else "i") + lane[1:]


def unary(name, kind, expression, result=None):
    instruction(name, "unary", f"""
let x = frame[{kind}: pc.b]
frame[{result or kind}: pc.a] = {expression}
""")


def binary(name, kind, expression, result=None, extra=""):
    extra = extra.strip("\n") + "\n" if extra else ""
    instruction(name, "binary", f"""
let x = frame[{kind}: pc.b]
let y = frame[{kind}: pc.c]
{extra}frame[{result or kind}: pc.a] = {expression}
""")


def ternary(name, kind, expression):
    instruction(name, "ternary", f"""
let x = frame[{kind}: pc.b]
let y = frame[{kind}: pc.c]
let z = frame[{kind}: pc.secondA]
frame[{kind}: pc.a] = {expression}
""", cells=2)


def test(name, kind, expression):
    instruction(name, "test", f"""
let x = frame[{kind}: pc.b]
frame[i64: pc.a] = {expression}
""")


# MARK: Memory

def access(size):
    return f"""
let address = frame[i64: pc.b] &+ UInt64(pc.c)
guard memory.contains(address, {size}) else {{ return (pc, false) }}
"""


STORE_SIZES = {}


def store_access(name, size):
    STORE_SIZES[name] = size
    return f"""
let address = frame[i64: pc.a] &+ UInt64(pc.c)
guard context.storeWindow.covers(address, {size}) else {{ return (pc, false) }}
"""


def load(name, size, result, expression):
    instruction(name, "load", access(size).lstrip("\n") + f"frame[{result}: pc.a] = {expression}",
                comment="a = memory[b + offset c]" if name == "v128.load" else None)


load("v128.load", 16, "u64x2", "memory.load(address, as: SIMD2<UInt64>.self)")
for narrow, wide in (("8x8", "16x8"), ("16x4", "32x4"), ("32x2", "64x2")):
    bits, count = narrow.split("x")
    for sign in "su":
        kind = ("i" if sign == "s" else "u") + wide
        stored = f"SIMD{count}<{'Int' if sign == 's' else 'UInt'}{bits}>"
        load(f"v128.load{narrow}_{sign}", 8, kind,
             f"{vector(kind)}(truncatingIfNeeded: memory.load(address, as: {stored}.self))")
for lane, (bits, count) in list(SHAPES.items())[:4]:
    kind = "u" + lane[1:]
    load(f"v128.load{bits}_splat", bits // 8, kind,
         f"{vector(kind)}(repeating: memory.load(address, as: UInt{bits}.self))")
for bits in (32, 64):
    load(f"v128.load{bits}_zero", bits // 8, "u64x2",
         f"SIMD2(UInt64(memory.load(address, as: UInt{bits}.self)), 0)")
instruction("v128.store", "store", store_access("v128Store", 16) + "memory.store(frame[u64x2: pc.b], at: address)",
            comment="memory[a + offset c] = b")
for lane, (bits, count) in list(SHAPES.items())[:4]:
    kind = "u" + lane[1:]
    instruction(f"v128.load{bits}_lane", "loadLane", access(bits // 8) + f"""
let value = memory.load(address, as: UInt{bits}.self)
let x = frame[{kind}: pc.secondA]
frame[{kind}: pc.a] = replacing(x, lane: pc.secondB, with: value)
""".lstrip("\n"), cells=2,
                comment="a = the vector in the second cell's first slot, with memory[b + offset c] in its "
                "second field's lane" if bits == 8 else None)
    instruction(f"v128.store{bits}_lane", "storeLane", store_access(f"v128Store{bits}Lane", bits // 8)
                + f"memory.store(frame.lane(pc.b, pc.secondA, as: UInt{bits}.self), at: address)",
                cells=2, comment="memory[a + offset c] = the second cell's lane of b" if bits == 8 else None)

# MARK: Constants and lanes

op("copyVector", "frame[u64x2: pc.a] = frame[u64x2: pc.b]", comment="a = b")
op("selectVector", """
frame[u64x2: pc.a] = frame[i32: pc.secondA] != 0 ? frame[u64x2: pc.b] : frame[u64x2: pc.c]
""", cells=2, comment="a = (second cell's first slot) ? b : c")
OPERATIONS[NUMBERS["v128.const"]] = "constant"
op("v128Const", "frame[u64x2: pc.a] = pc.secondVector", cells=3, comment="a = the next two cells")
OPERATIONS[NUMBERS["i8x16.shuffle"]] = "shuffle"
op("i8x16Shuffle", "frame[u64x2: pc.a] = shuffle(frame, pc)", cells=3,
   comment="a = bytes of b and c, by the numbers in the next two cells")
op("i32x4Shuffle", "frame[u32x4: pc.a] = shuffleWords(frame, pc)", cells=2,
   comment="a = 32-bit lanes of b and c, by the numbers in the second cell")
for name in ("i8x16.swizzle", "i8x16.relaxed_swizzle"):
    instruction(name, "binary", "frame[u64x2: pc.a] = swizzle(frame, pc)")
for lane, (bits, count) in SHAPES.items():
    kind = "u" + lane[1:]
    width = max(bits, 32)
    value = f"frame[i{width}: pc.b]"
    if bits < 32:
        value = f"UInt{bits}(truncatingIfNeeded: {value})"
    instruction(f"{lane}.splat", "unary", f"frame[{kind}: pc.a] = {vector(kind)}(repeating: {value})")
    for suffix in ("_s", "_u") if bits < 32 else ("",):
        swift = f"Int{bits}" if suffix == "_s" else f"UInt{bits}"
        target = "s32" if suffix == "_s" else f"i{width}"
        value = f"frame.lane(pc.b, pc.c, as: {swift}.self)"
        if bits < 32:
            value = f"{'Int32' if suffix == '_s' else 'UInt32'}({value})"
        instruction(f"{lane}.extract_lane{suffix}", "extractLane", f"frame[{target}: pc.a] = {value}",
                    comment="a = lane c of b" if lane == "i8x16" else None)
    value = f"frame[i{width}: pc.c]"
    if bits < 32:
        value = f"UInt{bits}(truncatingIfNeeded: {value})"
    instruction(f"{lane}.replace_lane", "replaceLane", f"""
let value = {value}
let x = frame[{kind}: pc.b]
frame[{kind}: pc.a] = replacing(x, lane: pc.secondA, with: value)
""", cells=2, comment="a = b with c in the second cell's lane" if lane == "i8x16" else None)

# MARK: Comparisons

SIGNS = {"eq": ".==", "ne": ".!=", "lt": ".<", "gt": ".>", "le": ".<=", "ge": ".>="}
for lane in SHAPES:
    for name, sign in SIGNS.items():
        if lane[0] == "f" or name in ("eq", "ne"):
            suffixes = [""]
        else:
            suffixes = ["_s"] if lane == "i64x2" else ["_s", "_u"]
        for suffix in suffixes:
            kind = lane if lane[0] == "f" else signed(lane, suffix)
            binary(f"{lane}.{name}{suffix}", kind, f"lanes(x {sign} y)", "i" + lane[1:])

# MARK: Bits

unary("v128.not", "u64x2", "~x")
binary("v128.and", "u64x2", "x & y")
binary("v128.andnot", "u64x2", "x & ~y")
binary("v128.or", "u64x2", "x | y")
binary("v128.xor", "u64x2", "x ^ y")
ternary("v128.bitselect", "u64x2", "(x & z) | (y & ~z)")
for lane in list(SHAPES)[:4]:
    ternary(f"{lane}.relaxed_laneselect", "u64x2", "(x & z) | (y & ~z)")
test("v128.any_true", "u64x2", "(x.x | x.y) != 0 ? 1 : 0")
for lane in list(SHAPES)[:4]:
    kind = "u" + lane[1:]
    test(f"{lane}.all_true", kind, f"isZero(x .== {vector(kind)}(repeating: 0)) ? 1 : 0")
    test(f"{lane}.bitmask", "u64x2", f"bitmask{SHAPES[lane][0]}(x)")

# MARK: Integers

for lane, (bits, count) in list(SHAPES.items())[:4]:
    i, u = "i" + lane[1:], "u" + lane[1:]
    zero = f"{vector(i)}(repeating: 0)"
    unary(f"{lane}.abs", i, f"x.replacing(with: {zero} &- x, where: x .< {zero})")
    unary(f"{lane}.neg", i, f"{zero} &- x")
    for name, kind, sign in (("shl", u, "&<<"), ("shr_s", i, "&>>"), ("shr_u", u, "&>>")):
        count = f"frame[{'s' if kind == i else 'i'}32: pc.c]"
        instruction(f"{lane}.{name}", "binary", f"""
let count = {scalar(kind)}(truncatingIfNeeded: {count})
frame[{kind}: pc.a] = frame[{kind}: pc.b] {sign} {vector(kind)}(repeating: count)
""")
    binary(f"{lane}.add", u, "x &+ y")
    binary(f"{lane}.sub", u, "x &- y")
    if bits > 8:
        binary(f"{lane}.mul", u, "x &* y")
    if bits < 64:
        for suffix in ("_s", "_u"):
            kind = signed(lane, suffix)
            binary(f"{lane}.min{suffix}", kind, "x.replacing(with: y, where: y .< x)")
            binary(f"{lane}.max{suffix}", kind, "x.replacing(with: y, where: y .> x)")
    if bits < 32:
        full = f"{vector(u)}(repeating: .max)"
        binary(f"{lane}.add_sat_u", u, f"(x &+ y).replacing(with: {full}, where: x .> ~y)")
        binary(f"{lane}.sub_sat_u", u,
               f"(x &- y).replacing(with: {vector(u)}(repeating: 0), where: x .< y)")
        for name, sign, overflow in (("add_sat_s", "&+", "(x ^ sum) & (y ^ sum)"),
                                     ("sub_sat_s", "&-", "(x ^ y) & (x ^ sum)")):
            binary(f"{lane}.{name}", i,
                   f"sum.replacing(with: limit, where: overflow .< {zero})", extra=f"""
let sum = x {sign} y
let overflow = {overflow}
let limit = (x &>> {vector(i)}(repeating: {bits - 1})) ^ {vector(i)}(repeating: .max)
""")
        binary(f"{lane}.avgr_u", u, f"(x | y) &- ((x ^ y) &>> {vector(u)}(repeating: 1))")
unary("i8x16.popcnt", "u8x16", "bitCounts(x)")
for name in ("i16x8.q15mulr_sat_s", "i16x8.relaxed_q15mulr_s"):
    binary(name, "i16x8", "multiplyQ15(x, y)")
binary("i32x4.dot_i16x8_s", "i16x8", "dotProducts(x, y)", "i32x4")
binary("i16x8.relaxed_dot_i8x16_i7x16_s", "i8x16", "dotProducts(x, y)", "i16x8")
instruction("i32x4.relaxed_dot_i8x16_i7x16_add_s", "ternary", """
let x = frame[i8x16: pc.b]
let y = frame[i8x16: pc.c]
let z = frame[i32x4: pc.secondA]
frame[i32x4: pc.a] = pairSums(dotProducts(x, y)) &+ z
""", cells=2)
for narrow, wide in (("8x16", "16x8"), ("16x8", "32x4"), ("32x4", "64x2")):
    half = "SIMD{}<{}>"
    for sign, letter in (("s", "i"), ("u", "u")):
        kind, result = letter + narrow, letter + wide
        for part in ("low", "high"):
            extended = f"{vector(result)}(truncatingIfNeeded: {{}}.{part}Half)"
            unary(f"i{wide}.extend_{part}_i{narrow}_{sign}", kind, extended.format("x"), result)
            binary(f"i{wide}.extmul_{part}_i{narrow}_{sign}", kind,
                   f"{extended.format('x')}\n    &* {extended.format('y')}", result)
        if wide != "64x2":
            unary(f"i{wide}.extadd_pairwise_i{narrow}_{sign}", kind, "pairSums(x)", result)
            narrowed = f"i{narrow}.narrow_i{wide}_{sign}"
            binary(narrowed, "i" + wide, f"{vector('i' + narrow)}(lowHalf: low, highHalf: high)",
                   "i" + narrow, extra=f"""
let low = narrow{'Signed' if sign == 's' else 'Unsigned'}(x)
let high = narrow{'Signed' if sign == 's' else 'Unsigned'}(y)
""")

# MARK: Floats

for lane in ("f32x4", "f64x2"):
    bits = SHAPES[lane][0]
    u = "u" + lane[1:]
    sign = "0x8000_0000" if bits == 32 else "0x8000_0000_0000_0000"
    unary(f"{lane}.abs", u, f"x & {vector(u)}(repeating: ~{sign})")
    unary(f"{lane}.neg", u, f"x ^ {vector(u)}(repeating: {sign})")
    names = "xyzw"[:SHAPES[lane][1]]
    roots = ", ".join(f"x.{name}.squareRoot()" for name in names)
    unary(f"{lane}.sqrt", lane, f"{vector(lane)}({roots})")
    for name, function in (("ceil", "roundedUp"), ("floor", "roundedDown"),
                           ("trunc", "roundedTowardZero"), ("nearest", "roundedToNearest")):
        unary(f"{lane}.{name}", lane, f"{function}(x)")
    for name, symbol in (("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/")):
        binary(f"{lane}.{name}", lane, f"x {symbol} y")
    for prefix in ("", "relaxed_"):
        binary(f"{lane}.{prefix}min", lane, "minimum(x, y)")
        binary(f"{lane}.{prefix}max", lane, "maximum(x, y)")
    binary(f"{lane}.pmin", lane, "x.replacing(with: y, where: y .< x)")
    binary(f"{lane}.pmax", lane, "x.replacing(with: y, where: x .< y)")
    ternary(f"{lane}.relaxed_madd", lane, "x * y + z")
    ternary(f"{lane}.relaxed_nmadd", lane, "z - x * y")
unary("f32x4.convert_i32x4_s", "i32x4", "SIMD4<Float>(x)", "f32x4")
unary("f32x4.convert_i32x4_u", "u32x4", "SIMD4<Float>(x)", "f32x4")
unary("f64x2.convert_low_i32x4_s", "i32x4", "SIMD2<Double>(x.lowHalf)", "f64x2")
unary("f64x2.convert_low_i32x4_u", "u32x4", "SIMD2<Double>(x.lowHalf)", "f64x2")
unary("f64x2.promote_low_f32x4", "f32x4", "SIMD2<Double>(x.lowHalf)", "f64x2")
unary("f32x4.demote_f64x2_zero", "f64x2",
      "SIMD4<Float>(lowHalf: SIMD2<Float>(x), highHalf: SIMD2<Float>(repeating: 0))", "f32x4")
for sign, letter in (("s", "i"), ("u", "u")):
    kind = letter + "32x4"
    function = "truncatedSigned" if sign == "s" else "truncatedUnsigned"
    for name in (f"i32x4.trunc_sat_f32x4_{sign}", f"i32x4.relaxed_trunc_f32x4_{sign}"):
        lanes = ", ".join(f"{function}(x.{lane})" for lane in "xyzw")
        unary(name, "f32x4", f"SIMD4({lanes})", kind)
    for name in (f"i32x4.trunc_sat_f64x2_{sign}_zero", f"i32x4.relaxed_trunc_f64x2_{sign}_zero"):
        unary(name, "f64x2", f"SIMD4({function}(x.x), {function}(x.y), 0, 0)", kind)

assert set(OPERATIONS) == set(NUMBERS.values()), sorted(set(NUMBERS.values()) - set(OPERATIONS))


def interpreter_file(header):
    out = [header, """extension Machine {
    /// Runs vector instructions up to the next instruction of another kind.
    ///
    /// Answers where that is; or the place of an access that is not permitted, and false: `MachinePointer.exit` says
    /// why. What the instructions cost is paid for already, and none of them suspends.
    @inline(never)
    static func runVectors(
        from start: CodePointer,
        _ frame: Frame,
        _ memory: LinearMemory,
        _ context: ContextPointer
    ) -> (next: CodePointer, isPermitted: Bool) {
        var pc = start
        while true {
            switch pc.opcode {
"""]
    functions = []
    for name, lines, cells, _ in OPCODES:
        out.append(f"            case .{name}:\n")
        if not INLINE.fullmatch(name):
            # The check of an access stays in the loop.
            checks = [line for line in lines if line.startswith(("let address", "guard"))]
            parameters, arguments = "_ frame: Frame, _ pc: CodePointer", "frame, pc"
            if checks:
                parameters += ", _ memory: LinearMemory, _ address: UInt64"
                arguments += ", memory, address"
            body = "".join(f"        {line}\n" for line in lines if line not in checks)
            functions.append(f"\n    @inline(never)\n    private static func {name}({parameters}) {{\n{body}    }}\n")
            lines = checks + [f"{name}({arguments})"]
        for line in lines:
            out.append(f"                {line}\n")
        out.append(f"                pc.advance({cells})\n")
    out.append("""            default:
                return (pc, true)
            }
        }
    }
""")
    out += functions
    out.append("""}

extension MachinePointer {
    /// Why `runVectors` stopped at an access.
    @inline(never)
    func exit(fromVectorAccess pc: CodePointer, _ frame: Frame) -> Exit {
        let byteCount: Int
        switch pc.opcode {
""")
    for name, size in STORE_SIZES.items():
        out.append(f"        case .{name}: byteCount = {size}\n")
    out.append("""        default: return .trap(.memoryOutOfBounds)
        }
        return needsNote(of: frame[i64: pc.a] &+ UInt64(pc.c), byteCount)
    }
}
""")
    return "".join(out)


def table_file(header):
    out = [header, "extension VectorOperation {\n"]
    out.append("    /// The operation for each number after the prefix 0xFD; nil for numbers that mean nothing.\n")
    out.append("    static let table: [VectorOperation?] = [\n")
    for number in range(max(OPERATIONS) + 1):
        value = OPERATIONS.get(number)
        out.append(f"        .{value},\n" if value else "        nil,\n")
    out.append("    ]\n}\n")
    return "".join(out)
