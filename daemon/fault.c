#include "daemon/fault.h"

#include "proto/log.h"

#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Only what is allowed in a signal handler: a fixed text and the end. */
static void on_bus_error(int number) {
    static const char text[] =
        "<2>bus error: a page of the store cannot be read (a failing disk, or the file "
        "fold/data.mdb was cut). Nothing that was acknowledged is lost: it is in the journal.\n";
    (void)number;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(FAULT_EXIT);
}

_Noreturn void fault_loop(const char *why) {
    log_event(LEVEL_ERROR, "exit", "status=%d why=\"%s\" answered=none", FAULT_LOOP_EXIT, why);
    _exit(FAULT_LOOP_EXIT);
}

/* Left to itself libevent would end the process with 1, which says that nothing
 * was changed. */
static void on_loop_error(int code) {
    (void)code;
    fault_loop("the event loop failed");
}

static void on_loop_words(int severity, const char *words) {
    if (severity >= EVENT_LOG_WARN) {
        log_event(severity == EVENT_LOG_ERR ? LEVEL_ERROR : LEVEL_WARNING, "loop", "says=\"%s\"",
                  words);
    }
}

/* A handler of cores that is a pipe may not care about the limit, so a service is
 * not dumpable either. */
static void leave_no_core(void) {
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (getenv("NOTIFY_SOCKET") != NULL) {
        (void)prctl(PR_SET_DUMPABLE, 0);
    }
}

void fault_install(void) {
    leave_no_core();
    event_set_fatal_callback(on_loop_error);
    event_set_log_callback(on_loop_words);
    struct sigaction action = {.sa_handler = on_bus_error};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
