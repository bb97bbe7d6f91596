/* What the files of mapping_guess share. */
#ifndef MADOGUCHI_CLIENT_MAPPING_GUESS_PRIVATE_H
#define MADOGUCHI_CLIENT_MAPPING_GUESS_PRIVATE_H

#include "client/mapping.h"
#include "client/mapping_guess.h"

#define GUESS_LINES_MAX 3000 /* of the sheet that are looked at */
#define GUESS_WORDS_MAX 200  /* different words of a column */

struct guess_line {
    unsigned row; /* of the sheet */
    bool data;    /* neither a total, nor a note, nor a line with one text */
    size_t n;
    const char **cell;
};

/* How a word becomes a code. */
enum guess_sure { GUESS_NONE, GUESS_NEAR, GUESS_SURE };

struct guess_word {
    const char *text;
    enum guess_sure sure;
    const char *code; /* of NEAR and SURE */
};

/* A code of the catalogue, what it is called folded. */
struct guess_label {
    const Document__Code *code;
    const char *self, *ja, *en;
};

struct guess_column {
    const char *heading, *key;
    enum mapping_use use;
    bool left_out, unsure, month, again, ages; /* again: the heading stands twice */
    int field;                                 /* of MAPPING_FIELD */
    const char *topic, *outcome, *channel;     /* of MAPPING_COUNT */
    bool further;                              /* goes to the row of the outcome */
    bool above;
    const char *split;
    struct guess_word *word;
    size_t n_word, n_numbers, n_filled;
};

struct guess {
    const struct catalogue *catalogue;
    struct guess_label *label;
    size_t n_label;
    struct arena arena;
    struct import_reader *reader;
    const char *name;
    uint32_t today;
    struct guess_line *line;
    size_t n_line;
    bool failed;
    size_t header; /* index of the headings' line */
    struct guess_column column[IMPORT_CELLS_MAX];
    size_t n_column;
    const char *service, *kind;
    bool service_unsure, months, headings, month_only, in_unsure, dates_unsure;
    char era;
    char in[40];   /* a period, or "" */
    char cell[16]; /* the cell that names one, or "" */
    const char *totals[8], *subtotals[8];
    size_t n_totals, n_subtotals;
    bool skip_notes;
};

/* ---- words (mapping_guess_words.c) ---- */

/* The catalogue's codes, made ready; -1 without memory. */
int guess_labels(struct guess *g);
/* The field that a heading means (mapping_fields), -1 none; -2: one to leave out. */
int guess_field(const char *key, bool sessions);
/* A word of a field's list, by the catalogue's labels and by what people write. */
enum guess_sure guess_code(const struct guess *g, const char *field, const char *word,
                           const char **code);
/* The nearest codes with their labels, for a comment: "phone (電話), mail (メール)". */
void guess_nearest(const struct guess *g, const char *field, const char *word, char *out,
                   size_t size);
/* Whether a folded word means a total: 1 of everything, 2 a subtotal. */
int guess_total(const char *key);
/* The service that a text names, or NULL. */
const char *guess_service(const struct guess *g, const char *text);

/* ---- columns (mapping_guess_columns.c) ---- */
void guess_columns(struct guess *g);
void guess_dates(struct guess *g);
/* The cell of a line, "" beyond its end. */
const char *guess_cell(const struct guess_line *line, size_t at);

/* ---- the file (mapping_guess_write.c) ---- */
void guess_write(const struct guess *g, FILE *out);

#endif
