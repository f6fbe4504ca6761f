// Starting, collecting and signalling processes. Between clone and exec the child shares the parent's memory, so that
// part makes system calls only: no allocation, no locks, and nothing a sanitizer or the C library keeps state for.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinuxProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
// The thread sanitizer takes every clone for a fork and would reset its state, which the child shares with us.
extern int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...);
#define clone __clone
#endif
#endif

// Where these exist, the calls without the number take 16 bits only.
#ifdef SYS_setresuid32
#define SET_GROUPS SYS_setgroups32
#define SET_GROUP SYS_setresgid32
#define SET_USER SYS_setresuid32
#else
#define SET_GROUPS SYS_setgroups
#define SET_GROUP SYS_setresgid
#define SET_USER SYS_setresuid
#endif

#define UNINSTRUMENTED __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

enum { SIGNAL_COUNT = 64, CHILD_DESCRIPTORS = 4, CHILD_STACK_SIZE = 64 * 1024, KERNEL_SIGNAL_SET_SIZE = 8 };

struct start {
    const struct linux_command *command;
    pid_t parent;
    enum linux_start_step step;
    size_t limit;
    volatile int error;
};

UNINSTRUMENTED static int fails(long result) { return result == -1; }

// The kernel's sigaction has at most 32 bytes, and all zeros mean SIG_DFL without flags, whatever their order.
UNINSTRUMENTED static void reset_signals(void) {
    static const unsigned long defaults[8];
    for (int number = 1; number <= SIGNAL_COUNT; number++)
        (void)syscall(SYS_rt_sigaction, number, defaults, NULL, KERNEL_SIGNAL_SET_SIZE);
}

// The kernel's rlimit64.
struct resource_limit {
    uint64_t soft;
    uint64_t hard;
};

// While it still has the parent's rights: a limit may be raised, and a niceness lowered, by root alone.
UNINSTRUMENTED static int set_limits(struct start *start) {
    const struct linux_command *command = start->command;
    start->step = linux_start_limit;
    for (; start->limit < command->limit_count; start->limit++) {
        const struct linux_limit *limit = command->limits + start->limit;
        struct resource_limit both = {.soft = limit->soft, .hard = limit->hard};
        if (fails(syscall(SYS_prlimit64, 0, limit->resource, &both, NULL))) return 1;
    }
    start->step = linux_start_nice;
    return command->has_nice && fails(syscall(SYS_setpriority, PRIO_PROCESS, 0, command->nice));
}

// The groups go first: without the rights of root they could not be changed. The system calls change this process alone,
// where the C library's functions would tell all threads of the parent to do the same.
UNINSTRUMENTED static int become(struct start *start, const struct linux_account *account) {
    start->step = linux_start_groups;
    if (fails(syscall(SET_GROUPS, account->group_count, account->groups))) return 1;
    start->step = linux_start_group;
    if (fails(syscall(SET_GROUP, account->group, account->group, account->group))) return 1;
    start->step = linux_start_user;
    return fails(syscall(SET_USER, account->user, account->user, account->user));
}

// A parent that died before this sends nothing; then the child has another one by now.
UNINSTRUMENTED static int die_with_parent(pid_t parent) {
    if (fails(syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))) return 1;
    if (syscall(SYS_getppid) == parent) return 0;
    errno = ESRCH;
    return 1;
}

UNINSTRUMENTED static int close_from(int first) {
    if (!fails(syscall(SYS_close_range, first, ~0U, 0))) return 0;
    return linux_close_listed_descriptors(first);
}

// Sources below 4 are first moved out of the way of the targets.
UNINSTRUMENTED static int install_descriptors(const int wanted[CHILD_DESCRIPTORS]) {
    int sources[CHILD_DESCRIPTORS];
    for (int target = 0; target < CHILD_DESCRIPTORS; target++) {
        int source = wanted[target];
        if (source >= 0 && source < CHILD_DESCRIPTORS)
            source = (int)syscall(SYS_fcntl, source, F_DUPFD_CLOEXEC, CHILD_DESCRIPTORS);
        if (source < 0 && wanted[target] >= 0) return 1;
        sources[target] = source;
    }
    int count = 0;
    for (; count < CHILD_DESCRIPTORS && sources[count] >= 0; count++)
        if (fails(syscall(SYS_dup3, sources[count], count, 0))) return 1;
    return close_from(count);
}

// As execvp(3) does: a candidate that is missing or forbidden gives way to the next; "forbidden" outlives "missing".
UNINSTRUMENTED static void execute(const struct linux_command *command) {
    int forbidden = 0;
    for (const char *const *path = command->candidates; *path; path++) {
        (void)syscall(SYS_execve, *path, command->arguments, command->environment);
        if (errno == EACCES) forbidden = 1;
        else if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG) return;
    }
    if (forbidden) errno = EACCES;
}

UNINSTRUMENTED static int prepare(struct start *start) {
    const struct linux_command *command = start->command;
    static const unsigned long none[2];
    reset_signals();
    start->step = linux_start_session;
    if (fails(syscall(SYS_setsid))) return 1;
    if (set_limits(start)) return 1;
    // The kernel forgets the parent-death signal of a process that becomes another user's.
    if (command->account && become(start, command->account)) return 1;
    start->step = linux_start_parent;
    if (die_with_parent(start->parent)) return 1;
    (void)syscall(SYS_umask, command->file_mode_mask);
    start->step = linux_start_directory;
    if (command->directory && fails(syscall(SYS_chdir, command->directory))) return 1;
    start->step = linux_start_descriptors;
    if (install_descriptors(command->descriptors)) return 1;
    start->step = linux_start_execute;
    return fails(syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, KERNEL_SIGNAL_SET_SIZE));
}

UNINSTRUMENTED static int child(void *context) {
    struct start *start = context;
    if (!prepare(start)) execute(start->command);
    start->error = errno;
    syscall(SYS_exit_group, 127);
    __builtin_unreachable();
}

// CLONE_VFORK holds this thread, and so this frame with the child's stack, until the child has executed or ended.
UNINSTRUMENTED static pid_t clone_child(struct start *start, int *pidfd) {
    _Alignas(64) char stack[CHILD_STACK_SIZE];
    return clone(
        child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, start, pidfd, NULL, NULL);
}

// A process can be started with SIGCHLD ignored, and its children would then leave no exit to collect.
static void keep_exits(void) {
    struct sigaction current;
    sigaction(SIGCHLD, NULL, &current);
    if (current.sa_handler == SIG_IGN || current.sa_flags & SA_NOCLDWAIT) signal(SIGCHLD, SIG_DFL);
}

int linux_start_command(const struct linux_command *command, struct linux_started *started) {
    struct start start = {.command = command, .parent = getpid(), .step = linux_start_clone, .limit = 0, .error = 0};
    sigset_t all, before;
    keep_exits();
    // No handler of ours may run in the child, which would see our memory with a process number that is not ours.
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    started->pidfd = -1;
    started->pid = clone_child(&start, &started->pidfd);
    int error = started->pid < 0 ? errno : start.error;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    started->failed_step = start.step;
    started->failed_limit = start.limit;
    if (!error) return 0;
    if (started->pid > 0) {
        while (waitpid(started->pid, NULL, 0) < 0 && errno == EINTR) {}
        close(started->pidfd);
        started->pidfd = -1;
    }
    return error;
}

int linux_collect(pid_t pid, struct linux_ended *ended) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    if (waitid(P_PID, (id_t)pid, &information, WEXITED | WNOHANG) == -1) return -errno;
    if (information.si_pid == 0) return 0;
    int exited = information.si_code == CLD_EXITED;
    ended->exit_code = exited ? information.si_status : 0;
    ended->signal = exited ? 0 : information.si_status;
    return 1;
}

pid_t linux_ended_child(void) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    // Without children it fails, with ECHILD.
    return waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == -1 ? 0 : information.si_pid;
}

static int value_or_error(long result) { return result == -1 ? -errno : (int)result; }

int linux_pidfd_open(pid_t pid) { return value_or_error(syscall(SYS_pidfd_open, pid, 0)); }

int linux_pidfd_send_signal(int pidfd, int signal) {
    return fails(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0)) ? errno : 0;
}

int linux_become_subreaper(void) { return fails(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) ? errno : 0; }

int linux_groups_of(const char *name, gid_t group, gid_t *groups, int room) {
    return getgrouplist(name, group, groups, &room) == -1 ? -1 : room;
}

int linux_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) == -1) return errno;
    // The flag belongs to the reader's open file description alone. Setting it cannot fail.
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

void linux_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

static int open_memory(void) {
    int descriptor = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (descriptor >= 0 || errno != EINVAL) return descriptor;
    return memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static int fill_and_seal(int descriptor, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        bytes += written;
        size -= (size_t)written;
    }
    if (lseek(descriptor, 0, SEEK_SET) < 0) return -1;
    return fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
}

int linux_sealed_memory(const void *bytes, size_t size) {
    int descriptor = open_memory();
    if (descriptor < 0) return -errno;
    if (fill_and_seal(descriptor, bytes, size) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

// The kernel's linux_dirent64.
struct directory_entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

// -1 for "." and "..".
UNINSTRUMENTED static int descriptor_number(const char *name) {
    int number = 0;
    for (; *name >= '0' && *name <= '9'; name++) number = number * 10 + (*name - '0');
    return *name ? -1 : number;
}

UNINSTRUMENTED int linux_close_listed_descriptors(int first) {
    _Alignas(8) char buffer[4096];
    int folder = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (folder < 0) return -1;
    for (long size; (size = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) != 0;) {
        if (size < 0) return -1;
        for (long position = 0; position < size;) {
            struct directory_entry *entry = (struct directory_entry *)(buffer + position);
            int number = descriptor_number(entry->name);
            if (number >= first && number != folder) (void)syscall(SYS_close, number);
            position += entry->length;
        }
    }
    return (int)syscall(SYS_close, folder);
}
