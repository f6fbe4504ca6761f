// A wall clock that a test can set, for processes that run: loaded with LD_PRELOAD into every process of a box.
//
// The boot clock and all timers that wait for it stay the machine's own. What the program reads as wall time is the
// machine's plus an offset from a file that the test writes; timers on the wall clock are set to the machine's time that
// is meant. When the test raises the file's count of settings, timers that asked for it (TFD_TIMER_CANCEL_ON_SET) do
// what the kernel's do when somebody sets the clock: they become readable, and the next read, or the next setting if
// that comes first, says ECANCELED, once.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

// The file, as the test writes it.
struct clock_file {
    _Atomic uint32_t settings; // how often the clock was set: a futex
    _Atomic uint32_t is_synchronised;
    _Atomic int64_t offset_ns;
};

#define NS 1000000000LL
#define MOST 4096

static struct clock_file *file;
// Per descriptor: 0, or 1 + the count of settings that its timer knows; and whether it asked to be told.
static _Atomic uint64_t timers[MOST];
static _Atomic int told[MOST];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(void) {
    const char *path = getenv("TEST_CLOCK");
    int descriptor = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0) return;
    void *map = mmap(NULL, sizeof *file, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (map != MAP_FAILED) file = map;
}

static int64_t offset(void) {
    pthread_once(&once, begin);
    return file ? file->offset_ns : 0;
}

static struct timespec shifted(struct timespec time, int64_t by) {
    int64_t ns = time.tv_nsec + by % NS;
    int64_t seconds = time.tv_sec + by / NS;
    if (ns < 0) ns += NS, seconds -= 1;
    if (ns >= NS) ns -= NS, seconds += 1;
    return (struct timespec){.tv_sec = seconds, .tv_nsec = ns};
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    long result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *time = shifted(*time, offset());
    return (int)result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}

int adjtimex(struct timex *state) {
    offset();
    memset(state, 0, sizeof *state);
    int synchronised = file && file->is_synchronised;
    state->status = synchronised ? STA_PLL : STA_UNSYNC;
    return synchronised ? TIME_OK : TIME_ERROR;
}

// Another boot, as far as the program can tell.
static const char *redirected(const char *path) {
    const char *boot = getenv("TEST_BOOT_ID");
    return boot && path && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 ? boot : path;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                      \
        va_end(rest);                                                                                                  \
        return (int)syscall(SYS_openat, AT_FDCWD, redirected(path), flags, mode);                                      \
    }
OPEN(open)
OPEN(open64)

static long set(int descriptor, int flags, const struct itimerspec *new, struct itimerspec *old) {
    return syscall(SYS_timerfd_settime, descriptor, flags, new, old);
}

// Sleeps until the clock is set, and wakes those who asked to be told.
static void *attend(void *unused) {
    (void)unused;
    uint32_t seen = file->settings;
    while (1) {
        syscall(SYS_futex, &file->settings, FUTEX_WAIT, seen, NULL, NULL, 0);
        if (file->settings == seen) continue;
        seen = file->settings;
        struct itimerspec soon = {.it_value = {.tv_nsec = 1}};
        for (int descriptor = 0; descriptor < MOST; descriptor++) {
            if (timers[descriptor] && told[descriptor]) set(descriptor, TFD_TIMER_ABSTIME, &soon, NULL);
        }
    }
    return NULL;
}

static void start(void) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_t thread;
    if (pthread_create(&thread, NULL, attend, NULL) == 0) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int timerfd_create(int clock, int flags) {
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    int descriptor = (int)syscall(SYS_timerfd_create, clock, flags);
    offset();
    if (!file || descriptor < 0 || descriptor >= MOST) return descriptor;
    told[descriptor] = 0;
    timers[descriptor] = clock == CLOCK_REALTIME ? 1 + (uint64_t)file->settings : 0;
    if (clock == CLOCK_REALTIME) pthread_once(&started, start);
    return descriptor;
}

// Whether the timer has still to learn that the clock was set; it then has.
static int learns(int descriptor) {
    uint64_t now = 1 + (uint64_t)file->settings;
    return told[descriptor] && atomic_exchange(&timers[descriptor], now) != now;
}

static int is_ours(int descriptor) {
    return file && descriptor >= 0 && descriptor < MOST && timers[descriptor];
}

int timerfd_settime(int descriptor, int flags, const struct itimerspec *new, struct itimerspec *old) {
    if (!is_ours(descriptor)) return (int)set(descriptor, flags, new, old);
    struct itimerspec meant = *new;
    int is_armed = new->it_value.tv_sec != 0 || new->it_value.tv_nsec != 0;
    if (is_armed && flags & TFD_TIMER_ABSTIME) {
        meant.it_value = shifted(new->it_value, -offset());
        if (meant.it_value.tv_sec < 0) meant.it_value = (struct timespec){.tv_nsec = 1};
    }
    told[descriptor] = (flags & TFD_TIMER_CANCEL_ON_SET) != 0;
    int result = (int)set(descriptor, flags & ~TFD_TIMER_CANCEL_ON_SET, &meant, old);
    if (result != 0 || !learns(descriptor)) return result;
    errno = ECANCELED;
    return -1;
}

ssize_t read(int descriptor, void *buffer, size_t count) {
    if (is_ours(descriptor) && learns(descriptor)) {
        errno = ECANCELED;
        return -1;
    }
    return syscall(SYS_read, descriptor, buffer, count);
}

int close(int descriptor) {
    if (is_ours(descriptor)) timers[descriptor] = 0;
    return (int)syscall(SYS_close, descriptor);
}
