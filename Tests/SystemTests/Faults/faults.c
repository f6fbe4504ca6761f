// A disk that fails once. Preloaded into a process, it lets the n-th flush or write of one file fail; every other call
// goes through, as with a real disk whose error is reported once and then forgotten.
//
// FAULT_CALL: fdatasync; meta, a pwrite into one of LMDB's two meta pages; or pages, any other pwrite and writev.
// FAULT_ERROR: the number of the error, EIO if it is not said. FAULT_NUMBER: which call, from 1. FAULT_FILE: the path of
// the file. FAULT_REPORT: a file that is made when it has happened.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int calls;

static bool is_file(int descriptor, const char *path) {
    char link[64], target[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length < 0) return false;
    target[length] = 0;
    return strcmp(target, path) == 0;
}

static bool strikes(const char *call, int descriptor) {
    const char *wanted = getenv("FAULT_CALL"), *number = getenv("FAULT_NUMBER"), *file = getenv("FAULT_FILE");
    if (!wanted || !number || !file || strcmp(wanted, call) != 0 || !is_file(descriptor, file)) return false;
    if (atomic_fetch_add(&calls, 1) + 1 != atoi(number)) return false;
    const char *report = getenv("FAULT_REPORT");
    if (report) close(open(report, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    const char *error = getenv("FAULT_ERROR");
    errno = error ? atoi(error) : EIO;
    return true;
}

int fdatasync(int descriptor) {
    if (strikes("fdatasync", descriptor)) return -1;
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return real(descriptor);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    // LMDB's pages are those of the machine.
    bool is_meta = offset < 2 * sysconf(_SC_PAGESIZE);
    if (strikes(is_meta ? "meta" : "pages", descriptor)) return -1;
    ssize_t (*real)(int, const void *, size_t, off_t) =
        (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return real(descriptor, bytes, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
    if (strikes("pages", descriptor)) return -1;
    ssize_t (*real)(int, const struct iovec *, int) =
        (ssize_t (*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
    return real(descriptor, pieces, count);
}
