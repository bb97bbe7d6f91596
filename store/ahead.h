/* What the owner of the store knows of it without looking into the tables, which
 * would have to be waited for: that a request or a row of a file is new, the next
 * number of a case or session, which catalogue is in force.  What it does not know it
 * says, and the tables are asked. */
#ifndef MADOGUCHI_STORE_AHEAD_H
#define MADOGUCHI_STORE_AHEAD_H

#include "store/view.h"

/* Of a prefix and year the next free number is remembered; more than are in use at
 * once. */
#define AHEAD_NUMBERS 32

/* Request ids are remembered in two generations of so many: the older one goes when
 * the newer is full. */
#define AHEAD_IDS 16384

/* Keys of rows that the committed tables may lack are remembered in two generations of
 * at most so many; a generation goes when the tables have it. */
#define AHEAD_ROWS 131072

struct ahead {
    uint64_t mix; /* odd, random: nobody chooses what lies beside what */
    struct ahead_ids {
        uint64_t *slot; /* the random half of the id; 0: free; NULL: not yet, or no memory */
        size_t n;
        uint8_t newest[16]; /* of all ids up to the end of this generation */
    } ids[2];               /* the newer first */
    uint8_t floor[16];      /* an id up to this may be in neither and yet be recorded */
    struct {
        char prefix;
        uint32_t year, next;
    } numbers[AHEAD_NUMBERS];
    uint64_t catalogue; /* seq of the newest one; 0: not known */
    struct ahead_rows {
        uint64_t *slot; /* hashes of keys; 0: free; NULL: not yet */
        size_t n;
        uint64_t last;    /* seq of the newest entry in it */
    } rows[2];            /* the newer first */
    bool rows_missed;     /* one could not be remembered */
    uint64_t missed;      /* seq of the newest such entry */
    struct txn committed; /* a reader's; mdb NULL: to be begun */
    struct cursor at[2];  /* of it: where identities and refs were looked for last */
    uint64_t committed_seq;
};

/* Learns from the tables what is needed to begin with. */
void ahead_init(struct ahead *a, struct view *v);
void ahead_free(struct ahead *a);

/* Whether a request of this id was certainly never recorded, for anybody.  Ids begin
 * with their time: most are newer than all that has been forgotten.  (After a clock
 * that ran ahead the tables are asked more often, until time has caught up.) */
bool ahead_is_new(const struct ahead *a, ProtobufCBinaryData id);

/* Whether the key (fold_identity_key(), fold_ref_key()) is certainly not in TABLE_ROWS.
 * The tables are committed up to `shown`. */
bool ahead_has_no_row(struct ahead *a, const struct tables *tables, const struct key *k,
                      uint64_t shown);
/* Holds no pages of the tables any longer. */
void ahead_let_go(struct ahead *a);

/* The next free number; 0: not known. */
uint32_t ahead_next_number(const struct ahead *a, char prefix, uint32_t year);
void ahead_set_number(struct ahead *a, char prefix, uint32_t year, uint32_t next);

/* To be told of every entry that is staged. */
void ahead_note(struct ahead *a, const Journal__Entry *entry);

/* What was staged last is no more: numbers and catalogue are to be looked up. */
void ahead_forget(struct ahead *a);

#endif
