"""Writes the transcripts of modules as wasmtime runs them.

    differential_oracle.py FILE...

The lines are those of Tests/Fuzzing/Targets/ModuleTranscript.swift, and so are the limits and the
arguments. wasmtime's library is called through its C interface, since its Python classes have no
vectors and only some of the references.
"""

import ctypes
import math
import struct
import sys
import zlib
from ctypes import byref

from wasmtime import Config, Engine, Store
from wasmtime import _bindings as c

FUEL = 200_000
MEMORY_BYTES_MAX = 64 << 20

# wasmtime_valkind_t and wasmtime_heaptype_kind_t.
I32, I64, F32, F64, V128, FUNC, EXTERN, ANY, EXN = range(9)
REFERENCE = 5
HEAP_EXTERN, HEAP_NO_EXTERN, HEAP_FUNC, HEAP_CONCRETE_FUNC, HEAP_NO_FUNC = range(5)
HEAP_ANY, HEAP_EQ, HEAP_I31 = 5, 7, 8
HEAP_EXNS = (13, 14, 15)
# wasmtime_extern_kind_t.
EXPORT_FUNCTION, EXPORT_GLOBAL, EXPORT_MEMORY = 0, 1, 3

# What the words stand for is in ModuleTranscript.word. Other reasons are limits of the host.
TRAPS = {
    "out of bounds memory access": "memory",
    "undefined element: out of bounds table access": "table",
    "uninitialized element": "uninitialized",
    "indirect call type mismatch": "signature",
    "integer overflow": "overflow",
    "integer divide by zero": "divide",
    "invalid conversion to integer": "conversion",
    "wasm `unreachable` instruction executed": "unreachable",
    "null reference": "null",
    "out of bounds array access": "array",
    "cast failure": "cast",
}

Finalizer = c._wasmtime_externref_new.argtypes[2]
I31_BITS = (7, 0x7FFFFFFE)


def engine():
    config = Config()
    for proposal in (
        "tail_call", "reference_types", "simd", "relaxed_simd", "bulk_memory", "multi_value",
        "multi_memory", "memory64", "exceptions", "function_references", "gc",
    ):
        setattr(config, "wasm_" + proposal, True)
    for proposal in ("threads", "wide_arithmetic", "custom_page_sizes"):
        setattr(config, "wasm_" + proposal, False)
    config.wasm_relaxed_simd_deterministic = True
    # Generated modules canonicalise NaNs themselves, but not those of f32.demote_f64 and
    # f64.promote_f32, whose bits the specification leaves open: both engines use the processor's.
    config.cranelift_nan_canonicalization = False
    config.cranelift_opt_level = "none"
    config.consume_fuel = True
    config.max_wasm_stack = 1 << 20
    # Without these, each of many memories would reserve gigabytes of addresses.
    config.memory_reservation = 1 << 20
    config.memory_guard_size = 1 << 16
    return Engine(config)


def take_message(pointer, read, delete):
    message = c.wasm_byte_vec_t()
    read(pointer, byref(message))
    text = ctypes.string_at(message.data, message.size).decode("utf-8", "replace")
    c.wasm_byte_vec_delete(byref(message))
    delete(pointer)
    return text


def outcome(error, trap):
    """A word for a call that failed; None when it did not."""
    if error:
        text = take_message(error, c.wasmtime_error_message, c.wasmtime_error_delete)
    elif trap:
        text = take_message(trap, c.wasm_trap_message, c.wasm_trap_delete)
    else:
        return None
    if "thrown Wasm exception" in text:
        return "trap exception"
    for reason, word in TRAPS.items():
        if "wasm trap: " + reason in text:
            return "trap " + word
    return "cut"


class Transcript:
    def __init__(self, engine, data):
        self.lines = []
        self.engine = engine
        module = ctypes.POINTER(c.wasmtime_module_t)()
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        error = c.wasmtime_module_new(engine.ptr(), buffer, len(data), byref(module))
        if error:
            text = take_message(error, c.wasmtime_error_message, c.wasmtime_error_delete)
            limited = "implementation limit" in text or "too large" in text.lower()
            self.lines.append("limit cut" if limited else "invalid")
            return
        try:
            self.run(module)
        finally:
            c.wasmtime_module_delete(module)

    def run(self, module):
        imports = c.wasm_importtype_vec_t()
        c.wasmtime_module_imports(module, byref(imports))
        count = imports.size
        c.wasm_importtype_vec_delete(byref(imports))
        if count:
            self.lines.append("unlinkable")
            return
        exports = self.instantiate(module)
        if exports is None:
            return
        self.show_state(exports)
        functions = [i for i, export in enumerate(exports) if export.kind == EXPORT_FUNCTION]
        for index in functions:
            exports = self.instantiate(module)
            for which in range(2):
                text = self.call(exports[index].of.func, which)
                self.lines.append(f"{index}.{which} {text}")
                if text == "cut":
                    return
            self.show_state(exports)

    def instantiate(self, module):
        """The exports of a new instance in a store of its own; None, with a line, when it fails."""
        self.store = Store(self.engine)
        self.store.set_limits(memory_size=MEMORY_BYTES_MAX, table_elements=1_000_000)
        self.context = self.store._context()
        self.refuel()
        instance = c.wasmtime_instance_t()
        trap = ctypes.POINTER(c.wasm_trap_t)()
        error = c.wasmtime_instance_new(
            self.context, module, None, 0, byref(instance), byref(trap)
        )
        failure = outcome(error, trap)
        if failure:
            self.lines.append("start " + failure)
            return None
        return self.exports(instance)

    def show_state(self, exports):
        for index, export in enumerate(exports):
            if export.kind == EXPORT_GLOBAL:
                value = c.wasmtime_val_t()
                c.wasmtime_global_get(self.context, byref(export.of.global_), byref(value))
                self.lines.append(f"{index} global {self.text(value)}")
            elif export.kind == EXPORT_MEMORY:
                memory = export.of.memory
                size = c.wasmtime_memory_data_size(self.context, byref(memory))
                data = c.wasmtime_memory_data(self.context, byref(memory))
                checksum = zlib.crc32(ctypes.string_at(data, size))
                self.lines.append(f"{index} memory {size} {checksum}")

    def refuel(self):
        c.wasmtime_context_set_fuel(self.context, FUEL)

    def exports(self, instance):
        exports = []
        while True:
            export = c.wasmtime_extern_t()
            name = ctypes.POINTER(ctypes.c_char)()
            length = ctypes.c_size_t()
            if not c.wasmtime_instance_export_nth(
                self.context, byref(instance), len(exports), byref(name), byref(length), byref(export)
            ):
                return exports
            exports.append(export)

    def call(self, function, which):
        type = c.wasmtime_func_type(self.context, byref(function))
        parameters = c.wasm_functype_params(type).contents
        results = c.wasm_functype_results(type).contents.size
        arguments = (c.wasmtime_val_t * parameters.size)()
        for index in range(parameters.size):
            if not self.argument(parameters.data[index], which, arguments[index]):
                c.wasm_functype_delete(type)
                return "skip"
        c.wasm_functype_delete(type)
        values = (c.wasmtime_val_t * results)()
        trap = ctypes.POINTER(c.wasm_trap_t)()
        self.refuel()
        error = c.wasmtime_func_call(
            self.context, byref(function), arguments, len(arguments), values, results, byref(trap)
        )
        failure = outcome(error, trap)
        if failure:
            return failure
        return "ok" + "".join(" " + self.text(value) for value in values)

    def argument(self, type, which, value):
        """Sets the argument of a type; false when the host cannot make one."""
        detail = c.wasmtime_valtype_t()
        c.wasmtime_valtype_new(type, byref(detail))
        kind, nullable = detail.kind, detail.reftype.nullable
        heap = detail.reftype.heaptype.kind
        c.wasmtime_valtype_delete(byref(detail))
        value.kind = kind
        if kind == I32:
            value.of.i32 = (7, -2)[which]
        elif kind == I64:
            value.of.i64 = (-3, (1 << 63) - 1)[which]
        elif kind == F32:
            value.of.f32 = (1.5, -0.0)[which]
        elif kind == F64:
            value.of.f64 = (-2.25, 1e300)[which]
        elif kind == V128:
            halves = (
                (0x0123456789ABCDEF, 0xFEDCBA9876543210),
                ((1 << 64) - 1, 0x800000007F800000),
            )[which]
            for index, byte in enumerate(struct.pack("<QQ", *halves)):
                value.of.v128[index] = byte
        elif heap == HEAP_EXTERN:
            value.kind = EXTERN
            c.wasmtime_externref_new(
                self.context, 5, ctypes.cast(None, Finalizer), byref(value.of.externref)
            )
        elif heap in (HEAP_ANY, HEAP_EQ, HEAP_I31):
            value.kind = ANY
            c.wasmtime_anyref_from_i31(self.context, I31_BITS[which], byref(value.of.anyref))
        elif not nullable:
            return False
        elif heap == HEAP_NO_EXTERN:
            value.kind = EXTERN
        elif heap in (HEAP_FUNC, HEAP_CONCRETE_FUNC, HEAP_NO_FUNC):
            value.kind = FUNC
        else:
            value.kind = EXN if heap in HEAP_EXNS else ANY
        return True

    def text(self, value):
        kind, of = value.kind, value.of
        if kind == I32:
            return f"i32:{of.i32}"
        if kind == I64:
            return f"i64:{of.i64}"
        if kind == F32:
            bits = of.i32 & 0xFFFFFFFF
            return "f32:nan" if math.isnan(of.f32) else f"f32:{bits}"
        if kind == F64:
            bits = of.i64 & 0xFFFFFFFFFFFFFFFF
            return "f64:nan" if math.isnan(of.f64) else f"f64:{bits}"
        if kind == V128:
            return "v128:%d:%d" % struct.unpack("<QQ", bytes(of.v128))
        if kind == FUNC:
            return "func" if of.funcref.store_id else "null"
        if kind == EXTERN:
            if not of.externref.store_id:
                return "null"
            number = c.wasmtime_externref_data(self.context, byref(of.externref))
            return f"extern:{number}" if number else "extern"
        if kind == EXN:
            return "exn" if of.exnref.store_id else "null"
        return self.any_text(of.anyref)

    def any_text(self, reference):
        if not reference.store_id:
            return "null"
        bits = ctypes.c_uint32()
        if c.wasmtime_anyref_i31_get_u(self.context, byref(reference), byref(bits)):
            return f"i31:{bits.value}"
        if c.wasmtime_anyref_is_struct(self.context, byref(reference)):
            return "struct"
        if c.wasmtime_anyref_is_array(self.context, byref(reference)):
            return "array"
        return "host"


def main():
    shared = engine()
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            data = file.read()
        print("module", path, flush=True)
        lines = Transcript(shared, data).lines
        print("\n".join(lines + ["end"]), flush=True)


if __name__ == "__main__":
    main()
