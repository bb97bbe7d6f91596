/* Logins, and what is asked between them, of the whole daemon with accounts.
 *
 * The input is steps, each a byte: its lower half says what, its upper half of whom.
 * Connections follow each other; within one, messages are sent at once.  Whoever did
 * not give the right password, and no token that came of one, is nobody: a token is
 * handed out to nobody else, and nothing recorded is shown.  Hashing is replaced by
 * what costs nothing (argon2 is the library's). */
#include "tests/fuzz/people.h"

#include <sodium.h>
#include <string.h>

/* In the place of libsodium's: the hash of a password is the password. */
int crypto_pwhash_str(char out[crypto_pwhash_STRBYTES], const char *const passwd,
                      unsigned long long len, unsigned long long ops, size_t memory) {
    (void)ops;
    (void)memory;
    memset(out, 0, crypto_pwhash_STRBYTES);
    out[0] = '$';
    sodium_bin2hex(out + 1, crypto_pwhash_STRBYTES - 1, (const uint8_t *)passwd,
                   (size_t)(len < 60 ? len : 60));
    return 0;
}

int crypto_pwhash_str_verify(const char str[crypto_pwhash_STRBYTES], const char *const passwd,
                             unsigned long long len) {
    char hash[crypto_pwhash_STRBYTES];
    MUST(crypto_pwhash_str(hash, passwd, len, 0, 0) == 0);
    return strcmp(hash, str) == 0 ? 0 : -1;
}

static const char *const names[] = {"one", "two", "off", "bare", "unknown", "A B", "", "x"};
#define NAMES (sizeof names / sizeof names[0])

static uint8_t kept[4][SECRETS_TOKEN]; /* tokens that were handed out */
static size_t n_kept;
static bool right; /* this connection gave the right password, or a token that was kept */

static void people(void) {
    fuzz_nobody();
    fuzz_account("one", "clerk", NULL, -1);
    fuzz_account("two", "administrator;auditor", NULL, -1);
    fuzz_account("bare", NULL, NULL, -1);
}

static void set_passwords(void) {
    struct error e;
    char hash[crypto_pwhash_STRBYTES];
    for (size_t i = 0; i < 2; i++) {
        MUST(crypto_pwhash_str(hash, names[i], strlen(names[i]), 0, 0) == 0);
        MUST(secrets_set_password(fuzz_daemon.secrets, names[i], hash, i == 1, NULL, &e) == 0);
    }
}

static void answered(const Madoguchi__ServerMessage *m) {
    if (m->body_case == MADOGUCHI__SERVER_MESSAGE__BODY_WELCOME) {
        MUST(right || !m->welcome->has_account);
        return;
    }
    if (m->answer->body_case != MADOGUCHI__ANSWER__BODY_PAGE) {
        MUST(right || m->answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR);
        return;
    }
    const Madoguchi__Page *page = m->answer->page;
    MUST(right || (!page->has_token && page->n_entry + page->n_case_row + page->n_account == 0));
    if (page->has_token) {
        MUST(page->token.len == SECRETS_TOKEN);
        memcpy(kept[n_kept++ % 4], page->token.data, SECRETS_TOKEN);
    }
}

/* ---- steps ---------------------------------------------------------------------------- */

static void put_request(struct fuzz_stream *s, Madoguchi__Request *r) {
    static uint8_t packed[4096];
    Madoguchi__ClientMessage m = MADOGUCHI__CLIENT_MESSAGE__INIT;
    SET(r, serial, 5);
    m.body_case = MADOGUCHI__CLIENT_MESSAGE__BODY_REQUEST;
    m.request = r;
    MUST(madoguchi__client_message__get_packed_size(&m) <= sizeof packed);
    fuzz_put_frame(s, packed, madoguchi__client_message__pack(&m, packed));
}

static void put_login(struct fuzz_stream *s, const char *name, const char *password) {
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Login login = MADOGUCHI__LOGIN__INIT;
    SET(&login, name, bytes_of(name));
    SET(&login, password, bytes_of(password));
    r.body_case = MADOGUCHI__REQUEST__BODY_LOGIN;
    r.login = &login;
    put_request(s, &r);
}

static void put_password(struct fuzz_stream *s, const char *old, const char *fresh) {
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Password p = MADOGUCHI__PASSWORD__INIT;
    SET(&p, old, bytes_of(old));
    SET(&p, fresh, bytes_of(fresh));
    r.body_case = MADOGUCHI__REQUEST__BODY_PASSWORD;
    r.password = &p;
    put_request(s, &r);
}

static void put_plain(struct fuzz_stream *s, unsigned which, const char *name) {
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Logout logout = MADOGUCHI__LOGOUT__INIT;
    Madoguchi__Whoami whoami = MADOGUCHI__WHOAMI__INIT;
    Madoguchi__Password reset = MADOGUCHI__PASSWORD__INIT;
    Madoguchi__Accounts accounts = MADOGUCHI__ACCOUNTS__INIT;
    switch (which % 4) {
    case 0:
        r.body_case = MADOGUCHI__REQUEST__BODY_LOGOUT;
        r.logout = &logout;
        break;
    case 1:
        r.body_case = MADOGUCHI__REQUEST__BODY_WHOAMI;
        r.whoami = &whoami;
        break;
    case 2:
        SET(&reset, name, bytes_of(name));
        r.body_case = MADOGUCHI__REQUEST__BODY_PASSWORD;
        r.password = &reset;
        break;
    default:
        r.body_case = MADOGUCHI__REQUEST__BODY_ACCOUNTS;
        r.accounts = &accounts;
    }
    put_request(s, &r);
}

/* The connection so far, and the next one begins. */
static void hang_up(struct fuzz_stream *s, int how) {
    if (s->len > 0 && !fuzz_looks_further(s)) {
        fuzz_daemon_talk(s, how);
    }
    s->len = 0;
    right = false;
}

/* One step; how many bytes of the rest it took. */
static size_t step(struct fuzz_stream *s, uint8_t what, const uint8_t *rest, size_t size) {
    const char *name = names[what / 16 % NAMES];
    size_t len = size > 1 ? rest[0] : 0;
    len = len < size ? len : size - 1;
    switch (what % 8) {
    case 0:
        hang_up(s, what / 16 * 4);
        fuzz_put_hello(s, NULL, 0);
        return 0;
    case 1: /* with a token that was handed out */
        hang_up(s, 0);
        right = n_kept > 0;
        fuzz_put_hello(s, kept[what / 16 % 4], SECRETS_TOKEN);
        return 0;
    case 2: /* the right one, as long as nobody changed it */
        right = right || what / 16 % NAMES < 2;
        put_login(s, name, name);
        return 0;
    case 3:
        put_login(s, name, "wrong");
        return 0;
    case 4:
        put_password(s, name, "a new password");
        return 0;
    case 5:
        put_plain(s, what / 16, names[what / 16 % 4]);
        return 0;
    case 6: /* any message */
        right = true;
        if (size > 0) {
            fuzz_put_frame(s, rest + 1, len);
        }
        return size > 0 ? len + 1 : 0;
    default: /* a hello with any token */
        hang_up(s, 0);
        if (size > 0) {
            fuzz_put_hello(s, rest + 1, len < 32 ? len : 31);
        }
        return size > 0 ? len + 1 : 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[FUZZ_STREAM_MAX];
    struct fuzz_stream s = {.data = bytes};
    if (fuzz_daemon.dispatch == NULL) {
        fuzz_daemon_first(people, answered);
    }
    set_passwords();
    n_kept = 0;
    right = false;
    for (size_t i = 0, steps = 0; i < size && steps < 64; steps++) {
        uint8_t what = data[i++];
        i += step(&s, what, data + i, size - i);
    }
    hang_up(&s, 0);
    fuzz_daemon_anew();
    return 0;
}
