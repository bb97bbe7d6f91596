/* Entries as a damaged or hostile journal might hold them, folded into the
 * tables of a store: refused or folded, never a crash.
 *
 * First byte 1: the entries are numbered as the journal does; otherwise their
 * own seq is left as it is.  Then entries, each behind a length of two bytes. */
#include "tests/fuzz/fuzz.h"

#include "proto/calendar.h"
#include "store/internal.h"
#include "store/query.h"

#include <string.h>

static struct store *store;
static bool plausible; /* this input: numbered rightly, dates that exist */

/* Whether the entry's own date is one. */
static bool dated(Journal__Entry *entry) {
    uint32_t date = fold_date(entry_body(entry));
    return date == 0 || (date >= 19000101 && calendar_date_valid(date));
}

static bool add(const uint8_t *data, size_t len, bool number, struct arena *a) {
    struct error e = {0};
    struct journal_place place;
    ProtobufCBinaryData bytes = {len, (uint8_t *)data};
    Journal__Entry *entry =
        (Journal__Entry *)message_unpack(&journal__entry__descriptor, a, data, len, &e);
    if (entry == NULL) {
        fuzz_refusal(&e);
        return true;
    }
    if (number) {
        SET(entry, seq, journal_staged_head(store->journal)->seq + 1);
        MUST(message_pack(&entry->base, a, &bytes, &e) == 0);
    }
    const struct iovec iov = {bytes.data, bytes.len};
    if (bytes.len == 0 || journal_stage(store->journal, &iov, 1, &place, NULL, &e) != 0) {
        return false;
    }
    plausible = plausible && dated(entry);
    if (follow_now(store->follow, entry, place, &e) != 0) {
        fuzz_refusal(&e);
        return false;
    }
    MUST(follow_view(store->follow)->txn.failed == 0);
    return true;
}

/* What was folded can be counted, with the same result from cells as from facts. */
static void count(struct arena *a) {
    struct view *v = follow_view(store->follow);
    struct error e = {0};
    MUST(follow_try(store->follow, journal_staged_head(store->journal), &e) == 0);
    for (int what = COUNT_CONTACTS; what <= COUNT_REFUSALS; what++) {
        struct query q = {
            .what = (enum count)what, .from = 19000101, .to = QUERY_LAST_DATE, .known = UINT64_MAX};
        int64_t n[2] = {0};
        int64_t unknown[2] = {0};
        bool ok = true;
        arena_reset(a);
        q.catalogue = view_catalogue(v, UINT64_MAX, &e);
        for (int i = 0; i < 2 && ok; i++) {
            q.from_facts = i == 1;
            ok = q.catalogue != NULL && query_total(v, &q, &n[i], &unknown[i], &e) == 0;
        }
        if (!ok) {
            fuzz_refusal(&e);
        }
        MUST(!ok || !plausible || (n[0] == n[1] && unknown[0] == unknown[1]));
        view_catalogue_done(v, q.catalogue);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error e = {0};
    struct arena a;
    if (store == NULL) {
        store = fuzz_store();
    }
    if (size < 3) {
        return 0;
    }
    bool number = (data[0] & 1) != 0;
    const uint8_t *p = data + 1;
    size_t left = size - 1;
    MUST(store_begin(store, UINT64_C(1750000000000), &e) == STORE_DONE);
    arena_init(&a, 16u << 20);
    bool ok = true;
    plausible = number;
    while (ok && left > 2) {
        size_t len = (size_t)p[0] << 8 | p[1];
        p += 2;
        left -= 2;
        len = len < left ? len : left;
        arena_reset(&a);
        ok = add(p, len, number, &a);
        p += len;
        left -= len;
    }
    if (ok) {
        count(&a);
    }
    arena_free(&a);
    store->broken = true; /* whatever was folded goes */
    store_abort(store);
    return 0;
}
