// What this function uses of the C library. Embedded Swift has no module for it.
char *getenv(const char *name);
