#include "daemon/fault.h"

#include <signal.h>
#include <stddef.h>
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

void fault_install(void) {
    struct sigaction action = {.sa_handler = on_bus_error};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
