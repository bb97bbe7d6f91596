#include "tests/model.h"

#include <stdlib.h>
#include <string.h>

const char *const model_field_names[MODEL_FIELDS] = {
    "date",  "service", "topic",   "channel", "nature",  "program",     "origin",
    "route", "outcome", "persons", "count",   "session", "session_kind"};

void model_init(struct model *m) {
    m->entry = calloc(MODEL_MOST, sizeof *m->entry);
    m->correction = calloc(MODEL_MOST, sizeof *m->correction);
    m->n = m->n_correction = 0;
    if (m->entry == NULL || m->correction == NULL) {
        abort();
    }
}

void model_free(struct model *m) {
    free(m->entry);
    free(m->correction);
}

struct model_entry *model_add(struct model *m, enum model_kind kind) {
    if (m->n == MODEL_MOST) {
        abort();
    }
    struct model_entry *e = &m->entry[m->n++];
    *e = (struct model_entry){.kind = kind, .owner = -1};
    return e;
}

static void effective_without(const struct model *m, size_t i, size_t without,
                              struct model_entry *out) {
    *out = m->entry[i];
    for (size_t c = 0; c < m->n_correction; c++) {
        const struct model_correction *k = &m->correction[c];
        if (k->target != i || k->voided || c == without) {
            continue;
        }
        for (int f = 0; f < MODEL_FIELDS; f++) {
            if (k->has[f]) {
                memcpy(out->value[f], k->value[f], MODEL_TEXT);
            }
        }
    }
}

void model_effective(const struct model *m, size_t i, struct model_entry *out) {
    effective_without(m, i, SIZE_MAX, out);
}

long model_session(const struct model *m, const char *number) {
    for (size_t i = 0; number[0] != '\0' && i < m->n; i++) {
        if (m->entry[i].kind == MODEL_HOLD && strcmp(m->entry[i].number, number) == 0) {
            return (long)i;
        }
    }
    return -1;
}

static bool session_lives(const struct model *m, const char *number) {
    long s = model_session(m, number);
    return number[0] == '\0' || (s >= 0 && !m->entry[s].voided);
}

static bool is_named(const struct model *m, const char *number) {
    for (size_t i = 0; i < m->n; i++) {
        struct model_entry e;
        model_effective(m, i, &e);
        if (!e.voided && strcmp(e.value[MODEL_SESSION], number) == 0) {
            return true;
        }
    }
    return false;
}

bool model_may_void(const struct model *m, size_t i) {
    const struct model_entry *e = &m->entry[i];
    if (e->voided || (e->kind == MODEL_HOLD && is_named(m, e->number))) {
        return false;
    }
    for (size_t k = 0; e->kind == MODEL_LOG && k < m->n; k++) {
        if (m->entry[k].owner == (long)i && !m->entry[k].voided) {
            return false;
        }
    }
    return true;
}

bool model_may_void_correction(const struct model *m, size_t c) {
    struct model_entry e;
    const struct model_correction *k = &m->correction[c];
    if (k->voided || m->entry[k->target].voided) {
        return false;
    }
    effective_without(m, k->target, c, &e);
    return !k->has[MODEL_SESSION] || session_lives(m, e.value[MODEL_SESSION]);
}

bool model_may_correct(const struct model *m, const struct model_correction *c) {
    struct model_entry e;
    bool changed = false;
    model_effective(m, c->target, &e);
    for (int f = 0; f < MODEL_FIELDS; f++) {
        changed = changed || (c->has[f] && strcmp(c->value[f], e.value[f]) != 0);
    }
    return !e.voided && changed &&
           (!c->has[MODEL_SESSION] || session_lives(m, c->value[MODEL_SESSION]));
}

void model_void_all(struct model *m, size_t i) {
    for (size_t k = 0; k < m->n; k++) {
        if (k == i || m->entry[k].owner == (long)i) {
            m->entry[k].voided = true;
        }
    }
}

/* ---- counting --------------------------------------------------------------------------- */

/* One fact: its fields as words, what it adds, and of what it is distinct. */
struct fact {
    enum { CONTACT, OUTCOME, SESSION } kind;
    char value[MODEL_FIELDS][MODEL_TEXT];
    char topics[8][MODEL_TEXT];
    size_t n_topic;
    long number, persons;
    bool has_persons, opens;
    const char *number_of_case;
};

static const char nothing[MODEL_TEXT];

static void take(char *to, const char *a, const char *b) {
    memmove(to, a[0] != '\0' ? a : b, MODEL_TEXT); /* to may be a */
}

static void split_topics(struct fact *f) {
    char copy[MODEL_TEXT];
    char *save;
    memcpy(copy, f->value[MODEL_TOPIC], MODEL_TEXT);
    f->n_topic = 0;
    for (char *t = strtok_r(copy, ";", &save); t != NULL; t = strtok_r(NULL, ";", &save)) {
        snprintf(f->topics[f->n_topic++], MODEL_TEXT, "%s", t);
    }
    if (f->n_topic == 0) {
        f->value[MODEL_TOPIC][0] = '\0';
    } else {
        memcpy(f->value[MODEL_TOPIC], f->topics[0], MODEL_TEXT);
    }
}

static void session_of(const struct model *m, const char *number, struct model_entry *out) {
    long s = model_session(m, number);
    *out = (struct model_entry){.kind = MODEL_HOLD};
    if (s >= 0) {
        model_effective(m, (size_t)s, out);
    }
}

/* What the contact of an entry, or its outcome, carries. */
static struct fact act_fact(const struct model *m, const struct model_entry *e,
                            const struct model_entry *owner, bool outcome) {
    struct fact f = {.kind = outcome ? OUTCOME : CONTACT, .number = 1};
    struct model_entry session;
    struct model_entry first;
    session_of(m, e->value[MODEL_SESSION], &session);
    session_of(m, owner->value[MODEL_SESSION], &first);
    memcpy(f.value[MODEL_DATE], e->value[MODEL_DATE], MODEL_TEXT);
    memcpy(f.value[MODEL_SERVICE], owner->value[MODEL_SERVICE], MODEL_TEXT);
    take(f.value[MODEL_TOPIC], outcome ? nothing : e->value[MODEL_TOPIC],
         owner->value[MODEL_TOPIC]);
    take(f.value[MODEL_NATURE], outcome ? nothing : e->value[MODEL_NATURE],
         owner->value[MODEL_NATURE]);
    take(f.value[MODEL_CHANNEL], e->value[MODEL_CHANNEL],
         outcome ? owner->value[MODEL_CHANNEL] : nothing);
    take(f.value[MODEL_PROGRAM], e->value[MODEL_PROGRAM], owner->value[MODEL_PROGRAM]);
    take(f.value[MODEL_PROGRAM], f.value[MODEL_PROGRAM], session.value[MODEL_PROGRAM]);
    memcpy(f.value[MODEL_ORIGIN], owner->value[MODEL_ORIGIN], MODEL_TEXT);
    take(f.value[MODEL_ROUTE], owner->value[MODEL_ROUTE], owner->value[MODEL_CHANNEL]);
    take(f.value[MODEL_ROUTE], f.value[MODEL_ROUTE], first.value[MODEL_SESSION_KIND]);
    memcpy(f.value[MODEL_SESSION_KIND], session.value[MODEL_SESSION_KIND], MODEL_TEXT);
    if (e->kind == MODEL_TALLY) {
        f.number = e->value[MODEL_COUNT][0] != '\0' ? atol(e->value[MODEL_COUNT]) : 1;
    } else {
        f.number_of_case = owner->number;
    }
    if (outcome) {
        memcpy(f.value[MODEL_OUTCOME_CODE], e->value[MODEL_OUTCOME_CODE], MODEL_TEXT);
        f.has_persons = e->value[MODEL_PERSONS][0] != '\0';
        f.persons = atol(e->value[MODEL_PERSONS]);
    }
    f.opens = !outcome && e->kind == MODEL_LOG;
    split_topics(&f);
    return f;
}

static size_t facts_of(const struct model *m, size_t i, struct fact out[2]) {
    struct model_entry e;
    struct model_entry owner;
    size_t n = 0;
    model_effective(m, i, &e);
    if (e.voided) {
        return 0;
    }
    if (e.kind == MODEL_HOLD) {
        out[0] = (struct fact){.kind = SESSION, .number = 1};
        memcpy(out[0].value, e.value, sizeof e.value);
        out[0].has_persons = e.value[MODEL_PERSONS][0] != '\0';
        out[0].persons = atol(e.value[MODEL_PERSONS]);
        return 1;
    }
    owner = e;
    if (e.owner >= 0) {
        model_effective(m, (size_t)e.owner, &owner);
    }
    if (e.kind != MODEL_OUTCOME) {
        out[n++] = act_fact(m, &e, &owner, false);
    }
    if (e.value[MODEL_OUTCOME_CODE][0] != '\0') {
        out[n++] = act_fact(m, &e, &owner, true);
    }
    /* owner's texts end with this call: the number is found again. */
    for (size_t k = 0; k < n; k++) {
        if (out[k].number_of_case != NULL) {
            out[k].number_of_case = m->entry[e.owner >= 0 ? (size_t)e.owner : i].number;
        }
    }
    return n;
}

struct group {
    char key[200];  /* as printed */
    char sort[200]; /* words with a byte below all others between them */
    char distinct[64];
    long count, unknown;
};

struct asking {
    const char *count, *by, *field, *word;
    struct group *group;
    size_t n;
};

static int field_of(const char *name) {
    for (int f = 0; f < MODEL_FIELDS; f++) {
        if (strcmp(model_field_names[f], name) == 0) {
            return f;
        }
    }
    abort();
}

static void make_key(const struct asking *a, const struct fact *f, struct group *g) {
    char copy[200];
    char *save;
    snprintf(copy, sizeof copy, "%s", a->by != NULL ? a->by : "");
    for (char *by = strtok_r(copy, ",", &save); by != NULL; by = strtok_r(NULL, ",", &save)) {
        char word[MODEL_TEXT];
        if (strcmp(by, "month") == 0) {
            snprintf(word, sizeof word, "%.7s", f->value[MODEL_DATE]);
        } else if (strcmp(by, "day") == 0) {
            snprintf(word, sizeof word, "%s", f->value[MODEL_DATE]);
        } else {
            snprintf(word, sizeof word, "%s", f->value[field_of(by)]);
        }
        size_t n = strlen(g->key);
        snprintf(g->key + n, sizeof g->key - n, "%s ", word[0] != '\0' ? word : "-");
        n = strlen(g->sort);
        snprintf(g->sort + n, sizeof g->sort - n, "%s\x01", word);
    }
}

static void add(struct asking *a, const struct fact *f, const char *distinct, long count,
                long unknown) {
    struct group g = {.count = count, .unknown = unknown};
    if ((count == 0 && unknown == 0) ||
        (a->field != NULL && strcmp(f->value[field_of(a->field)], a->word) != 0)) {
        return;
    }
    make_key(a, f, &g);
    snprintf(g.distinct, sizeof g.distinct, "%s", distinct);
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->group[i].key, g.key) == 0 && strcmp(a->group[i].distinct, distinct) == 0) {
            if (distinct[0] == '\0') {
                a->group[i].count += count;
                a->group[i].unknown += unknown;
            }
            return;
        }
    }
    a->group[a->n++] = g;
}

static void count_fact(struct asking *a, const struct fact *f) {
    const char *c = a->count;
    bool contact = f->kind == CONTACT;
    if (contact && strcmp(c, "contacts") == 0) {
        add(a, f, "", f->number, 0);
    } else if (contact && strcmp(c, "consultations") == 0) {
        bool counts = strcmp(f->value[MODEL_NATURE], "inquiry") != 0 &&
                      strcmp(f->value[MODEL_NATURE], "follow-up") != 0;
        add(a, f, "", counts ? f->number : 0, 0);
    } else if (contact && strcmp(c, "cases") == 0) {
        add(a, f, "", f->opens, 0);
    } else if (contact && strcmp(c, "active") == 0 && f->number_of_case != NULL) {
        add(a, f, f->number_of_case, 1, 0);
    } else if (contact && strcmp(c, "topics") == 0) {
        for (size_t t = 0; t < f->n_topic; t++) {
            struct fact one = *f;
            memcpy(one.value[MODEL_TOPIC], f->topics[t], MODEL_TEXT);
            add(a, &one, "", f->number, 0);
        }
    } else if (f->kind == OUTCOME && strcmp(c, "outcomes") == 0) {
        add(a, f, "", f->number, 0);
    } else if (f->kind == OUTCOME && strcmp(c, "persons") == 0) {
        add(a, f, "", f->has_persons ? f->persons : 0, f->has_persons ? 0 : f->number);
    } else if (f->kind == SESSION && strcmp(c, "sessions") == 0) {
        add(a, f, "", 1, 0);
    } else if (f->kind == SESSION && strcmp(c, "programs") == 0 &&
               f->value[MODEL_PROGRAM][0] != '\0') {
        add(a, f, f->value[MODEL_PROGRAM], 1, 0);
    }
}

static int by_sort(const void *x, const void *y) {
    return strcmp(((const struct group *)x)->sort, ((const struct group *)y)->sort);
}

void model_ask(const struct model *m, const char *count, const char *by, const char *field,
               const char *word, FILE *out) {
    struct asking a = {.count = count, .by = by, .field = field, .word = word};
    a.group = calloc(16 * MODEL_MOST, sizeof *a.group);
    if (a.group == NULL) {
        abort();
    }
    for (size_t i = 0; i < m->n; i++) {
        struct fact facts[2];
        size_t n = facts_of(m, i, facts);
        for (size_t k = 0; k < n; k++) {
            if (strcmp(facts[k].value[MODEL_DATE], "2024-04-01") >= 0 &&
                strcmp(facts[k].value[MODEL_DATE], "2025-03-31") <= 0) {
                count_fact(&a, &facts[k]);
            }
        }
    }
    qsort(a.group, a.n, sizeof *a.group, by_sort);
    bool any = false;
    for (size_t i = 0; i < a.n;) {
        long sum = 0;
        long unknown = 0;
        size_t first = i;
        for (; i < a.n && strcmp(a.group[i].key, a.group[first].key) == 0; i++) {
            sum += a.group[i].count;
            unknown += a.group[i].unknown;
        }
        if (sum != 0 || unknown != 0) {
            fprintf(out, "%s%s%ld", any ? "; " : "", a.group[first].key, sum);
            if (unknown != 0) {
                fprintf(out, "?%ld", unknown);
            }
            any = true;
        }
    }
    free(a.group);
}
