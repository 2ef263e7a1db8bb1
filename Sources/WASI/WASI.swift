// WASI
