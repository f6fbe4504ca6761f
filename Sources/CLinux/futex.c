#define _GNU_SOURCE
#include "CLinuxFutex.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

int linux_futex_wait(const uint32_t *word, uint32_t expected, const struct timespec *deadline, uint32_t mask) {
    long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, deadline, NULL, mask);
    return result == 0 ? 0 : errno;
}

void linux_futex_wake(const uint32_t *word, uint32_t mask) {
    syscall(SYS_futex, word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, mask);
}

uint32_t linux_atomic_load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

uint32_t linux_atomic_add(uint32_t *word, uint32_t value) { return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST); }

uint64_t linux_note_load(const uint64_t *note) { return __atomic_load_n(note, __ATOMIC_RELAXED); }

void linux_note_store(uint64_t *note, uint64_t value) { __atomic_store_n(note, value, __ATOMIC_RELAXED); }

void linux_note_add(uint64_t *note, uint64_t value) { __atomic_fetch_add(note, value, __ATOMIC_RELAXED); }

bool linux_note_exchange(uint64_t *note, uint64_t expected, uint64_t value) {
    return __atomic_compare_exchange_n(note, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static struct flock byte_lock(off_t offset, enum linux_lock lock) {
    short type = lock == linux_lock_shared ? F_RDLCK : lock == linux_lock_exclusive ? F_WRLCK : F_UNLCK;
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
}

int linux_lock_byte(int descriptor, off_t offset, enum linux_lock lock) {
    struct flock range = byte_lock(offset, lock);
    return fcntl(descriptor, F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

int linux_lock_byte_waiting(int descriptor, off_t offset, enum linux_lock lock) {
    struct flock range = byte_lock(offset, lock);
    return fcntl(descriptor, F_OFD_SETLKW, &range) == 0 ? 0 : errno;
}

int linux_lock_probe(int descriptor, off_t offset, enum linux_lock lock) {
    struct flock range = byte_lock(offset, lock);
    if (fcntl(descriptor, F_OFD_GETLK, &range) != 0) return -errno;
    return range.l_type == F_UNLCK ? 0 : 1;
}

int linux_set_close_on_exec(int descriptor) {
    int flags = fcntl(descriptor, F_GETFD);
    if (flags < 0) return errno;
    return fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) == 0 ? 0 : errno;
}

const char *linux_libc_flavour(void) {
#ifdef __GLIBC__
    return "glibc";
#else
    return "musl";
#endif
}
