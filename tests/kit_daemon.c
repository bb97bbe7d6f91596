#include "tests/kit_daemon.h"

#include "proto/frame.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- small things --------------------------------------------------------------- */

int kit_patience(void) {
    const char *given = getenv("KIT_PATIENCE_MS");
    return given != NULL ? atoi(given) : 20000;
}

int64_t kit_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void kit_pause(unsigned ms) {
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

void kit_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the process ------------------------------------------------------------------ */

static const char *program(void) {
    static char path[KIT_PATH];
    const char *build = getenv("BUILD");
    snprintf(path, sizeof path, "%s/madoguchid", build != NULL ? build : "build");
    return path;
}

void kit_daemon_init(struct kit_daemon *d, const char *dir) {
    *d = (struct kit_daemon){.pid = 0};
    ck_assert_uint_lt(strlen(dir), 80);
    snprintf(d->store, sizeof d->store, "%s/store", dir);
    snprintf(d->socket, sizeof d->socket, "%s/socket", dir);
    snprintf(d->config, sizeof d->config, "%s/config.yaml", dir);
    snprintf(d->log, sizeof d->log, "%s/log", dir);
}

void kit_daemon_configure(const struct kit_daemon *d, const char *config) {
    FILE *f = fopen(d->config, "we");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "listen: [\"unix:%s\"", d->socket);
    if (d->listen != NULL) {
        fprintf(f, ", \"%s\"", d->listen);
    }
    fprintf(f, "]\n%s\n", config != NULL ? config : "");
    ck_assert_int_eq(fclose(f), 0);
}

/* Becomes the program; its output goes to the log. */
static _Noreturn void become(const struct kit_daemon *d, char *const *words) {
    int fd = open(d->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    setenv("LANG", "C", 1);
    setenv("LC_ALL", "C", 1);
    unsetenv("NOTIFY_SOCKET");
    if (d->notify != NULL) {
        setenv("NOTIFY_SOCKET", d->notify, 1);
    }
    execv(words[0], words);
    fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
    _exit(127);
}

static pid_t launch(const struct kit_daemon *d, char *const *words) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) { /* at once: another thread may have held a lock of Check */
        become(d, words);
    }
    ck_assert_int_ge(pid, 0);
    return pid;
}

int kit_daemon_run(struct kit_daemon *d, ...) {
    char *words[16] = {strdup(program())};
    size_t n = 1;
    va_list ap;
    va_start(ap, d);
    for (const char *w; n < 15 && (w = va_arg(ap, const char *)) != NULL;) {
        words[n++] = strdup(w);
    }
    va_end(ap);
    int status;
    pid_t pid = launch(d, words);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    for (size_t i = 0; i < n; i++) {
        free(words[i]);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t serve(struct kit_daemon *d, const char *config) {
    char *words[] = {strdup(program()),
                     strdup("serve"),
                     strdup("--store"),
                     d->store,
                     strdup("--config"),
                     d->config,
                     NULL};
    kit_daemon_configure(d, config);
    pid_t pid = launch(d, words);
    for (size_t i = 0; i < 5; i++) {
        if (words[i] != d->store) {
            free(words[i]);
        }
    }
    return pid;
}

static bool has_ended(pid_t pid) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static void show_file(const char *path) {
    char line[1024];
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        fputs(line, stderr);
    }
    if (f != NULL) {
        fclose(f);
    }
}

/* Where it stands, and the end of its log. */
static void show_daemon(const struct kit_daemon *d) {
    static const char *const files[] = {"cmdline", "status", "wchan", "syscall", "stack"};
    char text[KIT_PATH + 100];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(text, sizeof text, "/proc/%d/%s", (int)d->pid, files[i]);
        show_file(text);
        fputc('\n', stderr);
    }
    snprintf(text, sizeof text, "tail -n 20 %s >&2", d->log);
    (void)!system(text);
}

bool kit_daemon_try(struct kit_daemon *d, const char *config) {
    ck_assert_int_eq(d->pid, 0);
    d->pid = serve(d, config);
    int64_t until = kit_clock() + KIT_PATIENCE;
    int fd;
    while ((fd = kit_connect(d)) < 0) {
        if (has_ended(d->pid)) {
            return false;
        }
        if (kit_clock() >= until) {
            show_daemon(d);
            ck_abort_msg("the daemon does not accept");
        }
        kit_pause(2);
    }
    close(fd);
    return true;
}

void kit_daemon_start(struct kit_daemon *d, const char *config) {
    ck_assert_msg(kit_daemon_try(d, config), "the daemon ended: see %s", d->log);
}

int kit_daemon_refuses(struct kit_daemon *d, const char *config) {
    int status;
    pid_t pid = serve(d, config);
    int64_t until = kit_clock() + KIT_PATIENCE;
    pid_t got;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && kit_clock() < until) {
        kit_pause(2);
    }
    if (got == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        ck_abort_msg("the daemon serves");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int kit_daemon_stop(struct kit_daemon *d, int signal_number) {
    int status = 0;
    if (d->pid == 0) {
        return 0;
    }
    kill(d->pid, signal_number);
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (waitpid(d->pid, &status, WNOHANG) == 0) {
        if (kit_clock() > until) {
            kill(d->pid, SIGKILL);
            waitpid(d->pid, &status, 0);
            ck_abort_msg("the daemon does not end");
        }
        kit_pause(1);
    }
    d->pid = 0;
    return status;
}

unsigned kit_daemon_logged(const struct kit_daemon *d, const char *word) {
    unsigned n = 0;
    char line[4096];
    FILE *f = fopen(d->log, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        n += strstr(line, word) != NULL;
    }
    if (f != NULL) {
        fclose(f);
    }
    return n;
}

void kit_daemon_await_log(const struct kit_daemon *d, const char *word, unsigned n) {
    int64_t until = kit_clock() + KIT_PATIENCE;
    while (kit_daemon_logged(d, word) < n) {
        ck_assert_msg(kit_clock() < until, "the log never says %s", word);
        kit_pause(5);
    }
}

unsigned long kit_daemon_memory(const struct kit_daemon *d) {
    char path[64];
    char line[256];
    unsigned long anonymous = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)d->pid);
    FILE *f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) != NULL) {
        sscanf(line, "RssAnon: %lu", &anonymous);
    }
    fclose(f);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#else
    return anonymous;
#endif
}

/* ---- connections ------------------------------------------------------------------ */

int kit_connect(const struct kit_daemon *d) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(d->socket), sizeof a.sun_path);
    memcpy(a.sun_path, d->socket, strlen(d->socket));
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool kit_send_bytes(int fd, const void *data, size_t len) {
    const uint8_t *p = data;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool kit_send_message(int fd, const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *frame = malloc(FRAME_HEADER + len);
    ck_assert_ptr_nonnull(frame);
    frame_header(frame, len);
    protobuf_c_message_pack(message, frame + FRAME_HEADER);
    bool ok = kit_send_bytes(fd, frame, FRAME_HEADER + len);
    free(frame);
    return ok;
}

bool kit_send_request(int fd, uint32_t serial, Madoguchi__Request *request) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(request, serial, serial);
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = request;
    return kit_send_message(fd, &m.base);
}

/* Reads len bytes; false at the end of the connection. */
static bool receive_bytes(int fd, uint8_t *data, size_t len) {
    while (len > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, KIT_PATIENCE);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        ck_assert_msg(ready == 1, "no answer");
        ssize_t n = recv(fd, data, len, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

const Madoguchi__ServerMessage *kit_receive(int fd, struct arena *arena) {
    uint8_t header[FRAME_HEADER];
    size_t len;
    struct error e;
    if (!receive_bytes(fd, header, sizeof header)) {
        return NULL;
    }
    frame_peek(header, sizeof header, &len);
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_le(len, FRAME_MAX);
    uint8_t *data = arena_alloc(arena, len);
    ck_assert_ptr_nonnull(data);
    if (!receive_bytes(fd, data, len)) {
        return NULL;
    }
    ProtobufCMessage *m =
        message_unpack(&madoguchi__server_message__descriptor, arena, data, len, &e);
    ck_assert_ptr_nonnull(m);
    return (const Madoguchi__ServerMessage *)m;
}

const Madoguchi__Answer *kit_answer_of(int fd, struct arena *arena) {
    const Madoguchi__ServerMessage *m = kit_receive(fd, arena);
    ck_assert_msg(m != NULL, "the daemon closed instead of answering");
    ck_assert_int_eq(m->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER);
    return m->answer;
}

void kit_say_hello(int fd, uint32_t protocol, const char *language) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    SET(&hello, protocol, protocol);
    SET(&hello, language, bytes_of(language));
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    ck_assert(kit_send_message(fd, &m.base));
}

int kit_hello(const struct kit_daemon *d) {
    struct arena a;
    int fd = kit_connect(d);
    ck_assert_int_ge(fd, 0);
    kit_say_hello(fd, 1, "en");
    arena_init(&a, 1u << 20);
    const Madoguchi__ServerMessage *welcome = kit_receive(fd, &a);
    ck_assert_ptr_nonnull(welcome);
    ck_assert_int_eq(welcome->body_case, MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME);
    arena_free(&a);
    return fd;
}

void kit_expect_closed(int fd, int code) {
    struct arena a;
    arena_init(&a, 8u << 20);
    const Madoguchi__Answer *answer = kit_answer_of(fd, &a);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
    ck_assert_int_eq((int)answer->error->code, code);
    ck_assert_uint_gt(answer->error->en.len, 0);
    ck_assert_uint_gt(answer->error->ja.len, 0);
    ck_assert_ptr_null(kit_receive(fd, &a));
    arena_free(&a);
    close(fd);
}

void kit_expect_end(int fd) {
    uint8_t byte;
    while (receive_bytes(fd, &byte, 1)) {
    }
    close(fd);
}

Madoguchi__Request *kit_ping(void) {
    static Madoguchi__Ping body;
    static Madoguchi__Request r;
    madoguchi__ping__init(&body);
    madoguchi__request__init(&r);
    r.body_case = MADOGUCHI__REQUEST__BODY_PING;
    r.ping = &body;
    return &r;
}

void kit_expect_alive(const struct kit_daemon *d) {
    struct arena a;
    int fd = kit_hello(d);
    ck_assert(kit_send_request(fd, 77, kit_ping()));
    arena_init(&a, 1u << 20);
    const Madoguchi__Answer *answer = kit_answer_of(fd, &a);
    ck_assert_uint_eq(answer->serial, 77);
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_PAGE);
    arena_free(&a);
    close(fd);
}
