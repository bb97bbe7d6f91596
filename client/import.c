#include "client/import.h"

#include "client/import_index.h"

#include <stdlib.h>

#define ROW_BUDGET (1u << 20)
#define REF_BUDGET ((size_t)1 << 30)
/* A packed request this long still fits a frame with what is put around it. */
#define ROW_MAX 60000

void import_init(struct import *import, struct client *client, const char *source) {
    *import = (struct import){.client = client, .source = source, .n_services = 1};
    arena_init(&import->row_arena, ROW_BUDGET);
    arena_init(&import->ref_arena, REF_BUDGET);
    import->refs = import_index_new();
    import->identical = import_index_new();
    import->failed = import->refs == NULL || import->identical == NULL;
}

void import_free(struct import *import) {
    import_reader_free(import->reader);
    mapping_sheet_free(import->sheet);
    free(import->items);
    free(import->bytes);
    import_index_free(import->refs);
    import_index_free(import->identical);
    arena_free(&import->row_arena);
    arena_free(&import->ref_arena);
}

static void add_problem(struct import *import, unsigned line, const char *column,
                        const struct error *error) {
    if (import->n_problem < IMPORT_PROBLEMS_SHOWN) {
        struct import_problem *p = &import->problem[import->n_problem];
        p->line = line;
        snprintf(p->column, sizeof p->column, "%s", column);
        p->error = *error;
    }
    import->n_problem++;
}

void import_tell(struct import *import, unsigned line, const char *column, unsigned where,
                 const struct error *error) {
    bool mapped = import->sheet != NULL && column[0] != '\0';
    add_problem(import, line, mapped ? mapping_sheet_name(import->sheet, column, where) : column,
                error);
}

static void tell_here(void *ctx, const char *column, const struct error *e) {
    struct import *import = ctx;
    import_tell(import, import->line, column, import->where, e);
}

/* ---- taking rows ----------------------------------------------------------------------- */

static struct import_item *new_item(struct import *import) {
    if (import->n_items == import->items_size) {
        size_t size = import->items_size > 0 ? 2 * import->items_size : 1024;
        struct import_item *grown = realloc(import->items, size * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        import->items = grown;
        import->items_size = size;
    }
    struct import_item *item = &import->items[import->n_items];
    *item = (struct import_item){.line = import->line, .where = (uint8_t)import->where};
    return item;
}

static uint8_t *room(struct import *import, size_t n) {
    if (import->n_bytes + n > import->bytes_size) {
        size_t size = 2 * (import->n_bytes + n) + 65536;
        uint8_t *grown = realloc(import->bytes, size);
        if (grown == NULL) {
            return NULL;
        }
        import->bytes = grown;
        import->bytes_size = size;
    }
    return import->bytes + import->n_bytes;
}

static uint32_t service_index(struct import *import, const char *service) {
    for (uint32_t i = 1; i < import->n_services; i++) {
        if (strcmp(import->services[i], service) == 0) {
            return i;
        }
    }
    if (service[0] == '\0' || import->n_services == 256 || strlen(service) >= 40) {
        return 0;
    }
    memcpy(import->services[import->n_services], service, strlen(service) + 1);
    return import->n_services++;
}

/* How many rows like this one came before, this one included.  Two different
 * rows of one hash would only count on together, which the daemon does not
 * mind: (values, nth) stays unique and the same in every import. */
static int set_nth(struct import *import, struct import_row *row) {
    ProtobufCBinaryData packed;
    if (message_pack(&row->request.base, &import->row_arena, &packed, NULL) < 0) {
        return -1;
    }
    uint32_t *count =
        import_index_at(import->identical, import_index_hash(packed.data, packed.len), NULL);
    if (count == NULL) {
        return -1;
    }
    *count += 1;
    SET(&row->row, nth, *count);
    return 0;
}

/* Packs the request as it will be sent, but for its serial. */
static int keep(struct import *import, struct import_item *item, struct import_row *row) {
    const struct client *c = import->client;
    if (set_nth(import, row) < 0) {
        return -1;
    }
    connection_request_id(row->id);
    SET(&row->request, id, ((ProtobufCBinaryData){.len = sizeof row->id, .data = row->id}));
    if (c->on_behalf != NULL) {
        SET(&row->request, on_behalf, bytes_of(c->on_behalf));
    }
    if (c->terminal != NULL) {
        SET(&row->request, terminal, bytes_of(c->terminal));
    }
    size_t len = protobuf_c_message_get_packed_size(&row->request.base);
    uint8_t *to = len <= ROW_MAX ? room(import, len) : NULL;
    if (len > ROW_MAX) {
        struct error e;
        error_set(&e, ERR_TOO_MUCH, "", SAY("The row is too long."));
        tell_here(import, "", &e);
        item->state = IMPORT_BAD;
        return 0;
    }
    if (to == NULL) {
        return -1;
    }
    protobuf_c_message_pack(&row->request.base, to);
    item->offset = import->n_bytes;
    item->len = (uint32_t)len;
    import->n_bytes += len;
    return 0;
}

/* The item that opens a ref, or NULL; with `here`, the row at hand opens it
 * from now on. */
static struct import_item *opener(struct import *import, const char *ref, bool here) {
    if (ref[0] == '\0') {
        return NULL;
    }
    uint64_t hash = import_index_hash(ref, strlen(ref));
    uint32_t number = import_index_find(import->refs, hash, ref);
    if (here) {
        /* The cell lives only as long as its row. */
        const char *kept = arena_strndup(&import->ref_arena, ref, strlen(ref));
        uint32_t *item = kept != NULL ? import_index_at(import->refs, hash, kept) : NULL;
        if (item == NULL) {
            import->failed = true;
            return NULL;
        }
        *item = (uint32_t)import->n_items + 1;
    }
    return number > 0 ? &import->items[number - 1] : NULL;
}

static void opened_twice(struct import *import, const struct import_row *row,
                         const struct import_item *before) {
    struct error e;
    /* A planned session is held or cancelled by a later row of its ref. */
    if (row->kind == IMPORT_SESSION && before->kind == IMPORT_SESSION && before->planned &&
        !row->planned) {
        return;
    }
    error_set(&e, ERR_CONFLICT, "ref",
              SAY("Row %u has opened this ref already. Use a row of kind correct to change it."),
              before->line);
    tell_here(import, "ref", &e);
}

static void link_refs(struct import *import, struct import_item *item,
                      const struct import_row *row) {
    bool opens = row->kind == IMPORT_LOG || row->kind == IMPORT_SESSION;
    const struct import_item *before = opener(import, row->ref, opens);
    const struct import_item *session =
        row->kind != IMPORT_SESSION ? opener(import, row->session, false) : NULL;
    item->after_session = session != NULL;
    if (before == NULL) {
        return;
    }
    if (opens) {
        opened_twice(import, row, before);
        return;
    }
    item->after_ref = true;
    if (item->service == 0) {
        item->service = before->service;
    }
    if (import->catalogue != NULL) {
        import_row_codes(row, import->catalogue, import->services[before->service], before->date,
                         tell_here, import);
    }
}

static int take_row(struct import *import, const char *const *cells, size_t n) {
    struct import_row row;
    struct import_item *item = new_item(import);
    if (item == NULL) {
        return -1;
    }
    arena_reset(&import->row_arena);
    size_t before = import->n_problem;
    import_row(&import->header, cells, n, import->source, &import->row_arena, &row, tell_here,
               import);
    if (import->n_problem == before) {
        item->kind = (uint8_t)row.kind;
        item->planned = row.planned;
        item->date = row.date;
        item->service = service_index(import, row.service);
        link_refs(import, item, &row);
        if (keep(import, item, &row) < 0) {
            return -1;
        }
    }
    if (import->n_problem > before) {
        item->state = IMPORT_BAD;
    }
    import->n_items++;
    return import->failed ? -1 : 0;
}

static int take_or_stop(struct import *import, const char *const *cells, size_t n) {
    if (import->n_items >= UINT32_MAX - 1 || take_row(import, cells, n) < 0) {
        return error_set(&import->error, ERR_TOO_MUCH, "",
                         SAY("The file does not fit the memory. Divide it."));
    }
    return 0;
}

static int take_columns(void *ctx, const char *const *cells, size_t n, unsigned where) {
    struct import *import = ctx;
    (void)where;
    import->has_header = true;
    return import_header(cells, n, &import->header, &import->error);
}

static int take_mapped(void *ctx, const char *const *cells, size_t n, unsigned where) {
    struct import *import = ctx;
    import->where = where;
    return take_or_stop(import, cells, n);
}

static void tell_sheet(void *ctx, const char *name, const struct error *e) {
    struct import *import = ctx;
    add_problem(import, import->line, name, e);
}

int import_map(struct import *import, const struct mapping *mapping, struct error *e) {
    const struct mapping_hears hears = {take_columns, take_mapped, tell_sheet, import};
    import->sheet = mapping_sheet_new(mapping, import->catalogue, &hears);
    return import->sheet != NULL ? 0 : error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
}

static int take_record(void *ctx, unsigned line, const char *const *cells, size_t n) {
    struct import *import = ctx;
    import->line = line;
    if (import->sheet != NULL) {
        import->line = import_reader_row(import->reader);
        return mapping_sheet_take(import->sheet, import->line, cells, n, &import->error);
    }
    return import->has_header ? take_or_stop(import, cells, n) : take_columns(import, cells, n, 0);
}

int import_begin(struct import *import, const char *data, size_t len, struct error *e) {
    import->len = len;
    import->reader = import_reader_new(data, len, take_record, import);
    return import->reader == NULL || import->failed
               ? error_set(e, ERR_INTERNAL, "", SAY("Out of memory."))
               : 0;
}

int import_more(struct import *import, size_t lines, struct error *e) {
    if (import->reader == NULL) {
        return 0;
    }
    if (import_reader_go(import->reader, lines, &import->error) != 0) {
        *e = import->error;
        return -1;
    }
    if (import_reader_left(import->reader) > 0) {
        return 1;
    }
    import_reader_free(import->reader);
    import->reader = NULL;
    if (import->sheet != NULL && mapping_sheet_end(import->sheet, e) < 0) {
        return -1;
    }
    return import->has_header ? 0 : error_set(e, ERR_INVALID, "", SAY("The file is empty."));
}
