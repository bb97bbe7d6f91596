/* What happens when the memory map of the store fails.
 *
 * LMDB is read through a map: a disk that cannot read a page, or a file cut by
 * somebody else, raises SIGBUS in the middle of any reading. */
#ifndef MADOGUCHI_DAEMON_FAULT_H
#define MADOGUCHI_DAEMON_FAULT_H

/* Status of a process that ended so; systemd starts it again, and the folds,
 * not cleanly closed, are checked or made again from the journal. */
#define FAULT_EXIT 71

/* From now on SIGBUS writes one line to stderr and ends the process. */
void fault_install(void);

#endif
