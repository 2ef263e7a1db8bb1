// Wasm
