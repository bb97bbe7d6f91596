#include "client/secret.h"

#include "client/words.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static int none(struct error *e) {
    return error_set(e, ERR_INVALID, "password", SAY("No password was given."));
}

/* Waits with these signals let in: one that came before does not wait in vain. */
static bool wait_for(int fd, const sigset_t *mask) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return ppoll(&p, 1, NULL, mask) > 0;
}

/* One line, a byte at a time: what follows it is left to whoever reads next.  Signals
 * are let in while it waits, by the mask, unless that is NULL. */
static int read_line(int fd, const sigset_t *mask, char out[SECRET_SIZE], struct error *e) {
    size_t n = 0;
    char c = '\0';
    ssize_t got = -1;
    while ((mask == NULL || wait_for(fd, mask)) && (got = read(fd, &c, 1)) == 1 && c != '\n') {
        got = -1;
        if (n < SECRET_SIZE - 1) {
            out[n++] = c;
        }
    }
    if (n > 0 && out[n - 1] == '\r') {
        n--;
    }
    out[n] = '\0';
    if (got < 0 || n == 0) {
        return none(e);
    }
    return n < SECRET_SIZE - 1
               ? 0
               : error_set(e, ERR_TOO_MUCH, "password", SAY("A password is at most %d bytes long."),
                           SECRET_SIZE - 2);
}

/* ---- typed --------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;

static void catch (int number) {
    caught = number;
}

/* A signal interrupts the reading, so that the terminal gets its echo back. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define N_SIGNALS (sizeof signals / sizeof signals[0])

static int read_hidden(const char *prompt, char out[SECRET_SIZE], struct error *e) {
    struct termios before;
    struct termios silent;
    struct sigaction old[N_SIGNALS];
    const struct sigaction interrupt = {.sa_handler = catch};
    sigset_t closed;
    sigset_t mask;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return none(e);
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    caught = 0;
    sigemptyset(&closed);
    for (size_t i = 0; i < N_SIGNALS; i++) {
        sigaddset(&closed, signals[i]);
        sigaction(signals[i], &interrupt, &old[i]);
    }
    sigprocmask(SIG_BLOCK, &closed, &mask);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fprintf(stderr, "%s: ", prompt);
    fflush(stderr);
    int rc = read_line(STDIN_FILENO, &mask, out, e);
    fputc('\n', stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    for (size_t i = 0; i < N_SIGNALS; i++) {
        sigaction(signals[i], &old[i], NULL);
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (caught != 0) {
        explicit_bzero(out, SECRET_SIZE);
        raise(caught);
        return none(e); /* it was ignored */
    }
    return rc;
}

bool secret_is_typed(void) {
    return isatty(STDIN_FILENO) != 0;
}

int secret_read(const char *prompt, char out[SECRET_SIZE], struct error *e) {
    return secret_is_typed() ? read_hidden(prompt, out, e) : read_line(STDIN_FILENO, NULL, out, e);
}

/* ---- of a file ------------------------------------------------------------------------------- */

int secret_of_file(const char *path, char out[SECRET_SIZE], struct error *e) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        error_set(e, ERR_INVALID, "password", SAY("%s cannot be read (%s)."), path,
                  strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    int rc = S_ISREG(st.st_mode) && (st.st_mode & 077) != 0
                 ? error_set(e, ERR_STATE, "password",
                             SAY("%s can be read by others. Do: chmod 600 %s, and change the "
                                 "password."),
                             path, path)
                 : read_line(fd, NULL, out, e);
    close(fd);
    return rc;
}
