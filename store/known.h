/* What is known of the journal's end from beside it: damage to the very last
 * records looks like a torn write, unless something says that they were whole. */
#ifndef MADOGUCHI_STORE_KNOWN_H
#define MADOGUCHI_STORE_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

/* Seq of the last entry that is known to have been flushed: the last that a backup
 * took, or a clean stop left, or, while the machine has run on since, the last
 * that the daemon noted.  0: nothing is known. */
uint64_t known_seq(int dirfd);

/* Opens the note of a store; `trusted`: the machine has run on since it was
 * written, else it begins anew.  -1 where it cannot be had: then nothing is noted.
 * The caller closes the descriptor. */
int known_open(int dirfd, bool trusted);

/* Notes that everything up to `seq` is flushed.  The note itself never is: it
 * outlives a kill of the process, and after a power failure nobody asks it. */
void known_note(int fd, uint64_t seq);

#endif
