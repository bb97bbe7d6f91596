#include "daemon/command.h"
#include "daemon/metrics.h"
#include "daemon/peer.h"
#include "daemon/speech.h"
#include "proto/calendar.h"
#include "proto/yaml.h"
#include "store/store.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* plans/catalogue.yaml, embedded by the Makefile. */
extern const unsigned char catalogue_yaml[];
extern const size_t catalogue_yaml_len;

#define CATALOGUE_BUDGET (16u << 20)

static int found(const char *store, struct store_founding *founding, struct error *e) {
    struct arena arena;
    ProtobufCBinaryData packed;
    arena_init(&arena, CATALOGUE_BUDGET);
    int rc = yaml_catalogue((const char *)catalogue_yaml, catalogue_yaml_len, "catalogue.yaml",
                            &arena, &packed, e);
    if (rc == 0) {
        founding->catalogue = packed.data;
        founding->catalogue_len = packed.len;
        rc = store_create(store, founding, e);
    }
    arena_free(&arena);
    return rc;
}

/* A word as a shell takes it: bare, or in single quotes. */
static const char *quoted(char *out, size_t size, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+:@%,";
    if (word[strspn(word, plain)] == '\0' && word[0] != '\0') {
        return word;
    }
    size_t n = 0;
    out[n++] = '\'';
    for (; *word != '\0' && n + 6 < size; word++) {
        if (*word == '\'') {
            memcpy(out + n, "'\\''", 4);
            n += 4;
        } else {
            out[n++] = *word;
        }
    }
    out[n++] = '\'';
    out[n] = '\0';
    return out;
}

static void say_next(const char *store, const char *municipality, const char *name, uint64_t now) {
    char dir[4096];
    char today[16];
    calendar_format_date(calendar_today((int64_t)now), today);
    say(stdout, "The store of %s (%s) stands in %s.\n\n",
        "%s (%s) の記録庫を %s に作りました。\n\n", name, municipality, store);
    say(stdout, "Next:\n  1. Serve it:\n", "次にすること:\n  1. サーバーを動かします。\n");
    printf("       madoguchid serve --store %s --listen unix:/run/madoguchi/%s.sock\n",
           quoted(dir, sizeof dir, store), municipality);
    say(stdout,
        "  2. Declare from which day a service is logged here (until then an empty period is\n"
        "     shown as not known, not as 0), once for each service:\n",
        "  2. どの業務をいつからここに記録するかを、業務ごとに 1 回宣言します\n"
        "     (宣言するまで、記録のない期間は 0 件ではなく「不明」と表示されます)。\n");
    printf("       madoguchi --server unix:/run/madoguchi/%s.sock coverage %s.. --service "
           "migration\n",
           municipality, today);
    say(stdout, "  3. Log the first consultation:\n", "  3. 最初の相談を記録します。\n");
    printf("       madoguchi --server unix:/run/madoguchi/%s.sock log migration --topic housing\n",
           municipality);
    say(stdout,
        "  4. You can do everything so far. Give everybody an account with the roles of their "
        "work,\n     and yourself fewer (madoguchid(8), Who may do what):\n",
        "  4. いまはあなたが全権限を持っています。全員に仕事に応じた役割のアカウントを作り、\n"
        "     あなたの役割を減らしてください (madoguchid(8) の Who may do what)。\n");
    printf("       madoguchi --server unix:/run/madoguchi/%s.sock account add NAME --role clerk\n",
           municipality);
}

int command_init(const char *store, const char *municipality, const char *name,
                 bool force_filesystem) {
    char actor[PEER_ID];
    struct error e;
    uid_t uid = getuid();
    const struct passwd *pw = getpwuid(uid);
    peer_id(uid, actor);
    struct store_founding founding = {.municipality = municipality,
                                      .name = name,
                                      .actor = actor,
                                      .actor_name = pw != NULL ? pw->pw_name : NULL,
                                      .now = metrics_wall(),
                                      .force_filesystem = force_filesystem};
    if (found(store, &founding, &e) != 0) {
        say_error(&e);
        return EXIT_REFUSED;
    }
    say_next(store, municipality, name, founding.now);
    return EXIT_DONE;
}
