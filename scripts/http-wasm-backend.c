// What http-wasm's compatibility kit expects behind a handler: it answers with what it got, in headers.

#include <stddef.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("http_handler"), import_name(name)))

enum { REQUEST = 0, RESPONSE = 1 };

IMPORT("get_method") uint32_t get_method(void *buffer, uint32_t limit);
IMPORT("get_uri") uint32_t get_uri(void *buffer, uint32_t limit);
IMPORT("get_header_names") uint64_t get_header_names(uint32_t kind, void *buffer, uint32_t limit);
IMPORT("get_header_values")
uint64_t get_header_values(uint32_t kind, const char *name, uint32_t name_count, void *buffer, uint32_t limit);
IMPORT("set_header_value")
void set_header_value(uint32_t kind, const char *name, uint32_t name_count, const char *value, uint32_t value_count);

static char buffer[8192], values[8192], name[1024];

static uint32_t length(const char *text) {
    uint32_t count = 0;
    while (text[count]) count++;
    return count;
}

static uint32_t join(const char *one, const char *other) {
    uint32_t count = 0;
    while (*one && count < sizeof name - 1) name[count++] = *one++;
    while (*other && count < sizeof name - 1) name[count++] = *other++;
    name[count] = 0;
    return count;
}

__attribute__((export_name("handle_request")))
uint64_t handle_request(void) {
    set_header_value(RESPONSE, name, join("x-httpwasm-next-method", ""), buffer, get_method(buffer, sizeof buffer));
    set_header_value(RESPONSE, name, join("x-httpwasm-next-uri", ""), buffer, get_uri(buffer, sizeof buffer));
    uint64_t names = get_header_names(REQUEST, buffer, sizeof buffer);
    const char *header = buffer;
    for (uint32_t index = 0; index < names >> 32; index++, header += length(header) + 1) {
        uint64_t found = get_header_values(REQUEST, header, length(header), values, sizeof values);
        const char *value = values;
        for (uint32_t number = 0; number < found >> 32 && number < 10; number++, value += length(value) + 1) {
            char suffix[] = {'-', '0' + number, 0};
            uint32_t count = join("x-httpwasm-next-header-", header);
            name[count] = suffix[0], name[count + 1] = suffix[1], name[count + 2] = 0;
            set_header_value(RESPONSE, name, count + 2, value, length(value));
        }
    }
    return 0;
}

__attribute__((export_name("handle_response")))
void handle_response(uint32_t context, uint32_t is_error) {
    (void)context, (void)is_error;
}
