/* Strikes where no Python can: inside SQLite's commits and checkpoints, at a write or a sync of its files.
 * Preloaded by processes.py; armed in a forked process by steps_arm. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* In the order of Step in steps.py. */
enum step { NONE, WAL_TORN, WAL_WRITTEN, WAL_UNSYNCED, WAL_SYNCED, DB_TORN, DB_WRITTEN, DB_UNSYNCED, DB_SYNCED };
enum file { OTHER, WAL, DB };

static enum step armed = NONE;
static char name[32];
static long left;
static int number;

void steps_arm(int step, const char *called, long passing, int signal_number) {
    armed = step;
    snprintf(name, sizeof name, "%s", called);
    left = passing;
    number = signal_number;
}

static enum file file_of(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return OTHER;
    path[length] = 0;
    if (length > 16 && strcmp(path + length - 16, "/statesvc.db-wal") == 0)
        return WAL;
    if (length > 12 && strcmp(path + length - 12, "/statesvc.db") == 0)
        return DB;
    return OTHER;
}

static int is_next(enum file file, enum step of_wal, enum step of_db) {
    return armed != NONE && ((file == WAL && armed == of_wal) || (file == DB && armed == of_db)) && --left == 0;
}

static void strike(void) {
    dprintf(2, "fault point %s\n", name);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

#define WRITES(function, offset_type)                                                                  \
    ssize_t function(int descriptor, const void *data, size_t size, offset_type offset) {              \
        static __typeof__(&function) real;                                                             \
        if (!real)                                                                                     \
            real = REAL(function);                                                                     \
        if (armed == NONE)                                                                             \
            return real(descriptor, data, size, offset);                                               \
        enum file file = file_of(descriptor);                                                          \
        if (size > 512 && is_next(file, WAL_TORN, DB_TORN)) {                                          \
            real(descriptor, data, size / 2, offset);                                                  \
            strike();                                                                                  \
        }                                                                                              \
        ssize_t written = real(descriptor, data, size, offset);                                        \
        if (is_next(file, WAL_WRITTEN, DB_WRITTEN))                                                    \
            strike();                                                                                  \
        return written;                                                                                \
    }

#define SYNCS(function)                                                                                \
    int function(int descriptor) {                                                                     \
        static __typeof__(&function) real;                                                             \
        if (!real)                                                                                     \
            real = REAL(function);                                                                     \
        if (armed == NONE)                                                                             \
            return real(descriptor);                                                                   \
        enum file file = file_of(descriptor);                                                          \
        if (is_next(file, WAL_UNSYNCED, DB_UNSYNCED))                                                  \
            strike();                                                                                  \
        int result = real(descriptor);                                                                 \
        if (is_next(file, WAL_SYNCED, DB_SYNCED))                                                      \
            strike();                                                                                  \
        return result;                                                                                 \
    }

WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)
SYNCS(fsync)
SYNCS(fdatasync)
