#include "store/people.h"

#include "proto/check_field.h"

#include <stdio.h>
#include <stdlib.h>

/* An account and all it points to lie in one piece. */
static void *piece_take(uint8_t **at, size_t n) {
    void *p = *at;
    *at += (n + 15) / 16 * 16;
    return p;
}

static size_t rounded(size_t n) {
    return (n + 15) / 16 * 16;
}

static size_t list_room(const ProtobufCBinaryData *list, size_t n) {
    size_t bytes = rounded(n * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        bytes += rounded(list[i].len);
    }
    return bytes;
}

static const ProtobufCBinaryData *list_take(uint8_t **at, const ProtobufCBinaryData *list,
                                            size_t n) {
    ProtobufCBinaryData *copy = piece_take(at, n * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        copy[i] = (ProtobufCBinaryData){list[i].len, piece_take(at, list[i].len)};
        if (list[i].len > 0) {
            memcpy(copy[i].data, list[i].data, list[i].len);
        }
    }
    return copy;
}

static const char *text_take(uint8_t **at, const char *text) {
    size_t len = strlen(text) + 1;
    char *copy = piece_take(at, len);
    memcpy(copy, text, len);
    return copy;
}

static size_t person_room(const struct person *p) {
    return rounded(sizeof *p) + rounded(strlen(p->name) + 1) +
           (p->person == NULL ? 0 : rounded(strlen(p->person) + 1)) +
           list_room(p->service, p->n_service) + list_room(p->office, p->n_office) +
           list_room(p->certificate, p->n_certificate);
}

/* Copies p to `memory`, which has person_room(). */
static struct person *person_lay(const struct person *p, void *memory) {
    uint8_t *at = memory;
    struct person *copy = piece_take(&at, sizeof *p);
    *copy = *p;
    copy->name = text_take(&at, p->name);
    copy->person = p->person == NULL ? NULL : text_take(&at, p->person);
    copy->service = list_take(&at, p->service, p->n_service);
    copy->office = list_take(&at, p->office, p->n_office);
    copy->certificate = list_take(&at, p->certificate, p->n_certificate);
    return copy;
}

const struct person *person_copy(const struct person *p, struct arena *a) {
    void *memory = arena_alloc(a, person_room(p));
    return memory == NULL ? NULL : person_lay(p, memory);
}

/* ---- the list ------------------------------------------------------------------------- */

static int compare(const char *name, size_t len, const struct person *p) {
    int order = strncmp(name, p->name, len);
    return order != 0 ? order : p->name[len] == '\0' ? 0 : -1;
}

/* Where the name is, or belongs. */
static size_t place(const struct people *p, const char *name, size_t len, bool *found) {
    size_t low = 0;
    size_t high = p->n;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(name, len, p->all[middle]);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static int no_room(struct people *p, struct error *e) {
    p->stale = true;
    return view_no_room(e);
}

int people_set(struct people *p, const Fold__Account *from, struct error *e) {
    const Journal__Account *account = from->account;
    char name[64];
    char text[256];
    snprintf(name, sizeof name, "%.*s", (int)account->name.len, (const char *)account->name.data);
    snprintf(text, sizeof text, "%.*s", (int)account->person.len,
             (const char *)account->person.data);
    struct person one = {.name = name,
                         .person = account->has_person ? text : NULL,
                         .n_service = account->n_service,
                         .service = account->service,
                         .n_office = account->n_office,
                         .office = account->office,
                         .n_certificate = account->n_certificate,
                         .certificate = account->certificate,
                         .has_uid = account->has_uid,
                         .uid = account->uid,
                         .until = account->until,
                         .disabled = account->disabled,
                         .seq = from->seq};
    for (size_t i = 0; i < account->n_role; i++) {
        int role = role_find(account->role[i]);
        one.roles |= role < 0 ? 0 : 1u << role; /* a newer program's role gives nothing */
    }
    if (one.has_uid) {
        snprintf(one.before, sizeof one.before, "uid:%u", one.uid);
    }
    void *memory = malloc(person_room(&one));
    if (memory == NULL) {
        return no_room(p, e);
    }
    bool found;
    size_t at = place(p, name, strlen(name), &found);
    if (found) {
        free(p->all[at]);
    } else {
        struct person **all = realloc(p->all, (p->n + 1) * sizeof(struct person *));
        if (all == NULL) {
            free(memory);
            return no_room(p, e);
        }
        p->all = all;
        memmove(all + at + 1, all + at, (p->n - at) * sizeof(struct person *));
        p->n++;
    }
    p->all[at] = person_lay(&one, memory);
    p->version++;
    return 0;
}

static void forget(struct people *p) {
    for (size_t i = 0; i < p->n; i++) {
        free(p->all[i]);
    }
    p->n = 0;
}

int people_load(struct people *p, struct view *v, struct error *e) {
    struct cursor c;
    struct arena a;
    int rc = 0;
    forget(p);
    p->version++;
    arena_init(&a, 1u << 20);
    cursor_open(&c, &v->txn, TABLE_ACCOUNTS);
    for (bool more = cursor_seek(&c, NULL); more && rc == 0; more = cursor_next(&c)) {
        arena_reset(&a);
        Fold__Account *account =
            fold__account__unpack(arena_allocator(&a), c.value.mv_size, c.value.mv_data);
        if (account == NULL || account->account == NULL) {
            v->txn.failed = MDB_CORRUPTED;
            break;
        }
        rc = people_set(p, account, e);
    }
    cursor_close(&c);
    arena_free(&a);
    if (v->txn.failed != 0) {
        rc = txn_error(&v->txn, e);
    }
    p->stale = rc < 0;
    return rc;
}

void people_free(struct people *p) {
    forget(p);
    free(p->all);
    p->all = NULL;
}

/* ---- asking ---------------------------------------------------------------------------- */

const struct person *people_find(const struct people *p, const char *name, size_t len) {
    bool found;
    size_t at = place(p, name, len, &found);
    return found ? p->all[at] : NULL;
}

const struct person *people_of_uid(const struct people *p, uint32_t uid) {
    for (size_t i = 0; i < p->n; i++) {
        if (p->all[i]->has_uid && p->all[i]->uid == uid) {
            return p->all[i];
        }
    }
    return NULL;
}

const struct person *people_of_certificate(const struct people *p, const uint8_t sha256[32]) {
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->all[i]->n_certificate; k++) {
            if (memcmp(p->all[i]->certificate[k].data, sha256, 32) == 0) {
                return p->all[i];
            }
        }
    }
    return NULL;
}

bool person_is_live(const struct person *p, uint32_t today) {
    return !p->disabled && (p->until == 0 || today <= p->until);
}

bool person_is(const struct person *p, ProtobufCBinaryData actor) {
    return bytes_equal(actor, p->name) || (p->has_uid && bytes_equal(actor, p->before));
}

size_t people_administrators(const struct people *p, const char *except) {
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct person *one = p->all[i];
        n += (one->roles & 1u << ROLE_ADMINISTRATOR) != 0 && !one->disabled && one->until == 0 &&
             (except == NULL || strcmp(except, one->name) != 0);
    }
    return n;
}

/* ---- the founder ------------------------------------------------------------------------- */

/* A user's name as a word that a login takes: what words do not have becomes a hyphen. */
static void name_of(const Journal__Entry *founding, uint32_t uid, char out[33]) {
    size_t n = 0;
    for (; n < founding->actor_name.len && n < 32; n++) {
        char c = (char)founding->actor_name.data[n];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        out[n] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : plain ? c : '-';
    }
    out[n] = '\0';
    ProtobufCBinaryData name = {n, (uint8_t *)out};
    struct error ignored;
    if (check_word(name, "name", &ignored) < 0) {
        snprintf(out, 33, "uid-%u", uid);
    }
}

bool people_founder(const Journal__Entry *founding, struct arena *a, Fold__Account *out) {
    char actor[32];
    unsigned uid;
    int used = 0;
    snprintf(actor, sizeof actor, "%.*s", (int)founding->actor.len,
             (const char *)founding->actor.data);
    if (sscanf(actor, "uid:%u%n", &uid, &used) != 1 || actor[used] != '\0') {
        return false;
    }
    Journal__Account *account = arena_alloc(a, sizeof *account);
    char *name = arena_alloc(a, 33);
    ProtobufCBinaryData *role = arena_alloc(a, ROLE_COUNT * sizeof *role);
    if (account == NULL || name == NULL || role == NULL) {
        return false;
    }
    name_of(founding, uid, name);
    for (int i = 0; i < ROLE_COUNT; i++) {
        role[i] = bytes_of(role_word((enum role)i));
    }
    journal__account__init(account);
    fold__account__init(out);
    SET(account, name, bytes_of(name));
    SET(account, uid, uid);
    account->role = role;
    account->n_role = ROLE_COUNT;
    out->account = account;
    SET(out, seq, founding->seq);
    SET(out, recorded_at, founding->recorded_at);
    SET(out, actor, founding->actor);
    return true;
}
