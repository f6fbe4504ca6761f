// A store's file is mapped. Where it is cut off under a process, or its disk cannot be read, the kernel sends SIGBUS at
// whatever read comes next, and there is nowhere to return to: but whoever looks after the machine should learn which
// file it was and what to do. Nothing but write and _exit is called, which a signal handler may.
#define _GNU_SOURCE
#include "CLinuxStoreFault.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static char text[1001];
static size_t text_length;
static int exit_status;
static struct sigaction before;

static void say(void) {
    ssize_t written = write(STDERR_FILENO, text, text_length);
    (void)written;
}

static void end_after_bus_error(int number) {
    (void)number;
    say();
    _exit(exit_status);
}

// The instruction is run again when this returns, and then meets what would have met it before.
static void explain_bad_address(int number) {
    say();
    sigaction(number, &before, NULL);
}

void linux_explain_store_faults(const char *message, int status) {
    static int is_installed;
    text_length = 0;
    strncpy(text, message, sizeof text - 1);
    text_length = strlen(text);
    exit_status = status;
    if (is_installed) return;
    is_installed = 1;
    // On the stack that was set aside for it, if any: Swift's backtraces set one.
    struct sigaction action = {.sa_handler = end_after_bus_error, .sa_flags = SA_ONSTACK};
    sigaction(SIGBUS, &action, NULL);
    action.sa_handler = explain_bad_address;
    sigaction(SIGSEGV, &action, &before);
}
