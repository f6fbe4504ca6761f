#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinuxFlush.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local uint64_t flushes;

uint64_t linux_flushes_by_thread(void) { return flushes; }

// Whatever stands behind this program is called, be it the C library or what was loaded before it; in a program without
// shared libraries nothing does, and the kernel is asked.
__attribute__((visibility("default"))) int fdatasync(int descriptor) {
    flushes++;
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return next ? next(descriptor) : (int)syscall(SYS_fdatasync, descriptor);
}
