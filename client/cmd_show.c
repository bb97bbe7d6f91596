/* One case, session or entry with everything that was recorded: show. */
#include "client/commands.h"
#include "client/labels.h"
#include "proto/calendar.h"

#include <inttypes.h>

struct show {
    struct client *client;
    struct output *output; /* CSV and JSON */
    struct arena arena;    /* of one page */
    char number[40];       /* printed last */
};

/* 2024-04-15 09:30:02 in Japan's time, from ms since 1970 UTC. */
static const char *local_time(struct arena *arena, uint64_t ms) {
    char date[16];
    char time[16];
    calendar_format_date(calendar_today((int64_t)ms), date);
    calendar_format_time((int64_t)ms, time);
    return arena_printf(arena, "%s %s", date, time);
}

static const char *joined_revisions(struct show *s, const Madoguchi__EntryRow *row) {
    const char *out = NULL;
    for (size_t i = 0; i < row->n_revision; i++) {
        const Madoguchi__Revision *r = row->revision[i];
        out = arena_printf(&s->arena, "%s%s#%" PRIu64 " %.*s: %.*s -> %.*s", out != NULL ? out : "",
                           out != NULL ? "; " : "", r->seq, (int)r->field.len,
                           (const char *)r->field.data, (int)r->old_value.len,
                           (const char *)r->old_value.data, (int)r->new_value.len,
                           (const char *)r->new_value.data);
    }
    return out;
}

static const char *number_text(struct show *s, bool has, uint64_t number) {
    return has ? arena_printf(&s->arena, "%" PRIu64, number) : NULL;
}

static void write_row(struct show *s, const Madoguchi__EntryRow *row) {
    const char *const cells[] = {
        number_text(s, row->has_seq, row->seq),
        client_text(&s->arena, row->has_kind, row->kind),
        client_text(&s->arena, row->has_number, row->number),
        row->has_recorded_at ? local_time(&s->arena, row->recorded_at) : NULL,
        client_text(&s->arena, row->has_actor, row->actor),
        client_text(&s->arena, row->has_on_behalf, row->on_behalf),
        row->n_field > 0 ? client_fields(&s->arena, row) : "",
        joined_revisions(s, row),
        number_text(s, row->has_voided_by, row->voided_by),
        client_text(&s->arena, row->has_void_reason, row->void_reason),
    };
    output_row(s->output, cells);
}

/* ---- for reading ------------------------------------------------------------------ */

/* The number of the case or session, once above its entries. */
static void print_number(struct show *s, const Madoguchi__EntryRow *row) {
    if (row->has_number && !bytes_equal(row->number, s->number)) {
        snprintf(s->number, sizeof s->number, "%.*s", (int)row->number.len,
                 (const char *)row->number.data);
        puts(s->number);
    }
}

static void print_revision(struct show *s, const Madoguchi__Revision *r) {
    const char *field = client_text(&s->arena, r->has_field, r->field);
    printf("      %s", r->voided ? _("(voided) ") : "");
    printf(_("#%" PRIu64 " corrected %s: %.*s -> %.*s"), r->seq,
           field != NULL ? labels_field(field) : "", (int)r->old_value.len,
           (const char *)r->old_value.data, (int)r->new_value.len, (const char *)r->new_value.data);
    if (r->has_reason) {
        printf(" (%.*s)", (int)r->reason.len, (const char *)r->reason.data);
    }
    putchar('\n');
}

static void print_entry(struct show *s, const Madoguchi__EntryRow *row) {
    const char *kind = client_text(&s->arena, row->has_kind, row->kind);
    printf("  #%" PRIu64 "  %s", row->seq, kind != NULL ? labels_field(kind) : "");
    for (size_t i = 0; i < row->n_field; i++) {
        const Madoguchi__Pair *p = row->field[i];
        const char *name = client_text(&s->arena, p->has_name, p->name);
        const char *value = client_text(&s->arena, p->has_value, p->value);
        if (name == NULL || value == NULL || strcmp(name, "case_number") == 0) {
            continue;
        }
        if (strcmp(name, "date") == 0) {
            printf("  %s", value);
        } else {
            printf("  %s: %s", labels_field(name), labels_of(s->client, name, value, &s->arena));
        }
    }
    putchar('\n');
    if (row->has_recorded_at) {
        printf(_("      recorded %s by %.*s"), local_time(&s->arena, row->recorded_at),
               (int)row->actor.len, (const char *)row->actor.data);
        if (row->has_on_behalf) {
            printf(_(" for %.*s"), (int)row->on_behalf.len, (const char *)row->on_behalf.data);
        }
        putchar('\n');
    }
    for (size_t i = 0; i < row->n_revision; i++) {
        print_revision(s, row->revision[i]);
    }
    if (row->has_voided_by) {
        printf(_("      voided by #%" PRIu64 ": %.*s"), row->voided_by, (int)row->void_reason.len,
               (const char *)row->void_reason.data);
        putchar('\n');
    }
}

static void take(void *ctx, const Madoguchi__Page *page) {
    struct show *s = ctx;
    for (size_t i = 0; i < page->n_entry; i++) {
        arena_reset(&s->arena);
        if (s->output != NULL) {
            write_row(s, page->entry[i]);
        } else {
            print_number(s, page->entry[i]);
            print_entry(s, page->entry[i]);
        }
    }
}

static int run(struct client *c, const struct arguments *a) {
    static const struct column columns[] = {
        {"seq", "", COLUMN_PLAIN, 0},       {"kind", "", COLUMN_TEXT, 0},
        {"number", "", COLUMN_TEXT, 0},     {"recorded", "", COLUMN_TEXT, 0},
        {"actor", "", COLUMN_TEXT, 0},      {"on_behalf", "", COLUMN_TEXT, 0},
        {"fields", "", COLUMN_TEXT, 0},     {"corrections", "", COLUMN_TEXT, 0},
        {"voided_by", "", COLUMN_PLAIN, 0}, {"void_reason", "", COLUMN_TEXT, 0},
    };
    Madoguchi__Show message = MADOGUCHI__SHOW__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct show s = {.client = c};
    uint64_t seq;
    if (client_seq(a->word[0], &seq)) {
        SET(&message, seq, seq);
    } else {
        SET(&message, number, bytes_of(a->word[0]));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_SHOW;
    request.show = &message;
    if (c->output.format != OUTPUT_TEXT) {
        s.output = output_open(&c->output, columns, sizeof columns / sizeof columns[0]);
        if (s.output == NULL) {
            return client_no_memory();
        }
    }
    labels_of(c, "service", "", &c->arena); /* asks for the catalogue first */
    arena_init(&s.arena, CLIENT_BUDGET);
    int exit_code = client_read(c, &request, take, &s);
    if (s.output != NULL) {
        exit_code = client_close(s.output, exit_code);
    }
    arena_free(&s.arena);
    return exit_code;
}

const struct command command_show = {
    .name = "show",
    .words = "CASE|SESSION|ENTRY",
    .summary = N_("show a case, session or entry with all that was recorded"),
    .example = "madoguchi show M-2024-000123\n"
               "madoguchi show '#42'",
    .least = 1,
    .most = 1,
    .run = run,
};
