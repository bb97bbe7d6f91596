#include "client/mapping_guess_private.h"
#include "client/mapping_text.h"
#include "proto/guard.h"
#include "proto/text.h"

#include <stdio.h>
#include <string.h>

/* ---- lines ---------------------------------------------------------------------------------- */

static size_t filled(const struct guess_line *line) {
    size_t n = 0;
    for (size_t i = 0; i < line->n; i++) {
        n += !mapping_is_blank(line->cell[i]);
    }
    return n;
}

static void add_word(const char **list, size_t *n, const char *word) {
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(list[i], word) == 0) {
            return;
        }
    }
    if (*n < 8) {
        list[(*n)++] = word;
    }
}

/* 4月計: the word behind a month, or NULL. */
static const char *behind_month(const char *key) {
    const char *at = strstr(key, "月");
    uint32_t year;
    uint32_t month;
    char front[40];
    if (at == NULL || (size_t)(at - key) + strlen("月") >= sizeof front) {
        return NULL;
    }
    size_t len = (size_t)(at - key) + strlen("月");
    snprintf(front, sizeof front, "%.*s", (int)len, key);
    return mapping_month_heading(front, &year, &month) && guess_total(key + len) > 0 ? key + len
                                                                                     : NULL;
}

/* The total's word of a line, or NULL; 1 or 2 in *which. */
static const char *total_of(struct guess *g, const struct guess_line *line, int *which) {
    for (size_t i = 0; i < line->n; i++) {
        if (strlen(line->cell[i]) > 60) {
            continue;
        }
        const char *key = mapping_fold(line->cell[i], &g->arena);
        if (key == NULL || *key == '\0') {
            continue;
        }
        *which = guess_total(key);
        if (*which > 0) {
            return key;
        }
        const char *word = behind_month(key);
        if (word != NULL) {
            *which = guess_total(word);
            return word;
        }
    }
    return NULL;
}

static bool is_note(const struct guess_line *line) {
    for (size_t i = 0; i < line->n; i++) {
        if (line->cell[i][0] != '\0') {
            return strncmp(line->cell[i], "※", strlen("※")) == 0;
        }
    }
    return false;
}

static void find_totals(struct guess *g) {
    for (size_t i = g->header + 1; i < g->n_line; i++) {
        int which = 0;
        struct guess_line *line = &g->line[i];
        const char *word = total_of(g, line, &which);
        line->data = word == NULL && filled(line) > 1 && !is_note(line);
        if (word != NULL && which == 1) {
            add_word(g->totals, &g->n_totals, word);
        } else if (word != NULL) {
            add_word(g->subtotals, &g->n_subtotals, word);
        }
        g->skip_notes = g->skip_notes || is_note(line);
    }
}

/* ---- what a column is -------------------------------------------------------------------------
 */

static void count_cells(const struct guess *g, size_t at, struct guess_column *c) {
    uint32_t number;
    for (size_t i = g->header + 1; i < g->n_line; i++) {
        const char *cell = guess_cell(&g->line[i], at);
        if (g->line[i].data && !mapping_is_blank(cell)) {
            c->n_filled++;
            c->n_numbers += mapping_number(cell, &number) > 0;
        }
    }
}

/* A count by its heading: a topic, channel or outcome. */
static bool is_count(struct guess *g, struct guess_column *c) {
    const char *code;
    if (c->n_numbers < c->n_filled) {
        return false;
    }
    if (guess_code(g, "topic", c->key, &code) == GUESS_SURE) {
        c->topic = code;
    } else if (guess_code(g, "channel", c->key, &code) == GUESS_SURE) {
        c->channel = code;
    }
    if (guess_code(g, "outcome", c->key, &code) == GUESS_SURE) {
        c->outcome = code;
    }
    c->use = MAPPING_COUNT;
    return c->topic != NULL || c->channel != NULL || c->outcome != NULL;
}

static void name_column(struct guess *g, size_t at, bool sessions) {
    struct guess_column *c = &g->column[at];
    uint32_t year;
    uint32_t month;
    for (size_t i = 0; i < at; i++) {
        c->again = c->again || strcmp(g->column[i].key, c->key) == 0;
        g->column[i].again = g->column[i].again || strcmp(g->column[i].key, c->key) == 0;
    }
    count_cells(g, at, c);
    int field = *c->key != '\0' ? guess_field(c->key, sessions) : -2;
    if (mapping_month_heading(c->key, &year, &month)) {
        c->month = true;
    } else if (guess_total(c->key) > 0 && c->n_numbers > 0) {
        c->use = MAPPING_TOTAL;
    } else if (field >= 0) {
        c->field = field;
    } else if (sessions && field == -1 && c->n_filled > 0 && c->n_numbers == c->n_filled &&
               strstr(c->key, "相談") != NULL) {
        c->use = MAPPING_COUNT; /* consultations at the session */
        c->channel = "event";
        c->unsure = true;
    } else if (field == -2 || !is_count(g, c)) {
        c->left_out = true;
        c->unsure = field != -2 && c->n_filled > 0;
    }
}

/* ---- words ------------------------------------------------------------------------------------
 */

static void add_value(struct guess *g, struct guess_column *c, const char *text) {
    const char *folded = mapping_fold(text, &g->arena);
    if (folded == NULL || *folded == '\0' || mapping_is_blank(text) || mapping_is_ditto(text) ||
        c->n_word == GUESS_WORDS_MAX || strlen(text) > 100 ||
        text_check((const uint8_t *)folded, strlen(folded), TEXT_MAX, "", NULL) < 0 ||
        guard_scan((const uint8_t *)text, strlen(text)) != GUARD_PASS) {
        return;
    }
    for (size_t i = 0; i < c->n_word; i++) {
        if (strcmp(c->word[i].text, folded) == 0) {
            return;
        }
    }
    uint32_t number;
    if (c->field == import_column("age") && mapping_number(folded, &number) > 0) {
        c->ages = true; /* in years: bands are written for all of them */
        return;
    }
    struct guess_word *w = &c->word[c->n_word++];
    w->text = folded;
    w->sure = guess_code(g, mapping_fields[c->field], folded, &w->code);
}

static void collect(struct guess *g, size_t at, struct guess_column *c) {
    c->n_word = 0;
    for (size_t i = g->header + 1; i < g->n_line; i++) {
        if (!g->line[i].data) {
            continue;
        }
        const char *cell = guess_cell(&g->line[i], at);
        while (c->split != NULL && strstr(cell, c->split) != NULL) {
            size_t len = (size_t)(strstr(cell, c->split) - cell);
            const char *one = arena_strndup(&g->arena, cell, len);
            add_value(g, c, one != NULL ? one : "");
            cell += len + strlen(c->split);
        }
        add_value(g, c, cell);
    }
}

static size_t known(const struct guess_column *c) {
    size_t n = 0;
    for (size_t i = 0; i < c->n_word; i++) {
        n += c->word[i].sure == GUESS_SURE;
    }
    return n;
}

/* Several values in a cell: by what parts them most are known. */
static void take_values(struct guess *g, size_t at) {
    static const char *const marks[] = {"、", "，", "／", "/", ";", "；"};
    struct guess_column *c = &g->column[at];
    const char *split = NULL;
    if (c->left_out || c->use != MAPPING_FIELD || c->field >= IMPORT_COLUMNS ||
        catalogue_list_of(mapping_fields[c->field]) == NULL) {
        return;
    }
    c->word = arena_zalloc(&g->arena, GUESS_WORDS_MAX * sizeof *c->word);
    if (c->word == NULL) {
        return;
    }
    collect(g, at, c);
    size_t unknown = c->n_word - known(c);
    for (size_t i = 0; unknown > 0 && c->field == import_column("topic") && i < 6; i++) {
        c->split = marks[i];
        collect(g, at, c);
        if (c->n_word - known(c) < unknown) {
            split = marks[i];
            unknown = c->n_word - known(c);
        }
    }
    c->split = split;
    collect(g, at, c);
}

/* ---- the sheet as a whole ---------------------------------------------------------------------
 */

static struct guess_column *column_of(struct guess *g, const char *field) {
    for (size_t i = 0; i < g->n_column; i++) {
        struct guess_column *c = &g->column[i];
        if (!c->left_out && c->use == MAPPING_FIELD && !c->month &&
            strcmp(mapping_fields[c->field], field) == 0) {
            return c;
        }
    }
    return NULL;
}

static bool is_of_sessions(struct guess *g) {
    for (size_t i = 0; i < g->n_column; i++) {
        const char *key = g->column[i].key;
        if (strncmp(key, "開催", strlen("開催")) == 0 ||
            strncmp(key, "参加者", strlen("参加者")) == 0) {
            return true;
        }
    }
    return false;
}

static void set_kind(struct guess *g, bool sessions) {
    bool counts = column_of(g, "count") != NULL;
    for (size_t i = 0; i < g->n_column; i++) {
        struct guess_column *c = &g->column[i];
        g->months = g->months || c->month;
        counts = counts || c->month || (c->use == MAPPING_COUNT && !c->left_out);
    }
    g->kind = sessions ? "session" : counts ? "tally" : "log";
}

/* 結果日 beside 受付日: the outcome is a row of its own. */
static void set_further(struct guess *g) {
    struct guess_column *day = NULL;
    for (size_t i = 0; i < g->n_column; i++) {
        struct guess_column *c = &g->column[i];
        if (strcmp(c->key, "結果日") == 0 || strcmp(c->key, "移住日") == 0 ||
            strcmp(c->key, "完了日") == 0) {
            day = c;
        }
    }
    if (day == NULL || column_of(g, "outcome") == NULL || column_of(g, "ref") == NULL ||
        strcmp(g->kind, "log") != 0) {
        return;
    }
    day->left_out = day->unsure = false;
    day->use = MAPPING_FIELD;
    day->field = import_column("date");
    day->further = true;
    static const char *const with[] = {"outcome", "households", "persons"};
    for (size_t i = 0; i < 3; i++) {
        struct guess_column *c = column_of(g, with[i]);
        if (c != NULL) {
            c->further = true;
        }
    }
}

/* 区分 or 種別 may be a topic, a program or a channel: by its words. */
static void settle(struct guess *g, size_t at) {
    static const char *const fields[] = {"topic", "program", "channel", "nature", "office"};
    struct guess_column *c = &g->column[at];
    if (c->word == NULL || c->field != import_column("topic") || known(c) * 2 >= c->n_word) {
        return;
    }
    int best = c->field;
    size_t most = known(c);
    for (size_t i = 1; i < 5; i++) {
        if (column_of(g, fields[i]) != NULL) {
            continue;
        }
        c->field = import_column(fields[i]);
        collect(g, at, c);
        if (known(c) > most) {
            most = known(c);
            best = c->field;
        }
    }
    c->unsure = true;
    c->field = best;
    collect(g, at, c);
}

/* A field that another column has already, but for what may come twice. */
static void drop_doubles(struct guess *g) {
    for (size_t i = 0; i < g->n_column; i++) {
        struct guess_column *c = &g->column[i];
        for (size_t k = 0; k < i; k++) {
            const struct guess_column *o = &g->column[k];
            if (!c->left_out && !o->left_out && !c->month && !o->month && c->use == MAPPING_FIELD &&
                o->use == MAPPING_FIELD && c->field == o->field && c->further == o->further &&
                c->field != import_column("topic")) {
                c->left_out = c->unsure = true;
            }
        }
    }
}

void guess_columns(struct guess *g) {
    const struct guess_line *header = &g->line[g->header];
    g->n_column = header->n < IMPORT_CELLS_MAX ? header->n : IMPORT_CELLS_MAX;
    for (size_t i = 0; i < g->n_column; i++) {
        g->column[i].heading = header->cell[i];
        const char *key = mapping_fold(header->cell[i], &g->arena);
        g->column[i].key = key != NULL ? key : "";
    }
    bool sessions = is_of_sessions(g);
    find_totals(g);
    for (size_t i = 0; i < g->n_column; i++) {
        name_column(g, i, sessions);
    }
    set_kind(g, sessions);
    set_further(g);
    drop_doubles(g);
    for (size_t i = 0; i < g->n_column; i++) {
        take_values(g, i);
        settle(g, i);
    }
}
