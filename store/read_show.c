/* One case, session or entry with everything that was done to it. */
#include "store/page.h"
#include "store/read.h"

#include <stdlib.h>

#define SHOW_FIELDS_MAX    32
#define SHOW_REVISIONS_MAX 256
/* Revisions of one row: an entry that was corrected more often goes on in
 * further rows of the same seq. */
#define SHOW_REVISION_BYTES 24000
/* Entries of one case or session that are shown. */
#define SHOW_ENTRIES_MAX 100000
/* One entry as it stood at each of its corrections. */
#define SHOW_ARENA (16u << 20)

struct showing {
    struct reading *reading;
    struct pages *pages;
    struct arena entry;      /* of the entry shown: its rows may be handed over meanwhile */
    struct arena correction; /* of one correction or voiding */
    struct error *error;
};

/* ---- an entry's fields and revisions ------------------------------------------------- */

static int add_fields(struct arena *a, ProtobufCMessage *body, Madoguchi__EntryRow *row) {
    row->field = arena_alloc(a, SHOW_FIELDS_MAX * sizeof *row->field);
    if (row->field == NULL) {
        return -1;
    }
    for (unsigned i = 0; i < body->descriptor->n_fields && row->n_field < SHOW_FIELDS_MAX; i++) {
        const ProtobufCFieldDescriptor *f = &body->descriptor->fields[i];
        char *text = message_get_text(body, f, a);
        if (text == NULL || strcmp(f->name, "kind") == 0) {
            continue;
        }
        Madoguchi__Pair *pair = arena_alloc(a, sizeof *pair);
        if (pair == NULL) {
            return -1;
        }
        madoguchi__pair__init(pair);
        SET(pair, name, bytes_of(f->name));
        SET(pair, value, bytes_of(text));
        row->field[row->n_field++] = pair;
    }
    return 0;
}

/* A row of the entry with nothing of its body yet; NULL without room. */
static Madoguchi__EntryRow *row_new(struct showing *s, const Journal__Entry *entry) {
    struct arena *a = pages_arena(s->pages);
    Madoguchi__EntryRow *row = arena_alloc(a, sizeof *row);
    if (row == NULL) {
        return NULL;
    }
    madoguchi__entry_row__init(row);
    row->revision = arena_alloc(a, SHOW_REVISIONS_MAX * sizeof *row->revision);
    SET(row, seq, entry->seq);
    SET(row, kind, bytes_of(entry_kind_word(entry)));
    SET(row, recorded_at, entry->recorded_at);
    SET(row, actor, arena_bytes(a, entry->has_actor_name ? entry->actor_name : entry->actor));
    if (entry->has_on_behalf) {
        SET(row, on_behalf, arena_bytes(a, entry->on_behalf));
    }
    if (entry->has_number) {
        SET(row, number, arena_bytes(a, entry->number));
    } else if (entry->body_case == JOURNAL__ENTRY__BODY_ACT && entry->act->has_case_number) {
        SET(row, number, arena_bytes(a, entry->act->case_number));
    }
    return row->revision == NULL ? NULL : row;
}

struct revising {
    struct showing *showing;
    Journal__Entry *entry;
    ProtobufCMessage *body; /* as it stood before the next correction */
    Madoguchi__EntryRow *row;
    size_t bytes; /* of the row's revisions */
};

static int add_revision(struct revising *r, const Journal__Entry *correction,
                        const Journal__Change *change, bool voided) {
    struct showing *s = r->showing;
    char *field = arena_strndup(&s->entry, change->field.data, change->field.len);
    char *value = arena_strndup(&s->entry, change->value.data, change->value.len);
    const ProtobufCFieldDescriptor *f =
        field == NULL ? NULL : message_field(r->body->descriptor, field);
    if (value == NULL || f == NULL) {
        return -1;
    }
    if (r->row->n_revision == SHOW_REVISIONS_MAX || r->bytes > SHOW_REVISION_BYTES) {
        if (pages_add(s->pages, "entry", &r->row->base, s->error) < 0 ||
            (r->row = row_new(s, r->entry)) == NULL) {
            return -1;
        }
        r->bytes = 0;
    }
    struct arena *a = pages_arena(s->pages);
    Madoguchi__Revision *v = arena_alloc(a, sizeof *v);
    char *old = message_get_text(r->body, f, a);
    if (v == NULL) {
        return -1;
    }
    madoguchi__revision__init(v);
    SET(v, seq, correction->seq);
    SET(v, field, bytes_of(f->name));
    if (old != NULL) {
        SET(v, old_value, bytes_of(old));
    }
    SET(v, new_value, arena_bytes(a, change->value));
    SET(v, reason, arena_bytes(a, correction->correction->reason));
    r->row->revision[r->row->n_revision++] = v;
    r->bytes += protobuf_c_message_get_packed_size(&v->base);
    if (voided) {
        SET(v, voided, 1);
        return 0;
    }
    return message_set_text(r->body, field, value, &s->entry, s->error);
}

static int revision_link(void *ctx, const struct link *link) {
    struct revising *r = ctx;
    struct showing *s = r->showing;
    struct view *view = s->reading->view;
    struct entry_state state;
    Journal__Entry *correction;
    if (link->role != LINK_CORRECTION) {
        return 0;
    }
    arena_reset(&s->correction);
    if (!view_entry_state(view, link->child, &state) ||
        view_entry(view, link->child, &s->correction, &correction, s->error) < 0) {
        return -1;
    }
    for (size_t i = 0; i < correction->correction->n_change; i++) {
        if (add_revision(r, correction, correction->correction->change[i], state.voided_by != 0) <
            0) {
            return -1;
        }
    }
    return 0;
}

/* ---- an entry ----------------------------------------------------------------------------- */

static int add_voiding(struct showing *s, Madoguchi__EntryRow *row, uint64_t by) {
    Journal__Entry *voiding;
    arena_reset(&s->correction);
    if (view_entry(s->reading->view, by, &s->correction, &voiding, s->error) < 0) {
        return -1;
    }
    SET(row, voided_by, by);
    if (voiding->body_case == JOURNAL__ENTRY__BODY_VOIDING && voiding->voiding->has_reason) {
        SET(row, void_reason, arena_bytes(pages_arena(s->pages), voiding->voiding->reason));
    }
    return 0;
}

static int show_entry(struct showing *s, uint64_t seq) {
    struct view *view = s->reading->view;
    struct entry_state state;
    struct revising r = {.showing = s};
    arena_reset(&s->entry);
    if (view_entry(view, seq, &s->entry, &r.entry, s->error) < 0 ||
        !view_entry_state(view, seq, &state) || (r.row = row_new(s, r.entry)) == NULL) {
        return -1;
    }
    r.body = entry_body(r.entry);
    if (r.body != NULL && (view_links(view, seq, revision_link, &r) != 0 ||
                           add_fields(pages_arena(s->pages), r.body, r.row) < 0)) {
        return -1;
    }
    if (state.voided_by != 0 && add_voiding(s, r.row, state.voided_by) < 0) {
        return -1;
    }
    return pages_add(s->pages, "entry", &r.row->base, s->error);
}

/* ---- what belongs together ------------------------------------------------------------------ */

struct members {
    uint64_t *seq;
    size_t n, cap;
};

static int member_link(void *ctx, const struct link *link) {
    struct members *m = ctx;
    if (link->role != LINK_CASE && link->role != LINK_HELD) {
        return 0;
    }
    if (m->n == SHOW_ENTRIES_MAX) {
        return 1;
    }
    if (m->n == m->cap) {
        size_t cap = m->cap == 0 ? 16 : m->cap * 2;
        uint64_t *seq = realloc(m->seq, cap * sizeof *seq);
        if (seq == NULL) {
            return -1;
        }
        m->seq = seq;
        m->cap = cap;
    }
    m->seq[m->n++] = link->child;
    return 0;
}

static int show_number(struct showing *s, ProtobufCBinaryData number) {
    struct members m = {0};
    uint64_t opening = 0;
    bool there = view_number(s->reading->view, number, &opening);
    if (!reach_there(&s->reading->reacher, RIGHT_SHOW, there, opening)) {
        return error_set(s->error, ERR_NOT_FOUND, "case",
                         "There is no %.*s here. `madoguchi list` lists the cases.",
                         "%.*s はありません。madoguchi list で一覧が見られます。",
                         (int)(number.len < 40 ? number.len : 40), (const char *)number.data);
    }
    int rc = view_links(s->reading->view, opening, member_link, &m);
    if (rc >= 0) {
        rc = show_entry(s, opening);
    }
    for (size_t i = 0; i < m.n && rc == 0; i++) {
        rc = show_entry(s, m.seq[i]);
    }
    free(m.seq);
    return rc;
}

static int show_seq(struct showing *s, uint64_t seq) {
    struct entry_state state;
    bool there = view_entry_state(s->reading->view, seq, &state);
    if (!reach_there(&s->reading->reacher, RIGHT_SHOW, there, seq)) {
        return view_no_entry(seq, s->error);
    }
    return show_entry(s, seq);
}

int read_show(struct reading *r, const Madoguchi__Show *request, struct error *e) {
    struct pages pages;
    struct showing s = {.reading = r, .pages = &pages, .error = e};
    arena_init(&s.entry, SHOW_ARENA);
    arena_init(&s.correction, SHOW_ARENA);
    pages_begin(&pages, r->page, r->ctx);
    int rc = request->has_number ? show_number(&s, request->number) : show_seq(&s, request->seq);
    arena_free(&s.entry);
    arena_free(&s.correction);
    return pages_end(&pages, rc, e);
}
