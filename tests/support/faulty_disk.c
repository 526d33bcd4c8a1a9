/* Makes calls on chosen files fail, as a failing or full disk does: preloaded, ruled by a file that both sides map.

   cc -shared -fPIC -O1 -o faulty_disk.so faulty_disk.c -ldl; FAULTS=rules LD_PRELOAD=./faulty_disk.so program */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ = 1, WRITE = 2, SYNC = 4, RENAME = 8 };
#define RULES 4

/* As tests/support/faults.py packs it. */
struct rule {
    int32_t calls;  /* which calls, 0: the rule is off */
    int32_t error;  /* errno; 0: count only */
    int64_t skip;   /* so many calls pass before; -1: all until the first rule had a call fail */
    int64_t count;  /* so many fail then, -1: all */
    int64_t seen;   /* how many calls there were */
    int64_t failed; /* and how many of them failed */
    char path[256]; /* the end of the path, "" for every file */
};

static struct rule *rules;

__attribute__((constructor)) static void map_rules(void) {
    const char *name = getenv("FAULTS");
    int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, RULES * sizeof(struct rule), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) rules = mapped;
}

static int ends_with(const char *path, const char *end) {
    size_t length = strlen(path), wanted = strlen(end);
    return wanted <= length && strcmp(path + length - wanted, end) == 0;
}

static int fails(int call, const char *path) {
    for (int i = 0; i < RULES; i++) {
        struct rule *rule = &rules[i];
        if (!(rule->calls & call) || !ends_with(path, rule->path)) continue;
        if (rule->skip < 0 && !rules[0].failed) continue;
        int64_t seen = __sync_fetch_and_add(&rule->seen, 1) - (rule->skip < 0 ? 0 : rule->skip);
        if (rule->error == 0 || seen < 0 || (rule->count >= 0 && seen >= rule->count)) continue;
        __sync_fetch_and_add(&rule->failed, 1);
        errno = rule->error;
        return 1;
    }
    return 0;
}

static int fails_on(int call, int descriptor) {
    char link[64], path[PATH_MAX];
    int wanted = 0, before = errno;
    if (!rules) return 0;
    for (int i = 0; i < RULES; i++) wanted |= rules[i].calls;
    if (!(wanted & call)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_FILE(type, name, call, parameters, ...) \
    type name parameters { return fails_on(call, fd) ? -1 : REAL(name)(fd, ##__VA_ARGS__); }

ON_FILE(ssize_t, read, READ, (int fd, void *to, size_t size), to, size)
ON_FILE(ssize_t, pread, READ, (int fd, void *to, size_t size, off_t at), to, size, at)
ON_FILE(ssize_t, pread64, READ, (int fd, void *to, size_t size, off64_t at), to, size, at)
ON_FILE(ssize_t, write, WRITE, (int fd, const void *from, size_t size), from, size)
ON_FILE(ssize_t, pwrite, WRITE, (int fd, const void *from, size_t size, off_t at), from, size, at)
ON_FILE(ssize_t, pwrite64, WRITE, (int fd, const void *from, size_t size, off64_t at), from, size, at)
ON_FILE(ssize_t, writev, WRITE, (int fd, const struct iovec *parts, int count), parts, count)
ON_FILE(int, ftruncate, WRITE, (int fd, off_t size), size)
ON_FILE(int, ftruncate64, WRITE, (int fd, off64_t size), size)
ON_FILE(int, fsync, SYNC, (int fd))
ON_FILE(int, fdatasync, SYNC, (int fd))

int rename(const char *from, const char *to) {
    return rules && fails(RENAME, to) ? -1 : REAL(rename)(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return rules && fails(RENAME, to) ? -1 : REAL(renameat)(from_folder, from, to_folder, to);
}
