// Sends requests at a fixed rate, whether they are answered or not, and tells how long the answers took.
//
//     openloop PORT PATH RATE SECONDS CONNECTIONS
//
// A request that has no connection free waits for one, and its time counts from when it was due. The processor is
// never given up while it waits: timers are too coarse for times below a millisecond. Prints a JSON document: by
// status (0: the connection ended) the number of answers and p50, p99, p99.9 and maximum in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { bufferBytes = 8192, statusMax = 600, eventsMax = 256 };

struct connection {
    int socket;
    double dueAt;
    int isLast;
    size_t received;
    char buffer[bufferBytes];
};

static struct sockaddr_in server;
static char request[4096];
static int requestBytes;
static int poller;
static struct connection *connections;
static int *idle, idleCount;
static double *times[statusMax];
static size_t counts[statusMax], capacities[statusMax];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void note(int status, double seconds) {
    if (counts[status] == capacities[status]) {
        capacities[status] = capacities[status] ? 2 * capacities[status] : 1024;
        times[status] = realloc(times[status], capacities[status] * sizeof(double));
        if (!times[status]) fail("realloc");
    }
    times[status][counts[status]++] = seconds;
}

static void openConnection(struct connection *connection) {
    int one = 1;
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = connection - connections};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
    connection->socket = descriptor;
    connection->dueAt = 0;
    connection->isLast = 0;
    connection->received = 0;
}

static void reopen(struct connection *connection) {
    close(connection->socket);
    openConnection(connection);
}

/// The status of a complete response at the start of the buffer, which is then removed; -1 while there is none.
static int takeResponse(struct connection *connection) {
    connection->buffer[connection->received] = 0;
    char *end = strstr(connection->buffer, "\r\n\r\n");
    if (!end) return -1;
    char *body = end + 4;
    char *length = strcasestr(connection->buffer, "\r\ncontent-length:");
    char *close = strcasestr(connection->buffer, "\r\nconnection: close");
    connection->isLast = close && close < end;
    char *chunked = strcasestr(connection->buffer, "\r\ntransfer-encoding: chunked");
    if (length && length < end) {
        body += strtoul(length + 17, NULL, 10);
    } else if (chunked && chunked < end) {
        char *last = strstr(body - 2, "\r\n0\r\n\r\n");
        if (!last) return -1;
        body = last + 7;
    }
    size_t whole = body - connection->buffer;
    if (connection->received < whole) return -1;
    int status = atoi(connection->buffer + 9);
    connection->received -= whole;
    memmove(connection->buffer, connection->buffer + whole, connection->received);
    return status > 0 && status < statusMax ? status : 0;
}

/// Whether the connection is free again.
static int receive(struct connection *connection) {
    ssize_t count = read(connection->socket, connection->buffer + connection->received,
                         bufferBytes - 1 - connection->received);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count <= 0) {
        int wasBusy = connection->dueAt != 0;
        if (wasBusy) note(0, now() - connection->dueAt);
        reopen(connection);
        return wasBusy;
    }
    connection->received += count;
    int status = takeResponse(connection);
    if (status < 0) return 0;
    note(status, now() - connection->dueAt);
    connection->dueAt = 0;
    if (connection->isLast) reopen(connection);
    return 1;
}

static int compare(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static double percentile(int status, double share) {
    size_t place = counts[status] * share;
    return times[status][place < counts[status] ? place : counts[status] - 1] * 1e6;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: openloop PORT PATH RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    server.sin_family = AF_INET;
    server.sin_port = htons(atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    requestBytes = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[2]);
    double rate = atof(argv[3]), seconds = atof(argv[4]);
    int connectionCount = atoi(argv[5]);
    poller = epoll_create1(0);
    connections = calloc(connectionCount, sizeof *connections);
    idle = calloc(connectionCount, sizeof *idle);
    if (poller < 0 || !connections || !idle) fail("openloop");
    for (int index = 0; index < connectionCount; index++) {
        openConnection(&connections[index]);
        idle[idleCount++] = index;
    }
    double began = now();
    long sent = 0, total = rate * seconds;
    while (now() < began + seconds + 5 && (sent < total || idleCount < connectionCount)) {
        while (sent < total && idleCount > 0 && began + sent / rate <= now()) {
            struct connection *connection = &connections[idle[--idleCount]];
            connection->dueAt = began + sent++ / rate;
            if (write(connection->socket, request, requestBytes) != requestBytes) {
                note(0, now() - connection->dueAt);
                reopen(connection);
                idle[idleCount++] = connection - connections;
            }
        }
        struct epoll_event events[eventsMax];
        int count = epoll_wait(poller, events, eventsMax, 0);
        for (int index = 0; index < count; index++) {
            if (receive(&connections[events[index].data.u32])) idle[idleCount++] = events[index].data.u32;
        }
    }
    printf("{\"sent\":%ld,\"due\":%ld,\"answers\":{", sent, total);
    const char *separator = "";
    for (int status = 0; status < statusMax; status++) {
        if (!counts[status]) continue;
        qsort(times[status], counts[status], sizeof(double), compare);
        printf("%s\"%d\":{\"count\":%zu,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", separator, status,
               counts[status], percentile(status, 0.5), percentile(status, 0.99), percentile(status, 0.999),
               percentile(status, 1));
        separator = ",";
    }
    printf("}}\n");
    return 0;
}
