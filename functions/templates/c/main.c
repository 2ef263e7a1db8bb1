// A request runs this program from the start. It finds the request in its environment and on its
// standard input, and prints the answer; what it prints to standard error is its log.

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    char name[200];
    size_t length = fread(name, 1, sizeof name - 1, stdin);
    name[length] = '\0';

    fprintf(stderr, "%s %s\n", getenv("REQUEST_METHOD"), getenv("X_FULL_URL"));

    printf("Content-Type: text/plain; charset=utf-8\n\n");
    printf("Hello, %s! Greetings from C.\n", length > 0 ? name : "world");
    return 0;
}
