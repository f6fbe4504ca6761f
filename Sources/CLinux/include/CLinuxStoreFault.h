// What a process says before it dies of a mapped file that has become shorter, or cannot be read.
#pragma once

/// From now on a SIGBUS ends the process with `status` and with `message` on standard error; a SIGSEGV has `message`
/// too, and then ends it as before. `message` is copied, up to 1000 bytes; the newest one counts.
void linux_explain_store_faults(const char *message, int status);
