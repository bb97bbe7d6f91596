/* Accounts while no daemon serves the store: what is left when nobody can log in or
 * give rights any more.  Recorded as by the Unix user, whom the machine trusts with
 * the store. */
#include "proto/account.h"
#include "daemon/command.h"
#include "daemon/metrics.h"
#include "daemon/password.h"
#include "daemon/peer.h"
#include "daemon/speech.h"
#include "proto/calendar.h"
#include "proto/check.h"
#include "store/store.h"

#include <getopt.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_BYTES (64u << 20)
#define VALUE_BYTES 4096

struct account_words {
    const char *store;
    const char *name;
    char value[ACCOUNT_FIELDS][VALUE_BYTES]; /* by account_fields, several split by ';' */
    bool given[ACCOUNT_FIELDS];
    bool force_filesystem;
};

struct accounting {
    const struct account_words *words;
    struct store *store;
    struct arena arena;
    uint64_t now; /* ms */
    uint32_t today;
    char uid[PEER_ID];
    struct store_actor actor;
    Madoguchi__Account *found; /* a copy, `replaces` set; NULL */
    struct error *error;
};

/* ---- the store ------------------------------------------------------------------------- */

static void print_notice(void *ctx, const char *line) {
    (void)ctx;
    fprintf(stderr, "madoguchid: %s\n", line);
}

/* Files that another user makes there the daemon could not read. */
static int check_owner(const char *store, struct error *e) {
    struct stat st;
    if (stat(store, &st) != 0 || st.st_uid == geteuid()) {
        return 0; /* what is no store is said better by store_open() */
    }
    const struct passwd *pw = getpwuid(st.st_uid);
    const char *name = pw != NULL ? pw->pw_name : "";
    return error_set(e, ERR_FORBIDDEN, "store",
                     "%s belongs to user %u (%s). Run this as that user: sudo -u '#%u' madoguchid "
                     "account ...",
                     "%s は利用者 %u (%s) のものです。その利用者で実行してください (sudo -u '#%u' "
                     "madoguchid account ...)。",
                     store, st.st_uid, name, st.st_uid);
}

static int open_store(struct accounting *a) {
    const struct passwd *pw = getpwuid(getuid());
    const struct store_options options = {.force_filesystem = a->words->force_filesystem,
                                          .notice = print_notice};
    a->now = metrics_wall();
    a->today = calendar_today((int64_t)a->now);
    peer_id(getuid(), a->uid);
    a->actor = (struct store_actor){
        .id = a->uid,
        .name = pw == NULL ? NULL : arena_strndup(&a->arena, pw->pw_name, strlen(pw->pw_name)),
    };
    return check_owner(a->words->store, a->error) < 0
               ? -1
               : store_open(a->words->store, &options, &a->store, a->error);
}

/* Records one request, or a notice when there is none, and says its number. */
static int record(struct accounting *a, Madoguchi__Request *request, const Journal__Notice *notice,
                  uint64_t *seq) {
    struct store_result result = {0};
    if (store_begin(a->store, a->now, a->error) != STORE_DONE) {
        return -1;
    }
    int rc = request != NULL
                 ? store_record(a->store, &a->actor, request, &a->arena, &result, a->error)
                 : store_note(a->store, &a->actor, notice, &a->arena, &result, a->error);
    if (rc < 0) {
        store_abort(a->store);
        return -1;
    }
    if (store_commit(a->store, a->error) != STORE_DONE) {
        return -1;
    }
    *seq = result.seq;
    return 0;
}

/* ---- list ------------------------------------------------------------------------------- */

static int print_page(void *ctx, const Madoguchi__Page *page) {
    struct accounting *a = ctx;
    for (size_t i = 0; i < page->n_account; i++) {
        const Madoguchi__Account *account = page->account[i]->account;
        for (size_t k = 0; k < ACCOUNT_FIELDS; k++) {
            const char *text = account_get(account, account_fields[k], &a->arena);
            if (text != NULL) {
                printf("%s%s=%s", k == 0 ? "" : " ", account_fields[k], text);
            }
        }
        putchar('\n');
    }
    return 0;
}

static int copy_page(void *ctx, const Madoguchi__Page *page) {
    struct accounting *a = ctx;
    for (size_t i = 0; i < page->n_account; i++) {
        a->found = account_copy(page->account[i]->account, &a->arena);
        if (a->found != NULL) {
            SET(a->found, replaces, page->account[i]->seq);
        }
    }
    return 0;
}

static int ask(struct accounting *a, const char *name, store_page_fn page) {
    Madoguchi__Accounts accounts = MADOGUCHI__ACCOUNTS__INIT;
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    uint64_t position;
    if (name != NULL) {
        SET(&accounts, name, bytes_of(name));
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNTS;
    request.accounts = &accounts;
    return store_settle(a->store, a->error) < 0 || check_request(&request, a->error) < 0
               ? -1
               : store_read(a->store, NULL, &request, a->now, page, a, &position, a->error);
}

static int run_list(struct accounting *a) {
    return ask(a, NULL, print_page);
}

/* ---- add, change ------------------------------------------------------------------------- */

static int fill(struct accounting *a, Madoguchi__Account *account) {
    for (size_t i = 0; i < ACCOUNT_FIELDS; i++) {
        if (a->words->given[i] &&
            account_set(account, account_fields[i], a->words->value[i], &a->arena, a->error) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put(struct accounting *a, Madoguchi__Account *account) {
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    uint8_t id[16];
    uint64_t seq;
    for (int i = 0; i < 6; i++) {
        id[i] = (uint8_t)(a->now >> (40 - 8 * i));
    }
    randombytes_buf(id + 6, sizeof id - 6);
    SET(&request, id, ((ProtobufCBinaryData){sizeof id, id}));
    request.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNT;
    request.account = account;
    if (fill(a, account) < 0 || check_request(&request, a->error) < 0 ||
        record(a, &request, NULL, &seq) < 0) {
        return -1;
    }
    printf("#%llu\n", (unsigned long long)seq);
    return 0;
}

static int run_add(struct accounting *a) {
    Madoguchi__Account account = MADOGUCHI__ACCOUNT__INIT;
    SET(&account, name, bytes_of(a->words->name));
    return put(a, &account);
}

static int find(struct accounting *a) {
    if (ask(a, a->words->name, copy_page) < 0) {
        return -1;
    }
    return a->found != NULL
               ? 0
               : error_set(a->error, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
}

static int run_change(struct accounting *a) {
    return find(a) < 0 ? -1 : put(a, a->found);
}

/* ---- password ----------------------------------------------------------------------------- */

static int write_secrets(struct accounting *a, const char *password) {
    char hash[SECRETS_HASH];
    struct secrets *secrets;
    size_t len;
    if (password_hash(password, strlen(password), hash, a->error) < 0 ||
        secrets_open(a->words->store, &secrets, a->error) < 0) {
        return -1;
    }
    int rc = secrets_set_password(secrets, a->words->name, hash, true, NULL, a->error);
    char *text = rc < 0 ? NULL : secrets_text(secrets, &len);
    if (text != NULL) {
        rc = secrets_write(a->words->store, text, len, a->error);
        sodium_memzero(text, len);
        free(text);
    } else if (rc == 0) {
        rc = error_set(a->error, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    }
    secrets_free(secrets);
    return rc;
}

/* Of an account that may be used, as at the daemon. */
static int check_live(struct accounting *a) {
    const struct store_claim claim = {.name = a->words->name};
    return find(a) < 0 ? -1
           : store_person(a->store, &claim, a->today) != NULL
               ? 0
               : error_set(a->error, ERR_STATE, "name",
                           "The account %s is not in use: it is disabled, or its last day has "
                           "passed. `madoguchid account change` changes that.",
                           "アカウント %s は使用中ではありません (無効、または期限切れ)。"
                           "madoguchid account change で変更できます。",
                           a->words->name);
}

static int run_password(struct accounting *a) {
    char password[PASSWORD_ONCE];
    Journal__Notice notice = JOURNAL__NOTICE__INIT;
    uint64_t seq;
    SET(&notice, kind, (uint32_t)NOTICE_PASSWORD_RESET);
    SET(&notice, account, bytes_of(a->words->name));
    SET(&notice, source, bytes_of(a->uid));
    password_make(password);
    if (check_live(a) < 0 || write_secrets(a, password) < 0 || record(a, NULL, &notice, &seq) < 0) {
        sodium_memzero(password, sizeof password);
        return -1;
    }
    printf("%s\n", password);
    sodium_memzero(password, sizeof password);
    say(stderr, "It serves once: with madoguchi login %s, and then madoguchi passwd.\n",
        "1回だけ使えます。madoguchi login %s のあと、madoguchi passwd で変更してください。\n",
        a->words->name);
    return 0;
}

/* ---- words --------------------------------------------------------------------------------- */

static const struct command {
    const char *word;
    int (*run)(struct accounting *a);
    bool named, changes;
} commands[] = {
    {"list", run_list, false, false},
    {"add", run_add, true, true},
    {"change", run_change, true, true},
    {"password", run_password, true, false},
};

enum { OPT_STORE = 256, OPT_FORCE, OPT_ENABLED, OPT_FIELD };

static const struct option options[] = {{"store", required_argument, NULL, OPT_STORE},
                                        {"force-filesystem", no_argument, NULL, OPT_FORCE},
                                        {"enabled", no_argument, NULL, OPT_ENABLED},
                                        /* by account_fields */
                                        {"person", required_argument, NULL, OPT_FIELD + 1},
                                        {"role", required_argument, NULL, OPT_FIELD + 2},
                                        {"service", required_argument, NULL, OPT_FIELD + 3},
                                        {"office", required_argument, NULL, OPT_FIELD + 4},
                                        {"uid", required_argument, NULL, OPT_FIELD + 5},
                                        {"certificate", required_argument, NULL, OPT_FIELD + 6},
                                        {"until", required_argument, NULL, OPT_FIELD + 7},
                                        {"disabled", no_argument, NULL, OPT_FIELD + 8},
                                        {NULL, 0, NULL, 0}};

static int usage(void) {
    say(stderr,
        "usage: madoguchid account list --store DIR\n"
        "       madoguchid account add NAME --store DIR [--person TEXT] [--role ROLE]...\n"
        "           [--service CODE]... [--office CODE]... [--uid N] [--certificate HEX]...\n"
        "           [--until DATE] [--disabled]\n"
        "       madoguchid account change NAME --store DIR [the same, or --enabled]\n"
        "       madoguchid account password NAME --store DIR\n",
        "使い方: madoguchid account list --store DIR\n"
        "        madoguchid account add 名前 --store DIR [--person 氏名] [--role 役割]...\n"
        "            [--service コード]... [--office コード]... [--uid 番号]\n"
        "            [--certificate 指紋]... [--until 日付] [--disabled]\n"
        "        madoguchid account change 名前 --store DIR [同じもの、または --enabled]\n"
        "        madoguchid account password 名前 --store DIR\n");
    return EXIT_USAGE;
}

/* Several values of one option are joined, as on the client's command line. */
static bool take_field(struct account_words *w, int field, const char *value) {
    char *to = w->value[field];
    size_t used = strlen(to);
    bool more = w->given[field] && used > 0;
    w->given[field] = true;
    return snprintf(to + used, VALUE_BYTES - used, "%s%s", more ? ";" : "", value) <
           (int)(VALUE_BYTES - used);
}

static bool read_words(int argc, char **argv, struct account_words *w, bool *changes) {
    const int disabled = ACCOUNT_FIELDS - 1;
    int c;
    *changes = false;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool ok = c != '?';
        if (c == OPT_STORE) {
            w->store = optarg;
        } else if (c == OPT_FORCE) {
            w->force_filesystem = true;
        } else if (c == OPT_ENABLED || c == OPT_FIELD + disabled) {
            *changes = true;
            ok = !w->given[disabled] && take_field(w, disabled, c == OPT_ENABLED ? "no" : "yes");
        } else if (c >= OPT_FIELD) {
            *changes = true;
            ok = take_field(w, c - OPT_FIELD, optarg);
        }
        if (!ok) {
            return false;
        }
    }
    if (optind < argc) {
        w->name = argv[optind++];
    }
    return optind == argc && w->store != NULL;
}

static int run(const struct command *command, const struct account_words *words) {
    struct error e;
    struct accounting a = {.words = words, .error = &e};
    arena_init(&a.arena, ARENA_BYTES);
    int rc = open_store(&a) < 0 ? -1 : command->run(&a);
    if (a.store != NULL) {
        store_close(a.store, true);
    }
    arena_free(&a.arena);
    if (rc < 0) {
        say_error(&e);
        return EXIT_REFUSED;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_REFUSED;
}

int command_account(int argc, char **argv) {
    struct account_words *words = calloc(1, sizeof *words);
    const struct command *command = NULL;
    bool changes;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].word, argv[1]) == 0) {
            command = &commands[i];
        }
    }
    if (words == NULL || command == NULL || !read_words(argc - 1, argv + 1, words, &changes) ||
        command->named != (words->name != NULL) || (changes && !command->changes) ||
        (command->run == run_change && !changes)) {
        free(words);
        return usage();
    }
    int status = run(command, words);
    free(words);
    return status;
}
