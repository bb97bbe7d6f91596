#include "tests/kit_people.h"

#include "proto/check.h"
#include "store/secrets.h"
#include "tests/kit_private.h"
#include "tests/messages.h"

#include <check.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void kit_await_day(void) {
    const uint64_t day = UINT64_C(86400000);
    const uint64_t zone = UINT64_C(9) * 3600000;
    while ((wall_ms() + zone) % day > day - 60000) {
        kit_pause(1000);
    }
}

/* ---- accounts ----------------------------------------------------------------------- */

static uint64_t seq_of(struct kit *k, const char *name) {
    Madoguchi__Request *r = kit_request(k, "accounts", "name", name, NULL);
    const Madoguchi__Page *page = kit_read(k, r);
    return page == NULL || page->n_account == 0 ? 0 : page->account[0]->seq;
}

uint64_t kit_person(struct kit *k, const char *name, const char *roles, const char *services,
                    const char *offices, ...) {
    va_list ap;
    Madoguchi__Request *r = kit_request(k, "account", "name", name, NULL);
    uint64_t before = seq_of(k, name);
    kit_set_text(k, &r->account->base, "role", roles != NULL ? roles : "");
    kit_set_text(k, &r->account->base, "service", services != NULL ? services : "");
    kit_set_text(k, &r->account->base, "office", offices != NULL ? offices : "");
    va_start(ap, offices);
    for (const char *field; (field = va_arg(ap, const char *)) != NULL;) {
        const char *value = va_arg(ap, const char *);
        if (field[0] == '=') {
            messages_set(&k->arena, &r->account->base, field + 1, value, strlen(value));
        } else {
            kit_set_text(k, &r->account->base, field, value);
        }
    }
    va_end(ap);
    if (before != 0) {
        SET(r->account, replaces, before);
    }
    kit_record(k, r);
    ck_assert_msg(k->last.code == 0, "account %s: %s", name, k->last.en);
    return k->last.seq;
}

/* ---- who asks ------------------------------------------------------------------------- */

void kit_token_of(const char *name, uint8_t token[KIT_TOKEN]) {
    crypto_generichash(token, KIT_TOKEN, (const uint8_t *)name, strlen(name), NULL, 0);
}

int kit_hello_with(const struct kit_daemon *d, const void *token, size_t len, struct arena *a,
                   const Madoguchi__ServerMessage **said) {
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    Madoguchi__Hello hello = MADOGUCHI__HELLO__INIT;
    int fd = kit_connect(d);
    ck_assert_int_ge(fd, 0);
    SET(&hello, protocol, 1);
    SET(&hello, language, bytes_of("en"));
    SET(&hello, token, ((ProtobufCBinaryData){len, (uint8_t *)token}));
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_HELLO;
    m.hello = &hello;
    ck_assert(kit_send_message(fd, &m.base));
    *said = kit_receive(fd, a);
    return fd;
}

void kit_become(struct kit *k, const char *name) {
    const Madoguchi__ServerMessage *said;
    uint8_t token[KIT_TOKEN];
    if (!k->daemon) {
        k->account = name != NULL;
        k->actor = name != NULL ? name : "uid:1000";
        return;
    }
    if (k->fd >= 0) {
        close(k->fd);
    }
    if (name == NULL) {
        k->fd = kit_hello(&k->d);
        return;
    }
    kit_token_of(name, token);
    k->fd = kit_hello_with(&k->d, token, sizeof token, &k->arena, &said);
    ck_assert_msg(said != NULL && said->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME,
                  "%s is not welcome", name);
    ck_assert(bytes_equal(said->welcome->account, name));
}

void kit_people_serve(struct kit *k, const char *config, const char *const *names) {
    struct secrets *s;
    struct error e = {0};
    char text[600];
    size_t len;
    kit_close(k, true);
    ck_assert_msg(secrets_open(k->d.store, &s, &e) == 0, "%s", e.en);
    for (size_t i = 0; names[i] != NULL; i++) {
        uint8_t token[KIT_TOKEN];
        uint8_t hash[SECRETS_TOKEN];
        kit_token_of(names[i], token);
        secrets_hash(token, hash);
        ck_assert_int_eq(secrets_add_token(s, hash, names[i], false, wall_ms(), &e), 0);
        char password[crypto_pwhash_STRBYTES];
        ck_assert_int_eq(crypto_pwhash_str(password, names[i], strlen(names[i]),
                                           crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
                         0);
        ck_assert_int_eq(secrets_set_password(s, names[i], password, false, hash, &e), 0);
    }
    char *file = secrets_text(s, &len);
    ck_assert_msg(secrets_write(k->d.store, file, len, &e) == 0, "%s", e.en);
    free(file);
    secrets_free(s);
    snprintf(text, sizeof text, "free_floor_bytes: 1\n%s", config != NULL ? config : "");
    kit_daemon_start(&k->d, text);
    k->daemon = true;
    k->account = false;
    k->fd = kit_hello(&k->d);
}

int kit_code(struct kit *k, Madoguchi__Request *request) {
    memset(&k->last, 0, sizeof k->last);
    if (check_request_records(request)) {
        kit_record(k, request);
    } else {
        (void)kit_read(k, request);
    }
    return k->last.code;
}
