// Never answers: computes until a limit stops it.

#include <stdio.h>

static volatile unsigned turns;

int main(void) {
    fputs("spinning\n", stderr);
    for (;;) turns += 1;
}
