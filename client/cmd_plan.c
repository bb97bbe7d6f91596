/* Plans: plan put, plan list. */
#include "client/commands.h"
#include "client/put_file.h"
#include "proto/yaml.h"

static int run_put(struct client *c, const struct arguments *a) {
    return put_file(c, a->word[0], MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, yaml_plan);
}

struct list {
    struct client *client;
    struct output *output;
};

static void take(void *ctx, const Madoguchi__Page *page) {
    struct list *l = ctx;
    for (size_t i = 0; i < page->n_pair; i++) {
        const Madoguchi__Pair *p = page->pair[i];
        const char *const cells[] = {
            client_text(&l->client->arena, p->has_name, p->name),
            client_text(&l->client->arena, p->has_value, p->value),
        };
        output_row(l->output, cells);
    }
}

static int run_list(struct client *c, const struct arguments *a) {
    (void)a;
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    SET(&documents, kind, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT);
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_DOCUMENTS;
    request.documents = &documents;
    const struct column columns[] = {
        {"id", _("Plan"), COLUMN_TEXT, 0},
        {"title", _("Title"), COLUMN_TEXT, 0},
    };
    struct list l = {.client = c, .output = output_open(&c->output, columns, 2)};
    if (l.output == NULL) {
        return client_no_memory();
    }
    int exit_code = client_read(c, &request, take, &l);
    return client_close(l.output, exit_code);
}

const struct command command_plan_put = {
    .name = "plan put",
    .words = "FILE",
    .summary = N_("record a plan from a YAML file, or a new version of it"),
    .example = "madoguchi plan put plans/nagai.yaml",
    .least = 1,
    .most = 1,
    .run = run_put,
};

const struct command command_plan_list = {
    .name = "plan list",
    .words = "",
    .summary = N_("list the plans"),
    .example = "madoguchi plan list",
    .least = 0,
    .most = 0,
    .run = run_list,
};
