/* The web gateway under test: madoguchi-web of the folder named by BUILD, in front of a
 * daemon under test, with raw HTTP in and out.
 *
 * Every function fails the test on a surprise. */
#ifndef MADOGUCHI_TESTS_KIT_WEB_H
#define MADOGUCHI_TESTS_KIT_WEB_H

#include "tests/kit_people.h"

#define KIT_WEB_BODY (1u << 20)

struct kit_web {
    pid_t pid;
    unsigned port;
    char log[KIT_PATH + 16];
    char cookie[128]; /* "__Host-madoguchi=..." of who is logged in, or "" */
    char csrf[64];
    const char *forwarded; /* X-Forwarded-For of what is sent, or NULL */
    /* Of the last answer: */
    int status;
    char headers[8192];
    char body[KIT_WEB_BODY];
    size_t body_len;
};

/* Starts it in front of k's daemon, plain on loopback unless `options` (NULL at the end of
 * the list) say otherwise, on a free port. */
void kit_web_start(struct kit_web *w, const struct kit *k, const char *const *options);
/* SIGTERM, and it ends well; as `signal_number` says. */
void kit_web_stop(struct kit_web *w, int signal_number);
/* Runs it with these options; its exit status. */
int kit_web_refuses(struct kit_web *w, const struct kit *k, const char *const *options);

/* A connection; to be closed. */
int kit_web_connect(const struct kit_web *w);
/* Sends text as it is and reads one answer; false: the connection closed without. */
bool kit_web_send(struct kit_web *w, int fd, const char *text, size_t len);
bool kit_web_read(struct kit_web *w, int fd);

/* One request on a connection of its own, with the cookie; body NULL: GET.  The status. */
int kit_web_ask(struct kit_web *w, const char *path, const char *body);
/* The same with more lines of headers, and without the CSRF header. */
int kit_web_raw(struct kit_web *w, const char *path, const char *headers, const char *body);

/* The token of an account that kit_people_serve() knows is the cookie from now on; NULL:
 * none. */
void kit_web_become(struct kit_web *w, const char *name);

/* Expects a part of the body or the headers. */
void kit_web_said(const struct kit_web *w, const char *part);
void kit_web_header(const struct kit_web *w, const char *line);

#endif
