#include "client/mapping_guess.h"

#include "client/mapping_guess_private.h"
#include "client/mapping_text.h"
#include "client/words.h"

#include <string.h>

#define GUESS_BUDGET  (64u << 20)
#define HEADER_WITHIN 60 /* lines */

const char *guess_cell(const struct guess_line *line, size_t at) {
    return at < line->n ? line->cell[at] : "";
}

static int take_line(void *ctx, unsigned line, const char *const *cells, size_t n) {
    struct guess *g = ctx;
    (void)line;
    if (g->n_line == GUESS_LINES_MAX) {
        return 0;
    }
    struct guess_line *to = &g->line[g->n_line++];
    to->row = import_reader_row(g->reader);
    to->n = n;
    to->cell = arena_alloc(&g->arena, n * sizeof *to->cell);
    for (size_t i = 0; to->cell != NULL && i < n; i++) {
        to->cell[i] = arena_strndup(&g->arena, cells[i], strlen(cells[i]));
        g->failed = g->failed || to->cell[i] == NULL;
    }
    g->failed = g->failed || to->cell == NULL;
    return g->failed ? 1 : 0;
}

static int read_lines(struct guess *g, const char *text, size_t len, struct error *e) {
    g->line = arena_alloc(&g->arena, GUESS_LINES_MAX * sizeof *g->line);
    g->reader = g->line != NULL ? import_reader_new(text, len, take_line, g) : NULL;
    if (g->reader == NULL) {
        return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    }
    int result = import_reader_go(g->reader, SIZE_MAX, e);
    import_reader_free(g->reader);
    g->reader = NULL;
    return g->failed
               ? error_set(e, ERR_TOO_MUCH, "", SAY("The file does not fit the memory. Divide it."))
               : result;
}

/* How much a line looks like headings. */
static unsigned score(struct guess *g, const struct guess_line *line) {
    unsigned points = 0;
    uint32_t year;
    uint32_t month;
    uint32_t number;
    for (size_t i = 0; i < line->n; i++) {
        const char *key = mapping_fold(line->cell[i], &g->arena);
        const char *code;
        if (key == NULL || *key == '\0') {
            continue;
        }
        if (guess_field(key, false) != -1 || guess_total(key) > 0 ||
            mapping_month_heading(key, &year, &month)) {
            points += 3;
        } else if (guess_code(g, "topic", key, &code) == GUESS_SURE ||
                   guess_code(g, "channel", key, &code) == GUESS_SURE) {
            points += 1;
        } else if (mapping_number(key, &number) > 0 && points > 0) {
            points -= 1; /* a line of data, with its code or month */
        }
    }
    return points;
}

static int find_header(struct guess *g, struct error *e) {
    unsigned best = 3;
    bool found = false;
    for (size_t i = 0; i < g->n_line && i < HEADER_WITHIN; i++) {
        unsigned points = score(g, &g->line[i]);
        if (points > best) {
            best = points;
            g->header = i;
            found = true;
        }
    }
    return found ? 0
                 : error_set(
                       e, ERR_INVALID, "header",
                       SAY("No row looks like headings (受付日, 受付方法, 件数, 4月 ...). Write "
                           "the mapping by hand: madoguchi-import(5) has examples."));
}

/* By what stands above the headings, the file's name, and the headings themselves. */
static void find_service(struct guess *g) {
    const char *service = NULL;
    for (size_t i = 0; service == NULL && i <= g->header; i++) {
        for (size_t k = 0; service == NULL && k < g->line[i].n; k++) {
            const char *key = mapping_fold(g->line[i].cell[k], &g->arena);
            service = key != NULL ? guess_service(g, key) : NULL;
        }
    }
    const char *name = mapping_fold(g->name, &g->arena);
    if (service == NULL && name != NULL) {
        service = guess_service(g, name);
    }
    const Document__Catalogue *c = g->catalogue != NULL ? catalogue_document(g->catalogue) : NULL;
    for (size_t i = 0; service == NULL && name != NULL && c != NULL && i < c->n_service; i++) {
        const char *code =
            arena_strndup(&g->arena, c->service[i]->code.data, c->service[i]->code.len);
        service = code != NULL && strstr(name, code) != NULL ? code : NULL;
    }
    g->service_unsure = service == NULL;
    if (service == NULL && c != NULL && c->n_service > 0 &&
        catalogue_service(g->catalogue, bytes_of("citizen")) == NULL) {
        service = arena_strndup(&g->arena, c->service[0]->code.data, c->service[0]->code.len);
    }
    g->service = service != NULL ? service : "citizen";
}

int mapping_guess(const char *text, size_t len, const char *name, const struct catalogue *catalogue,
                  uint32_t today, FILE *out, struct error *e) {
    struct guess g = {.catalogue = catalogue, .name = name, .today = today};
    arena_init(&g.arena, GUESS_BUDGET);
    int result = guess_labels(&g) == 0 ? read_lines(&g, text, len, e)
                                       : error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    if (result == 0) {
        result = find_header(&g, e);
    }
    if (result == 0) {
        find_service(&g);
        guess_columns(&g);
        guess_dates(&g);
        guess_write(&g, out);
    }
    if (result == 0 && g.arena.exhausted) {
        result =
            error_set(e, ERR_TOO_MUCH, "", SAY("The file does not fit the memory. Divide it."));
    }
    arena_free(&g.arena);
    return result;
}
