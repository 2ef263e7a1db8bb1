// An http-wasm handler without a C library: it lets requests with the right key pass to the next function, answers
// the others itself, and marks what comes back.
//
// The key is the configuration (the variable HTTP_WASM_CONFIG); without one, it greets everybody.

#include <stddef.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("http_handler"), import_name(name)))

enum { REQUEST = 0, RESPONSE = 1 };
enum { INFO = 0, WARN = 1 };

IMPORT("get_config") uint32_t get_config(void *buffer, uint32_t limit);
IMPORT("log") void log_message(int32_t level, const char *text, uint32_t count);
IMPORT("get_header_values")
uint64_t get_header_values(uint32_t kind, const char *name, uint32_t name_count, void *buffer, uint32_t limit);
IMPORT("set_header_value")
void set_header_value(uint32_t kind, const char *name, uint32_t name_count, const char *value, uint32_t value_count);
IMPORT("set_status_code") void set_status_code(uint32_t status);
IMPORT("write_body") void write_body(uint32_t kind, const char *bytes, uint32_t count);

#define TEXT(literal) (literal), (sizeof(literal) - 1)

static char key[256], given[256];

static void answer(uint32_t status, const char *text, uint32_t count) {
    set_status_code(status);
    set_header_value(RESPONSE, TEXT("content-type"), TEXT("text/plain; charset=utf-8"));
    write_body(RESPONSE, text, count);
}

__attribute__((export_name("handle_request")))
uint64_t handle_request(void) {
    uint32_t key_count = get_config(key, sizeof key);
    if (key_count == 0) {
        answer(200, TEXT("Hello from a handler!\n"));
        return 0;
    }
    uint64_t found = get_header_values(REQUEST, TEXT("x-key"), given, sizeof given);
    // One value, as long as the key, with the NUL that ends it.
    int fits = found >> 32 == 1 && (uint32_t)found == key_count + 1 && key_count < sizeof given;
    unsigned char difference = fits ? 0 : 1;
    for (uint32_t index = 0; fits && index < key_count; index++) difference |= key[index] ^ given[index];
    if (difference) {
        log_message(WARN, TEXT("a request without the key"));
        answer(401, TEXT("the header X-Key is missing or wrong\n"));
        return 0;
    }
    return 1;
}

__attribute__((export_name("handle_response")))
void handle_response(uint32_t context, uint32_t is_error) {
    (void)context;
    if (is_error) log_message(WARN, TEXT("the next function failed"));
    set_header_value(RESPONSE, TEXT("x-gate"), TEXT("passed"));
}
