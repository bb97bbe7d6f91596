/* Who may do what: accounts one by one, and the table of rights. */
#include "client/account_table.h"
#include "client/commands.h"
#include "client/labels.h"
#include "proto/rights.h"

static const struct option options[] = {
    {"person", N_("TEXT"), "person", N_("the person's name"), false},
    {"role", N_("ROLE"), "role",
     N_("clerk, temporary, counsellor, supervisor, planner, auditor, administrator"), true},
    {"service", N_("SERVICE"), "service", N_("its rights reach these only; none: all"), true},
    {"office", N_("OFFICE"), "office", N_("the same"), true},
    {"uid", "N", "uid", N_("the Unix user who is this account without a login"), false},
    {"certificate", "HEX", "certificate",
     N_("SHA-256 of a client certificate that is this account"), true},
    {"until", N_("DATE"), "until", N_("the last day on which it may be used"), false},
    {"disabled", NULL, "disabled", N_("it may not be used"), false},
    {NULL, NULL, NULL, NULL, false},
};

static int fill(const struct arguments *a, Madoguchi__Account *account, struct arena *arena,
                struct error *e) {
    for (size_t i = 0; i < a->n_given; i++) {
        const struct option *option = a->option[i];
        const char *value = option->value == NULL ? "yes" : a->value[i];
        if (option->field != NULL && account_set(account, option->field, value, arena, e) < 0) {
            return -1;
        }
    }
    return 0;
}

static int record(struct client *c, Madoguchi__Account *account) {
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNT;
    request.account = account;
    return client_record(c, &request);
}

/* ---- list, show --------------------------------------------------------------------------- */

static int run_list(struct client *c, const struct arguments *a) {
    (void)a;
    return account_table_print(c, NULL);
}

static int run_show(struct client *c, const struct arguments *a) {
    return account_table_print(c, a->word[0]);
}

/* ---- add, change ---------------------------------------------------------------------------- */

static int run_add(struct client *c, const struct arguments *a) {
    Madoguchi__Account account = MADOGUCHI__ACCOUNT__INIT;
    struct error e;
    SET(&account, name, bytes_of(a->word[0]));
    if (fill(a, &account, &c->arena, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    return record(c, &account);
}

/* Records what stands, changed by the options; nothing when that is the same. */
static int change(struct client *c, const struct arguments *a, const char *disabled) {
    Madoguchi__Account *account;
    struct error e;
    int exit_code = account_table_find(c, a->word[0], &account);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    Madoguchi__Account before = *account;
    if (fill(a, account, &c->arena, &e) < 0 ||
        (disabled != NULL && account_set(account, "disabled", disabled, &c->arena, &e) < 0)) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (account_same(&before, account)) {
        client_note(_("The account %s is so already; nothing was recorded."), a->word[0]);
        return EXIT_DONE;
    }
    return record(c, account);
}

static bool has_change(const struct arguments *a) {
    for (size_t i = 0; i < a->n_given; i++) {
        if (a->option[i]->field != NULL) {
            return true;
        }
    }
    return false;
}

static int run_change(struct client *c, const struct arguments *a) {
    if (!has_change(a)) {
        return client_usage(c, _("What shall be changed? Give at least one option."));
    }
    return change(c, a, NULL);
}

static int run_disable(struct client *c, const struct arguments *a) {
    return change(c, a, "yes");
}

static int run_enable(struct client *c, const struct arguments *a) {
    return change(c, a, "no");
}

/* ---- passwords ------------------------------------------------------------------------------- */

struct given {
    struct client *client;
    const char *name;
    struct output *output; /* NULL: the password alone */
};

static void take_password(void *ctx, const Madoguchi__Page *page) {
    const struct given *g = ctx;
    for (size_t i = 0; i < page->n_pair; i++) {
        const Madoguchi__Pair *pair = page->pair[i];
        if (!bytes_equal(pair->name, "password")) {
            continue;
        }
        if (g->output == NULL) {
            printf("%.*s\n", (int)pair->value.len, (const char *)pair->value.data);
        } else {
            const char *word = client_text(&g->client->arena, pair->has_value, pair->value);
            output_row(g->output, (const char *const[]){g->name, word});
        }
    }
}

static int run_password(struct client *c, const struct arguments *a) {
    static const struct column columns[] = {
        {"name", "name", COLUMN_TEXT, 0},
        {"password", "password", COLUMN_TEXT, 0},
    };
    Madoguchi__Password password = MADOGUCHI__PASSWORD__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    bool text = c->output.format == OUTPUT_TEXT;
    struct given g = {.client = c, .name = a->word[0]};
    SET(&password, name, bytes_of(a->word[0]));
    request.body_case = MADOGUCHI__REQUEST__BODY_PASSWORD;
    request.password = &password;
    g.output = text ? NULL : output_open(&c->output, columns, 2);
    if (!text && g.output == NULL) {
        return client_no_memory();
    }
    int exit_code = client_read(c, &request, take_password, &g);
    if (!text) {
        return client_close(g.output, exit_code);
    }
    if (exit_code == EXIT_DONE) {
        client_note(_("It serves once: with madoguchi login %s, and then madoguchi passwd."),
                    a->word[0]);
    }
    return exit_code;
}

/* ---- rights -----------------------------------------------------------------------------------
 */

static int run_rights(struct client *c, const struct arguments *a) {
    struct column columns[ROLE_COUNT + 1] = {{"right", labels_field("right"), COLUMN_TEXT, 0}};
    bool text = c->output.format == OUTPUT_TEXT;
    (void)a;
    for (int role = 0; role < ROLE_COUNT; role++) {
        const char *word = role_word((enum role)role);
        columns[role + 1] = (struct column){word, labels_field(word), COLUMN_TEXT, 0};
    }
    struct output *o = output_open(&c->output, columns, ROLE_COUNT + 1);
    if (o == NULL) {
        return client_no_memory();
    }
    for (int right = 0; right < RIGHT_COUNT; right++) {
        const char *cells[ROLE_COUNT + 1] = {right_word((enum right)right)};
        for (int role = 0; role < ROLE_COUNT; role++) {
            enum reach reach = rights_reach((enum right)right, (enum role)role);
            cells[role + 1] = text                  ? labels_field(reach_word(reach))
                              : reach == REACH_NONE ? NULL
                                                    : reach_word(reach);
        }
        output_row(o, cells);
    }
    return client_close(o, EXIT_DONE);
}

/* ---- the commands -------------------------------------------------------------------------------
 */

const struct command command_account_list = {
    .name = "account list",
    .words = "",
    .summary = N_("list the accounts"),
    .details = N_("As CSV it is a file that account import takes."),
    .example = "madoguchi account list\n"
               "madoguchi account list --format csv > accounts.csv",
    .least = 0,
    .most = 0,
    .run = run_list,
};

const struct command command_account_show = {
    .name = "account show",
    .words = "NAME",
    .summary = N_("show one account"),
    .example = "madoguchi account show hanako",
    .least = 1,
    .most = 1,
    .run = run_show,
};

const struct command command_account_add = {
    .name = "account add",
    .words = "NAME",
    .summary = N_("make an account"),
    .details = N_("Who shall log in with a password gets a first one from account password."),
    .example = "madoguchi account add hanako --role clerk --service migration --uid 1002\n"
               "madoguchi account add kacho --role supervisor --until 2025-03-31",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run_add,
};

const struct command command_account_change = {
    .name = "account change",
    .words = "NAME",
    .summary = N_("change an account: what is given replaces what was there"),
    .details = N_("An empty value takes away: --service '' lets it reach every service."),
    .example = "madoguchi account change hanako --role clerk --role counsellor\n"
               "madoguchi account change hanako --until 2025-03-31 --uid ''",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run_change,
};

const struct command command_account_disable = {
    .name = "account disable",
    .words = "NAME",
    .summary = N_("end the use of an account at once; what it recorded stays"),
    .example = "madoguchi account disable hanako",
    .least = 1,
    .most = 1,
    .run = run_disable,
};

const struct command command_account_enable = {
    .name = "account enable",
    .words = "NAME",
    .summary = N_("let a disabled account be used again"),
    .example = "madoguchi account enable hanako",
    .least = 1,
    .most = 1,
    .run = run_enable,
};

const struct command command_account_password = {
    .name = "account password",
    .words = "NAME",
    .summary = N_("print a new password that serves once, to set one's own with"),
    .details = N_("Whoever was logged in as this account is logged out."),
    .example = "madoguchi account password hanako",
    .least = 1,
    .most = 1,
    .run = run_password,
};

const struct command command_account_rights = {
    .name = "account rights",
    .words = "",
    .summary = N_("print which role may do what, and how far; needs no daemon"),
    .details = N_("own-today: what it recorded itself today; own-open: until the month is closed;\n"
                  "own: itself, and the cases that it opened; scope: its services and offices;\n"
                  "masked: everything, but without what could point to a person; all: everything."),
    .example = "madoguchi account rights\n"
               "madoguchi account rights --format csv",
    .least = 0,
    .most = 0,
    .run = run_rights,
};
