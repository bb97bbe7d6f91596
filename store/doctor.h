/* What the doctor's two halves share: looking at a damaged journal, and making
 * it whole. */
#ifndef MADOGUCHI_STORE_DOCTOR_H
#define MADOGUCHI_STORE_DOCTOR_H

#include "store/copy.h"
#include "store/journal.h"
#include "store/journal_dir.h"

/* Entries that follow each other in one segment, each sound in itself. */
struct doctor_run {
    uint64_t segment;
    uint32_t offset; /* of the first */
    uint64_t from, to;
};

/* Entries that are nowhere in the journal; none (from > to) where only the
 * header of a segment is damaged, or what follows its last record. */
struct doctor_gap {
    uint64_t segment;
    uint64_t offset;
    enum segment_problem problem;
    enum { GAP_RECORD, GAP_HEADER, GAP_TAIL, GAP_MISSING, GAP_END } kind;
    uint64_t from, to;
};

/* More than this is no accident of a disk: restore. */
#define DOCTOR_GAPS_MAX 1000

struct doctor_scan {
    struct journal_dir dir;
    struct doctor_run *run;
    size_t n_run;
    struct doctor_gap *gap;
    size_t n_gap;
    struct journal_head end; /* the last sound entry */
    /* Bytes behind it that are no record. */
    uint64_t tail_segment, tail_offset;
    bool tail;
    enum segment_problem tail_problem;
    uint8_t store[16]; /* from the first entry, where that is sound */
    bool has_store;
};

/* Looks through every segment of STORE/journal.  Fails only where it cannot
 * look (or where there are more gaps than DOCTOR_GAPS_MAX). */
int doctor_scan(int store_dirfd, struct doctor_scan *scan, struct error *e) MUST_CHECK;
void doctor_scan_free(struct doctor_scan *scan);
int doctor_add_gap(struct doctor_scan *scan, const struct doctor_gap *gap,
                   struct error *e) MUST_CHECK;

/* The bytes of a segment; what the disk cannot read is zero.  To be freed. */
uint8_t *doctor_load(const struct journal_dir *dir, uint64_t segment, size_t *size,
                     struct error *e) MUST_CHECK;

/* A backup to take entries from. */
struct doctor_source {
    const char *path;
    int dirfd; /* -1: there is none */
    struct manifest manifest;
};

/* Puts the journal together from the sound runs and the source, every entry
 * checked with the chain, and writes it to the directory `to` (-1: only
 * checks).  *end is the last entry. */
int doctor_assemble(const struct doctor_scan *scan, const struct doctor_source *source, int to,
                    struct journal_head *end, struct error *e) MUST_CHECK;

#endif
