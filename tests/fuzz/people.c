#include "tests/fuzz/people.h"

#include <string.h>
#include <time.h>

static ProtobufCBinaryData *list_of(const char *words, size_t *n) {
    ProtobufCBinaryData *list = arena_alloc(&fuzz_daemon.arena, 8 * sizeof *list);
    MUST(list != NULL);
    *n = 0;
    for (const char *p = words; p != NULL && *p != '\0' && *n < 8;) {
        size_t len = strcspn(p, ";");
        list[(*n)++] = (ProtobufCBinaryData){len, (uint8_t *)p};
        p += len + (p[len] == ';');
    }
    return list;
}

static void record(const char *name, const char *roles, const char *services, int64_t uid,
                   uint64_t replaces) {
    static uint8_t ids;
    uint8_t id[16] = {0};
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Account a = MADOGUCHI__ACCOUNT__INIT;
    id[15] = ++ids;
    SET(&r, id, ((ProtobufCBinaryData){16, id}));
    r.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNT;
    r.account = &a;
    SET(&a, name, bytes_of(name));
    a.role = list_of(roles, &a.n_role);
    a.service = list_of(services, &a.n_service);
    if (uid >= 0) {
        SET(&a, uid, (uint32_t)uid);
    }
    if (replaces != 0) {
        SET(&a, replaces, replaces);
    }
    fuzz_daemon_record(&r);
}

void fuzz_account(const char *name, const char *roles, const char *services, int64_t uid) {
    record(name, roles, services, uid, 0);
}

void fuzz_nobody(void) {
    const struct store_claim claim = {.has_uid = true, .uid = 0};
    const struct person *p = store_person(fuzz_daemon.store, &claim, 20300101);
    if (p != NULL) {
        char name[40];
        snprintf(name, sizeof name, "%s", p->name);
        record(name, "administrator", NULL, -1, p->seq);
    }
}

void fuzz_token(const char *name, uint8_t byte, bool once) {
    uint8_t token[SECRETS_TOKEN];
    uint8_t hash[SECRETS_TOKEN];
    struct error e;
    memset(token, byte, sizeof token);
    secrets_hash(token, hash);
    MUST(secrets_add_token(fuzz_daemon.secrets, hash, name, once, (uint64_t)time(NULL) * 1000,
                           &e) == 0);
}
