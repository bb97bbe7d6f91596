#include "store/thread.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define GIVING_WAY 10

int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

void thread_give_way(void) {
    /* On Linux of the thread alone, unlike POSIX. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), GIVING_WAY);
}
