// What a power cut could do to a store's files depends on which writes were waited for. Preloaded into every process of
// a test, this writes down each call that changes those files, each wait for the disk, and each word that a process
// says, in one order over all processes; Tests/SystemTests/PowerCut makes the states after a cut from it.
//
// POWER_CUT_LOG: a file that the test has made, which every process maps. POWER_CUT_ROOT: everything whose path begins
// like this is recorded, and the folder that it lies in.
//
// The order is legal: a change is noted after it was made and before its caller goes on, a wait for the disk before it
// begins and again when it has ended, words before they are said. So what a process can know of has been noted, and a
// wait covers no more than what stands before its beginning. Nobody waits for anybody here: a place in the log is
// taken by one addition.
//
// lock.mdb, bell and live/ are left out: they are mapped, and mean nothing after a boot.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// The log: its header, and records one after the other, each with its length, so that a reader need not know them all.
struct header {
    _Atomic uint64_t end;
};

enum kind { a_write = 1, a_size, a_link, an_unlink, a_rename, a_sync_begin, a_sync_end, words, a_process };
enum { waits_for_disk = 1, of_folder = 2, exchanges = 4 };

struct record {
    _Atomic uint32_t length;  // of all of it, a multiple of 8
    uint16_t kind, flags;
    uint32_t process;
    _Atomic uint32_t complete;
    uint64_t subject;  // an inode, or a descriptor
    uint64_t other;    // another inode, an offset or a size
    uint64_t count;    // of bytes that follow
};

static struct header *header;
static uint64_t capacity;
static char root[512], parent[512];

__attribute__((constructor)) static void start(void);

// MARK: The log

static void note(enum kind kind, int flags, uint64_t subject, uint64_t other, const struct iovec *pieces, int number,
                 size_t count) {
    if (!header) return;
    uint32_t length = (uint32_t)((sizeof(struct record) + count + 7) / 8 * 8);
    uint64_t place = atomic_fetch_add(&header->end, length);
    // A full log shows: its end lies behind it.
    if (place + length > capacity) return;
    struct record *record = (struct record *)((char *)header + place);
    record->length = length;
    record->kind = (uint16_t)kind;
    record->flags = (uint16_t)flags;
    record->process = (uint32_t)getpid();
    record->subject = subject;
    record->other = other;
    record->count = count;
    char *end = (char *)(record + 1);
    for (int i = 0; i < number && count > 0; i++) {
        size_t part = pieces[i].iov_len < count ? pieces[i].iov_len : count;
        memcpy(end, pieces[i].iov_base, part);
        end += part;
        count -= part;
    }
    atomic_store(&record->complete, 1);
}

static void note_text(enum kind kind, int flags, uint64_t subject, uint64_t other, const char *text, size_t count) {
    struct iovec piece = {(void *)text, count};
    note(kind, flags, subject, other, &piece, 1, count);
}

static void start(void) {
    const char *log = getenv("POWER_CUT_LOG"), *wanted = getenv("POWER_CUT_ROOT");
    if (!log || !wanted || strlen(wanted) >= sizeof root) return;
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, log, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0) return;
    void *map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (map == MAP_FAILED) return;
    strcpy(root, wanted);
    strcpy(parent, wanted);
    *strrchr(parent, '/') = 0;
    capacity = (uint64_t)status.st_size;
    header = map;
    char arguments[1024];
    int file = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? 0 : read(file, arguments, sizeof arguments);
    if (file >= 0) close(file);
    note_text(a_process, 0, 0, 0, arguments, count > 0 ? (size_t)count : 0);
}

// MARK: What is recorded

static bool begins(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static bool is_watched(const char *path) {
    if (!begins(path, root)) return false;
    const char *name = strrchr(path, '/') + 1, *rest = path + strlen(root);
    if (begins(name, "lock.mdb") || begins(name, "bell")) return false;
    return !strstr(rest, "/live/") && (strlen(rest) < 5 || strcmp(rest + strlen(rest) - 5, "/live") != 0);
}

static bool path_of(int descriptor, char path[1024]) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, 1023);
    if (length <= 0 || path[0] != '/') return false;
    path[length] = 0;
    return true;
}

// The inode of an open file that is watched; 0: it is not.
static uint64_t watched(int descriptor, bool *is_folder) {
    if (!header) return 0;
    int error = errno;
    char path[1024];
    struct stat status;
    uint64_t inode = 0;
    if (path_of(descriptor, path) && fstat(descriptor, &status) == 0) {
        *is_folder = S_ISDIR(status.st_mode);
        if (S_ISREG(status.st_mode) ? is_watched(path) : *is_folder && (is_watched(path) || strcmp(path, parent) == 0))
            inode = status.st_ino;
    }
    errno = error;
    return inode;
}

static uint64_t watched_file(int descriptor) {
    bool is_folder = false;
    uint64_t inode = watched(descriptor, &is_folder);
    return is_folder ? 0 : inode;
}

// A name in a folder, as a path leads to it.
struct place {
    uint64_t folder;  // 0: not watched
    char name[256];
};

static struct place place_of(int from, const char *path) {
    struct place place = {0, ""};
    char copy[1024], above[1024];
    if (!header || strlen(path) >= sizeof copy - 1) return place;
    int error = errno;
    strcpy(copy, path);
    size_t length = strlen(copy);
    while (length > 1 && copy[length - 1] == '/') copy[--length] = 0;
    char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy, *folder = slash == copy ? "/" : slash ? copy : ".";
    if (slash) *slash = 0;
    int descriptor = (int)syscall(SYS_openat, from, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && path_of(descriptor, above)
        && strlen(above) + strlen(name) + 2 < sizeof above && strlen(name) < sizeof place.name) {
        strcat(strcat(above, "/"), name);
        if (is_watched(above)) {
            place.folder = status.st_ino;
            strcpy(place.name, name);
        }
    }
    if (descriptor >= 0) close(descriptor);
    errno = error;
    return place;
}

static uint64_t inode_of(int from, const char *path, bool *is_folder) {
    struct stat status;
    int error = errno;
    bool exists = fstatat(from, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
    errno = error;
    *is_folder = exists && S_ISDIR(status.st_mode);
    return exists ? status.st_ino : 0;
}

// MARK: Names

static void note_link(struct place place, int from, const char *path) {
    bool is_folder;
    uint64_t inode = place.folder ? inode_of(from, path, &is_folder) : 0;
    if (inode) note_text(a_link, is_folder ? of_folder : 0, place.folder, inode, place.name, strlen(place.name));
}

// As the kernel does it, and knowing whether the file was made.
static int opened(int from, const char *path, int flags, mode_t mode) {
    if (!header || !(flags & (O_CREAT | O_TRUNC))) return (int)syscall(SYS_openat, from, path, flags, mode);
    struct place place = place_of(from, path);
    for (;;) {
        bool must_create = (flags & O_CREAT) && (flags & O_EXCL);
        int descriptor = must_create ? -1 : (int)syscall(SYS_openat, from, path, flags & ~O_CREAT, mode);
        if (descriptor >= 0) {
            uint64_t inode = flags & O_TRUNC ? watched_file(descriptor) : 0;
            if (inode) note_text(a_size, 0, inode, 0, "", 0);
            return descriptor;
        }
        if (!must_create && (errno != ENOENT || !(flags & O_CREAT))) return -1;
        descriptor = (int)syscall(SYS_openat, from, path, flags | O_EXCL, mode);
        if (descriptor < 0 && errno == EEXIST && !must_create) continue;
        if (descriptor >= 0) note_link(place, from, path);
        return descriptor;
    }
}

int openat(int from, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(from, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(AT_FDCWD, path, flags, mode);
}

int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int mkdirat(int from, const char *path, mode_t mode) {
    int result = (int)syscall(SYS_mkdirat, from, path, mode);
    if (result == 0) note_link(place_of(from, path), from, path);
    return result;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int from, const char *path, int flags) {
    struct place place = place_of(from, path);
    int result = (int)syscall(SYS_unlinkat, from, path, flags);
    if (result == 0 && place.folder) note_text(an_unlink, 0, place.folder, 0, place.name, strlen(place.name));
    return result;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
    bool is_folder;
    inode_of(AT_FDCWD, path, &is_folder);
    return unlinkat(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}

// A name that comes from elsewhere, or goes there, is one that is made, or taken away.
int renameat2(int from, const char *path, int other_from, const char *other, unsigned flags) {
    struct place place = place_of(from, path), target = place_of(other_from, other);
    int result = (int)syscall(SYS_renameat2, from, path, other_from, other, flags);
    if (result != 0) return result;
    struct iovec names[] = {{place.name, strlen(place.name) + 1}, {target.name, strlen(target.name)}};
    if (place.folder && target.folder)
        note(a_rename, flags & 2 ? exchanges : 0, place.folder, target.folder, names, 2,
             names[0].iov_len + names[1].iov_len);
    else if (place.folder)
        note_text(an_unlink, 0, place.folder, 0, place.name, strlen(place.name));
    else
        note_link(target, other_from, other);
    return 0;
}

int renameat(int from, const char *path, int other_from, const char *other) {
    return renameat2(from, path, other_from, other, 0);
}

int rename(const char *path, const char *other) { return renameat2(AT_FDCWD, path, AT_FDCWD, other, 0); }

int linkat(int from, const char *path, int other_from, const char *other, int flags) {
    int result = (int)syscall(SYS_linkat, from, path, other_from, other, flags);
    if (result == 0) note_link(place_of(other_from, other), other_from, other);
    return result;
}

int link(const char *path, const char *other) { return linkat(AT_FDCWD, path, AT_FDCWD, other, 0); }

// MARK: Bytes

static void note_write(int descriptor, uint64_t inode, off_t offset, const struct iovec *pieces, int number,
                       ssize_t written) {
    if (!inode || written <= 0) return;
    int error = errno, flags = fcntl(descriptor, F_GETFL);
    note(a_write, flags & O_DSYNC ? waits_for_disk : 0, inode, (uint64_t)offset, pieces, number, (size_t)written);
    errno = error;
}

// Where a write without a place of its own goes.
static off_t position(int descriptor) {
    if (fcntl(descriptor, F_GETFL) & O_APPEND) {
        struct stat status;
        return fstat(descriptor, &status) == 0 ? status.st_size : 0;
    }
    return lseek(descriptor, 0, SEEK_CUR);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    uint64_t inode = watched_file(descriptor);
    ssize_t written = syscall(SYS_pwrite64, descriptor, bytes, count, offset);
    struct iovec piece = {(void *)bytes, count};
    note_write(descriptor, inode, offset, &piece, 1, written);
    return written;
}

ssize_t pwritev(int descriptor, const struct iovec *pieces, int count, off_t offset) {
    uint64_t inode = watched_file(descriptor);
    ssize_t written = syscall(SYS_pwritev, descriptor, pieces, count, offset, 0);
    note_write(descriptor, inode, offset, pieces, count, written);
    return written;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    // Words are noted before they are said.
    if (descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO)
        note_text(words, 0, (uint64_t)descriptor, 0, bytes, count);
    uint64_t inode = watched_file(descriptor);
    off_t offset = inode ? position(descriptor) : 0;
    ssize_t written = syscall(SYS_write, descriptor, bytes, count);
    struct iovec piece = {(void *)bytes, count};
    note_write(descriptor, inode, offset, &piece, 1, written);
    return written;
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
    uint64_t inode = watched_file(descriptor);
    off_t offset = inode ? position(descriptor) : 0;
    ssize_t written = syscall(SYS_writev, descriptor, pieces, count);
    note_write(descriptor, inode, offset, pieces, count, written);
    return written;
}

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *file) {
    if (file == stdout || file == stderr) note_text(words, 0, (uint64_t)fileno(file), 0, bytes, size * count);
    size_t (*next)(const void *, size_t, size_t, FILE *) =
        (size_t (*)(const void *, size_t, size_t, FILE *))dlsym(RTLD_NEXT, "fwrite");
    return next(bytes, size, count, file);
}

int ftruncate(int descriptor, off_t size) {
    uint64_t inode = watched_file(descriptor);
    int result = (int)syscall(SYS_ftruncate, descriptor, size);
    if (result == 0 && inode) note_text(a_size, 0, inode, (uint64_t)size, "", 0);
    return result;
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    uint64_t inode = watched_file(descriptor);
    struct stat before;
    if (inode) fstat(descriptor, &before);
    int result = (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
    // Room behind the end changes nothing that could be read.
    if (result == 0 && inode && mode == 0 && offset + length > before.st_size)
        note_text(a_size, 0, inode, (uint64_t)(offset + length), "", 0);
    return result;
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
    int error = errno, result = fallocate(descriptor, 0, offset, length) == 0 ? 0 : errno;
    errno = error;
    return result;
}

// MARK: Waiting for the disk

static int synchronized(int descriptor, long call) {
    bool is_folder = false;
    uint64_t inode = watched(descriptor, &is_folder);
    if (inode) note_text(a_sync_begin, is_folder ? of_folder : 0, inode, 0, "", 0);
    int result = (int)syscall(call, descriptor);
    if (inode && result == 0) note_text(a_sync_end, is_folder ? of_folder : 0, inode, 0, "", 0);
    return result;
}

int fsync(int descriptor) { return synchronized(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return synchronized(descriptor, SYS_fdatasync); }

// The names of the same calls where a program was built for large files on a small machine.
#define ALIAS(name) __attribute__((alias(#name)))
int open64(const char *, int, ...) ALIAS(open);
int openat64(int, const char *, int, ...) ALIAS(openat);
int creat64(const char *, mode_t) ALIAS(creat);
ssize_t pwrite64(int, const void *, size_t, off_t) ALIAS(pwrite);
ssize_t pwritev64(int, const struct iovec *, int, off_t) ALIAS(pwritev);
int ftruncate64(int, off_t) ALIAS(ftruncate);
int fallocate64(int, int, off_t, off_t) ALIAS(fallocate);
int posix_fallocate64(int, off_t, off_t) ALIAS(posix_fallocate);
