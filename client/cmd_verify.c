/* The proof that everything recorded holds: verify. */
#include "client/commands.h"

static const char *const names[][2] = {
    {"segments", N_("Journal segments")},
    {"entries", N_("Entries")},
    {"bytes", N_("Journal bytes")},
    {"head", N_("Last entry")},
    {"hash", N_("Its chain hash")},
    {"torn tail", N_("Torn tail")},
    {"lag", N_("Entries not yet folded")},
    {"result", N_("Result")},
    {NULL, NULL},
};

static int run(struct client *c, const struct arguments *a) {
    (void)a;
    Madoguchi__Verify verify = MADOGUCHI__VERIFY__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_VERIFY;
    request.verify = &verify;
    return client_read_pairs(c, &request, names);
}

const struct command command_verify = {
    .name = "verify",
    .words = "",
    .summary = N_("prove that every entry and every count holds; exits 1 if not"),
    .example = "madoguchi verify",
    .least = 0,
    .most = 0,
    .run = run,
};
