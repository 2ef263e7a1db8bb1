// Kernel interfaces that Swift's Glibc module hides, or whose types Swift cannot hold safely.
// Declarations and one-line adapters only: no logic lives here.
//
// No feature-test macro is defined here: Swift's Glibc module and other system modules read the same
// headers without one, and types that differ between modules cannot be used together.
#ifndef CLINUX_H
#define CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
int fallocate(int fd, int mode, off_t offset, off_t size);
int memfd_create(const char *name, unsigned int flags);
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// epoll_event holds a union, which Swift treats as unsafe; this is the same layout (packed on
// x86-64, as the kernel has it) with the union's 64-bit member.
#if defined(__x86_64__)
struct __attribute__((packed)) clinux_epoll_event {
#else
struct clinux_epoll_event {
#endif
    uint32_t events;
    uint64_t data;
};

static inline int clinux_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, operation, fd, &event);
}

static inline int clinux_epoll_wait(
    int epoll, struct clinux_epoll_event *events, int capacity, int timeout_milliseconds) {
    return epoll_wait(epoll, (struct epoll_event *)events, capacity, timeout_milliseconds);
}

// Untyped in C through struct sockaddr *, which Swift cannot cast without rebinding memory.
static inline int clinux_bind(int fd, const struct sockaddr_storage *address, socklen_t size) {
    return bind(fd, (const struct sockaddr *)address, size);
}

static inline int clinux_connect(int fd, const struct sockaddr_storage *address, socklen_t size) {
    return connect(fd, (const struct sockaddr *)address, size);
}

static inline int clinux_accept4(
    int fd, struct sockaddr_storage *address, socklen_t *size, int flags) {
    return accept4(fd, (struct sockaddr *)address, size, flags);
}

static inline int clinux_getsockname(int fd, struct sockaddr_storage *address, socklen_t *size) {
    return getsockname(fd, (struct sockaddr *)address, size);
}

static inline int clinux_set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value);
}

// Variadic in C, hence out of Swift's reach. Names the calling thread.
static inline int clinux_set_thread_name(const char *name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0);
}

// An enumeration in some versions of the C library. Sets the calling thread's nice value, not the process's.
static inline int clinux_set_thread_nice(int nice) { return setpriority(PRIO_PROCESS, 0, nice); }

static inline int clinux_disable_huge_pages(void) { return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); }

// The kernel's call: it takes a mask of any size, and answers how many bytes of it it has written.
static inline long clinux_sched_getaffinity(unsigned char *mask, size_t size) {
    return syscall(SYS_sched_getaffinity, 0, size, mask);
}

// Resource limits, soft and hard alike. Types that both Glibc's module and this one define must not
// be named in Swift: the compiler finds two definitions then.
enum clinux_resource {
    CLINUX_LIMIT_ADDRESS_SPACE = RLIMIT_AS,
    CLINUX_LIMIT_PROCESSOR_TIME = RLIMIT_CPU,
    CLINUX_LIMIT_OPEN_FILES = RLIMIT_NOFILE,
    CLINUX_LIMIT_CORE_SIZE = RLIMIT_CORE,
};

static inline int clinux_set_limit(int resource, uint64_t value) {
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &limit);
}

// PAGEMAP_SCAN (Linux 6.7): the pages of a range that are resident or swapped out. Headers older
// than the kernel lack it, so its layout is repeated here from the kernel's documentation.
struct clinux_page_region {
    uint64_t start;
    uint64_t end;
    uint64_t categories;
};

struct clinux_pm_scan_arg {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t vec;
    uint64_t vec_len;
    uint64_t max_pages;
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
};

#define CLINUX_PAGEMAP_SCAN _IOWR('f', 16, struct clinux_pm_scan_arg)
#define CLINUX_PAGE_IS_FILE (1 << 2)
#define CLINUX_PAGE_IS_PRESENT (1 << 3)
#define CLINUX_PAGE_IS_SWAPPED (1 << 4)
#define CLINUX_PAGE_IS_PFNZERO (1 << 5)

static inline int clinux_pagemap_scan(int pagemap, struct clinux_pm_scan_arg *argument) {
    return ioctl(pagemap, CLINUX_PAGEMAP_SCAN, argument);
}

// GNU's names, hidden without its feature-test macro; the kernel's numbers are the same everywhere.
enum {
    CLINUX_O_PATH = 010000000,
    CLINUX_AT_EMPTY_PATH = 0x1000,
    CLINUX_RESOLVE_NO_MAGICLINKS = 0x02,
    CLINUX_RESOLVE_BENEATH = 0x08,
    CLINUX_SEAL_SHRINK = 0x02,
    CLINUX_SEAL_GROW = 0x04,
    CLINUX_SEAL_WRITE = 0x08
};

// Variadic in C. 1033 is F_ADD_SEALS.
static inline int clinux_add_seals(int file, int seals) { return fcntl(file, 1033, seals); }

// No C library has a wrapper for this call.
static inline int clinux_openat2(
    int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct { uint64_t flags, mode, resolve; } how = {flags, mode, resolve};
    return (int)syscall(437, directory, path, &how, sizeof how);
}

// Variadic in C, hence out of Swift's reach.
static inline int clinux_openat(int directory, const char *path, int flags, unsigned mode) {
    return openat(directory, path, flags, mode);
}

static inline int clinux_set_status_flags(int fd, int flags) { return fcntl(fd, F_SETFL, flags); }

static inline int clinux_set_descriptor_flags(int fd, int flags) { return fcntl(fd, F_SETFD, flags); }

static inline long clinux_getdents64(int fd, void *buffer, unsigned size) {
    return syscall(SYS_getdents64, fd, buffer, size);
}

#endif
