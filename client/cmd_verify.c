/* The proof that everything recorded holds: verify. */
#include "client/commands.h"

#include <stdlib.h>

static const char *const names[][2] = {
    {"segments", N_("Journal segments")},
    {"entries", N_("Entries")},
    {"bytes", N_("Journal bytes")},
    {"head", N_("Last entry")},
    {"hash", N_("Its chain hash")},
    {"torn tail", N_("Torn tail")},
    {"noted", N_("What was noted")},
    {"lag", N_("Entries not yet folded")},
    {"result", N_("Result")},
    {NULL, NULL},
};

static const struct option options[] = {
    {"head", "SEQ:HASH", NULL, N_("what the daemon's log noted: nothing before it was changed"),
     false},
    {NULL, NULL, NULL, NULL, false},
};

/* SEQ:HASH; false when it is not. */
static bool fill_head(const char *text, Madoguchi__Verify *verify, uint8_t hash[32]) {
    char *end;
    verify->seq = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != ':' || !client_hex(end + 1, hash, 32)) {
        return false;
    }
    verify->has_seq = 1;
    SET(verify, hash, ((ProtobufCBinaryData){32, hash}));
    return true;
}

static int run(struct client *c, const struct arguments *a) {
    uint8_t hash[32];
    Madoguchi__Verify verify = MADOGUCHI__VERIFY__INIT;
    const char *head = options_get(a, "head");
    if (head != NULL && !fill_head(head, &verify, hash)) {
        return client_usage(c, _("--head takes SEQ:HASH as the daemon's log has it."));
    }
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_VERIFY;
    request.verify = &verify;
    return client_read_pairs(c, &request, names);
}

const struct command command_verify = {
    .name = "verify",
    .words = "",
    .summary = N_("prove that every entry and every count holds; exits 1 if not"),
    .details = N_("The daemon logs its last entry and the hash at it when it starts, every day and "
                  "when it stops. With --head the proof also says that nothing up to that entry "
                  "was changed or cut off."),
    .example = "madoguchi verify",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
