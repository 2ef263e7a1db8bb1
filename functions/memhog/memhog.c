// Takes memory, a mebibyte at a time, and uses it, until no more is given. Then it traps.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEBIBYTE (1024 * 1024)

int main(void) {
    unsigned mebibytes = 0;
    for (;;) {
        char *block = malloc(MEBIBYTE);
        if (block == NULL) break;
        memset(block, 0xA5, MEBIBYTE);
        __asm__ volatile("" : : "r"(block) : "memory");
        mebibytes += 1;
    }
    fprintf(stderr, "refused after %u MiB\n", mebibytes);
    __builtin_trap();
}
