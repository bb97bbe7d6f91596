/* File descriptors: how many connections this process may have. */
#ifndef MADOGUCHI_DAEMON_DESCRIPTORS_H
#define MADOGUCHI_DAEMON_DESCRIPTORS_H

#include <stdint.h>

/* Of the connections wanted, as many as the descriptors allow; raises the process's
 * limit where it may, and logs when it is not enough. */
uint64_t descriptors_allow(uint64_t wanted);

#endif
