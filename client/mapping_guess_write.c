#include "client/mapping_guess_private.h"
#include "client/mapping_text.h"
#include "client/words.h"
#include "proto/guard.h"
#include "proto/text.h"

#include <stdlib.h>
#include <string.h>

/* A text as YAML reads it back: in quotes where it could be taken for something else. */
static void write_text(FILE *out, const char *text) {
    bool plain = *text != '\0' && *text != ' ' && text[strlen(text) - 1] != ' ';
    for (const char *p = text; *p != '\0'; p++) {
        plain = plain && (*p & 0x80 || (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
                          (*p >= 'A' && *p <= 'Z') || *p == '_' || *p == '.' ||
                          (p > text && (*p == '-' || *p == '=' || *p == ' ' || *p == '/')));
    }
    if (plain) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            putc('\\', out);
        }
        putc(*p, out);
    }
    putc('"', out);
}

/* Without line ends, controls and blanks: so it is compared as well. */
static void write_heading(FILE *out, const struct guess_column *c) {
    char text[200];
    size_t n = 0;
    for (const char *p = c->heading; *p != '\0' && n < sizeof text - 5;) {
        uint32_t cp = 0;
        size_t len = text_decode((const uint8_t *)p, strlen(p), &cp);
        len = len > 0 ? len : 1;
        if (cp > 0x20 && (cp < 0x7f || cp > 0x9f) && cp != 0x3000 && cp != 0xfeff) {
            memcpy(text + n, p, len);
            n += len;
        }
        p += len;
    }
    text[n] = '\0';
    write_text(out, text);
}

/* Whether the heading can stand in the file: it is its only one, and no number of a person. */
static bool can_name(const struct guess_column *c) {
    return !c->again && *c->key != '\0' && strlen(c->heading) < 150 &&
           text_check((const uint8_t *)c->key, strlen(c->key), TEXT_MAX, "", NULL) == 0 &&
           guard_scan((const uint8_t *)c->heading, strlen(c->heading)) == GUARD_PASS;
}

static void write_name(FILE *out, const struct guess_column *c, size_t at) {
    char letters[8];
    if (can_name(c)) {
        fputs("heading: ", out);
        write_heading(out, c);
    } else {
        mapping_letters((unsigned)at + 1, letters);
        fprintf(out, "column: %s", letters);
    }
}

static void write_words(FILE *out, const char *key, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        fputs(i == 0 ? key : ", ", out);
        fputs(i == 0 ? ": [" : "", out);
        write_text(out, words[i]);
    }
    fputs(n > 0 ? "]\n" : "", out);
}

/* Years of age as bands, as far as the catalogue has them. */
static bool write_ages(const struct guess *g, FILE *out) {
    static const struct {
        const char *range, *band;
    } bands[] = {{"0..19", "under-20"}, {"20..29", "20s"}, {"30..39", "30s"},     {"40..49", "40s"},
                 {"50..59", "50s"},     {"60..69", "60s"}, {"70..120", "70-over"}};
    bool begun = false;
    for (size_t i = 0; i < sizeof bands / sizeof bands[0]; i++) {
        if (g->catalogue != NULL &&
            catalogue_code(g->catalogue, "age", bytes_of(bands[i].band)) != NULL) {
            fprintf(out, "%s      - %s = %s\n", begun ? "" : "    values:\n", bands[i].range,
                    bands[i].band);
            begun = true;
        }
    }
    return begun;
}

static void write_values(const struct guess *g, const struct guess_column *c, FILE *out) {
    char near[300];
    bool begun = c->ages && write_ages(g, out);
    bool any = begun;
    for (size_t i = 0; i < c->n_word; i++) {
        const struct guess_word *w = &c->word[i];
        if (w->code == NULL || strcmp(w->code, w->text) == 0) {
            continue;
        }
        char line[300];
        fputs(begun ? "" : "    values:\n", out);
        begun = true;
        snprintf(line, sizeof line, "%s = %s", w->text, w->code);
        fputs("      - ", out);
        write_text(out, line);
        fputs(w->sure == GUESS_SURE ? "\n" : "  # ?\n", out);
    }
    for (size_t i = 0; i < c->n_word; i++) {
        const struct guess_word *w = &c->word[i];
        if (w->code != NULL) {
            continue;
        }
        fputs(begun ? "" : "    values:\n", out);
        begun = true;
        guess_nearest(g, mapping_fields[c->field], w->text, near, sizeof near);
        fprintf(out, "      # ? - \"%s = \"  %s %s\n", w->text, _("nearest:"),
                near[0] != '\0' ? near : "-");
    }
    /* A list of comments only is no list. */
    for (size_t i = 0; i < c->n_word; i++) {
        any = any || (c->word[i].code != NULL && strcmp(c->word[i].code, c->word[i].text) != 0);
    }
    fputs(begun && !any ? "      []\n" : "", out);
}

static void write_count(FILE *out, const struct guess_column *c, bool beside) {
    const char *comma = "";
    fputs("    count: {", out);
    if (beside) {
        fprintf(out, "kind: tally%s",
                c->topic == NULL && c->channel == NULL ? ", count: \"0\"" : "");
        comma = ", ";
    }
    const char *const fields[][2] = {
        {"topic", c->topic}, {"channel", c->channel}, {"outcome", c->outcome}};
    for (size_t i = 0; i < 3; i++) {
        if (fields[i][1] != NULL) {
            fprintf(out, "%s%s: %s", comma, fields[i][0], fields[i][1]);
            comma = ", ";
        }
    }
    fputs(c->unsure || (c->topic != NULL && c->outcome != NULL) ? "}  # ?\n" : "}\n", out);
}

static void write_column(const struct guess *g, size_t at, FILE *out) {
    const struct guess_column *c = &g->column[at];
    if (c->month || (c->left_out && !c->unsure && *c->key == '\0')) {
        return;
    }
    if (c->left_out) {
        fputs(c->unsure ? "  # ? - {" : "  # - {", out);
        write_name(out, c, at);
        fprintf(out, "}  %s\n", c->unsure ? _("not recognised: left out") : _("left out"));
        return;
    }
    fputs("  - ", out);
    write_name(out, c, at);
    putc('\n', out);
    if (c->use == MAPPING_TOTAL) {
        fputs("    total: true\n", out);
    } else if (c->use == MAPPING_COUNT) {
        write_count(out, c, strcmp(g->kind, "session") == 0);
    } else {
        fprintf(out, "    field: %s%s\n", mapping_fields[c->field], c->unsure ? "  # ?" : "");
        fputs(c->further ? "    row: outcome\n" : "", out);
        fputs(c->above ? "    blank: above\n" : "", out);
        if (c->split != NULL) {
            fputs("    split: ", out);
            write_text(out, c->split);
            putc('\n', out);
        }
        write_values(g, c, out);
    }
}

static void write_dates(const struct guess *g, FILE *out) {
    if (g->in[0] == '\0' && g->cell[0] == '\0' && g->era == 0 && !g->headings && !g->month_only) {
        return;
    }
    fputs("dates:\n", out);
    if (g->cell[0] != '\0') {
        fprintf(out, "  cell: %s\n", g->cell);
    }
    if (g->in[0] != '\0') {
        fprintf(out, "  in: %s", g->in);
        fprintf(out, g->dates_unsure ? "  # ? %s\n" : "\n",
                _("the sheet names no year; this is the present one"));
    }
    if (g->headings) {
        fputs("  headings: true\n", out);
    }
    if (g->era != 0) {
        fprintf(out, "  era: %c  # ?\n", g->era);
    }
    if (g->month_only) {
        fprintf(out, "  day: 1  # %s\n", _("where only the month is given"));
    }
}

void guess_write(const struct guess *g, FILE *out) {
    fprintf(out, "# %s\n", _("A first mapping, guessed. Look at the lines with \"# ?\", then:"));
    fprintf(out, "#   madoguchi import --dry-run FILE.csv --mapping THIS.yaml\n");
    fprintf(out, "mapping: 1\nheader: %u\n", g->line[g->header].row);
    fprintf(out, "constants:\n  kind: %s\n  service: %s%s\n", g->kind, g->service,
            g->service_unsure ? "  # ?" : "");
    fprintf(out, "  # office: city-hall  %s\n", _("where it was, if it is the same in all lines"));
    write_dates(g, out);
    fputs(g->months ? "months: true\n" : "", out);
    fputs("columns:\n", out);
    size_t n = 0;
    for (size_t i = 0; i < g->n_column; i++) {
        n += !g->column[i].left_out && !g->column[i].month;
        write_column(g, i, out);
    }
    fputs(n == 0 ? "  []\n" : "", out);
    write_words(out, "totals", g->totals, g->n_totals);
    write_words(out, "subtotals", g->subtotals, g->n_subtotals);
    fputs(g->skip_notes ? "skip: [※]\n" : "", out);
}
