// What the function uses of the C library: Embedded Swift has no module for it.
#include <stddef.h>

int getchar(void);
char *getenv(const char *name);
ptrdiff_t write(int descriptor, const void *bytes, size_t count);
