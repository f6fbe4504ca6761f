#define _GNU_SOURCE
#include "CLinuxClock.h"

#include <sys/timex.h>

bool linux_clock_is_synchronised(void) {
    struct timex state = {.modes = 0};
    return adjtimex(&state) != -1 && (state.status & STA_UNSYNC) == 0;
}
