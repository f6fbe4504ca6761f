// How far a commit of liblmdb came: it gives the same error whether pages could not be written or not be flushed.
#pragma once
#include <stdint.h>

/// How many times the calling thread has begun to flush a file by fdatasync, as liblmdb does. This program brings a
/// function of that name, which counts and calls the C library's: the libraries it loads find it first.
uint64_t linux_flushes_by_thread(void);
