// Logs a lot: `?lines=N` lines of about 64 bytes on stderr, 10 without the parameter.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long parameter(const char *name, long otherwise) {
    const char *query = getenv("QUERY_STRING");
    size_t length = strlen(name);
    while (query != NULL && *query != '\0') {
        if (strncmp(query, name, length) == 0 && query[length] == '=')
            return strtol(query + length + 1, NULL, 10);
        query = strchr(query, '&');
        if (query != NULL) query += 1;
    }
    return otherwise;
}

int main(void) {
    long lines = parameter("lines", 10);
    for (long line = 1; line <= lines; line++)
        fprintf(stderr, "line %ld of %ld: the quick brown fox jumps over the lazy dog\n", line,
                lines);
    printf("Content-Type: text/plain\n\nlogged %ld lines\n", lines > 0 ? lines : 0);
    return 0;
}
