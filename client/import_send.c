#include "client/import.h"

#include <stdlib.h>

#define NOTES_SHOWN 20

struct pass {
    struct import *import;
    uint32_t *item; /* which items are asked, in the order of the file, of size */
    size_t n, size, done;
    size_t seen; /* items looked at */
    enum import_state wanted;
    int unread; /* -1: the rest of the file cannot be read, and why */
    struct error error;
    bool check;
    import_progress_fn progress;
    void *ctx;
};

/* So many lines are read while the rows before them are checked. */
#define LINES_AT_ONCE 1024

/* Those of the items that were not looked at yet. */
static int choose_items(struct pass *p) {
    const struct import *import = p->import;
    if (p->size < import->n_items || p->item == NULL) {
        size_t size = import->n_items + import->n_items / 2 + 1;
        uint32_t *grown = realloc(p->item, size * sizeof *grown);
        if (grown == NULL) {
            return error_set(&p->error, ERR_INTERNAL, "", SAY("Out of memory."));
        }
        p->item = grown;
        p->size = size;
    }
    for (; p->seen < import->n_items; p->seen++) {
        if (import->items[p->seen].state == p->wanted) {
            p->item[p->n++] = (uint32_t)p->seen;
        }
    }
    return 0;
}

/* Reads on until there is a row more to ask for. */
static size_t read_more(void *ctx) {
    struct pass *p = ctx;
    size_t before = p->n;
    int more = p->unread;
    while (more >= 0 && p->n == before) {
        more = import_more(p->import, LINES_AT_ONCE, &p->error);
        if (more >= 0 && choose_items(p) < 0) {
            more = -1;
        }
        if (more == 0) {
            break;
        }
    }
    p->unread = more < 0 ? -1 : 0;
    return p->n;
}

static ProtobufCBinaryData request_of(void *ctx, size_t i) {
    struct pass *p = ctx;
    const struct import_item *item = &p->import->items[p->item[i]];
    return (ProtobufCBinaryData){.len = item->len, .data = p->import->bytes + item->offset};
}

/* The case or session is not there yet, but an earlier row will open it. */
static bool will_be_there(const struct import_item *item, const struct error *e) {
    return e->code == ERR_NOT_FOUND && ((strcmp(e->field, "ref") == 0 && item->after_ref) ||
                                        (strcmp(e->field, "session") == 0 && item->after_session));
}

static void note(struct import *import, unsigned line, const Madoguchi__Recorded *recorded) {
    for (size_t i = 0; i < recorded->n_warning; i++) {
        if (import->notes++ < NOTES_SHOWN) {
            client_note(_("Row %u, note: %.*s"), line, (int)recorded->warning[i].len,
                        (const char *)recorded->warning[i].data);
        }
    }
}

/* How many there will be: what is not read yet is as long as what is. */
static size_t expected(const struct pass *p) {
    const struct import *import = p->import;
    size_t left = import->reader != NULL ? import_reader_left(import->reader) : 0;
    size_t seen = import->len - left;
    return left > 0 && seen > 0 ? p->n + (size_t)((double)p->n * (double)left / (double)seen)
                                : p->n;
}

static int take_answer(void *ctx, size_t i, const Madoguchi__Answer *answer) {
    struct pass *p = ctx;
    struct import *import = p->import;
    struct import_item *item = &import->items[p->item[i]];
    p->done++;
    if (p->progress != NULL && p->done % 256 == 0) {
        p->progress(p->ctx, p->check ? _("checking") : _("recording"), p->done, expected(p));
    }
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_RECORDED) {
        bool known = answer->recorded->known;
        item->state = known ? IMPORT_KNOWN : IMPORT_NEW;
        if (!p->check) {
            /* New when checked and known now: its first answer was lost. */
            import->recorded++;
            note(import, item->line, answer->recorded);
        }
        return 0;
    }
    struct error e = {.code = ERR_INTERNAL};
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR) {
        connection_error(answer->error, &e);
    }
    if (p->check && will_be_there(item, &e)) {
        item->state = IMPORT_NEW;
        return 0;
    }
    item->state = IMPORT_BAD;
    import_tell(import, item->line, e.field, item->where, &e);
    return p->check ? 0 : 1;
}

static enum connection_outcome run(struct pass *p, struct error *e) {
    struct import *import = p->import;
    if (choose_items(p) < 0) {
        free(p->item);
        error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
        return CONNECTION_REFUSED;
    }
    if (client_connection(import->client, e) == NULL) {
        free(p->item);
        return CONNECTION_REFUSED;
    }
    const struct connection_stream stream = {.n = p->n,
                                             .more = import->reader != NULL ? read_more : NULL,
                                             .request = request_of,
                                             .answer = take_answer,
                                             .ctx = p,
                                             .check = p->check};
    enum connection_outcome outcome = connection_stream(import->client->connection, &stream, e);
    if (p->progress != NULL) {
        p->progress(p->ctx, NULL, p->done, p->n);
    }
    free(p->item);
    if (outcome == CONNECTION_DONE && p->unread < 0) {
        *e = p->error;
        return CONNECTION_REFUSED;
    }
    return outcome;
}

enum connection_outcome import_check(struct import *import, import_progress_fn progress, void *ctx,
                                     struct error *e) {
    struct pass p = {.import = import,
                     .wanted = IMPORT_UNASKED,
                     .check = true,
                     .progress = progress,
                     .ctx = ctx};
    return run(&p, e);
}

enum connection_outcome import_record(struct import *import, import_progress_fn progress, void *ctx,
                                      struct error *e) {
    struct pass p = {.import = import, .wanted = IMPORT_NEW, .progress = progress, .ctx = ctx};
    for (size_t i = 0; i < import->n_items; i++) {
        import->known += import->items[i].state == IMPORT_KNOWN;
    }
    enum connection_outcome outcome = run(&p, e);
    if (import->notes > NOTES_SHOWN) {
        client_note(_("and %zu more notes"), import->notes - NOTES_SHOWN);
    }
    return outcome;
}
