// Keeps the files of functions/templates in the program. A test compares the two.
#include "CTemplates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char all_gitignore[] = {
#embed "../../functions/templates/all/.gitignore"
};
static const unsigned char all_readme_md[] = {
#embed "../../functions/templates/all/README.md"
};
static const unsigned char all_roost_json[] = {
#embed "../../functions/templates/all/roost.json"
};
static const unsigned char c_main_c[] = {
#embed "../../functions/templates/c/main.c"
};
static const unsigned char go_go_mod[] = {
#embed "../../functions/templates/go/go.mod"
};
static const unsigned char go_main_go[] = {
#embed "../../functions/templates/go/main.go"
};
static const unsigned char js_index_js[] = {
#embed "../../functions/templates/js/index.js"
};
static const unsigned char python_app_py[] = {
#embed "../../functions/templates/python/app.py"
};
static const unsigned char rust_cargo_lock[] = {
#embed "../../functions/templates/rust/Cargo.lock"
};
static const unsigned char rust_cargo_toml[] = {
#embed "../../functions/templates/rust/Cargo.toml"
};
static const unsigned char rust_src_main_rs[] = {
#embed "../../functions/templates/rust/src/main.rs"
};
static const unsigned char swift_function_swift[] = {
#embed "../../functions/templates/swift/Function.swift"
};
static const unsigned char swift_libc_h[] = {
#embed "../../functions/templates/swift/libc.h"
};
static const unsigned char zig_main_zig[] = {
#embed "../../functions/templates/zig/main.zig"
};

#define ENTRY(path, bytes) {path, bytes, sizeof bytes}

static const struct template_file files[] = {
    ENTRY("all/.gitignore", all_gitignore),
    ENTRY("all/README.md", all_readme_md),
    ENTRY("all/roost.json", all_roost_json),
    ENTRY("c/main.c", c_main_c),
    ENTRY("go/go.mod", go_go_mod),
    ENTRY("go/main.go", go_main_go),
    ENTRY("js/index.js", js_index_js),
    ENTRY("python/app.py", python_app_py),
    ENTRY("rust/Cargo.lock", rust_cargo_lock),
    ENTRY("rust/Cargo.toml", rust_cargo_toml),
    ENTRY("rust/src/main.rs", rust_src_main_rs),
    ENTRY("swift/Function.swift", swift_function_swift),
    ENTRY("swift/libc.h", swift_libc_h),
    ENTRY("zig/main.zig", zig_main_zig),
};

const struct template_file *template_file_at(size_t index) {
    return index < sizeof files / sizeof files[0] ? &files[index] : NULL;
}
