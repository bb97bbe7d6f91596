#include "store/facts.h"

#include "proto/calendar.h"

#include <string.h>

/* Month of a date as YYYYMM fits 24 bits, and so does its place in the key. */
#define MONTH_OF(date) ((date) / 100)

const char *fact_kind_name(enum fact_kind kind) {
    static const char *const names[] = {"", "contact", "outcome", "session", "referral", "refusal"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "";
}

static const struct {
    const char *name;
    size_t offset; /* of the ProtobufCBinaryData in Fold__Fact */
} dimensions[DIMENSION_COUNT] = {
    [DIMENSION_SERVICE] = {"service", 0},
    [DIMENSION_PROGRAM] = {"program", offsetof(Fold__Fact, program)},
    [DIMENSION_OFFICE] = {"office", offsetof(Fold__Fact, office)},
    [DIMENSION_CHANNEL] = {"channel", offsetof(Fold__Fact, channel)},
    [DIMENSION_NATURE] = {"nature", offsetof(Fold__Fact, nature)},
    [DIMENSION_TOPIC] = {"topic", 0},
    [DIMENSION_OUTCOME] = {"outcome", offsetof(Fold__Fact, outcome)},
    [DIMENSION_ROUTE] = {"route", offsetof(Fold__Fact, route)},
    [DIMENSION_ORIGIN] = {"origin", offsetof(Fold__Fact, origin)},
    [DIMENSION_AGE] = {"age", offsetof(Fold__Fact, age)},
    [DIMENSION_SESSION_KIND] = {"session_kind", offsetof(Fold__Fact, session_kind)},
    [DIMENSION_FORM] = {"form", offsetof(Fold__Fact, form)},
    [DIMENSION_VENUE] = {"venue", offsetof(Fold__Fact, venue)},
    [DIMENSION_VENUE_KIND] = {"venue_kind", offsetof(Fold__Fact, venue_kind)},
    [DIMENSION_REASON] = {"reason", offsetof(Fold__Fact, reason)},
    [DIMENSION_TARGET] = {"target", offsetof(Fold__Fact, target)},
};

const char *dimension_name(enum dimension d) {
    return dimensions[d].name;
}

int dimension_find(ProtobufCBinaryData name) {
    for (int i = 0; i < DIMENSION_COUNT; i++) {
        if (bytes_equal(name, dimensions[i].name)) {
            return i;
        }
    }
    return -1;
}

ProtobufCBinaryData fact_dimension(const struct fact *fact, enum dimension d) {
    if (d == DIMENSION_SERVICE) {
        return fact->service;
    }
    if (d == DIMENSION_TOPIC) {
        return fact->value.n_topic > 0 ? fact->value.topic[0] : (ProtobufCBinaryData){0};
    }
    ProtobufCBinaryData b;
    memcpy(&b, (const char *)&fact->value + dimensions[d].offset, sizeof b);
    return b;
}

/* ---- counting rule 1 ---------------------------------------------------------- */

/* Takes a field from `a`, or where it gives none from `b`, which may be NULL. */
#define TAKE(fact, field, a, b)                       \
    do {                                              \
        if ((a)->has_##field) {                       \
            (fact)->value.has_##field = 1;            \
            (fact)->value.field = (a)->field;         \
        } else if ((b) != NULL && (b)->has_##field) { \
            (fact)->value.has_##field = 1;            \
            (fact)->value.field = (b)->field;         \
        }                                             \
    } while (0)

static const Journal__Act *none;
static const Journal__Session *no_session;

static struct fact fact_new(enum fact_kind kind, const Journal__Entry *entry, uint32_t date,
                            ProtobufCBinaryData service) {
    struct fact f = {.kind = kind, .date = date, .service = service};
    fold__fact__init(&f.value);
    SET(&f.value, entry, entry->seq);
    return f;
}

/* Kind, form and venue of the session an entry names; its program where the
 * entry and its case give none. */
static void take_session(struct fact *f, const struct facts_input *in) {
    const Journal__Session *s = in->session != NULL ? in->session->session : NULL;
    if (s == NULL) {
        return;
    }
    TAKE(f, session_kind, s, no_session);
    TAKE(f, form, s, no_session);
    TAKE(f, venue, s, no_session);
    TAKE(f, venue_kind, s, no_session);
    SET(&f->value, session, in->session->number);
    if (!f->value.has_program) {
        TAKE(f, program, s, no_session);
    }
}

static void take_topics(struct fact *f, const Journal__Act *a, const Journal__Act *opening) {
    const Journal__Act *from = a->n_topic > 0 || opening == NULL ? a : opening;
    f->value.n_topic = from->n_topic;
    f->value.topic = from->topic;
}

/* A case's route was settled when it opened; what has no case came by its own
 * channel, or by its session. */
static void take_case(struct fact *f, const struct facts_input *in) {
    if (in->kase != NULL) {
        SET(&f->value, case_number, in->kase->number);
    } else if (!f->value.has_route && f->value.has_channel) {
        SET(&f->value, route, f->value.channel);
    } else if (!f->value.has_route && f->value.has_session_kind) {
        SET(&f->value, route, f->value.session_kind);
    }
}

static bool is_tally(const Journal__Act *a) {
    return a->kind == MADOGUCHI__ACT_KIND__TALLY;
}

/* Where it came from, and who: always the case's where there is one. */
static void take_person(struct fact *f, const Journal__Act *person) {
    TAKE(f, origin, person, none);
    TAKE(f, age, person, none);
    TAKE(f, route, person, none);
}

static struct fact contact_fact(const struct facts_input *in, const Journal__Act *a,
                                const Journal__Act *opening) {
    const Journal__Act *owner = opening != NULL ? opening : a;
    struct fact f = fact_new(FACT_CONTACT, in->entry, a->date, owner->service);
    SET(&f.value, number, is_tally(a) ? (a->has_count ? a->count : 1) : 1);
    TAKE(&f, time, a, none);
    TAKE(&f, program, a, opening);
    TAKE(&f, office, a, opening);
    TAKE(&f, channel, a, none);
    TAKE(&f, nature, a, opening);
    take_topics(&f, a, opening);
    take_person(&f, owner);
    take_session(&f, in);
    take_case(&f, in);
    const Document__Service *service = catalogue_service(in->catalogue, owner->service);
    if (catalogue_is_consultation(service, f.value.nature)) {
        SET(&f.value, consultation, 1);
    }
    if (a->kind == MADOGUCHI__ACT_KIND__LOG) {
        SET(&f.value, opens, 1);
    }
    return f;
}

static struct fact outcome_fact(const struct facts_input *in, const Journal__Act *a,
                                const Journal__Act *opening) {
    const Journal__Act *owner = opening != NULL ? opening : a;
    struct fact f = fact_new(FACT_OUTCOME, in->entry, a->date, owner->service);
    int64_t n = 1;
    if (is_tally(a)) {
        n = a->has_outcome_count ? a->outcome_count : a->has_count ? a->count : 1;
    }
    SET(&f.value, number, n);
    SET(&f.value, outcome, a->outcome);
    if (a->has_households) {
        SET(&f.value, households, a->households);
    }
    if (a->has_persons) {
        SET(&f.value, persons, a->persons);
    }
    TAKE(&f, time, a, none);
    TAKE(&f, program, a, opening);
    TAKE(&f, office, a, opening);
    TAKE(&f, channel, a, opening);
    TAKE(&f, nature, owner, none);
    take_topics(&f, owner, NULL);
    take_person(&f, owner);
    take_session(&f, in);
    take_case(&f, in);
    TAKE(&f, with_case, a, none);
    return f;
}

static struct fact plain_fact(const struct facts_input *in, enum fact_kind kind,
                              const Journal__Act *a, const Journal__Act *opening) {
    const Journal__Act *owner = opening != NULL ? opening : a;
    struct fact f = fact_new(kind, in->entry, a->date, owner->service);
    SET(&f.value, number, a->has_count ? a->count : 1);
    TAKE(&f, time, a, none);
    TAKE(&f, program, a, opening);
    TAKE(&f, office, a, opening);
    TAKE(&f, channel, a, opening);
    TAKE(&f, nature, a, opening);
    take_topics(&f, a, opening);
    take_person(&f, owner);
    TAKE(&f, reason, a, none);
    TAKE(&f, target, a, none);
    take_session(&f, in);
    take_case(&f, in);
    return f;
}

static size_t session_facts(const struct facts_input *in, struct fact *out) {
    const Journal__Session *s = in->session != NULL ? in->session->session : NULL;
    if (s == NULL || in->entry->session->kind != MADOGUCHI__SESSION_KIND__HOLD) {
        return 0;
    }
    struct fact f = fact_new(FACT_SESSION, in->entry, s->date, s->service);
    SET(&f.value, number, 1);
    if (s->has_households) {
        SET(&f.value, households, s->households);
    }
    if (s->has_persons) {
        SET(&f.value, persons, s->persons);
    }
    TAKE(&f, time, s, no_session);
    TAKE(&f, program, s, no_session);
    TAKE(&f, office, s, no_session);
    take_session(&f, in);
    out[0] = f;
    return 1;
}

size_t facts_of(const struct facts_input *in, struct fact out[FACTS_MAX]) {
    if (in->entry->body_case == JOURNAL__ENTRY__BODY_SESSION) {
        return session_facts(in, out);
    }
    if (in->entry->body_case != JOURNAL__ENTRY__BODY_ACT) {
        return 0;
    }
    const Journal__Act *a = in->entry->act;
    const Journal__Act *opening = in->kase != NULL ? in->kase->opening : NULL;
    size_t n = 0;
    switch (a->kind) {
    case MADOGUCHI__ACT_KIND__LOG:
    case MADOGUCHI__ACT_KIND__TALLY:
    case MADOGUCHI__ACT_KIND__CONTACT:
        out[n++] = contact_fact(in, a, opening);
        break;
    case MADOGUCHI__ACT_KIND__DECLINE:
        out[n++] = plain_fact(in, FACT_REFUSAL, a, opening);
        break;
    case MADOGUCHI__ACT_KIND__REFER:
        out[n++] = plain_fact(in, FACT_REFERRAL, a, opening);
        break;
    default:
        break;
    }
    if (a->has_outcome) {
        out[n++] = outcome_fact(in, a, opening);
    }
    return n;
}

/* ---- the ledger's keys ---------------------------------------------------------- */

void fact_month_key(struct key *k, uint32_t month) {
    key_start(k);
    key_u8(k, (uint8_t)(month >> 16));
    key_u16(k, (uint16_t)month);
}

void fact_key(struct key *k, const struct fact *fact, uint64_t seq, unsigned i) {
    fact_month_key(k, MONTH_OF(fact->date));
    key_u8(k, (uint8_t)fact->kind);
    key_text(k, fact->service);
    key_u32(k, fact->date);
    key_u64(k, seq);
    key_u32(k, i);
}

/* month, kind, the NUL behind the service, date, seq, i */
#define FACT_KEY_FIXED (3 + 1 + 1 + 4 + 8 + 4)

bool fact_from_key(const MDB_val *key, struct fact *fact, uint64_t *seq) {
    const uint8_t *p = key->mv_data;
    if (key->mv_size < FACT_KEY_FIXED) {
        return false;
    }
    fact->kind = p[3];
    fact->service =
        (ProtobufCBinaryData){.len = key->mv_size - FACT_KEY_FIXED, .data = (uint8_t *)p + 4};
    const uint8_t *tail = p + key->mv_size - 16;
    fact->date = get_u32(tail);
    *seq = get_u64(tail + 4);
    return tail[-1] == 0;
}

void fact_negate(struct fact *fact) {
    fact->value.number = -fact->value.number;
    fact->value.households = -fact->value.households;
    fact->value.persons = -fact->value.persons;
}
