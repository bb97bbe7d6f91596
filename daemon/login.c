#include "daemon/login.h"

#include "daemon/answer.h"
#include "daemon/metrics.h"
#include "daemon/password.h"
#include "daemon/pool.h"
#include "daemon/tries.h"
#include "proto/calendar.h"
#include "proto/log.h"
#include "proto/message.h"
#include "store/thread.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define WRITE_EVERY_MS (5 * 60 * 1000)
#define WRITERS        4 /* of the file alone, that wait beside */

struct login {
    struct login_setting setting;
    struct pool *pool;
    struct tries *tries;
    size_t waiting;    /* attempts that were let in and are not decided */
    uint64_t write_at; /* when the file is written next, ms of metrics_clock() */
    bool dropped;      /* the file may have tokens that are no more */
};

enum step {
    STEP_HASH, /* verify and make a new hash, as far as they are asked for */
    STEP_WRITE,
};

struct attempt {
    struct job job;
    struct login *login;
    struct request *request; /* NULL: only the file is written */
    struct identity asker;
    enum step step;
    char name[SECRETS_NAME];
    char hash[SECRETS_HASH];   /* to be verified; "": nothing */
    bool known;                /* it is the account's, not nobody's */
    bool let_in;               /* counted as waiting */
    char fresh[SECRETS_HASH];  /* made; "" if none */
    char before[SECRETS_HASH]; /* what it took the place of */
    bool before_once;
    char once[PASSWORD_ONCE]; /* a password to be given */
    uint8_t token[SECRETS_TOKEN];
    bool has_token;
    bool right; /* the password was */
    char *text; /* of the file */
    size_t text_len;
    bool failed;
    struct error error;
};

static void attempt_free(struct attempt *a) {
    a->login->waiting -= a->let_in;
    if (a->text != NULL) {
        sodium_memzero(a->text, a->text_len);
        free(a->text);
    }
    sodium_memzero(a, sizeof *a);
    free(a);
}

static const Madoguchi__Login *login_of(const struct request *r) {
    return r->body->body_case == MADOGUCHI__REQUEST__BODY_LOGIN ? r->body->login : NULL;
}

static const Madoguchi__Password *password_of(const struct request *r) {
    return r->body->body_case == MADOGUCHI__REQUEST__BODY_PASSWORD ? r->body->password : NULL;
}

/* ---- answers ------------------------------------------------------------------------------ */

static void wipe(ProtobufCBinaryData secret) {
    if (secret.len > 0) {
        sodium_memzero(secret.data, secret.len);
    }
}

static void wipe_request(struct request *r) {
    const Madoguchi__Login *login = login_of(r);
    const Madoguchi__Password *password = password_of(r);
    if (login != NULL) {
        wipe(login->password);
    }
    if (password != NULL) {
        wipe(password->old);
        wipe(password->fresh);
    }
}

static void refuse(struct attempt *a, const struct error *e) {
    struct request *r = a->request;
    wipe_request(r);
    request_refuse(r, e);
    group_add(a->login->setting.group, r);
    attempt_free(a);
}

/* A name that is no account's may be anything that somebody typed, a password too:
 * it is noted nowhere. */
static void note_failure(struct attempt *a, const char *what) {
    bool exists = store_has_account(a->login->setting.store, a->name);
    const struct notice_by by = {.source = a->asker.source, .account = exists ? a->name : ""};
    notices_count(a->login->setting.notices, NOTICE_LOGIN_FAILED, &by, what);
}

static void not_right(struct attempt *a) {
    struct error e;
    note_failure(a, "password");
    error_set(&e, ERR_FORBIDDEN, "password",
              "The name or the password is not right. Forgotten? An administrator gives a new one "
              "with `madoguchi account password NAME`.",
              "名前かパスワードが違います。忘れたときは管理者に仮のパスワードを付けてもらって"
              "ください（madoguchi account password 名前）。");
    refuse(a, &e);
}

static void no_memory(struct attempt *a) {
    struct error e;
    error_set(&e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
    refuse(a, &e);
}

static Madoguchi__Page *page_of(struct request *r) {
    Madoguchi__Page *page = arena_alloc(&r->arena, sizeof *page);
    if (page != NULL) {
        madoguchi__page__init(page);
    }
    return page;
}

/* A pair in the page; false without room. */
static bool say(struct request *r, Madoguchi__Page *page, const char *name, const char *value) {
    Madoguchi__Pair **list = arena_alloc(&r->arena, sizeof(Madoguchi__Pair *));
    Madoguchi__Pair *pair = answer_pair(&r->arena, name, value);
    if (list == NULL || pair == NULL) {
        return false;
    }
    list[0] = pair;
    page->pair = list;
    page->n_pair = 1;
    return true;
}

static bool give_token(struct attempt *a, Madoguchi__Page *page) {
    uint8_t *token = arena_alloc(&a->request->arena, SECRETS_TOKEN);
    if (token == NULL) {
        return false;
    }
    memcpy(token, a->token, SECRETS_TOKEN);
    SET(page, token, ((ProtobufCBinaryData){SECRETS_TOKEN, token}));
    return true;
}

/* All is done and written: it is recorded, and answered after that. */
static void succeed(struct attempt *a) {
    struct request *r = a->request;
    Madoguchi__Page *page = page_of(r);
    const struct notice_by own = {.source = a->asker.source, .account = a->name};
    const struct notice_by other = {.source = a->asker.source, .account = a->asker.account};
    enum notice_kind kind = NOTICE_LOGOUT;
    bool ok = page != NULL;
    if (ok && a->has_token) {
        kind = NOTICE_LOGIN;
        ok = give_token(a, page);
    } else if (ok && a->once[0] != '\0') {
        kind = NOTICE_PASSWORD_RESET;
        ok = say(r, page, "password", a->once);
    } else if (a->fresh[0] != '\0') {
        kind = NOTICE_PASSWORD;
    }
    bool reset = kind == NOTICE_PASSWORD_RESET;
    if (!ok ||
        !notice_of_request(r, kind, reset ? &other : &own, reset ? a->name : NULL, NULL, 0, page)) {
        no_memory(a);
        return;
    }
    wipe_request(r);
    group_add(a->login->setting.group, r);
    attempt_free(a);
}

/* ---- in the thread -------------------------------------------------------------------------- */

static void run_hash(struct attempt *a) {
    const Madoguchi__Login *login = login_of(a->request);
    const Madoguchi__Password *p = password_of(a->request);
    ProtobufCBinaryData given = {0};
    if (login != NULL) {
        given = login->password;
    } else if (p != NULL) {
        given = p->old;
    }
    if (a->hash[0] != '\0') {
        const char *password = given.len > 0 ? (const char *)given.data : ""; /* never NULL */
        a->right = crypto_pwhash_str_verify(a->hash, password, given.len) == 0;
        if (!a->right) {
            return;
        }
    }
    if (p == NULL) {
        return;
    }
    const char *fresh = a->once;
    size_t len = strlen(a->once);
    if (p->has_fresh) {
        fresh = (const char *)p->fresh.data;
        len = p->fresh.len;
    }
    a->failed = password_hash(fresh, len, a->fresh, &a->error) < 0;
}

static void run(struct job *job) {
    struct attempt *a = (struct attempt *)job;
    thread_give_way(); /* on few processors the loop would wait for every hash */
    if (a->step == STEP_HASH) {
        run_hash(a);
    } else {
        a->failed = secrets_write(a->login->setting.directory, a->text, a->text_len, &a->error) < 0;
    }
}

/* ---- back in the loop --------------------------------------------------------------------- */

static void submit(struct attempt *a) {
    struct error e;
    struct login *l = a->login;
    /* Whoever was let in is decided: the pool has room for the second step of all, and for
     * some logouts, which have no first one. */
    bool room = a->let_in || a->step == STEP_WRITE || l->waiting < LOGIN_WAITING;
    if (room && !a->let_in && a->step == STEP_HASH) {
        a->let_in = true;
        l->waiting++;
    }
    if (room && pool_submit(l->pool, &a->job)) {
        return;
    }
    if (a->step == STEP_WRITE) {
        l->dropped = true;
        l->write_at = 0;             /* the next turn tries again */
    } else if (a->hash[0] != '\0') { /* nobody looks whether it is right */
        tries_undo(a->login->tries, a->name, &a->asker);
    }
    if (a->request == NULL) {
        attempt_free(a);
        return;
    }
    error_set(&e, ERR_BUSY, "", "Too many people are logging in. Try again in a moment.",
              "ログインが集中しています。少し待ってからお試しください。");
    refuse(a, &e);
}

/* The file as it is now goes to the disk. */
static void write_down(struct attempt *a) {
    a->step = STEP_WRITE;
    a->text = secrets_text(a->login->setting.secrets, &a->text_len);
    a->login->dropped = a->text == NULL;
    if (a->text != NULL) {
        submit(a);
    } else if (a->request != NULL) {
        no_memory(a);
    } else {
        attempt_free(a);
    }
}

static bool is_account(void *ctx, const char *name) {
    const struct login *l = ctx;
    const struct store_claim claim = {.name = name};
    return store_person(l->setting.store, &claim, calendar_today((int64_t)metrics_wall())) != NULL;
}

static bool is_live(struct attempt *a) {
    return is_account(a->login, a->name);
}

/* Whether the password is right by what holds now: while it was hashed another one may
 * have been set, or the account ended. */
static bool is_right(struct attempt *a) {
    bool once;
    const char *hash = secrets_password(a->login->setting.secrets, a->name, &once);
    return a->right && a->known && hash != NULL && strcmp(hash, a->hash) == 0 && is_live(a);
}

/* Whether the asker of another's password still may have it replaced. */
static bool may_reset(struct attempt *a, struct error *e) {
    const struct store_claim claim = {.name = a->asker.account};
    const struct person *p =
        store_person(a->login->setting.store, &claim, calendar_today((int64_t)metrics_wall()));
    return p != NULL ? store_may(p, RIGHT_ACCOUNT, e) == 0 : identity_refuse(&a->asker, e) == 0;
}

static int set_password(struct attempt *a) {
    bool reset = a->once[0] != '\0';
    if (reset && !may_reset(a, &a->error)) {
        return -1;
    }
    const char *before = secrets_password(a->login->setting.secrets, a->name, &a->before_once);
    snprintf(a->before, sizeof a->before, "%s", before != NULL ? before : password_nobody);
    return secrets_set_password(a->login->setting.secrets, a->name, a->fresh, reset,
                                !reset && a->asker.has_token ? a->asker.token : NULL, &a->error);
}

/* The password was hashed: a token is made, or the new password noted. */
static void hashed(struct attempt *a) {
    struct secrets *secrets = a->login->setting.secrets;
    bool once;
    int rc;
    if (a->hash[0] != '\0' && !is_right(a)) {
        not_right(a);
        return;
    }
    if (a->hash[0] != '\0') {
        tries_passed(a->login->tries, a->name, &a->asker);
    }
    if (a->failed) {
        refuse(a, &a->error);
        return;
    }
    if (login_of(a->request) != NULL) {
        uint8_t hash[SECRETS_TOKEN];
        randombytes_buf(a->token, sizeof a->token);
        secrets_hash(a->token, hash);
        a->has_token = true;
        (void)secrets_password(secrets, a->name, &once);
        rc = secrets_add_token(secrets, hash, a->name, once, metrics_wall(), &a->error);
    } else {
        rc = set_password(a);
    }
    if (rc < 0) {
        refuse(a, &a->error);
        return;
    }
    write_down(a);
}

/* The password of before holds again, unless another one was set meanwhile. */
static void set_back(struct attempt *a) {
    struct secrets *secrets = a->login->setting.secrets;
    struct error ignored;
    bool once;
    const char *now = secrets_password(secrets, a->name, &once);
    if (now != NULL && strcmp(now, a->fresh) == 0) {
        (void)!secrets_set_password(secrets, a->name, a->before, a->before_once,
                                    a->asker.has_token ? a->asker.token : NULL, &ignored);
    }
}

/* The file was not written: nobody has the token or the new password. */
static void take_back(struct attempt *a) {
    uint8_t hash[SECRETS_TOKEN];
    a->login->dropped = true;
    if (a->has_token) {
        secrets_hash(a->token, hash);
        secrets_drop_token(a->login->setting.secrets, hash);
    } else if (a->fresh[0] != '\0') {
        set_back(a);
    }
}

static void not_written(struct attempt *a) {
    log_error(LEVEL_ERROR, "secrets-not-written", &a->error);
    take_back(a);
    if (a->request == NULL) {
        attempt_free(a);
        return;
    }
    refuse(a, &a->error);
}

static void done(struct job *job) {
    struct attempt *a = (struct attempt *)job;
    struct error e;
    if (atomic_load(&job->cancelled)) {
        error_set(&e, ERR_BUSY, "", "The daemon is stopping. Ask again.",
                  "サーバーが停止するところです。もう一度お試しください。");
        if (a->step == STEP_WRITE) {
            take_back(a);
        }
        if (a->request == NULL) {
            attempt_free(a);
        } else {
            refuse(a, &e);
        }
    } else if (a->step == STEP_HASH) {
        hashed(a);
    } else if (a->failed) {
        not_written(a);
    } else if (a->request == NULL) {
        attempt_free(a);
    } else {
        succeed(a);
    }
}

/* ---- asking --------------------------------------------------------------------------------- */

static struct attempt *attempt_new(struct login *l, const struct identity *asker,
                                   struct request *r) {
    struct attempt *a = calloc(1, sizeof *a);
    if (a != NULL) {
        a->job.run = run;
        a->job.done = done;
        a->login = l;
        a->request = r;
        if (asker != NULL) {
            a->asker = *asker;
        }
    }
    return a;
}

/* False: it has to wait, and has its answer. */
static bool may_try(struct attempt *a) {
    struct error e;
    uint64_t wait = tries_count(a->login->tries, a->name, &a->asker, metrics_clock() / 1000);
    if (wait == 0) {
        return true;
    }
    note_failure(a, "throttled");
    error_set(&e, ERR_BUSY, "password",
              "Too many tries with a wrong password. The next one is possible in %llu seconds.",
              "パスワードの間違いが続いています。次は %llu 秒後に試せます。",
              (unsigned long long)((wait + 999) / 1000));
    refuse(a, &e);
    return false;
}

static void hash_of(struct attempt *a) {
    bool once;
    const char *hash = secrets_password(a->login->setting.secrets, a->name, &once);
    a->known = hash != NULL && is_live(a);
    snprintf(a->hash, sizeof a->hash, "%s", a->known ? hash : password_nobody);
}

static void ask_login(struct attempt *a, const Madoguchi__Login *login) {
    snprintf(a->name, sizeof a->name, "%.*s", (int)login->name.len, (const char *)login->name.data);
    if (may_try(a)) {
        hash_of(a);
        submit(a);
    }
}

/* A password that its owner changes at once. */
static void ask_reset(struct attempt *a, const Madoguchi__Password *p) {
    struct error e;
    snprintf(a->name, sizeof a->name, "%.*s", (int)p->name.len, (const char *)p->name.data);
    if (!is_live(a)) {
        error_set(&e, ERR_NOT_FOUND, "name",
                  "There is no account %s that is in use. `madoguchi account list` lists them.",
                  "使用中のアカウント %s はありません。madoguchi account list で一覧が見られます。",
                  a->name);
        refuse(a, &e);
        return;
    }
    password_make(a->once);
    submit(a);
}

static void ask_password(struct attempt *a, const Madoguchi__Password *p) {
    struct error e;
    if (p->has_name) {
        ask_reset(a, p);
        return;
    }
    if (a->asker.account[0] == '\0') {
        identity_refuse(&a->asker, &e);
        refuse(a, &e);
        return;
    }
    snprintf(a->name, sizeof a->name, "%s", a->asker.account);
    if (may_try(a)) {
        hash_of(a);
        submit(a);
    }
}

static void ask_logout(struct attempt *a) {
    struct error e;
    if (!a->asker.has_token || a->asker.account[0] == '\0') {
        error_set(&e, ERR_STATE, "token", "Nobody is logged in on this connection.",
                  "この接続ではログインしていません。");
        refuse(a, &e);
        return;
    }
    snprintf(a->name, sizeof a->name, "%s", a->asker.account);
    secrets_drop_token(a->login->setting.secrets, a->asker.token);
    write_down(a);
}

void login_ask(struct login *l, const struct identity *asker, struct request *r) {
    struct attempt *a = attempt_new(l, asker, r);
    struct error e;
    if (a == NULL) {
        error_set(&e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        request_refuse(r, &e);
        group_add(l->setting.group, r);
    } else if (login_of(r) != NULL) {
        ask_login(a, login_of(r));
    } else if (password_of(r) != NULL) {
        ask_password(a, password_of(r));
    } else {
        ask_logout(a);
    }
}

/* Those that are dropped go from the file too: an account that is used again after a
 * restart has none of its old ones. */
void login_people(struct login *l) {
    size_t before = secrets_tokens(l->setting.secrets);
    secrets_keep(l->setting.secrets, is_account, l);
    if (secrets_tokens(l->setting.secrets) < before) {
        l->dropped = true;
        l->write_at = 0;
        login_turn(l);
    }
}

void login_turn(struct login *l) {
    uint64_t now = metrics_clock() / 1000;
    secrets_expire(l->setting.secrets, metrics_wall());
    if ((secrets_tokens(l->setting.secrets) == 0 && !l->dropped) || now < l->write_at) {
        return;
    }
    l->write_at = now + WRITE_EVERY_MS;
    struct attempt *a = attempt_new(l, NULL, NULL);
    if (a != NULL) {
        write_down(a);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

struct login *login_new(const struct login_setting *setting) {
    struct login *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return NULL;
    }
    l->setting = *setting;
    l->write_at = metrics_clock() / 1000 + WRITE_EVERY_MS;
    l->tries = tries_new();
    l->pool = pool_new(setting->base, 0, 1, LOGIN_WAITING + WRITERS);
    if (l->tries == NULL || l->pool == NULL) {
        if (l->pool != NULL) {
            (void)pool_stop(l->pool, 0);
        }
        tries_free(l->tries);
        free(l);
        return NULL;
    }
    if (store_people_known(setting->store)) {
        login_people(l); /* accounts that ended while no daemon served */
    }
    return l;
}

/* When tokens were used is written now and then only, and what was asked last may be in
 * the file not at all. */
static void write_last(struct login *l) {
    struct error e;
    size_t len;
    secrets_expire(l->setting.secrets, metrics_wall());
    if (secrets_tokens(l->setting.secrets) == 0 && !l->dropped) {
        return;
    }
    char *text = secrets_text(l->setting.secrets, &len);
    if (text == NULL) {
        return;
    }
    if (secrets_write(l->setting.directory, text, len, &e) < 0) {
        log_error(LEVEL_ERROR, "secrets-not-written", &e);
    }
    sodium_memzero(text, len);
    free(text);
}

bool login_stop(struct login *l, unsigned wait_ms) {
    if (l == NULL || l->pool == NULL) {
        return true;
    }
    if (!pool_stop(l->pool, wait_ms)) {
        return false;
    }
    l->pool = NULL;
    write_last(l);
    return true;
}

void login_free(struct login *l) {
    if (l != NULL) {
        tries_free(l->tries);
        free(l);
    }
}
