#include "daemon/identity.h"

#include "daemon/metrics.h"
#include "daemon/peer.h"
#include "proto/calendar.h"
#include "proto/message.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static const struct person *look_up(struct identity *i, struct store *store,
                                    struct secrets *secrets, bool asks, uint64_t now,
                                    uint32_t today) {
    struct store_claim claim = {.has_uid = i->has_uid, .uid = i->uid};
    if (i->has_token) {
        claim = (struct store_claim){
            .name = asks ? secrets_use_token(secrets, i->token, now, &i->once)
                         : secrets_see_token(secrets, i->token, now, &i->once)};
    } else if (i->has_certificate) {
        claim = (struct store_claim){.certificate = i->certificate};
    }
    return store_person(store, &claim, today);
}

void identity_certificate(struct identity *i, const char *fingerprint) {
    size_t n;
    i->has_certificate = sodium_hex2bin(i->certificate, sizeof i->certificate, fingerprint,
                                        strlen(fingerprint), NULL, &n, NULL) == 0 &&
                         n == sizeof i->certificate;
    i->version = 0;
}

void identity_origin(struct identity *i, ProtobufCBinaryData origin) {
    char words[IDENTITY_SOURCE];
    char address[PEER_ADDRESS];
    char network[PEER_NETWORK];
    if (origin.len < sizeof words) {
        snprintf(words, sizeof words, "%.*s", (int)origin.len, (const char *)origin.data);
        if (peer_address_read(words, address, network)) {
            snprintf(i->source, sizeof i->source, "%s", address);
            snprintf(i->network, sizeof i->network, "%s", network);
            i->has_uid = false;
            i->version = 0;
        }
    }
}

bool identity_look(struct identity *i, struct store *store, struct secrets *secrets, bool asks) {
    uint64_t now = metrics_wall();
    uint32_t today = calendar_today((int64_t)now);
    uint64_t version = store_people_version(store);
    if (!i->has_token && i->version == version + 1 && i->day == today) {
        return i->account[0] != '\0';
    }
    i->once = false;
    const struct person *p = look_up(i, store, secrets, asks, now, today);
    i->version = version + 1; /* 0: never */
    i->day = today;
    snprintf(i->account, sizeof i->account, "%s", p == NULL ? "" : p->name);
    snprintf(i->person, sizeof i->person, "%s", p == NULL || p->person == NULL ? "" : p->person);
    return p != NULL;
}

/* The Unix user may be anybody's who has a token. */
struct store_actor identity_actor(const struct identity *i, struct arena *a) {
    return (struct store_actor){
        .id = arena_strndup(a, i->account, strlen(i->account)),
        .name = i->person[0] == '\0' ? NULL : arena_strndup(a, i->person, strlen(i->person)),
        .account = true,
    };
}

const struct person *identity_person(const struct identity *i, struct store *store,
                                     struct arena *a) {
    const struct store_claim claim = {.name = i->account};
    const struct person *p = i->account[0] == '\0' ? NULL : store_person(store, &claim, i->day);
    return p == NULL ? NULL : person_copy(p, a);
}

bool identity_is_own_user(const struct identity *i) {
    return i->has_uid && i->uid == geteuid() && !i->has_token;
}

int identity_refuse(const struct identity *i, struct error *e) {
    if (i->account[0] != '\0' && i->once) {
        return error_set(e, ERR_FORBIDDEN, "password",
                         "This password was given by an administrator and serves once: set your "
                         "own with `madoguchi passwd`.",
                         "管理者が付けた仮のパスワードです。まず madoguchi passwd で自分のものに"
                         "変更してください。");
    }
    if (i->has_token) {
        return error_set(e, ERR_FORBIDDEN, "token",
                         "The login has ended. Log in again with `madoguchi login`.",
                         "ログインの期限が切れました。madoguchi login でもう一度ログインして"
                         "ください。");
    }
    if (i->has_certificate) {
        return error_set(e, ERR_FORBIDDEN, "certificate",
                         "This client certificate is no account's. Log in with `madoguchi login`, "
                         "or let an administrator add it to an account.",
                         "このクライアント証明書に対応するアカウントがありません。madoguchi login "
                         "でログインするか、管理者にアカウントへの登録を依頼してください。");
    }
    if (!i->has_uid) {
        return error_set(e, ERR_FORBIDDEN, "account",
                         "Nobody is logged in. Log in with `madoguchi login`, or connect with a "
                         "client certificate that is an account's.%s",
                         "ログインしていません。madoguchi login でログインするか、アカウントに登録"
                         "されたクライアント証明書で接続してください。%s",
                         "");
    }
    return error_set(
        e, ERR_FORBIDDEN, "account",
        "%s has no account here. Log in with `madoguchi login`, or let an "
        "administrator make one: madoguchi account add NAME --role clerk --uid N.",
        "%s に対応するアカウントがありません。madoguchi login でログインするか、管理者に"
        "作成を依頼してください（madoguchi account add 名前 --role clerk --uid N）。",
        i->source);
}
