// The smallest useful function: no C library, one import, one page of memory.
//
// A function is a program. It prints response headers, a blank line and the response body.

#include <stddef.h>
#include <stdint.h>

struct iovec {
    const char *bytes;
    size_t count;
};

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write")))
int32_t fd_write(int32_t fd, const struct iovec *vectors, size_t count, size_t *written);

static const char response[] =
    "Content-Type: text/plain; charset=utf-8\n"
    "\n"
    "Hello from WebAssembly!\n";

__attribute__((export_name("_start")))
void _start(void) {
    struct iovec vector = {response, sizeof response - 1};
    size_t written;
    fd_write(1, &vector, 1, &written);
}
