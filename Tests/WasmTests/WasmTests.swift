// WasmTests
