/* Filters, counts and groups of a query, with a catalogue: a line of text each,
 * the first a count, lines with '=' filters, others what to group by. */
#include "tests/fuzz/fuzz.h"

#include "proto/yaml.h"
#include "store/internal.h"
#include "store/query.h"

#include <string.h>

static struct store *store;

static int row(void *ctx, const ProtobufCBinaryData *keys, int64_t count, int64_t unknown) {
    (void)keys;
    (void)unknown;
    *(int64_t *)ctx += count;
    return 0;
}

/* The groups add up to the total, from cells as from facts. */
static void count(struct view *v, struct query *q) {
    struct error e = {0};
    int64_t total[2] = {0};
    int64_t unknown[2] = {0};
    char text[256];
    query_explain(q, text, sizeof text);
    for (int i = 0; i < 2; i++) {
        int64_t sum = 0;
        q->from_facts = i == 1;
        MUST(query_total(v, q, &total[i], &unknown[i], &e) == 0);
        MUST(query_count(v, q, row, &sum, &e) == 0);
        bool splits = count_measure(q->what) < 0;
        for (size_t k = 0; k < q->n_by; k++) {
            splits = splits || q->by[k] == DIMENSION_TOPIC;
        }
        MUST(splits || sum == total[i]);
    }
    MUST(total[0] == total[1] && unknown[0] == unknown[1]);
}

static void lines(struct view *v, struct query *q, const uint8_t *p, size_t size, struct arena *a) {
    const uint8_t *end = p + size;
    for (bool first = true; p < end; first = false) {
        const uint8_t *newline = memchr(p, '\n', (size_t)(end - p));
        const uint8_t *stop = newline != NULL ? newline : end;
        ProtobufCBinaryData line = {(size_t)(stop - p), (uint8_t *)p};
        struct error e = {0};
        int result = first                                      ? count_find(line, &q->what, &e)
                     : memchr(line.data, '=', line.len) != NULL ? query_filter_text(q, line, a, &e)
                                                                : query_by(q, line, &e);
        if (result != 0) {
            fuzz_refusal(&e);
        }
        p = stop + 1;
    }
    count(v, q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error e = {0};
    struct arena a;
    struct query q = {.to = QUERY_LAST_DATE, .known = UINT64_MAX};
    if (store == NULL) {
        store = fuzz_store();
        MUST(store_settle(store, &e) == 0);
    }
    struct view v = {.journal = store->journal, .catalogues = store->catalogues};
    MUST(txn_begin(&v.txn, &store->tables, false, &e) == 0);
    q.catalogue = view_catalogue(&v, UINT64_MAX, &e);
    MUST(q.catalogue != NULL);
    arena_init(&a, 1u << 20);
    lines(&v, &q, data, size, &a);
    arena_free(&a);
    view_catalogue_done(&v, q.catalogue);
    txn_abort(&v.txn);
    return 0;
}
