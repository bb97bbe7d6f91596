#include "store/view.h"

#include "store/store.h"

#include "store/upgrade.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int(view_no_room)(struct error *e) {
    return error_set(e, ERR_TOO_MUCH, "",
                     "This needs more memory than one request may use. Ask for less at a time.",
                     "1 件の処理に使える作業領域を超えました。範囲を狭めてください。");
}

/* ---- entries --------------------------------------------------------------- */

bool view_entry_state(struct view *v, uint64_t seq, struct entry_state *state) {
    struct key k = key_of_u64(seq);
    MDB_val value;
    if (!txn_get(&v->txn, TABLE_ENTRIES, &k, &value)) {
        return false;
    }
    const uint8_t *p = value.mv_data;
    if (value.mv_size != 21) {
        v->txn.failed = MDB_CORRUPTED;
        return false;
    }
    state->place.segment = get_u64(p);
    state->place.offset = get_u32(p + 8);
    state->kind = p[12];
    state->voided_by = get_u64(p + 13);
    return true;
}

int view_no_entry(uint64_t seq, struct error *e) {
    return error_set(e, ERR_NOT_FOUND, "entry",
                     "There is no entry #%llu. `madoguchi show CASE` lists the entries of a case.",
                     "記録 #%llu はありません。madoguchi show 受付番号 で記録の番号が分かります。",
                     (unsigned long long)seq);
}

/* Fields that are unknown because the entry is newer are no damage. */
static int refuse_newer(struct arena *a, const uint8_t *data, size_t len, struct error *e) {
    struct error found = *e;
    const Journal__Entry *entry = journal__entry__unpack(arena_allocator(a), len, data);
    if (entry != NULL && upgrade_check_entries(entry->format, e) != 0) {
        return -1;
    }
    *e = found;
    return -1;
}

int view_unpack(struct arena *a, const uint8_t *data, size_t len, Journal__Entry **out,
                struct error *e) {
    *out = (Journal__Entry *)message_unpack(&journal__entry__descriptor, a, data, len, e);
    return *out == NULL ? refuse_newer(a, data, len, e) : upgrade_check_entries((*out)->format, e);
}

int view_entry(struct view *v, uint64_t seq, struct arena *a, Journal__Entry **out,
               struct error *e) {
    struct entry_state state;
    if (!view_entry_state(v, seq, &state)) {
        return v->txn.failed != 0 ? txn_error(&v->txn, e) : view_no_entry(seq, e);
    }
    const uint8_t *data;
    size_t len;
    if (journal_read(v->journal, state.place, seq, a, &data, &len, e) < 0) {
        return -1;
    }
    return view_unpack(a, data, len, out, e);
}

ProtobufCMessage *entry_body(Journal__Entry *entry) {
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_ACT:
        return &entry->act->base;
    case JOURNAL__ENTRY__BODY_SESSION:
        return &entry->session->base;
    case JOURNAL__ENTRY__BODY_FIGURE:
        return &entry->figure->base;
    case JOURNAL__ENTRY__BODY_COVERAGE:
        return &entry->coverage->base;
    default:
        return NULL;
    }
}

const char *entry_kind_word(const Journal__Entry *entry) {
    static const char *const acts[] = {"",        "log",   "tally", "decline", "contact",
                                       "outcome", "refer", "close", "reopen"};
    static const char *const sessions[] = {"", "session-plan", "session-hold", "session-cancel"};
    switch (entry->body_case) {
    case JOURNAL__ENTRY__BODY_FOUNDING:
        return "founding";
    case JOURNAL__ENTRY__BODY_ACT:
        return entry->act->kind < 9 ? acts[entry->act->kind] : "";
    case JOURNAL__ENTRY__BODY_SESSION:
        return entry->session->kind < 4 ? sessions[entry->session->kind] : "";
    case JOURNAL__ENTRY__BODY_FIGURE:
        return "figure";
    case JOURNAL__ENTRY__BODY_COVERAGE:
        return "coverage";
    case JOURNAL__ENTRY__BODY_CORRECTION:
        return "correct";
    case JOURNAL__ENTRY__BODY_VOIDING:
        return "void";
    case JOURNAL__ENTRY__BODY_CATALOGUE:
        return "catalogue";
    case JOURNAL__ENTRY__BODY_PLAN:
        return "plan";
    case JOURNAL__ENTRY__BODY_ACCOUNT:
        return "account";
    case JOURNAL__ENTRY__BODY_CLOSING:
        return "month-close";
    case JOURNAL__ENTRY__BODY_PUBLICATION:
        return "publish";
    case JOURNAL__ENTRY__BODY_NOTICE:
        return notice_word(entry->notice->kind);
    default:
        return "";
    }
}

/* ---- links ------------------------------------------------------------------- */

int view_links(struct view *v, uint64_t parent, int (*each)(void *ctx, const struct link *link),
               void *ctx) {
    struct key prefix = key_of_u64(parent);
    struct cursor c;
    cursor_open(&c, &v->txn, TABLE_LINKS);
    int rc = 0;
    for (bool more = cursor_seek(&c, &prefix); more && cursor_has_prefix(&c, &prefix) && rc == 0;
         more = cursor_next(&c)) {
        if (c.key.mv_size != 16 || c.value.mv_size != 1) {
            v->txn.failed = MDB_CORRUPTED;
            break;
        }
        struct link link = {get_u64((const uint8_t *)c.key.mv_data + 8),
                            *(const uint8_t *)c.value.mv_data};
        rc = each(ctx, &link);
    }
    cursor_close(&c);
    return rc;
}

/* More fields than any body has. */
#define BODY_FIELDS_MAX 64

struct correcting {
    struct view *view;
    const ProtobufCMessageDescriptor *body;
    uint64_t known;
    uint64_t last[BODY_FIELDS_MAX]; /* seq of the correction that wins, by field */
    struct arena scratch;           /* of one correction */
    struct error *error;
};

static int note_correction(void *ctx, const struct link *link) {
    struct correcting *c = ctx;
    struct entry_state state;
    Journal__Entry *correction;
    if (link->role != LINK_CORRECTION || link->child > c->known ||
        !view_entry_state(c->view, link->child, &state) ||
        (state.voided_by != 0 && state.voided_by <= c->known)) {
        return 0;
    }
    arena_reset(&c->scratch);
    if (view_entry(c->view, link->child, &c->scratch, &correction, c->error) < 0) {
        return -1;
    }
    for (size_t i = 0; i < correction->correction->n_change; i++) {
        const ProtobufCBinaryData name = correction->correction->change[i]->field;
        for (unsigned f = 0; f < c->body->n_fields && f < BODY_FIELDS_MAX; f++) {
            if (bytes_equal(name, c->body->fields[f].name)) {
                c->last[f] = link->child;
            }
        }
    }
    return 0;
}

/* Sets field `f` as its last correction says; what is set lies in `a`. */
static int apply_correction(struct correcting *c, ProtobufCMessage *body, unsigned f,
                            struct arena *a) {
    const char *name = c->body->fields[f].name;
    Journal__Entry *correction;
    arena_reset(&c->scratch);
    if (view_entry(c->view, c->last[f], &c->scratch, &correction, c->error) < 0) {
        return -1;
    }
    for (size_t i = 0; i < correction->correction->n_change; i++) {
        const Journal__Change *change = correction->correction->change[i];
        if (bytes_equal(change->field, name)) {
            const char *value = arena_strndup(&c->scratch, change->value.data, change->value.len);
            return value == NULL ? view_no_room(c->error)
                                 : message_set_text(body, name, value, a, c->error);
        }
    }
    return 0;
}

/* However often an entry was corrected: only what stands takes room. */
int view_effective_at(struct view *v, uint64_t seq, uint64_t known, struct arena *a,
                      Journal__Entry **out, struct error *e) {
    if (view_entry(v, seq, a, out, e) < 0) {
        return -1;
    }
    ProtobufCMessage *body = entry_body(*out);
    if (body == NULL) {
        return 0;
    }
    struct correcting c = {.view = v, .body = body->descriptor, .known = known, .error = e};
    arena_init(&c.scratch, 1u << 20);
    int rc = view_links(v, seq, note_correction, &c) != 0 ? -1 : 0;
    for (unsigned f = 0; rc == 0 && f < body->descriptor->n_fields && f < BODY_FIELDS_MAX; f++) {
        rc = c.last[f] == 0 ? 0 : apply_correction(&c, body, f, a);
    }
    arena_free(&c.scratch);
    return rc;
}

int view_effective(struct view *v, uint64_t seq, struct arena *a, Journal__Entry **out,
                   struct error *e) {
    return view_effective_at(v, seq, UINT64_MAX, a, out, e);
}

/* ---- cases and sessions --------------------------------------------------------- */

static void *unpack_value(struct view *v, enum table t, uint64_t seq,
                          const ProtobufCMessageDescriptor *descriptor, struct arena *a) {
    struct key k = key_of_u64(seq);
    MDB_val value;
    if (!txn_get(&v->txn, t, &k, &value)) {
        return NULL;
    }
    void *m =
        protobuf_c_message_unpack(descriptor, arena_allocator(a), value.mv_size, value.mv_data);
    if (m == NULL) {
        v->txn.failed = MDB_CORRUPTED;
    }
    return m;
}

Fold__Case *view_case(struct view *v, uint64_t seq, struct arena *a) {
    return unpack_value(v, TABLE_CASES, seq, &fold__case__descriptor, a);
}

Fold__Session *view_session(struct view *v, uint64_t seq, struct arena *a) {
    return unpack_value(v, TABLE_SESSIONS, seq, &fold__session__descriptor, a);
}

/* ---- numbers --------------------------------------------------------------------- */

static bool digits(const uint8_t *p, size_t n, uint32_t *out) {
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
        *out = *out * 10 + (uint32_t)(p[i] - '0');
    }
    return true;
}

bool number_parse(ProtobufCBinaryData text, char *prefix, uint32_t *year, uint32_t *n) {
    const uint8_t *p = text.data;
    if (text.len < 13 || text.len > 16 || p[0] < 'A' || p[0] > 'Z' || p[1] != '-' || p[6] != '-') {
        return false;
    }
    *prefix = (char)p[0];
    return digits(p + 2, 4, year) && digits(p + 7, text.len - 7, n) && *n > 0;
}

/* At least `width` digits. */
static char *put_digits(char *out, uint32_t n, int width) {
    char digits[10];
    int len = 0;
    for (; n > 0 || len < width; n /= 10) {
        digits[len++] = (char)('0' + n % 10);
    }
    while (len > 0) {
        *out++ = digits[--len];
    }
    return out;
}

void number_format(char prefix, uint32_t year, uint32_t n, char out[NUMBER_MAX]) {
    *out++ = prefix;
    *out++ = '-';
    out = put_digits(out, year, 4);
    *out++ = '-';
    out = put_digits(out, n, 6);
    *out = '\0';
}

void number_key(struct key *k, char prefix, uint32_t year, uint32_t n) {
    key_start(k);
    key_u8(k, (uint8_t)prefix);
    key_u16(k, (uint16_t)year);
    key_u32(k, n);
}

bool view_number(struct view *v, ProtobufCBinaryData text, uint64_t *seq) {
    char prefix;
    uint32_t year;
    uint32_t n;
    struct key k;
    if (!number_parse(text, &prefix, &year, &n)) {
        return false;
    }
    number_key(&k, prefix, year, n);
    return txn_get_u64(&v->txn, TABLE_NUMBERS, &k, seq);
}

uint32_t view_next_number(struct view *v, char prefix, uint32_t year) {
    struct key first;
    struct key after;
    number_key(&first, prefix, year, 0);
    number_key(&after, prefix, year, UINT32_MAX);
    struct cursor c;
    uint32_t next = 1;
    first.len -= 4;
    cursor_open(&c, &v->txn, TABLE_NUMBERS);
    if (cursor_before(&c, &after) && cursor_has_prefix(&c, &first)) {
        next = get_u32((const uint8_t *)c.key.mv_data + 3) + 1;
    }
    cursor_close(&c);
    return next;
}

void view_forget(struct view *v) {
    v->newest_catalogue = 0;
}

/* ---- catalogues -------------------------------------------------------------------- */

/* More than this many at once are unpacked only for corrections of entries made
 * under many old catalogues; the longest unused gives way. */
#define CATALOGUES_KEPT 8

struct catalogues {
    pthread_mutex_t lock;
    struct kept {
        uint64_t seq;
        struct catalogue *catalogue;
        unsigned users;
        uint64_t last;
    } * kept[CATALOGUES_KEPT];
    uint64_t clock;
};

struct catalogues *catalogues_new(void) {
    struct catalogues *c = calloc(1, sizeof *c);
    if (c != NULL) {
        pthread_mutex_init(&c->lock, NULL);
    }
    return c;
}

static void kept_free(struct kept *k) {
    if (k != NULL) {
        catalogue_free(k->catalogue);
        free(k);
    }
}

void catalogues_free(struct catalogues *c) {
    if (c != NULL) {
        for (int i = 0; i < CATALOGUES_KEPT; i++) {
            kept_free(c->kept[i]);
        }
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

void catalogues_forget(struct catalogues *c, uint64_t after) {
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < CATALOGUES_KEPT; i++) {
        struct kept *k = c->kept[i];
        if (k != NULL && k->seq > after && k->users == 0) {
            kept_free(k);
            c->kept[i] = NULL;
        }
    }
    pthread_mutex_unlock(&c->lock);
}

static const struct catalogue *kept_take(struct catalogues *c, uint64_t seq) {
    for (int i = 0; i < CATALOGUES_KEPT; i++) {
        struct kept *k = c->kept[i];
        if (k != NULL && k->seq == seq) {
            k->users++;
            k->last = ++c->clock;
            return k->catalogue;
        }
    }
    return NULL;
}

/* A free slot, or that of the longest unused one; -1 when all are in use. */
static int kept_slot(struct catalogues *c) {
    int best = -1;
    for (int i = 0; i < CATALOGUES_KEPT; i++) {
        struct kept *k = c->kept[i];
        if (k == NULL) {
            return i;
        }
        if (k->users == 0 && (best < 0 || k->last < c->kept[best]->last)) {
            best = i;
        }
    }
    return best;
}

static const struct catalogue *kept_add(struct catalogues *c, uint64_t seq,
                                        struct catalogue *catalogue, struct error *e) {
    int slot = kept_slot(c);
    struct kept *k = slot < 0 ? NULL : calloc(1, sizeof *k);
    if (k == NULL) {
        catalogue_free(catalogue);
        error_set(e, ERR_BUSY, "", "Too much is being asked at once. Try again.",
                  "処理が混み合っています。もう一度お試しください。");
        return NULL;
    }
    kept_free(c->kept[slot]);
    *k = (struct kept){.seq = seq, .catalogue = catalogue, .users = 1, .last = ++c->clock};
    c->kept[slot] = k;
    return catalogue;
}

/* Seq of the newest catalogue entry at or before `seq`; 0 when there is none. */
static uint64_t catalogue_seq(struct view *v, uint64_t seq) {
    if (v->newest_catalogue != 0 && seq >= v->newest_catalogue) {
        return v->newest_catalogue;
    }
    struct key after = key_of_u64(seq == UINT64_MAX ? seq : seq + 1);
    struct cursor c;
    uint64_t found = 0;
    cursor_open(&c, &v->txn, TABLE_CATALOGUE);
    if (cursor_before(&c, &after) && c.key.mv_size == 8) {
        found = get_u64(c.key.mv_data);
    }
    cursor_close(&c);
    if (seq == UINT64_MAX) {
        v->newest_catalogue = found;
    }
    return found;
}

static struct catalogue *catalogue_load(struct view *v, uint64_t seq, struct error *e) {
    struct arena a;
    arena_init(&a, 8u << 20);
    Journal__Entry *entry;
    struct catalogue *catalogue = NULL;
    if (view_entry(v, seq, &a, &entry, e) == 0) {
        if (entry->body_case != JOURNAL__ENTRY__BODY_CATALOGUE) {
            error_set(e, ERR_INTERNAL, "", "Entry #%llu is not a catalogue.",
                      "記録 #%llu は目録ではありません。", (unsigned long long)seq);
        } else if (catalogue_open(entry->catalogue->data.data, entry->catalogue->data.len,
                                  &catalogue, e) < 0) {
            catalogue = NULL;
        }
    }
    arena_free(&a);
    return catalogue;
}

const struct catalogue *view_catalogue(struct view *v, uint64_t seq, struct error *e) {
    uint64_t found = catalogue_seq(v, seq);
    if (found == 0) {
        error_set(e, ERR_STATE, "", "The store has no catalogue at that point.",
                  "その時点の目録がありません。");
        return NULL;
    }
    pthread_mutex_lock(&v->catalogues->lock);
    const struct catalogue *c = kept_take(v->catalogues, found);
    if (c == NULL) {
        struct catalogue *loaded = catalogue_load(v, found, e);
        c = loaded == NULL ? NULL : kept_add(v->catalogues, found, loaded, e);
    }
    pthread_mutex_unlock(&v->catalogues->lock);
    return c;
}

void catalogues_give(struct catalogues *all, const struct catalogue *catalogue) {
    if (catalogue == NULL) {
        return;
    }
    pthread_mutex_lock(&all->lock);
    for (int i = 0; i < CATALOGUES_KEPT; i++) {
        struct kept *k = all->kept[i];
        if (k != NULL && k->catalogue == catalogue) {
            k->users--;
        }
    }
    pthread_mutex_unlock(&all->lock);
}

void view_catalogue_done(struct view *v, const struct catalogue *catalogue) {
    catalogues_give(v->catalogues, catalogue);
}

/* ---- plans --------------------------------------------------------------------------- */

int view_plan(struct view *v, ProtobufCBinaryData id, uint64_t seq, struct arena *a,
              Document__Plan **out, uint64_t *put_seq, struct error *e) {
    struct key prefix;
    key_start(&prefix);
    key_text(&prefix, id);
    struct key after = prefix;
    key_u64(&after, seq == UINT64_MAX ? seq : seq + 1);
    struct cursor c;
    uint64_t found = 0;
    cursor_open(&c, &v->txn, TABLE_PLANS);
    if (cursor_before(&c, &after) && cursor_has_prefix(&c, &prefix) &&
        c.key.mv_size == prefix.len + 8) {
        found = get_u64((const uint8_t *)c.key.mv_data + prefix.len);
    }
    cursor_close(&c);
    if (found == 0) {
        return error_set(e, ERR_NOT_FOUND, "plan",
                         "There is no plan \"%.*s\". `madoguchi plan list` lists the plans.",
                         "計画「%.*s」はありません。madoguchi plan list で一覧が見られます。",
                         (int)id.len, (const char *)id.data);
    }
    Journal__Entry *entry;
    if (view_entry(v, found, a, &entry, e) < 0) {
        return -1;
    }
    if (entry->body_case != JOURNAL__ENTRY__BODY_PLAN) {
        return error_set(e, ERR_INTERNAL, "", "Entry #%llu is not a plan.",
                         "記録 #%llu は計画ではありません。", (unsigned long long)found);
    }
    *out = (Document__Plan *)message_unpack(&document__plan__descriptor, a, entry->plan->data.data,
                                            entry->plan->data.len, e);
    *put_seq = found;
    return *out == NULL ? -1 : 0;
}

/* ---- the folds' head -------------------------------------------------------------------- */

bool view_fold_head(struct view *v, struct fold_head *out) {
    struct key k;
    key_start(&k);
    key_raw(&k, "fold", 4);
    MDB_val value;
    if (!txn_get(&v->txn, TABLE_META, &k, &value) || value.mv_size != 44) {
        return false;
    }
    const uint8_t *p = value.mv_data;
    out->version = get_u32(p);
    out->seq = get_u64(p + 4);
    memcpy(out->hash, p + 12, 32);
    return true;
}
