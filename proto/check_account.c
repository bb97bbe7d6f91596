/* The checks of what is about people: accounts, logins, the audit trail; and of
 * months that are closed. */
#include "proto/check_parts.h"

#include "proto/account.h"
#include "proto/calendar.h"
#include "proto/guard.h"
#include "proto/rights.h"

#define PERSON_BYTES   200
#define PASSWORD_BYTES 200
#define SCOPE_MAX      50
#define AUDIT_KINDS    16

static const struct check_rule account_rules[] = {
    CHECK_MUST("name", CHECK_WORD),
    CHECK_MAY_TEXT("person", PERSON_BYTES),
    CHECK_MANY("role", ROLE_COUNT),
    CHECK_MANY("service", SCOPE_MAX),
    CHECK_MANY("office", SCOPE_MAX),
    CHECK_MAY("uid", CHECK_ANY),
    CHECK_MANY("certificate", CHECK_CERTIFICATES_MAX),
    CHECK_MAY("until", CHECK_DATE),
    CHECK_MAY("disabled", CHECK_ANY),
    CHECK_MAY("replaces", CHECK_ANY),
};
static const struct check_table account_table =
    CHECK_TABLE(account_rules, (const char *[]){"account"});

static int check_words(const ProtobufCBinaryData *word, size_t n, const char *field,
                       struct error *e) {
    for (size_t i = 0; i < n; i++) {
        if (check_word(word[i], field, e) != 0) {
            return -1;
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_same(word[i], word[k])) {
                return error_set(e, ERR_INVALID, field, "%s: %.*s is given twice.",
                                 "%s：%.*s が2回あります。", field, (int)word[i].len,
                                 (const char *)word[i].data);
            }
        }
    }
    return 0;
}

static int check_roles(const Madoguchi__Account *a, struct error *e) {
    const char *words[ROLE_COUNT + 1] = {NULL};
    for (int i = 0; i < ROLE_COUNT; i++) {
        words[i] = role_word((enum role)i);
    }
    for (size_t i = 0; i < a->n_role; i++) {
        if (check_one_of(a->role[i], words, "role", e) != 0) {
            return -1;
        }
    }
    return check_words(a->role, a->n_role, "role", e);
}

int check_account(const Madoguchi__Account *a, struct error *e) {
    if (check_fields(&account_table, &a->base, 0, false, e) != 0 || check_roles(a, e) != 0 ||
        check_words(a->service, a->n_service, "service", e) != 0 ||
        check_words(a->office, a->n_office, "office", e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < a->n_certificate; i++) {
        if (a->certificate[i].len != CHECK_CERTIFICATE_BYTES) {
            return account_not_hex(e);
        }
    }
    return 0;
}

static const struct check_rule closing_rules[] = {
    CHECK_MUST("month", CHECK_ANY),
    CHECK_MAY("service", CHECK_WORD),
};
static const struct check_table closing_table =
    CHECK_TABLE(closing_rules, (const char *[]){"month close"});

int check_closing(const Madoguchi__Closing *c, struct error *e) {
    if (check_fields(&closing_table, &c->base, 0, false, e) != 0) {
        return -1;
    }
    if (c->month > 999912 || !calendar_date_valid(c->month * 100 + 1)) {
        return error_set(e, ERR_INVALID, "month", "month: is not a month like 2024-04.",
                         "month：2024-04 のような月ではありません。");
    }
    return 0;
}

static const struct check_rule accounts_rules[] = {CHECK_MAY("name", CHECK_WORD)};
static const struct check_table accounts_table =
    CHECK_TABLE(accounts_rules, (const char *[]){"accounts"});

int check_accounts(const Madoguchi__Accounts *a, struct error *e) {
    return check_fields(&accounts_table, &a->base, 0, false, e);
}

static const struct check_rule audit_rules[] = {
    CHECK_MAY("from", CHECK_PERIOD), CHECK_MAY("to", CHECK_PERIOD),
    CHECK_MANY("kind", AUDIT_KINDS), CHECK_MAY_TEXT("actor", CHECK_NAME_BYTES),
    CHECK_MAY("number", CHECK_NAME),
};
static const struct check_table audit_table = CHECK_TABLE(audit_rules, (const char *[]){"audit"});

int check_audit(const Madoguchi__Audit *a, struct error *e) {
    return check_fields(&audit_table, &a->base, 0, false, e) != 0
               ? -1
               : check_words(a->kind, a->n_kind, "kind", e);
}

static const struct check_rule verify_rules[] = {
    CHECK_MAY("seq", CHECK_ANY),
    CHECK_MAY("hash", CHECK_ANY),
};
static const struct check_table verify_table =
    CHECK_TABLE(verify_rules, (const char *[]){"verify"});

int check_verify(const Madoguchi__Verify *v, struct error *e) {
    if (check_fields(&verify_table, &v->base, 0, false, e) != 0) {
        return -1;
    }
    if (v->has_seq != v->has_hash || (v->has_seq && (v->seq == 0 || v->hash.len != 32))) {
        return error_set(e, ERR_INVALID, "head",
                         "head: give the number and the hash of an entry as they stand in the log: "
                         "SEQ:HASH, 64 hexadecimal digits.",
                         "head：ログにある記録の番号とハッシュを 番号:ハッシュ（16進数64桁）の形で"
                         "指定してください。");
    }
    return 0;
}

static const struct check_rule login_rules[] = {
    CHECK_MUST("name", CHECK_WORD),
    CHECK_MUST("password", CHECK_ANY),
};
static const struct check_table login_table = CHECK_TABLE(login_rules, (const char *[]){"login"});

/* Never repeated, not even in part. */
static int check_secret(ProtobufCBinaryData secret, const char *field, struct error *e) {
    if (secret.len <= PASSWORD_BYTES) {
        return 0;
    }
    return error_set(e, ERR_TOO_MUCH, field, "%s: a password is at most %d bytes long.",
                     "%s：パスワードは%dバイトまでです。", field, PASSWORD_BYTES);
}

int check_login(const Madoguchi__Login *l, struct error *e) {
    return check_fields(&login_table, &l->base, 0, false, e) != 0
               ? -1
               : check_secret(l->password, "password", e);
}

static const struct check_rule password_rules[] = {
    CHECK_MAY("name", CHECK_WORD),
    CHECK_MAY("old", CHECK_ANY),
    CHECK_MAY("fresh", CHECK_ANY),
};
static const struct check_table password_table =
    CHECK_TABLE(password_rules, (const char *[]){"password"});

static int check_fresh(ProtobufCBinaryData fresh, struct error *e) {
    if (fresh.len < CHECK_PASSWORD_MIN) {
        return error_set(e, ERR_INVALID, "fresh",
                         "A new password has at least %d characters. A sentence is easy to "
                         "remember.",
                         "新しいパスワードは%d文字以上にしてください（文にすると覚えやすいです）。",
                         CHECK_PASSWORD_MIN);
    }
    /* The digest of an individual number is still one (番号法 20条; 個人情報保護
     * 委員会 Q&A 9-4). */
    if (guard_scan(fresh.data, fresh.len) == GUARD_REFUSE) {
        return error_set(e, ERR_INDIVIDUAL_NUMBER, "fresh",
                         "The new password holds what looks like an individual number. Choose "
                         "another one.",
                         "新しいパスワードに個人番号と思われる数字があります。別のものにして"
                         "ください。");
    }
    return check_secret(fresh, "fresh", e);
}

int check_password(const Madoguchi__Password *p, struct error *e) {
    if (check_fields(&password_table, &p->base, 0, false, e) != 0) {
        return -1;
    }
    if (p->has_name) {
        return p->has_old || p->has_fresh
                   ? error_set(e, ERR_INVALID, "fresh",
                               "Another's password cannot be chosen: the daemon makes one that "
                               "its owner must change.",
                               "他の人のパスワードは指定できません。サーバーが仮のものを作り、"
                               "本人が変更します。")
                   : 0;
    }
    if (!p->has_old || !p->has_fresh) {
        return check_missing(p->has_old ? "fresh" : "old", "password", e);
    }
    if (bytes_same(p->old, p->fresh)) {
        return error_set(e, ERR_INVALID, "fresh",
                         "The new password is the old one. Choose another.",
                         "新しいパスワードが古いものと同じです。別のものにしてください。");
    }
    return check_secret(p->old, "old", e) != 0 ? -1 : check_fresh(p->fresh, e);
}
