// What starting, watching and ending commands needs of Linux and Swift cannot name: a child made with clone(2) whose
// first steps run before exec(2), pidfds, sealed memory, and system headers outside Swift's Glibc module.
#pragma once

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/types.h>

/// The step of a start that failed.
enum linux_start_step {
    linux_start_clone,
    linux_start_session,
    linux_start_limit,
    linux_start_nice,
    linux_start_groups,
    linux_start_group,
    linux_start_user,
    linux_start_parent,
    linux_start_directory,
    linux_start_descriptors,
    linux_start_execute,
};

/// What a process may have of one resource (setrlimit(2)); all bits set means any amount.
struct linux_limit {
    int resource;
    uint64_t soft;
    uint64_t hard;
};

/// Another account to run as.
struct linux_account {
    uid_t user;
    gid_t group;
    /// All its groups, `group` among them.
    const gid_t *groups;
    size_t group_count;
};

/// A command to start. All pointers are borrowed for the call.
struct linux_command {
    /// Paths to try in this order, ended by NULL. They are resolved in `directory`.
    const char *const *candidates;
    char *const *arguments;
    char *const *environment;
    /// NULL: stay where the parent is.
    const char *directory;
    /// What become the child's descriptors 0 to 3; descriptor 3 may be -1, for none. All others are closed.
    int descriptors[4];
    mode_t file_mode_mask;
    /// NULL: as whom the parent runs.
    const struct linux_account *account;
    /// Set with the rights of the parent's account.
    const struct linux_limit *limits;
    size_t limit_count;
    /// `nice` means something.
    int has_nice;
    int nice;
};

struct linux_started {
    pid_t pid;
    /// Close-on-exec; readable once the child has ended. -1 when nothing was started.
    int pidfd;
    /// Means something only when the start failed.
    enum linux_start_step failed_step;
    /// Which of the limits, when that step was linux_start_limit.
    size_t failed_limit;
};

/// Starts a command as the leader of a session of its own, with default signals, that gets SIGKILL when the calling
/// thread ends. Returns 0, or the error number of `failed_step`; then no child is left.
int linux_start_command(const struct linux_command *command, struct linux_started *started);

/// How a child ended: its exit code, or the signal that ended it (0 when it exited).
struct linux_ended {
    int32_t exit_code;
    int32_t signal;
};

/// Collects child `pid` if it has ended: 1, and it is gone; 0 while it runs; or -errno. Never blocks.
int linux_collect(pid_t pid, struct linux_ended *ended);
/// The number of some child that has ended and waits to be collected, which it goes on doing; 0: there is none.
pid_t linux_ended_child(void);

/// A close-on-exec descriptor for process `pid`, readable once it has ended; or -errno (ESRCH: no such process).
int linux_pidfd_open(pid_t pid);
/// Returns 0 or the errno; ESRCH when the process has ended and been collected.
int linux_pidfd_send_signal(int pidfd, int signal);
/// Makes this process the parent of its descendants' orphans. Returns 0 or the errno.
int linux_become_subreaper(void);
/// A close-on-exec pipe whose first end, the reader's, does not block. Returns 0 or the errno.
int linux_pipe(int ends[2]);
/// Names the calling thread, with at most 15 bytes.
void linux_name_thread(const char *name);
/// A memory file of `size` bytes that can no longer be changed, positioned at its start, close-on-exec; or -errno.
int linux_sealed_memory(const void *bytes, size_t size);
/// Closes every descriptor from `first` on by reading /proc/self/fd: for kernels and sandboxes without close_range(2).
/// Allocates nothing, so that it may run between clone and exec. Returns 0, or -1 with errno set.
int linux_close_listed_descriptors(int first);

/// The groups that the account `name` is in, `group` among them: their number, at most `room` of them in `groups`; -1 when
/// there are more.
int linux_groups_of(const char *name, gid_t group, gid_t *groups, int room);
