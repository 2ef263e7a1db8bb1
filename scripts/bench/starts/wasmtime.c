// Starts a module again and again in wasmtime, through its C API, and prints what that takes as JSON.
//
//   wasmtime-starts FILE on-demand|pooled|resident COUNT
//
// `pooled` uses the pooling allocator with copy-on-write images, `resident` also keeps up to 1 MiB of each slot
// resident. Each round makes a store and an instance, calls `run`, and deletes both.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// What is used of wasm.h and wasmtime.h.
typedef struct {
    uint64_t store;
    uint64_t index;
} instance_t, function_t;
typedef struct {
    uint8_t kind;
    function_t function;
    uint64_t rest[4];
} extern_t;
void *wasm_config_new(void);
void *wasm_engine_new_with_config(void *config);
void *wasmtime_pooling_allocation_config_new(void);
void wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(void *config, size_t size);
void wasmtime_pooling_allocation_config_table_keep_resident_set(void *config, size_t size);
void wasmtime_pooling_allocation_config_max_memory_size_set(void *config, size_t size);
void wasmtime_pooling_allocation_strategy_set(void *config, const void *pooling);
void *wasmtime_module_new(void *engine, const uint8_t *bytes, size_t size, void **module);
void *wasmtime_linker_new(void *engine);
void *wasmtime_linker_instantiate_pre(void *linker, void *module, void **pre);
void *wasmtime_store_new(void *engine, void *data, void (*finalizer)(void *));
void *wasmtime_store_context(void *store);
void wasmtime_store_delete(void *store);
void *wasmtime_instance_pre_instantiate(void *pre, void *context, instance_t *instance, void **trap);
bool wasmtime_instance_export_get(
    void *context, const instance_t *instance, const char *name, size_t size, extern_t *item);
void *wasmtime_func_call(
    void *context, const function_t *function, const void *arguments, size_t argument_count,
    void *results, size_t result_count, void **trap);

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "wasmtime-starts: %s failed\n", what);
    exit(1);
}

static double microseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static void *engine, *pre;

// One round; answers when the instance was there.
static double start(bool timed) {
    void *store = wasmtime_store_new(engine, NULL, NULL), *context = wasmtime_store_context(store), *trap = NULL;
    instance_t instance;
    require(!wasmtime_instance_pre_instantiate(pre, context, &instance, &trap) && !trap, "instantiation");
    double started = timed ? microseconds(CLOCK_MONOTONIC) : 0;
    extern_t run;
    require(wasmtime_instance_export_get(context, &instance, "run", 3, &run), "finding 'run'");
    require(!wasmtime_func_call(context, &run.function, NULL, 0, NULL, 0, &trap) && !trap, "'run'");
    wasmtime_store_delete(store);
    return started;
}

int main(int count_of_arguments, char **arguments) {
    require(count_of_arguments == 4, "reading three arguments");
    void *config = wasm_config_new(), *module;
    if (strcmp(arguments[2], "on-demand") != 0) {
        void *pooling = wasmtime_pooling_allocation_config_new();
        if (strcmp(arguments[2], "resident") == 0) {
            wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pooling, 1 << 20);
            wasmtime_pooling_allocation_config_table_keep_resident_set(pooling, 1 << 20);
        }
        wasmtime_pooling_allocation_strategy_set(config, pooling);
    }
    engine = wasm_engine_new_with_config(config);
    FILE *file = fopen(arguments[1], "rb");
    require(file != NULL, "opening the module");
    static uint8_t bytes[1 << 24];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    require(!wasmtime_module_new(engine, bytes, size, &module), "compiling the module");
    require(!wasmtime_linker_instantiate_pre(wasmtime_linker_new(engine), module, &pre), "linking");

    int count = atoi(arguments[3]);
    double *times = malloc(count * sizeof *times);
    for (int i = 0; i < count / 10; i++) start(false);
    for (int i = 0; i < count; i++) {
        double begin = microseconds(CLOCK_MONOTONIC);
        times[i] = start(true) - begin;
    }
    double begin = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < count; i++) start(false);
    double cycle = (microseconds(CLOCK_PROCESS_CPUTIME_ID) - begin) / count;
    qsort(times, count, sizeof *times, compare);
    printf("{\"p50\": %.3f, \"p99\": %.3f, \"cycle\": %.3f}\n", times[count / 2], times[count * 99 / 100], cycle);
}
