// A disk that fails. Preloaded into a process, it lets the n-th call that changes files below one path fail; every other
// call goes through, as with a real disk whose error is reported once and then forgotten. Or all fail from that one on.
//
// FAULT_CALL: which calls count: fdatasync; meta, a pwrite into one of LMDB's two meta pages; pages, any other pwrite
// and writev; fsync, ftruncate, fallocate, rename, mkdir; create, an open that may make a file; or any of these.
// FAULT_ERROR: the number of the error, EIO if it is not said; or, for meta and pages, short: half of it is written;
// or, for fdatasync, lost: what was written since the last flush is gone, as when a kernel could not write its pages.
// FAULT_NUMBER: which call, from 1; 0 for none. FAULT_LASTS: if set, those after it fail too. FAULT_FILE: how the paths
// begin. FAULT_REPORT: a file that is made when it has happened. FAULT_TRACE: a file that gets a line for each call.
// FAULT_SILENT: if set, a call that fails says that it did not, as for a program that does not look.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum effect { none, error, half, loss };

static atomic_int calls;

// What stands behind this library.
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *option(const char *name) { return getenv(name); }

// Whether it is among the files that may fail.
static bool concerns(const char *path) {
    const char *start = option("FAULT_FILE");
    return start && strncmp(path, start, strlen(start)) == 0;
}

// The path of an open file; false for what has none.
static bool path_of(int descriptor, char path[4096]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, 4095);
    if (length < 0) return false;
    path[length] = 0;
    return true;
}

static bool concerns_open(int descriptor) {
    char path[4096];
    return path_of(descriptor, path) && concerns(path);
}

static void append(const char *file, const char *line) {
    if (!file) return;
    int descriptor = (int)REAL(open)(file, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
    (void)!write(descriptor, line, strlen(line));
    close(descriptor);
}

// What is to become of a call; it has been seen that it concerns one of the files.
static enum effect effect_on(const char *call) {
    const char *wanted = option("FAULT_CALL"), *number = option("FAULT_NUMBER"), *kind = option("FAULT_ERROR");
    if (!wanted || (strcmp(wanted, "any") != 0 && strcmp(wanted, call) != 0)) return none;
    char line[64];
    snprintf(line, sizeof line, "%s\n", call);
    append(option("FAULT_TRACE"), line);
    int present = atomic_fetch_add(&calls, 1) + 1, struck = number ? atoi(number) : 0;
    if (struck == 0 || present < struck || (present > struck && !option("FAULT_LASTS"))) return none;
    append(option("FAULT_REPORT"), line);
    errno = EIO;
    if (!kind) return error;
    if (strcmp(kind, "short") == 0) return strcmp(call, "pages") == 0 || strcmp(call, "meta") == 0 ? half : error;
    if (strcmp(kind, "lost") == 0) return strcmp(call, "fdatasync") == 0 ? loss : error;
    errno = atoi(kind);
    return error;
}

static int failed(void) { return option("FAULT_SILENT") ? 0 : -1; }

// What was in the file before the writes since its last flush. One file is written by pages and flushed: data.mdb.
static struct former {
    struct former *earlier;
    int descriptor;
    off_t offset;
    size_t size;
    char bytes[];
} *unflushed;

static void forget(void) {
    while (unflushed) {
        struct former *last = unflushed;
        unflushed = last->earlier;
        free(last);
    }
}

static void remember(int descriptor, off_t offset, size_t size) {
    const char *kind = option("FAULT_ERROR");
    if (!kind || strcmp(kind, "lost") != 0) return;
    struct former *now = calloc(1, sizeof *now + size);
    if (!now) abort();
    (void)!pread(descriptor, now->bytes, size, offset);
    *now = (struct former){.earlier = unflushed, .descriptor = descriptor, .offset = offset, .size = size};
    unflushed = now;
}

static void lose(void) {
    for (struct former *last = unflushed; last; last = last->earlier)
        (void)!REAL(pwrite)(last->descriptor, last->bytes, last->size, last->offset);
    forget();
}

int fdatasync(int descriptor) {
    if (!concerns_open(descriptor)) return REAL(fdatasync)(descriptor);
    switch (effect_on("fdatasync")) {
    case none: break;
    case loss: lose(); errno = EIO; return failed();
    case half:
    case error: return failed();
    }
    forget();
    return REAL(fdatasync)(descriptor);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (!concerns_open(descriptor)) return REAL(pwrite)(descriptor, bytes, count, offset);
    // LMDB's pages are those of the machine. A meta page goes to the disk as it is written.
    bool is_meta = offset < 2 * sysconf(_SC_PAGESIZE);
    switch (effect_on(is_meta ? "meta" : "pages")) {
    case none: break;
    case half: return REAL(pwrite)(descriptor, bytes, count / 2, offset);
    case loss:
    case error: return option("FAULT_SILENT") ? (ssize_t)count : -1;
    }
    if (!is_meta) remember(descriptor, offset, count);
    return REAL(pwrite)(descriptor, bytes, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
    if (!concerns_open(descriptor)) return REAL(writev)(descriptor, pieces, count);
    size_t size = 0;
    for (int piece = 0; piece < count; piece++) size += pieces[piece].iov_len;
    switch (effect_on("pages")) {
    case none: break;
    case half: return REAL(writev)(descriptor, pieces, count / 2 > 0 ? count / 2 : 1);
    case loss:
    case error: return option("FAULT_SILENT") ? (ssize_t)size : -1;
    }
    remember(descriptor, lseek(descriptor, 0, SEEK_CUR), size);
    return REAL(writev)(descriptor, pieces, count);
}

int fsync(int descriptor) {
    if (concerns_open(descriptor) && effect_on("fsync") != none) return failed();
    return REAL(fsync)(descriptor);
}

int ftruncate(int descriptor, off_t size) {
    if (concerns_open(descriptor) && effect_on("ftruncate") != none) return failed();
    return REAL(ftruncate)(descriptor, size);
}

int posix_fallocate(int descriptor, off_t offset, off_t size) {
    if (concerns_open(descriptor) && effect_on("fallocate") != none) return option("FAULT_SILENT") ? 0 : errno;
    return REAL(posix_fallocate)(descriptor, offset, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
    if (concerns_open(descriptor) && effect_on("fallocate") != none) return failed();
    return REAL(fallocate)(descriptor, mode, offset, size);
}

int rename(const char *path, const char *other) {
    if (concerns(path) && effect_on("rename") != none) return failed();
    return REAL(rename)(path, other);
}

int mkdir(const char *path, mode_t mode) {
    if (concerns(path) && effect_on("mkdir") != none) return failed();
    return REAL(mkdir)(path, mode);
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        mode_t mode = 0;                                                                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                                           \
            va_list rest;                                                                                              \
            va_start(rest, flags);                                                                                     \
            mode = va_arg(rest, mode_t);                                                                               \
            va_end(rest);                                                                                              \
        }                                                                                                              \
        if (flags & O_CREAT && concerns(path) && effect_on("create") != none) return -1;                               \
        return REAL(name)(path, flags, mode);                                                                          \
    }

OPEN(open)
OPEN(open64)
