#include "client/import.h"

#include <stdlib.h>

#define NOTES_SHOWN 20

struct pass {
    struct import *import;
    uint32_t *item; /* which items are asked, in the order of the file */
    size_t n, done;
    bool check;
    import_progress_fn progress;
    void *ctx;
};

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

static int take_answer(void *ctx, size_t i, const Madoguchi__Answer *answer) {
    struct pass *p = ctx;
    struct import *import = p->import;
    struct import_item *item = &import->items[p->item[i]];
    p->done++;
    if (p->progress != NULL && p->done % 256 == 0) {
        p->progress(p->ctx, p->check ? _("checking") : _("recording"), p->done, p->n);
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
    import_tell(import, item->line, e.field, &e);
    return p->check ? 0 : 1;
}

static enum connection_outcome run(struct pass *p, enum import_state wanted, struct error *e) {
    struct import *import = p->import;
    p->item = malloc((import->n_items + 1) * sizeof *p->item);
    if (p->item == NULL) {
        error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
        return CONNECTION_REFUSED;
    }
    if (client_connection(import->client, e) == NULL) {
        free(p->item);
        return CONNECTION_REFUSED;
    }
    for (size_t i = 0; i < import->n_items; i++) {
        if (import->items[i].state == wanted) {
            p->item[p->n++] = (uint32_t)i;
        }
    }
    const struct connection_stream stream = {
        .n = p->n, .request = request_of, .answer = take_answer, .ctx = p, .check = p->check};
    enum connection_outcome outcome = connection_stream(import->client->connection, &stream, e);
    if (p->progress != NULL) {
        p->progress(p->ctx, NULL, p->done, p->n);
    }
    free(p->item);
    return outcome;
}

enum connection_outcome import_check(struct import *import, import_progress_fn progress, void *ctx,
                                     struct error *e) {
    struct pass p = {.import = import, .check = true, .progress = progress, .ctx = ctx};
    return run(&p, IMPORT_UNASKED, e);
}

enum connection_outcome import_record(struct import *import, import_progress_fn progress, void *ctx,
                                      struct error *e) {
    struct pass p = {.import = import, .progress = progress, .ctx = ctx};
    for (size_t i = 0; i < import->n_items; i++) {
        import->known += import->items[i].state == IMPORT_KNOWN;
    }
    enum connection_outcome outcome = run(&p, IMPORT_NEW, e);
    if (import->notes > NOTES_SHOWN) {
        client_note(_("and %zu more notes"), import->notes - NOTES_SHOWN);
    }
    return outcome;
}
