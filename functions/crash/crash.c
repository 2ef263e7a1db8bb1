// Fails, in the way that `?kind=…` names, three calls deep so that the backtrace has something to
// show. The module keeps its name section for that.

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The compiler cannot know these, so the failing instruction stays in the program.
static volatile int zero = 0;
static volatile int least = INT_MIN;
static volatile uintptr_t far_away = 0xFFFFFFF0;

static int takes_two(int a, int b) { return a + b; }
static int (*volatile callback)(int, int) = takes_two;

enum { KINDS_END = 10 };
static const char *const kinds[KINDS_END] = {
    "unreachable", "divide", "overflow", "bounds", "signature",
    "null",        "abort",  "exit",     "half",   "silent",
};

__attribute__((noinline)) static int price_item(int kind) {
    switch (kind) {
    case 0: __builtin_trap();
    case 1: return 100 / zero;
    case 2: return least / (zero - 1);
    case 3: return *(volatile int *)far_away;
    case 4: return ((int (*)(double))callback)(1.5);
    case 5: callback = NULL; return callback(1, 2);
    case 6: abort();
    case 7: exit(3);
    case 8: fputs("Content-Ty", stdout); fflush(stdout); _Exit(0);
    default: _Exit(0);  // 9: no answer at all
    }
}

__attribute__((noinline)) static int total_order(int kind) { return price_item(kind) + zero; }

__attribute__((noinline)) static int handle_request(int kind) { return total_order(kind) + zero; }

int main(void) {
    const char *query = getenv("QUERY_STRING");
    int kind = 0;
    if (query != NULL && strncmp(query, "kind=", 5) == 0)
        for (int i = 0; i < KINDS_END; i++)
            if (strcmp(query + 5, kinds[i]) == 0) kind = i;
    fprintf(stderr, "about to fail: %s\n", kinds[kind]);
    printf("Content-Type: text/plain\n\n%d\n", handle_request(kind));
    return 0;
}
