/* What happens when the memory map of the store or the event loop fails.
 *
 * LMDB is read through a map: a disk that cannot read a page, or a file cut by
 * somebody else, raises SIGBUS in the middle of any reading. */
#ifndef MADOGUCHI_DAEMON_FAULT_H
#define MADOGUCHI_DAEMON_FAULT_H

/* Status of a process that ended so; systemd starts it again, and the folds,
 * not cleanly closed, are checked or made again from the journal. */
#define FAULT_EXIT 71

/* Status of a process whose event loop failed: what waited may be recorded or
 * not, as after a failed flush. */
#define FAULT_LOOP_EXIT 70

/* From now on SIGBUS writes one line to stderr and ends the process; so does an
 * error that libevent cannot go on after, and what libevent says is logged.
 *
 * No core is left, in which records and keys would lie about.  A daemon that a
 * service manager started (NOTIFY_SOCKET) can be looked into by root only
 * (ptrace, /proc/PID); one started by hand also by its own account. */
void fault_install(void);

/* Says why and ends the process: an event that the daemon cannot do without
 * cannot be waited for any longer. */
_Noreturn void fault_loop(const char *why);

#endif
