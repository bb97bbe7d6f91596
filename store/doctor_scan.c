/* Looking through a damaged journal for all that is sound. */
#include "store/doctor.h"

#include "store/disk.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCAN_BLOCK 4096u

/* ---- bytes -------------------------------------------------------------------------------- */

uint8_t *doctor_load(const struct journal_dir *dir, uint64_t segment, size_t *size,
                     struct error *e) {
    uint64_t bytes = 0;
    size_t got;
    int fd = journal_dir_segment(dir, segment, 0, &bytes, e);
    if (fd < 0) {
        return NULL;
    }
    *size = (size_t)bytes;
    uint8_t *data = calloc(1, bytes > 0 ? (size_t)bytes : 1);
    if (data == NULL) {
        copy_no_memory(e);
    } else if (disk_read(fd, data, *size, 0, &got) != 0) {
        /* Bad blocks: the others are still worth having. */
        for (size_t at = 0; at < *size; at += SCAN_BLOCK) {
            size_t n = *size - at < SCAN_BLOCK ? *size - at : SCAN_BLOCK;
            if (disk_read(fd, data + at, n, at, &got) != 0) {
                memset(data + at, 0, n);
            }
        }
    }
    close(fd);
    return data;
}

/* ---- lists ---------------------------------------------------------------------------------- */

int doctor_add_gap(struct doctor_scan *s, const struct doctor_gap *gap, struct error *e) {
    if (s->n_gap == DOCTOR_GAPS_MAX) {
        return error_set(e, ERR_DOES_NOT_HOLD, "journal",
                         "The journal is damaged in more than %d places. Restore the store from a "
                         "backup.",
                         "ジャーナルが %d か所より多く壊れています。"
                         "バックアップから復元してください。",
                         DOCTOR_GAPS_MAX);
    }
    struct doctor_gap *grown = reallocarray(s->gap, s->n_gap + 1, sizeof *grown);
    if (grown == NULL) {
        return copy_no_memory(e);
    }
    s->gap = grown;
    s->gap[s->n_gap++] = *gap;
    return 0;
}

static int add_run(struct doctor_scan *s, const struct doctor_run *run, struct error *e) {
    struct doctor_run *grown = reallocarray(s->run, s->n_run + 1, sizeof *grown);
    if (grown == NULL) {
        return copy_no_memory(e);
    }
    s->run = grown;
    s->run[s->n_run++] = *run;
    return 0;
}

void doctor_scan_free(struct doctor_scan *s) {
    journal_dir_close(&s->dir);
    free(s->run);
    free(s->gap);
    s->run = NULL;
    s->gap = NULL;
}

/* ---- one segment ------------------------------------------------------------------------------
 */

struct segment_look {
    struct doctor_scan *scan;
    const uint8_t *data;
    size_t size;
    uint64_t segment, next; /* first seq of this and of the one after; 0: it is the last */
    size_t at;
    uint64_t expected;
    bool chained; /* scan->end.hash stands before `expected` */
    uint64_t group;
    bool in_run;
    uint8_t *scratch; /* of a record encoded again */
};

static enum segment_problem judge(const struct segment_look *l, struct segment_record *record) {
    enum segment_problem problem = segment_decode(l->data + l->at, l->size - l->at, record);
    if (problem != SEGMENT_SOUND) {
        return problem;
    }
    if (record->seq != l->expected) {
        return SEGMENT_SEQ;
    }
    if (!l->chained) {
        return SEGMENT_SOUND;
    }
    if (record->group != record->seq && (record->group != l->group || l->group == 0)) {
        return SEGMENT_GROUP;
    }
    struct journal_head head = l->scan->end;
    segment_encode(l->scratch, &head, record->group, record->data, record->len);
    return memcmp(head.hash, record->hash, SEGMENT_HASH_BYTES) == 0 ? SEGMENT_SOUND : SEGMENT_CHAIN;
}

/* Whose store it is stands in the first entry. */
static void take_founding(struct doctor_scan *s, const struct segment_record *record) {
    struct arena a;
    struct error ignored;
    arena_init(&a, 1u << 20);
    const Journal__Entry *entry = (const Journal__Entry *)message_unpack(
        &journal__entry__descriptor, &a, record->data, record->len, &ignored);
    if (entry != NULL && entry->body_case == JOURNAL__ENTRY__BODY_FOUNDING &&
        entry->founding->store_id.len == sizeof s->store) {
        memcpy(s->store, entry->founding->store_id.data, sizeof s->store);
        s->has_store = true;
    }
    arena_free(&a);
}

static int take(struct segment_look *l, const struct segment_record *record, struct error *e) {
    struct doctor_scan *s = l->scan;
    struct doctor_run run = {l->segment, (uint32_t)l->at, record->seq, record->seq};
    if (!l->in_run && add_run(s, &run, e) != 0) {
        return -1;
    }
    if (record->seq == 1) {
        take_founding(s, record);
    }
    s->run[s->n_run - 1].to = record->seq;
    s->end.seq = record->seq;
    memcpy(s->end.hash, record->hash, SEGMENT_HASH_BYTES);
    l->in_run = l->chained = true;
    l->group = record->group;
    l->expected = record->seq + 1;
    l->at += record->bytes;
    return 0;
}

/* The next place behind l->at where a later record of this segment lies whole. */
static bool find_next(const struct segment_look *l, size_t *at, uint64_t *seq) {
    for (size_t i = l->at + 8; i + SEGMENT_RECORD_HEADER < l->size; i += 8) {
        uint64_t n;
        struct segment_record record;
        memcpy(&n, l->data + i + 8, sizeof n);
        n = le64toh(n);
        uint64_t most = l->next != 0 ? l->next - 1 : l->expected + l->size / SEGMENT_RECORD_HEADER;
        if (n <= l->expected || n > most ||
            segment_decode(l->data + i, l->size - i, &record) != SEGMENT_SOUND) {
            continue;
        }
        *at = i;
        *seq = n;
        return true;
    }
    return false;
}

static bool only_zeros(const struct segment_look *l) {
    return l->at >= l->size || sodium_is_zero(l->data + l->at, l->size - l->at) == 1;
}

/* What follows the last sound record of a segment. */
static int look_end(struct segment_look *l, enum segment_problem problem, struct error *e) {
    bool zeros = only_zeros(l);
    if (l->next == 0) {
        l->scan->tail = !zeros;
        l->scan->tail_segment = l->segment;
        l->scan->tail_offset = l->at;
        l->scan->tail_problem = problem;
        return 0;
    }
    struct doctor_gap gap = {l->segment,  l->at,      problem, zeros ? GAP_MISSING : GAP_RECORD,
                             l->expected, l->next - 1};
    if (l->expected == l->next) {
        if (zeros) {
            return 0;
        }
        gap.kind = GAP_TAIL;
    }
    return doctor_add_gap(l->scan, &gap, e);
}

static int look_header(struct segment_look *l, struct error *e) {
    char name[SEGMENT_NAME_BYTES];
    uint8_t bytes[SEGMENT_HEADER_BYTES] = {0};
    struct segment_header h;
    struct error found;
    struct journal_head *end = &l->scan->end;
    segment_name(l->segment, name);
    memcpy(bytes, l->data, l->size < sizeof bytes ? l->size : sizeof bytes);
    bool joined = end->seq + 1 == l->segment;
    bool sound = segment_decode_header(bytes, name, &h, &found) == 0;
    if (!sound && found.code == ERR_STATE) {
        *e = found; /* a newer format: nothing here can be judged */
        return -1;
    }
    l->chained = joined || sound;
    if (sound && joined && memcmp(h.before.hash, end->hash, SEGMENT_HASH_BYTES) == 0) {
        return 0;
    }
    if (sound && !joined) {
        *end = h.before;
        return 0;
    }
    struct doctor_gap gap = {l->segment, 0,          SEGMENT_CHECKSUM,
                             GAP_HEADER, l->segment, l->segment - 1};
    return doctor_add_gap(l->scan, &gap, e);
}

static int look_segment(struct segment_look *l, struct error *e) {
    struct segment_record record;
    enum segment_problem problem;
    if (look_header(l, e) != 0) {
        return -1;
    }
    l->at = SEGMENT_HEADER_BYTES;
    l->expected = l->segment;
    for (;;) {
        size_t at;
        uint64_t seq;
        bool here = l->at < l->size && (l->next == 0 || l->expected < l->next);
        problem = here ? judge(l, &record) : SEGMENT_NO_RECORD;
        if (problem == SEGMENT_SOUND) {
            if (take(l, &record, e) != 0) {
                return -1;
            }
            continue;
        }
        if (!here || only_zeros(l) || !find_next(l, &at, &seq)) {
            return look_end(l, problem, e);
        }
        struct doctor_gap gap = {l->segment, l->at, problem, GAP_RECORD, l->expected, seq - 1};
        if (doctor_add_gap(l->scan, &gap, e) != 0) {
            return -1;
        }
        l->at = at;
        l->expected = seq;
        l->in_run = l->chained = false;
    }
}

/* ---- all
 * ------------------------------------------------------------------------------------------ */

static int scan_segments(struct doctor_scan *s, uint8_t *scratch, struct error *e) {
    struct doctor_gap first = {s->dir.first[0], 0, SEGMENT_NO_RECORD,
                               GAP_MISSING,     1, s->dir.first[0] - 1};
    if (s->dir.first[0] != 1 && doctor_add_gap(s, &first, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < s->dir.n; i++) {
        struct segment_look l = {.scan = s, .segment = s->dir.first[i], .scratch = scratch};
        l.next = i + 1 < s->dir.n ? s->dir.first[i + 1] : 0;
        uint8_t *data = doctor_load(&s->dir, l.segment, &l.size, e);
        l.data = data;
        int rc = data == NULL ? -1 : look_segment(&l, e);
        free(data);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}

int doctor_scan(int store_dirfd, struct doctor_scan *s, struct error *e) {
    *s = (struct doctor_scan){.dir.fd = -1};
    if (journal_dir_open(store_dirfd, &s->dir, e) != 0) {
        return -1;
    }
    uint8_t *scratch = malloc(SEGMENT_RECORD_MAX + 8);
    int rc = scratch == NULL ? copy_no_memory(e) : scan_segments(s, scratch, e);
    free(scratch);
    return rc;
}
