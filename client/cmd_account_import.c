/* Many accounts at once, as on the first of April: account import. */
#include "client/account_file.h"
#include "client/account_table.h"
#include "client/commands.h"
#include "client/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MOST      (64u << 20)
#define PROBLEMS_SHOWN 50

static const struct option options[] = {
    {"passwords", N_("FILE"), NULL,
     N_("write a first password for each new account to this file, which must not exist"), false},
    {NULL, NULL, NULL, NULL, false},
};

struct importing {
    struct client *client;
    struct account_file file;
    size_t *row; /* which rows are recorded, in their order */
    size_t n, recorded;
    size_t given; /* passwords that are in the file */
    bool starved;
    int passwords; /* descriptor, or -1 */
    const char *passwords_path;
};

/* ---- what is wrong --------------------------------------------------------------------------- */

static void print_problem(void *ctx, unsigned line, const char *column, const struct error *e) {
    const struct importing *i = ctx;
    if (i->file.problems > PROBLEMS_SHOWN) {
        return;
    }
    if (column[0] != '\0') {
        fprintf(stderr, _("row %u, column %s: "), line, column);
    } else {
        fprintf(stderr, _("row %u: "), line);
    }
    fputs(words_japanese() ? e->ja : e->en, stderr);
    if (e->n_near > 0) {
        putc(' ', stderr);
        fprintf(stderr, _("Did you mean %s?"), e->near[0]);
    }
    putc('\n', stderr);
}

static int refuse(const struct importing *i) {
    struct error e;
    if (i->file.problems > PROBLEMS_SHOWN) {
        client_note(_("and %zu more"), i->file.problems - PROBLEMS_SHOWN);
    }
    error_set(&e, ERR_INVALID, "", SAY("Nothing was recorded: %zu things are wrong in the file."),
              i->file.problems);
    return client_fail(&e, EXIT_REFUSED);
}

/* ---- two passes --------------------------------------------------------------------------------
 */

static int take_answer(void *ctx, const Madoguchi__Answer *answer) {
    struct account_row *row = ctx;
    if (answer->body_case == MADOGUCHI__ANSWER__BODY_RECORDED) {
        row->seq = answer->recorded->seq;
    }
    return 0;
}

/* An account at a time: what is refused stops the recording where it stands. */
static int run_pass(struct importing *i, bool check) {
    struct client *c = i->client;
    struct error e;
    if (client_connection(c, &e) == NULL) {
        return client_fail(&e, EXIT_REFUSED);
    }
    for (size_t k = 0; k < i->n; k++) {
        struct account_row *row = &i->file.row[i->row[k]];
        Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
        c->has_request_id = false; /* each has its own */
        client_envelope(c, &request);
        request.has_check = request.check = check;
        request.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNT;
        request.account = row->account;
        enum connection_outcome outcome =
            connection_ask(c->connection, &request, take_answer, row, &e);
        if (outcome == CONNECTION_REFUSED) {
            i->file.problems++;
            print_problem(i, row->line, e.field, &e);
        } else if (outcome != CONNECTION_DONE) {
            return client_fail(&e, (int)outcome);
        }
        if (!check && outcome != CONNECTION_DONE) {
            break;
        }
        i->recorded += !check;
    }
    return EXIT_DONE;
}

static int stopped(const struct importing *i) {
    struct error e;
    if (i->passwords >= 0 && i->recorded > 0) {
        client_note(_("Those that are recorded have their passwords in %s; name another file "
                      "for the rest."),
                    i->passwords_path);
    }
    error_set(&e, ERR_STATE, "",
              SAY("The accounts were changed meanwhile; %zu rows were recorded. Mend the file and "
                  "give the same command again: it completes the rest."),
              i->recorded);
    return client_fail(&e, EXIT_REFUSED);
}

/* ---- passwords
 * ----------------------------------------------------------------------------------- */

static void write_password(void *ctx, const Madoguchi__Page *page) {
    struct importing *i = ctx;
    for (size_t k = 0; k < page->n_pair; k++) {
        if (bytes_equal(page->pair[k]->name, "password")) {
            i->given += dprintf(i->passwords, "%.*s\n", (int)page->pair[k]->value.len,
                                (const char *)page->pair[k]->value.data) > 0;
        }
    }
}

/* Whether a password can be of use: the account may be used. */
static bool is_live(const struct importing *i, const Madoguchi__Account *a) {
    return !(a->has_disabled && a->disabled) && (!a->has_until || a->until >= i->client->today);
}

/* To those that were recorded, also when others were not: nobody else would. */
static int give_passwords(struct importing *i) {
    struct error e;
    size_t wanted = 0;
    int exit_code = EXIT_DONE;
    if (i->recorded == 0) {
        unlink(i->passwords_path);
        return EXIT_DONE;
    }
    bool ok = dprintf(i->passwords, "name,password\n") > 0;
    for (size_t k = 0; k < i->n && ok && exit_code == EXIT_DONE; k++) {
        const struct account_row *row = &i->file.row[i->row[k]];
        if (row->what != ACCOUNT_ADDED || row->seq == 0 || !is_live(i, row->account)) {
            continue;
        }
        Madoguchi__Password password = MADOGUCHI__PASSWORD__INIT;
        Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
        SET(&password, name, bytes_of(row->name));
        request.body_case = MADOGUCHI__REQUEST__BODY_PASSWORD;
        request.password = &password;
        ok = dprintf(i->passwords, "%s,", row->name) > 0;
        exit_code = client_read(i->client, &request, write_password, i);
        ok = ok && i->given == ++wanted;
    }
    ok = fsync(i->passwords) == 0 && ok;
    if (ok && exit_code == EXIT_DONE) {
        return EXIT_DONE;
    }
    error_set(&e, ERR_INTERNAL, "",
              SAY("The accounts were recorded, but %s does not have every password. Give the "
                  "missing ones with `madoguchi account password NAME`."),
              i->passwords_path);
    return client_fail(&e, exit_code != EXIT_DONE ? exit_code : EXIT_REFUSED);
}

/* Nothing is recorded where the passwords could not be written. */
static int open_passwords(struct importing *i) {
    struct error e;
    bool needed = false;
    for (size_t k = 0; k < i->n; k++) {
        needed = needed || i->file.row[i->row[k]].what == ACCOUNT_ADDED;
    }
    if (i->passwords_path == NULL || !needed) {
        return EXIT_DONE;
    }
    i->passwords = open(i->passwords_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (i->passwords >= 0) {
        return EXIT_DONE;
    }
    error_set(&e, ERR_INVALID, "",
              SAY("The file of passwords %s cannot be made (%s). Nothing was recorded."),
              i->passwords_path, strerror(errno));
    return client_fail(&e, EXIT_REFUSED);
}

/* ---- the whole
 * -------------------------------------------------------------------------------------- */

static int print(const struct importing *i) {
    static const char *const words[] = {
        [ACCOUNT_SAME] = "unchanged", [ACCOUNT_ADDED] = "added", [ACCOUNT_CHANGED] = "changed"};
    struct client *c = i->client;
    const struct column columns[] = {
        {"name", labels_field("name"), COLUMN_TEXT, 0},
        {"result", labels_field("result"), COLUMN_TEXT, 0},
        {"seq", labels_field("seq"), COLUMN_PLAIN, 0},
    };
    bool text = c->output.format == OUTPUT_TEXT;
    struct output *o = output_open(&c->output, columns, 3);
    if (o == NULL) {
        return client_no_memory();
    }
    for (size_t k = 0; k < i->file.n_row; k++) {
        const struct account_row *row = &i->file.row[k];
        char seq[24];
        snprintf(seq, sizeof seq, "%" PRIu64, row->seq);
        const char *word = words[row->what];
        output_row(o, (const char *const[]){row->name, text ? labels_field(word) : word,
                                            row->seq != 0 ? seq : NULL});
    }
    return client_close(o, EXIT_DONE);
}

static int send_rows(struct importing *i) {
    int exit_code = run_pass(i, true);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    if (i->file.problems > 0) {
        return refuse(i);
    }
    exit_code = open_passwords(i);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    exit_code = run_pass(i, false);
    int given = i->passwords >= 0 ? give_passwords(i) : EXIT_DONE;
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    if (i->file.problems > 0) {
        return stopped(i);
    }
    return given != EXIT_DONE ? given : print(i);
}

static int choose_rows(struct importing *i) {
    i->row = arena_alloc(&i->file.arena, (i->file.n_row + 1) * sizeof *i->row);
    for (size_t k = 0; i->row != NULL && k < i->file.n_row; k++) {
        if (i->file.row[k].what != ACCOUNT_SAME) {
            i->row[i->n++] = k;
        }
    }
    return i->row != NULL ? EXIT_DONE : client_no_memory();
}

static void take_standing(void *ctx, const Madoguchi__AccountRow *row) {
    struct importing *i = ctx;
    SET(row->account, replaces, row->seq);
    i->starved = !account_file_standing(&i->file, row->account) || i->starved;
}

static int import(struct importing *i, const struct import_text *text) {
    struct error e;
    int exit_code = account_table_read(i->client, NULL, take_standing, i);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    if (i->starved) {
        return client_no_memory();
    }
    if (account_file_read(&i->file, text->data, text->len, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    if (i->file.problems > 0) {
        return refuse(i);
    }
    exit_code = choose_rows(i);
    return exit_code != EXIT_DONE ? exit_code : send_rows(i);
}

static int run(struct client *c, const struct arguments *a) {
    struct importing i = {
        .client = c, .passwords = -1, .passwords_path = options_get(a, "passwords")};
    struct import_text text;
    struct error e;
    char *data;
    size_t len;
    int exit_code = client_file(a->word[0], FILE_MOST, &data, &len);
    if (exit_code != EXIT_DONE) {
        return exit_code;
    }
    if (import_text(data, len, &text, &e) < 0) {
        return client_fail(&e, EXIT_REFUSED);
    }
    account_file_init(&i.file, print_problem, &i);
    exit_code = import(&i, &text);
    account_file_free(&i.file);
    if (i.passwords >= 0) {
        close(i.passwords);
    }
    free(text.data);
    return exit_code;
}

const struct command command_account_import = {
    .name = "account import",
    .words = "FILE.csv",
    .summary = N_("make and change many accounts by a CSV file, if all of it is right"),
    .details = N_("UTF-8 or CP932; a header row, then one row an account. Columns, in any order:\n"
                  "  name person role service office uid certificate until disabled\n"
                  "Several values of a cell are split by ';'. A column that is not there leaves\n"
                  "what stands, an empty cell takes it away, a row that changes nothing is left\n"
                  "out. An account that has no row stays as it is."),
    .example = "madoguchi account import april.csv --passwords passwords.csv",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
