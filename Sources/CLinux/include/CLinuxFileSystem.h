// What kind of file system a path is on: Swift's Glibc module leaves <sys/vfs.h> out.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct linux_file_system {
    /// The magic number of its kind (statfs(2)).
    uint32_t kind;
    bool is_read_only;
};
/// Returns 0 or the errno.
int linux_file_system_of(const char *path, struct linux_file_system *found);

/// The bytes that the calling thread has caused to be written to disks so far, as the kernel counts them.
uint64_t linux_bytes_written_by_thread(void);

/// Whether an open file could be made longer by `length` bytes now: reserves the room without changing the file's size.
/// Returns 0 or the errno: ENOSPC, EDQUOT, EFBIG; or EOPNOTSUPP, where the file system cannot tell.
int linux_reserve_room(int descriptor, int64_t length);

/// Exchanges two files or folders of one file system in one step. Returns 0 or the errno.
int linux_exchange(const char *path, const char *other);

/// When an open file was made, in nanoseconds since 1970; 0 where the file system does not keep it.
int64_t linux_birth_time(int descriptor);
