// Calls itself for ever, until the call stack's limit stops it.

#include <stdio.h>

// Nothing here lives in linear memory, so that the call stack ends before the memory does. The
// compiler cannot turn it into a loop: each level has work left to do after the call.
static volatile unsigned depth;
static volatile unsigned end;  // 0, which no level is: but the compiler cannot know

__attribute__((noinline)) static unsigned descend(unsigned level) {
    depth = level;
    if (level == end) return 0;
    unsigned below = descend(level + 1);
    return below * 3 + depth;
}

int main(void) {
    fputs("descending\n", stderr);
    printf("Content-Type: text/plain\n\n%u\n", descend(1));
    return 0;
}
