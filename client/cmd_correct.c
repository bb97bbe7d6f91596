/* Corrections: correct, void. */
#include "client/commands.h"

static const struct option reason_options[] = {
    {"reason", N_("TEXT"), NULL, N_("why (needed); stays visible beside the old value"), false},
    {NULL, NULL, NULL, NULL, false},
};

/* FIELD=VALUE, FIELD as on the command line (session-kind) or in a message. */
static int set_change(struct client *c, const char *word, Madoguchi__Change *change) {
    size_t len = strcspn(word, "=");
    if (word[len] != '=' || len == 0) {
        return client_usage(c, _("\"%s\" should be FIELD=VALUE; FIELD= takes the value away."),
                            word);
    }
    char *field = arena_strndup(&c->arena, word, len);
    if (field == NULL) {
        return client_no_memory();
    }
    for (char *p = field; *p != '\0'; p++) {
        *p = *p == '-' ? '_' : *p;
    }
    madoguchi__change__init(change);
    SET(change, field, bytes_of(field));
    SET(change, value, bytes_of(word + len + 1));
    return EXIT_DONE;
}

static int run_correct(struct client *c, const struct arguments *a) {
    Madoguchi__Correction correction = MADOGUCHI__CORRECTION__INIT;
    Madoguchi__Change change[WORDS_MAX];
    Madoguchi__Change *changes[WORDS_MAX];
    uint64_t seq;
    if (!client_seq(a->word[0], &seq)) {
        return client_usage(c, _("\"%s\" is not an entry; expected its number: 12 or '#12'."),
                            a->word[0]);
    }
    if (!options_has(a, "reason")) {
        return client_usage(c, _("--reason TEXT is needed."));
    }
    SET(&correction, seq, seq);
    SET(&correction, reason, bytes_of(options_get(a, "reason")));
    correction.change = changes;
    for (size_t i = 1; i < a->n; i++) {
        int exit_code = set_change(c, a->word[i], &change[i]);
        if (exit_code != EXIT_DONE) {
            return exit_code;
        }
        changes[correction.n_change++] = &change[i];
    }
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_CORRECTION;
    request.correction = &correction;
    return client_record(c, &request);
}

static int run_void(struct client *c, const struct arguments *a) {
    Madoguchi__Voiding voiding = MADOGUCHI__VOIDING__INIT;
    uint64_t seq;
    if (!options_has(a, "reason")) {
        return client_usage(c, _("--reason TEXT is needed."));
    }
    if (client_seq(a->word[0], &seq)) {
        SET(&voiding, seq, seq);
    } else {
        SET(&voiding, number, bytes_of(a->word[0]));
    }
    SET(&voiding, reason, bytes_of(options_get(a, "reason")));
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_VOIDING;
    request.voiding = &voiding;
    return client_record(c, &request);
}

const struct command command_correct = {
    .name = "correct",
    .words = "ENTRY FIELD=VALUE... --reason TEXT",
    .summary = N_("correct fields of an entry; the old values stay visible"),
    .example = "madoguchi correct '#42' topic=vacant-house date=2024-04-12 --reason 'wrong day'",
    .options = reason_options,
    .least = 2,
    .most = WORDS_MAX,
    .run = run_correct,
};

const struct command command_void = {
    .name = "void",
    .words = "ENTRY|CASE --reason TEXT",
    .summary = N_("take back an entry, or a case or session with all its entries"),
    .example = "madoguchi void '#42' --reason 'entered twice'\n"
               "madoguchi void M-2024-000123 --reason 'not our city'",
    .options = reason_options,
    .least = 1,
    .most = 1,
    .run = run_void,
};
