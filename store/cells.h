/* Cells: the roll-ups that statistics are read from.
 *
 * A cell is a sum of ledger rows (facts.h) over a period and a few dimensions.
 * Which roll-ups exist is one table in cells.c; all measures of a cell lie
 * together; a cell whose measures are all zero is deleted. */
#ifndef MADOGUCHI_STORE_CELLS_H
#define MADOGUCHI_STORE_CELLS_H

#include "store/facts.h"
#include "store/table.h"

enum measure {
    MEASURE_CONTACTS,
    MEASURE_CONSULTATIONS,
    MEASURE_CASES,
    MEASURE_TOPICS,
    MEASURE_OUTCOMES,
    MEASURE_HOUSEHOLDS,
    MEASURE_HOUSEHOLDS_UNKNOWN, /* outcomes whose households were not given */
    MEASURE_PERSONS,
    MEASURE_PERSONS_UNKNOWN,
    MEASURE_SESSIONS,
    MEASURE_ATTENDEES,
    MEASURE_ATTENDEES_UNKNOWN,
    MEASURE_REFERRALS,
    MEASURE_REFUSALS,
    MEASURE_COUNT,
};

struct measures {
    int64_t of[MEASURE_COUNT];
};

/* What one ledger row adds, topics aside (each topic of a contact is added to
 * the cell of that topic). */
void measures_of_fact(const struct fact *fact, struct measures *out);

#define CELL_DIMENSIONS_MAX 7

struct rollup {
    bool daily; /* the period is a day, not a month */
    unsigned n;
    enum dimension dimension[CELL_DIMENSIONS_MAX];
};

unsigned cells_rollups(void);
const struct rollup *cells_rollup(unsigned i);

/* Changes to cells, summed per cell in memory until they are applied. */
struct cells;
struct cells *cells_new(void);
void cells_free(struct cells *c);

/* Adds one ledger row to every roll-up.  -1 when memory ran out. */
int cells_add(struct cells *c, const struct fact *fact) MUST_CHECK;

/* Applies the sums to the table; they stay, until the transaction is safe. */
void cells_apply(struct cells *c, struct txn *x);
void cells_drop(struct cells *c);

/* How many cells would change. */
size_t cells_changes(const struct cells *c);

/* Key of the first cell of a roll-up in a period (YYYYMM or YYYYMMDD). */
void cells_key(struct key *k, uint32_t period, unsigned rollup);

/* Decodes what stands behind a cell. */
bool cells_decode(const void *data, size_t len, struct measures *out);

/* The `n` dimensions of a cell's key, without copying; false when it has fewer. */
bool cells_dimensions(const MDB_val *key, unsigned n, ProtobufCBinaryData *out);

#endif
