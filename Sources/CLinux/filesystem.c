#define _GNU_SOURCE
#include "CLinuxFileSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

int linux_file_system_of(const char *path, struct linux_file_system *found) {
    struct statfs status;
    if (statfs(path, &status) != 0) return errno;
    found->kind = (uint32_t)status.f_type;
    found->is_read_only = (status.f_flags & ST_RDONLY) != 0;
    return 0;
}

uint64_t linux_bytes_written_by_thread(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) != 0) return 0;
    return (uint64_t)usage.ru_oublock * 512;
}

int linux_reserve_room(int descriptor, int64_t length) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return errno;
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && (rlim_t)status.st_size + (rlim_t)length > limit.rlim_cur) return EFBIG;
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, status.st_size, length) == 0 ? 0 : errno;
}

int linux_exchange(const char *path, const char *other) {
    return renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

int64_t linux_birth_time(int descriptor) {
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || !(status.stx_mask & STATX_BTIME)) return 0;
    return status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
}
