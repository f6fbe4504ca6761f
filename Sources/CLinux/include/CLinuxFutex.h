// Futexes, the atomics on the memory they live in, and open-file-description locks: glibc has no function for the
// first, Swift no atomics for shared memory, and `fcntl` is variadic.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/// Sleeps while `*word` is `expected`, until woken with a bit of `mask` or until `deadline` (CLOCK_MONOTONIC, absolute;
/// NULL: without limit). Returns 0 or the errno: EAGAIN (the word differs), ETIMEDOUT, EINTR.
int linux_futex_wait(const uint32_t *word, uint32_t expected, const struct timespec *deadline, uint32_t mask);
/// Wakes everybody who sleeps on `word`, in any process, with a bit of `mask`.
void linux_futex_wake(const uint32_t *word, uint32_t mask);

/// Sequentially consistent accesses to a word that other processes may touch too.
uint32_t linux_atomic_load(const uint32_t *word);
/// Answers the new value.
uint32_t linux_atomic_add(uint32_t *word, uint32_t value);

/// Accesses to a number that other processes may touch too, and that orders nothing else.
uint64_t linux_note_load(const uint64_t *note);
void linux_note_store(uint64_t *note, uint64_t value);
void linux_note_add(uint64_t *note, uint64_t value);
/// Stores `value` if the number is `expected`; answers whether it was.
bool linux_note_exchange(uint64_t *note, uint64_t expected, uint64_t value);

/// A lock that belongs to the open file description, not to the process: no other descriptor's close drops it.
enum linux_lock { linux_lock_shared, linux_lock_exclusive, linux_lock_none };
/// Changes the lock on the byte at `offset` without waiting. Returns 0 or the errno; EAGAIN: somebody else holds it.
int linux_lock_byte(int descriptor, off_t offset, enum linux_lock lock);
/// The same, but waits until it can be had. EINTR: a signal came first.
int linux_lock_byte_waiting(int descriptor, off_t offset, enum linux_lock lock);
/// Whether `lock` could not be had now; needs no right to write. Returns 0 (it could), 1 (it could not) or -errno.
int linux_lock_probe(int descriptor, off_t offset, enum linux_lock lock);
/// Whether processes started from here inherit `descriptor`. Returns 0 or the errno.
int linux_set_close_on_exec(int descriptor);

/// The C library this program was compiled against: "glibc" or "musl".
const char *linux_libc_flavour(void);
