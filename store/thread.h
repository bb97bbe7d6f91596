/* Threads beside the one that owns the store and the loop. */
#ifndef MADOGUCHI_STORE_THREAD_H
#define MADOGUCHI_STORE_THREAD_H

#include "proto/error.h"

#include <pthread.h>

/* pthread_create() of a thread that takes no signals, for those are the owner's; but
 * SIGBUS, which is raised in whoever reads a page of a map that the disk cannot
 * give.  0, or the number of the error. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg) MUST_CHECK;

/* The calling thread from now on gives way to the others when processors are few
 * (nice(2) 10, an eleventh of their share).  Where the kernel refuses it stays as it
 * is: slower for the others and no less right. */
void thread_give_way(void);

#endif
