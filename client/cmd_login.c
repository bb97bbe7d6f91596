/* Who one is: login, logout, whoami, passwd. */
#include "client/commands.h"
#include "client/labels.h"
#include "client/secret.h"
#include "proto/account.h"

#include <stdlib.h>

static const struct option login_options[] = {
    {"password-file", N_("FILE"), NULL, N_("read the password from the first line of a file"),
     false},
    {NULL, NULL, NULL, NULL, false},
};

/* ---- tokens ------------------------------------------------------------------------------- */

static void take_token(void *ctx, const Madoguchi__Page *page) {
    struct client *c = ctx;
    if (page->has_token && page->token.len == TOKEN_BYTES) {
        memcpy(c->token, page->token.data, TOKEN_BYTES);
        c->has_token = true;
    }
}

/* Logs in without the login that is kept, and keeps the new one. */
static int log_in(struct client *c, const char *name, const char *secret) {
    Madoguchi__Login login = MADOGUCHI__LOGIN__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    SET(&login, name, bytes_of(name));
    SET(&login, password, bytes_of(secret));
    request.body_case = MADOGUCHI__REQUEST__BODY_LOGIN;
    request.login = &login;
    client_disconnect(c);
    c->without_token = true;
    int exit_code = client_read(c, &request, take_token, c);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    if (!c->has_token) {
        error_set(&e, ERR_INTERNAL, "token",
                  SAY("The daemon answered the login without a token: it is another version."));
        return client_fail(&e, EXIT_REFUSED);
    }
    exit_code = token_put(c->server, c->token, &e) < 0 ? client_fail(&e, EXIT_REFUSED) : EXIT_DONE;
    client_disconnect(c);
    c->without_token = false;
    return exit_code;
}

/* ---- whoami -------------------------------------------------------------------------------- */

static Madoguchi__Whoami whoami = MADOGUCHI__WHOAMI__INIT;

static const char *const labels[][2] = {
    {"account", N_("Account")},
    {"person", N_("Person")},
    {"roles", N_("Roles")},
    {"services", N_("Only these services")},
    {"offices", N_("Only these offices")},
    {"until", N_("May be used until")},
    {"by", N_("Known by")},
    {"source", N_("Where from")},
    {"user", N_("Unix user")},
    {"password", N_("Password")},
    {NULL, NULL},
};

static Madoguchi__Request who(void) {
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    request.body_case = MADOGUCHI__REQUEST__BODY_WHOAMI;
    request.whoami = &whoami;
    return request;
}

static int run_whoami(struct client *c, const struct arguments *a) {
    (void)a;
    Madoguchi__Request request = who();
    return client_read_pairs(c, &request, labels);
}

struct answer {
    struct arena *arena;
    const char *account; /* NULL: nobody's */
    bool once;           /* the password serves only to set another */
};

static void take_who(void *ctx, const Madoguchi__Page *page) {
    struct answer *w = ctx;
    for (size_t i = 0; i < page->n_pair; i++) {
        const Madoguchi__Pair *pair = page->pair[i];
        if (bytes_equal(pair->name, "account") && pair->value.len > 0) {
            w->account = client_text(w->arena, pair->has_value, pair->value);
        }
        w->once =
            w->once || (bytes_equal(pair->name, "password") && bytes_equal(pair->value, "once"));
    }
}

/* ---- login, logout -------------------------------------------------------------------------- */

/* The account of this name, or of the user at the terminal. */
static const char *name_of(struct client *c, const struct arguments *a) {
    char word[33];
    const char *user = getenv("USER");
    if (a->n > 0) {
        return a->word[0];
    }
    account_word(user != NULL ? user : "", user != NULL ? strlen(user) : 0, word);
    return word[0] != '\0' ? arena_printf(&c->arena, "%s", word) : NULL;
}

static int said(struct client *c, const char *name) {
    struct answer w = {.arena = &c->arena};
    Madoguchi__Request request = who();
    int exit_code = client_read(c, &request, take_who, &w);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    client_note(_("Logged in as %s."), w.account != NULL ? w.account : name);
    if (w.once) {
        client_note(_("This password serves once. Set your own first: madoguchi passwd"));
    }
    return EXIT_DONE;
}

static int run_login(struct client *c, const struct arguments *a) {
    char secret[SECRET_SIZE];
    struct error e;
    const char *file = options_get(a, "password-file");
    const char *name = name_of(c, a);
    if (name == NULL) {
        return client_usage(c, _("As whom? Give the name of the account."));
    }
    const char *prompt = arena_printf(&c->arena, _("Password of %s"), name);
    int rc = file != NULL ? secret_of_file(file, secret, &e)
                          : secret_read(prompt != NULL ? prompt : "", secret, &e);
    int exit_code = rc < 0 ? client_fail(&e, EXIT_REFUSED) : log_in(c, name, secret);
    explicit_bzero(secret, sizeof secret);
    return exit_code != EXIT_DONE ? exit_code : said(c, name);
}

static void take_nothing(void *ctx, const Madoguchi__Page *page) {
    (void)ctx;
    (void)page;
}

static int take_end(void *ctx, const Madoguchi__Answer *answer) {
    (void)ctx;
    (void)answer;
    return 0;
}

/* What is kept here goes in any case: a login that is over is as good as ended. */
static int run_logout(struct client *c, const struct arguments *a) {
    static Madoguchi__Logout logout = MADOGUCHI__LOGOUT__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct error e;
    struct error why;
    (void)a;
    request.body_case = MADOGUCHI__REQUEST__BODY_LOGOUT;
    request.logout = &logout;
    if (client_connection(c, &e) == NULL) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (!c->has_token) {
        client_note(_("Nobody is logged in at %s."), c->server);
        return EXIT_DONE;
    }
    enum connection_outcome outcome = connection_ask(c->connection, &request, take_end, NULL, &why);
    if (token_put(c->server, NULL, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    bool ended = outcome == CONNECTION_REFUSED && strcmp(why.field, "token") == 0;
    return outcome == CONNECTION_DONE || ended ? EXIT_DONE : client_fail(&why, (int)outcome);
}

/* ---- passwd ------------------------------------------------------------------------------------
 */

struct change {
    char old[SECRET_SIZE], fresh[SECRET_SIZE], again[SECRET_SIZE];
};

static int read_change(struct change *s, struct error *e) {
    if (secret_read(_("Old password"), s->old, e) < 0 ||
        secret_read(_("New password"), s->fresh, e) < 0) {
        return -1;
    }
    if (!secret_is_typed()) {
        return 0;
    }
    if (secret_read(_("New password again"), s->again, e) < 0) {
        return -1;
    }
    return strcmp(s->fresh, s->again) == 0
               ? 0
               : error_set(e, ERR_INVALID, "fresh",
                           SAY("The two new passwords are not the same; nothing was changed."));
}

/* The daemon ends every login of the account: whoever had one gets another. */
static int change_password(struct client *c, const struct change *s) {
    Madoguchi__Password password = MADOGUCHI__PASSWORD__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    struct answer w = {.arena = &c->arena};
    Madoguchi__Request asked = who();
    int exit_code = client_read(c, &asked, take_who, &w);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    bool logged_in = c->has_token;
    SET(&password, old, bytes_of(s->old));
    SET(&password, fresh, bytes_of(s->fresh));
    request.body_case = MADOGUCHI__REQUEST__BODY_PASSWORD;
    request.password = &password;
    exit_code = client_read(c, &request, take_nothing, NULL);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    client_note(_("The password was changed. Every other login with the old one has ended."));
    return logged_in && w.account != NULL ? log_in(c, w.account, s->fresh) : EXIT_DONE;
}

static int run_passwd(struct client *c, const struct arguments *a) {
    struct change s;
    struct error e;
    (void)a;
    int exit_code =
        read_change(&s, &e) < 0 ? client_fail(&e, EXIT_REFUSED) : change_password(c, &s);
    explicit_bzero(&s, sizeof s);
    return exit_code;
}

/* ---- the commands
 * -------------------------------------------------------------------------------- */

const struct command command_login = {
    .name = "login",
    .words = "[NAME]",
    .summary = N_("log in with a password; commands are that account's from then on"),
    .details = N_("NAME is the Unix user's if not given. The password is asked for, or read from\n"
                  "standard input. A login ends after half an hour without use, or twelve hours."),
    .example = "madoguchi login hanako",
    .options = login_options,
    .least = 0,
    .most = 1,
    .run = run_login,
};

const struct command command_logout = {
    .name = "logout",
    .words = "",
    .summary = N_("end the login"),
    .example = "madoguchi logout",
    .least = 0,
    .most = 0,
    .run = run_logout,
};

const struct command command_whoami = {
    .name = "whoami",
    .words = "",
    .summary = N_("say whose account commands use, with which roles"),
    .example = "madoguchi whoami",
    .least = 0,
    .most = 0,
    .run = run_whoami,
};

const struct command command_passwd = {
    .name = "passwd",
    .words = "",
    .summary = N_("change one's own password"),
    .details = N_("Asks for the old one and twice for the new one; from standard input it reads\n"
                  "the old one and the new one, a line each."),
    .example = "madoguchi passwd",
    .least = 0,
    .most = 0,
    .run = run_passwd,
};
