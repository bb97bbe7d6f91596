/* madoguchid tls-init: certificates for those who have none. */
#include "daemon/authority.h"
#include "daemon/command.h"
#include "daemon/speech.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct work {
    const struct tls_init_wish *wish;
    struct authority *authority;
    struct authority_made ca, server, client; /* client: the last one */
};

static void say_made(const struct authority_made *made) {
    char when[CERTIFICATE_TIME];
    certificate_time(made->not_after, when);
    printf("%s\n%s\n", made->certificate, made->key);
    say(stdout, "    valid until  %s\n    fingerprint  %s\n",
        "    有効期限    %s\n    フィンガープリント %s\n", when, made->fingerprint);
}

static int make_server(struct work *w, struct error *e) {
    char host[256] = "";
    const char *names[] = {host, "localhost", "127.0.0.1", "::1"};
    if (w->wish->n_names > 0) {
        return authority_server(w->authority, w->wish->names, w->wish->n_names, &w->server, e);
    }
    bool named = gethostname(host, sizeof host - 1) == 0 && host[0] != '\0' &&
                 strcmp(host, "localhost") != 0;
    return authority_server(w->authority, names + (named ? 0 : 1), named ? 4 : 3, &w->server, e);
}

static int make_all(struct work *w, struct error *e) {
    if (authority_open(w->wish->dir, &w->authority, &w->ca, e) != 0) {
        return -1;
    }
    if (w->ca.certificate[0] != '\0') {
        say_made(&w->ca);
    }
    /* Again for one more client: the daemon has its certificate, perhaps elsewhere. */
    bool anew = w->ca.certificate[0] != '\0';
    if (anew || w->wish->n_names > 0 || w->wish->n_clients == 0) {
        if (make_server(w, e) != 0) {
            return -1;
        }
        say_made(&w->server);
    }
    for (size_t i = 0; i < w->wish->n_clients; i++) {
        if (authority_client(w->authority, w->wish->clients[i], &w->client, e) != 0) {
            return -1;
        }
        say_made(&w->client);
    }
    return 0;
}

static void say_next(const struct work *w) {
    const char *dir = authority_folder(w->authority);
    if (w->server.certificate[0] != '\0') {
        say(stdout,
            "\nNext:\n  1. Name them in the daemon's configuration, and listen on the network:\n"
            "       listen: [\"unix:/run/madoguchi/062090.sock\", \"tls:0.0.0.0:7290\"]\n"
            "       tls_certificate: \"%s/server.crt\"\n       tls_key: \"%s/server.key\"\n"
            "       tls_client_ca: \"%s/ca.crt\"\n"
            "  2. Keep %s/ca.key apart from the daemon: who has it can make clients.\n",
            "\n次にすること:\n  1. サーバーの設定ファイルに書き、ネットワークで待ち受けます。\n"
            "       listen: [\"unix:/run/madoguchi/062090.sock\", \"tls:0.0.0.0:7290\"]\n"
            "       tls_certificate: \"%s/server.crt\"\n       tls_key: \"%s/server.key\"\n"
            "       tls_client_ca: \"%s/ca.crt\"\n"
            "  2. %s/ca.key はサーバーとは別に保管します。これがあれば誰でも証明書を作れます。\n",
            dir, dir, dir, dir);
    }
    if (w->client.certificate[0] != '\0') {
        say(stdout,
            "\nAn administrator says whose it is; without that, people log in by password:\n"
            "  madoguchi account add NAME --role clerk --certificate %s\n",
            "\n証明書がだれのものかを管理者が登録します（登録しなければパスワードでログイン）。\n"
            "  madoguchi account add 名前 --role clerk --certificate %s\n",
            w->client.fingerprint);
        say(stdout,
            "\nOn the client's machine, with these three files in ~/.config/madoguchi:\n"
            "  %s/ca.crt as ca.crt, %s as client.crt, %s as client.key\n",
            "\nクライアントの機械では、次の 3 つを ~/.config/madoguchi に置きます。\n"
            "  %s/ca.crt を ca.crt、%s を client.crt、%s を client.key として\n",
            dir, w->client.certificate, w->client.key);
        puts("  madoguchi --server tls:HOST:7290 status");
    }
}

int command_tls_init(const struct tls_init_wish *wish) {
    struct work w = {.wish = wish};
    struct error e;
    int rc = make_all(&w, &e);
    if (rc == 0) {
        say_next(&w);
    } else {
        fflush(stdout);
        say_error(&e);
    }
    authority_free(w.authority);
    return rc == 0 ? EXIT_DONE : EXIT_REFUSED;
}
