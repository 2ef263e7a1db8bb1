// functions/hello as a wasi:http component, for the engines that serve those.
//
// It calls the host by the component model's canonical ABI directly, so neither a C library nor
// generated bindings stand between the handler and the host. A resource is an i32 handle, a string
// or list is an address and a length, and a result that needs more than one value goes to an address
// that the caller passes last.

#include <stddef.h>
#include <stdint.h>

typedef int32_t handle;

#define TYPES "wasi:http/types@0.2.0"
#define STREAMS "wasi:io/streams@0.2.0"
#define HANDLER "wasi:http/incoming-handler@0.2.0"
#define IMPORT(interface, name) __attribute__((import_module(interface), import_name(name)))

// A result: the case first, 0 for success, then the value where its alignment puts it.
struct handle_result {
    uint8_t is_error;
    handle value;
};

struct header_result {
    uint8_t is_error;
    uint8_t reason;
};

struct stream_result {
    uint8_t is_error;
    uint8_t reason;
    handle error;
};

// result<_, error-code>. An error code takes 32 bytes, its own case number included.
struct finish_result {
    uint8_t is_error;
    uint64_t error[4];
};

IMPORT(TYPES, "[constructor]fields")
handle fields_new(void);

IMPORT(TYPES, "[method]fields.append")
void fields_append(
    handle fields, const char *name, size_t name_length, const char *value, size_t value_length,
    struct header_result *result);

IMPORT(TYPES, "[constructor]outgoing-response")
handle response_new(handle owned_fields);

IMPORT(TYPES, "[method]outgoing-response.body")
void response_body(handle response, struct handle_result *result);

// The response is a result<outgoing-response, error-code>, passed flat: the case, then as many
// values as the largest error code needs. For a response all but the first are unused.
IMPORT(TYPES, "[static]response-outparam.set")
void outparam_set(
    handle owned_outparam, int32_t is_error, handle owned_response, int32_t, int64_t, int32_t,
    int32_t, int32_t, int32_t);

IMPORT(TYPES, "[method]outgoing-body.write")
void body_write(handle body, struct handle_result *result);

IMPORT(TYPES, "[static]outgoing-body.finish")
void body_finish(
    handle owned_body, int32_t has_trailers, handle owned_trailers, struct finish_result *result);

IMPORT(TYPES, "[resource-drop]incoming-request")
void request_drop(handle request);

IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void stream_write(
    handle stream, const char *bytes, size_t count, struct stream_result *result);

IMPORT(STREAMS, "[resource-drop]output-stream")
void stream_drop(handle stream);

static const char name[] = "content-type";
static const char type[] = "text/plain; charset=utf-8";
static const char text[] = "Hello from WebAssembly!\n";

static void require(int condition) {
    if (!condition) __builtin_trap();
}

__attribute__((export_name(HANDLER "#handle")))
void handle_request(handle request, handle outparam) {
    handle fields = fields_new();
    struct header_result appended;
    fields_append(fields, name, sizeof name - 1, type, sizeof type - 1, &appended);
    require(!appended.is_error);

    handle response = response_new(fields);
    struct handle_result body;
    response_body(response, &body);
    require(!body.is_error);
    outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);

    struct handle_result stream;
    body_write(body.value, &stream);
    require(!stream.is_error);
    struct stream_result written;
    stream_write(stream.value, text, sizeof text - 1, &written);
    require(!written.is_error);
    stream_drop(stream.value);

    struct finish_result finished;
    body_finish(body.value, 0, 0, &finished);
    require(!finished.is_error);
    request_drop(request);
}

// The host asks for memory only to pass the text of an error, after which the handler traps anyway.
__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *old, size_t old_size, size_t alignment, size_t size) {
    static uint64_t memory[512];
    (void)old, (void)old_size, (void)alignment;
    require(size <= sizeof memory);
    return memory;
}
