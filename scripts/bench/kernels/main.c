// Prints what a kernel computes. Engines that cannot print call `run` themselves.
#include <stdio.h>

unsigned run(void);

int main(void) {
    printf("%u\n", run());
    return 0;
}
