#include "tests/kit_web.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS_MAX 16

/* ---- the process -------------------------------------------------------------------------- */

static pid_t spawn(struct kit_web *w, const struct kit *k, const char *const *options) {
    char program[2 * KIT_PATH];
    char server[2 * KIT_PATH];
    const char *build = getenv("BUILD");
    const char *argv[OPTIONS_MAX] = {program, "--server", server, "--listen", "127.0.0.1:0"};
    size_t n = 5;
    snprintf(program, sizeof program, "%s/madoguchi-web", build != NULL ? build : "build");
    snprintf(server, sizeof server, "unix:%s", k->d.socket);
    snprintf(w->log, sizeof w->log, "%s/web.log", k->dir);
    if (options == NULL) {
        argv[n++] = "--behind-proxy";
    }
    for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
        ck_assert_uint_lt(n, OPTIONS_MAX - 1);
        argv[n++] = options[i];
    }
    int fd = open(w->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pid_t pid = fork();
    ck_assert(fd >= 0 && pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fd, STDERR_FILENO);
        dup2(fd, STDOUT_FILENO);
        setenv("LC_ALL", "C", 1);
        execv(program, (char **)argv);
        _exit(127);
    }
    close(fd);
    return pid;
}

/* The port that the log names; 0: not yet. */
static unsigned port_of(const struct kit_web *w) {
    char text[8192] = "";
    unsigned port = 0;
    FILE *f = fopen(w->log, "r");
    if (f != NULL) {
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
    }
    const char *at = strstr(text, "://127.0.0.1:");
    if (at != NULL && strchr(at, '\n') != NULL) {
        sscanf(at, "://127.0.0.1:%u", &port);
    }
    return port;
}

void kit_web_start(struct kit_web *w, const struct kit *k, const char *const *options) {
    int64_t until = kit_clock() + KIT_PATIENCE;
    w->cookie[0] = w->csrf[0] = '\0';
    w->forwarded = NULL;
    w->pid = spawn(w, k, options);
    while ((w->port = port_of(w)) == 0) {
        ck_assert_msg(waitpid(w->pid, NULL, WNOHANG) == 0, "the gateway ended: see %s", w->log);
        ck_assert_int_lt(kit_clock(), until);
        kit_pause(5);
    }
}

void kit_web_stop(struct kit_web *w, int signal_number) {
    int status;
    ck_assert_int_eq(kill(w->pid, signal_number), 0);
    ck_assert_int_eq(waitpid(w->pid, &status, 0), w->pid);
    if (signal_number == SIGTERM) {
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: see %s", status,
                      w->log);
    }
    w->pid = 0;
}

int kit_web_refuses(struct kit_web *w, const struct kit *k, const char *const *options) {
    int status;
    pid_t pid = spawn(w, k, options);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- HTTP --------------------------------------------------------------------------------- */

int kit_web_connect(const struct kit_web *w) {
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)w->port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* More of an answer; 0: the end. */
static size_t more(int fd, char *to, size_t room) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ck_assert_int_gt(poll(&p, 1, KIT_PATIENCE), 0);
    ssize_t n = recv(fd, to, room, 0);
    return n > 0 ? (size_t)n : 0;
}

static size_t length_of(const char *headers) {
    const char *at = strcasestr(headers, "\r\nContent-Length:");
    return at == NULL ? 0 : (size_t)strtoul(at + 17, NULL, 10);
}

bool kit_web_read(struct kit_web *w, int fd) {
    size_t n = 0;
    char *end = NULL;
    w->status = 0;
    w->headers[0] = '\0';
    while (end == NULL) {
        size_t got = more(fd, w->headers + n, sizeof w->headers - 1 - n);
        if (got == 0) {
            return false;
        }
        n += got;
        w->headers[n] = '\0';
        end = strstr(w->headers, "\r\n\r\n");
    }
    size_t begun = n - (size_t)(end + 4 - w->headers);
    w->body_len = 0;
    memcpy(w->body, end + 4, begun);
    end[2] = '\0';
    ck_assert_int_eq(sscanf(w->headers, "HTTP/1.%*c %d", &w->status), 1);
    size_t len = w->status == 304 ? 0 : length_of(w->headers);
    ck_assert_uint_lt(len, KIT_WEB_BODY);
    w->body_len = begun;
    while (w->body_len < len) {
        size_t got = more(fd, w->body + w->body_len, len - w->body_len);
        ck_assert_uint_gt(got, 0);
        w->body_len += got;
    }
    w->body[w->body_len] = '\0';
    return true;
}

bool kit_web_send(struct kit_web *w, int fd, const char *text, size_t len) {
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            break; /* refused before it was all said: the answer is there already */
        }
        sent += (size_t)n;
    }
    return kit_web_read(w, fd);
}

int kit_web_raw(struct kit_web *w, const char *path, const char *headers, const char *body) {
    char length[64] = "";
    size_t size = strlen(path) + strlen(headers) + (body == NULL ? 0 : strlen(body)) + 1024;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    if (body != NULL) {
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    }
    int n = snprintf(text, size, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s%s%s%s%s%s\r\n%s",
                     body == NULL ? "GET" : "POST", path, w->cookie[0] != '\0' ? "Cookie: " : "",
                     w->cookie, w->cookie[0] != '\0' ? "\r\n" : "",
                     w->forwarded != NULL ? "X-Forwarded-For: " : "",
                     w->forwarded != NULL ? w->forwarded : "", w->forwarded != NULL ? "\r\n" : "",
                     length, headers, "Connection: close\r\n", body == NULL ? "" : body);
    int fd = kit_web_connect(w);
    w->status = 0;
    (void)kit_web_send(w, fd, text, (size_t)n);
    close(fd);
    free(text);
    return w->status;
}

int kit_web_ask(struct kit_web *w, const char *path, const char *body) {
    char headers[256] = "";
    if (body != NULL) {
        snprintf(headers, sizeof headers,
                 "Content-Type: application/json\r\nX-Madoguchi-CSRF: %s\r\n", w->csrf);
    }
    return kit_web_raw(w, path, headers, body);
}

void kit_web_become(struct kit_web *w, const char *name) {
    uint8_t token[KIT_TOKEN];
    char value[64];
    w->cookie[0] = w->csrf[0] = '\0';
    if (name == NULL) {
        return;
    }
    kit_token_of(name, token);
    sodium_bin2base64(value, sizeof value, token, sizeof token,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(w->cookie, sizeof w->cookie, "__Host-madoguchi=%s", value);
    ck_assert_int_eq(kit_web_ask(w, "/api/session", NULL), 200);
    const char *at = strstr(w->body, "\"csrf\":\"");
    ck_assert_msg(at != NULL, "%s", w->body);
    snprintf(w->csrf, sizeof w->csrf, "%.32s", at + 8);
}

void kit_web_said(const struct kit_web *w, const char *part) {
    ck_assert_msg(strstr(w->body, part) != NULL, "no \"%s\" in %s", part, w->body);
}

void kit_web_header(const struct kit_web *w, const char *line) {
    ck_assert_msg(strstr(w->headers, line) != NULL, "no \"%s\" in %s", line, w->headers);
}
