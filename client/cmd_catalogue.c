/* The catalogue of codes: catalogue put, catalogue show. */
#include "client/commands.h"
#include "client/put_file.h"
#include "proto/yaml.h"

#include <stdlib.h>

static int run_put(struct client *c, const struct arguments *a) {
    return put_file(c, a->word[0], MADOGUCHI__DOCUMENT_KIND__CATALOGUE, yaml_catalogue);
}

/* One line a code: for programs, and for a clerk who looks for a word. */
static int print_codes(struct client *c, const Document__Catalogue *catalogue) {
    static const struct column columns[] = {
        {"list", "list", COLUMN_TEXT, 0},
        {"code", "code", COLUMN_TEXT, 0},
        {"ja", "ja", COLUMN_TEXT, 0},
        {"en", "en", COLUMN_TEXT, 0},
        {"services", "services", COLUMN_TEXT, 0},
        {"retired", "retired", COLUMN_TEXT, 0},
    };
    struct output *o = output_open(&c->output, columns, 6);
    if (o == NULL) {
        return client_no_memory();
    }
    for (size_t i = 0; i < catalogue->n_service; i++) {
        const Document__Service *s = catalogue->service[i];
        const char *const cells[] = {
            "service",
            client_text(&c->arena, s->has_code, s->code),
            client_text(&c->arena, s->has_ja, s->ja),
            client_text(&c->arena, s->has_en, s->en),
            NULL,
            s->has_retired ? message_get_text(
                                 &s->base, message_field(s->base.descriptor, "retired"), &c->arena)
                           : NULL,
        };
        output_row(o, cells);
    }
    for (size_t i = 0; i < catalogue->n_code; i++) {
        const Document__Code *code = catalogue->code[i];
        const ProtobufCMessageDescriptor *d = code->base.descriptor;
        const char *const cells[] = {
            client_text(&c->arena, code->has_list, code->list),
            client_text(&c->arena, code->has_code, code->code),
            client_text(&c->arena, code->has_ja, code->ja),
            client_text(&c->arena, code->has_en, code->en),
            message_get_text(&code->base, message_field(d, "service"), &c->arena),
            message_get_text(&code->base, message_field(d, "retired"), &c->arena),
        };
        output_row(o, cells);
    }
    return client_close(o, EXIT_DONE);
}

static int run_show(struct client *c, const struct arguments *a) {
    (void)a;
    ProtobufCBinaryData data;
    struct error e;
    int exit_code = client_document(c, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, NULL, false, &data);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    const Document__Catalogue *catalogue = (Document__Catalogue *)message_unpack(
        &document__catalogue__descriptor, &c->arena, data.data, data.len, &e);
    free(data.data);
    if (catalogue == NULL) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (c->output.format != OUTPUT_TEXT) {
        return print_codes(c, catalogue);
    }
    return yaml_catalogue_write(catalogue, stdout) == 0 ? EXIT_DONE : client_unwritten();
}

const struct command command_catalogue_put = {
    .name = "catalogue put",
    .words = "FILE",
    .summary = N_("replace the catalogue of codes by a YAML file"),
    .example = "madoguchi catalogue put plans/catalogue.yaml",
    .least = 1,
    .most = 1,
    .run = run_put,
};

const struct command command_catalogue_show = {
    .name = "catalogue show",
    .words = "",
    .summary = N_("print the catalogue as YAML; as CSV or JSON, one line a code"),
    .example = "madoguchi catalogue show > catalogue.yaml\n"
               "madoguchi catalogue show --format csv | grep ^topic",
    .least = 0,
    .most = 0,
    .run = run_show,
};
