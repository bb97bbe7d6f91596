#include "tests/kit_peer.h"

#include "proto/frame.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PEER_BUDGET (1u << 20)

/* ---- bytes -------------------------------------------------------------------------------- */

static enum peer_state lose(struct peer *p, enum peer_state state) {
    p->state = state;
    return state;
}

/* Receives len bytes. */
static enum peer_state receive(struct peer *p, uint8_t *data, size_t len, int ms) {
    while (len > 0) {
        struct pollfd ready = {.fd = p->fd, .events = POLLIN};
        int n = poll(&ready, 1, ms);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n == 0) {
            return lose(p, PEER_SILENT);
        }
        ssize_t got = recv(p->fd, data, len, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got <= 0) {
            return lose(p, PEER_LOST);
        }
        data += got;
        len -= (size_t)got;
    }
    return PEER_OPEN;
}

static const Madoguchi__ServerMessage *receive_message(struct peer *p, int ms) {
    uint8_t header[FRAME_HEADER];
    size_t len;
    struct error e;
    arena_reset(&p->arena);
    if (p->state != PEER_OPEN || receive(p, header, sizeof header, ms) != PEER_OPEN) {
        return NULL;
    }
    frame_peek(header, sizeof header, &len);
    uint8_t *data = len > 0 && len <= FRAME_MAX ? arena_alloc(&p->arena, len) : NULL;
    if (data == NULL) {
        lose(p, PEER_WRONG);
        return NULL;
    }
    if (receive(p, data, len, ms) != PEER_OPEN) {
        return NULL;
    }
    ProtobufCMessage *m =
        message_unpack(&madoguchi__server_message__descriptor, &p->arena, data, len, &e);
    if (m == NULL) {
        lose(p, PEER_WRONG);
    }
    return (const Madoguchi__ServerMessage *)m;
}

static enum peer_state send_message(struct peer *p, const Madoguchi__ClientMessage *m) {
    if (p->state != PEER_OPEN) {
        return p->state;
    }
    size_t len = protobuf_c_message_get_packed_size(&m->base);
    uint8_t *frame = malloc(FRAME_HEADER + len);
    bool sent = false;
    if (frame != NULL) {
        frame_header(frame, len);
        protobuf_c_message_pack(&m->base, frame + FRAME_HEADER);
        sent = kit_send_bytes(p->fd, frame, FRAME_HEADER + len);
        free(frame);
    }
    return sent ? PEER_OPEN : lose(p, PEER_LOST);
}

/* ---- conversations ------------------------------------------------------------------------ */

static int connect_to(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%.100s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

enum peer_state peer_open(struct peer *p, const struct kit_daemon *d, int ms) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    *p = (struct peer){.fd = connect_to(d->socket)};
    arena_init(&p->arena, PEER_BUDGET);
    if (p->fd < 0) {
        return lose(p, PEER_LOST);
    }
    SET(&hello, protocol, 1);
    SET(&hello, language, bytes_of("en"));
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    send_message(p, &m);
    const Madoguchi__ServerMessage *welcome = receive_message(p, ms);
    if (welcome != NULL && welcome->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME) {
        /* Turned away, or told of a fault before the connection closes. */
        bool told = welcome->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER &&
                    welcome->answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR &&
                    welcome->answer->error->en.len > 0 && welcome->answer->error->ja.len > 0;
        lose(p, told ? PEER_LOST : PEER_WRONG);
    }
    return p->state;
}

void peer_close(struct peer *p) {
    if (p->fd >= 0) {
        close(p->fd);
    }
    p->fd = -1;
    p->state = PEER_LOST;
    arena_free(&p->arena);
}

enum peer_state peer_send(struct peer *p, uint32_t serial, Madoguchi__Request *request) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(request, serial, serial);
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = request;
    return send_message(p, &m);
}

const Madoguchi__Answer *peer_answer(struct peer *p, int ms) {
    const Madoguchi__ServerMessage *m = receive_message(p, ms);
    if (m != NULL && m->body_case != MADOGUCHI__SERVER_MESSAGE__BODY_ANSWER) {
        lose(p, PEER_WRONG);
        return NULL;
    }
    return m == NULL ? NULL : m->answer;
}

/* ---- what a test asked for ---------------------------------------------------------------- */

bool peer_take(struct peer_asked *a, const Madoguchi__Answer *answer) {
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        const Madoguchi__Error *e = answer->error;
        int code = (int)e->code;
        return e->en.len > 0 && e->ja.len > 0 &&
               (code == ERR_INTERNAL || code == ERR_FULL || code == ERR_BUSY ||
                code == ERR_TOO_MUCH);
    }
    if (answer->body_case != MADOGUCHI__ANSWER__BODY_RECORDED) {
        return false;
    }
    const Madoguchi__Recorded *r = answer->recorded;
    char number[32];
    snprintf(number, sizeof number, "%.*s", (int)r->number.len, (const char *)r->number.data);
    if (r->seq == 0 ||
        (a->seq != 0 && (a->seq != r->seq || strcmp(a->number, number) != 0 || !r->known))) {
        return false;
    }
    a->seq = r->seq;
    memcpy(a->number, number, sizeof number);
    return true;
}

/* ---- failing calls ------------------------------------------------------------------------ */

struct nth_control *nth_begin(const char *dir) {
    char path[KIT_PATH + 10];
    snprintf(path, sizeof path, "%s/nth", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof(struct nth_control)), 0);
    void *page = mmap(NULL, sizeof(struct nth_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    close(fd);
    setenv("NTH_CONTROL", path, 1);
    return page;
}

void nth_end(struct nth_control *page) {
    unsetenv("NTH_CONTROL");
    nth_preload(NULL);
    munmap(page, sizeof *page);
}

void nth_preload(const char *libraries) {
    const char *build = getenv("BUILD");
    const char *asan = getenv("ASAN_OPTIONS");
    char list[4 * KIT_PATH] = "";
    if (libraries == NULL) {
        unsetenv("LD_PRELOAD");
        unsetenv("MALLOC_PERTURB_");
        unsetenv("GLIBC_TUNABLES");
        return;
    }
    for (const char *from = libraries; *from != '\0';) {
        size_t n = strcspn(from, " ");
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%.100s/tests/%.*s", used > 0 ? ":" : "",
                 build != NULL ? build : "build", (int)n, from);
        ck_assert_msg(access(list + used + (used > 0), R_OK) == 0, "no %s", list + used);
        from += n + (from[n] == ' ');
    }
    setenv("LD_PRELOAD", list, 1);
    /* Memory that was freed and is used all the same is not what it was. */
    setenv("MALLOC_PERTURB_", "165", 1);
    setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
    if (asan == NULL || strstr(asan, "verify_asan_link_order=0") == NULL) {
        char options[KIT_PATH];
        snprintf(options, sizeof options, "%.100s%sverify_asan_link_order=0",
                 asan != NULL ? asan : "", asan != NULL ? ":" : "");
        setenv("ASAN_OPTIONS", options, 1);
    }
}

bool nth_has_memory(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

const char *nth_call_name(enum nth_call call) {
    static const char *const names[] = {
#define NTH_NAME(name) #name,
        NTH_CALLS(NTH_NAME)
#undef NTH_NAME
    };
    return names[call];
}
