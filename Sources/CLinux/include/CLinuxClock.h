// What the kernel knows of its wall clock: Swift's Glibc module leaves <sys/timex.h> out.
#pragma once
#include <stdbool.h>

/// Whether something tells the kernel that it keeps the wall clock right (adjtimex(2)); false where it may not be asked.
bool linux_clock_is_synchronised(void);
