// Tries to remember how often it was called, in every place a program can keep a number.
//
// Each request has a fresh instance, so the answer is always 1.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "calls so far:"
#define BLOCK_SIZE (256 * 1024)

struct note {
    char mark[16];
    int count;
};

static volatile int initialised = 1000;  // in a data segment
static volatile int zeroed;              // in memory that starts as zeros
static int __attribute__((address_space(1))) wasm_global;  // in a global, outside memory

// A large block is taken from fresh pages. Looks for the note that an earlier call left there.
static int count_in_heap(void) {
    struct note *note = malloc(BLOCK_SIZE);
    if (note == NULL) return -1;
    // The compiler may not assume what malloc's memory holds.
    __asm__ volatile("" : : "r"(note) : "memory");
    int count = memcmp(note->mark, MARK, sizeof MARK) == 0 ? note->count : 0;
    memcpy(note->mark, MARK, sizeof MARK);
    note->count = count + 1;
    __asm__ volatile("" : : "r"(note) : "memory");
    return note->count;  // never freed: the next call shall find it
}

int main(void) {
    static volatile int first_size;
    int pages = (int)__builtin_wasm_memory_size(0);
    if (first_size == 0) first_size = pages;
    int grown = pages != first_size;

    initialised += 1;
    zeroed += 1;
    wasm_global += 1;
    int counts[] = {initialised - 1000, zeroed, wasm_global, count_in_heap(), 1 + grown};

    int highest = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i] > highest) highest = counts[i];

    fprintf(stderr, "data %d, zeroed %d, global %d, heap %d, memory %d pages\n", counts[0],
            counts[1], counts[2], counts[3], pages);
    printf("Content-Type: text/plain\n\n%d\n", highest);
    return 0;
}
