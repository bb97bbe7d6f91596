#include "daemon/command.h"
#include "daemon/config.h"
#include "daemon/dispatch.h"
#include "daemon/speech.h"
#include "proto/log.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32 /* of an option that may stand several times */

/* What the command line said. */
struct words {
    const char *store;
    const char *municipality;
    const char *names[WORDS_MAX]; /* the last one is init's */
    size_t n_names;
    const char *clients[WORDS_MAX];
    size_t n_clients;
    const char *dir;
    const char *config;
    const char *listen[CONFIG_LISTEN_MAX];
    size_t n_listen;
    bool check_config;
    bool force_filesystem;
    bool no_upgrade_backup;
    const char *directory; /* of restore: the word that is no option */
    const char *backup;
    const char *head;
    uint64_t to;
    bool repair;
};

static const char usage_en[] =
    "usage: madoguchid init   --store DIR --municipality CODE --name NAME [--force-filesystem]\n"
    "       madoguchid serve  --store DIR [--listen ADDRESS]... [--config FILE]\n"
    "       madoguchid serve  --check-config [--config FILE]\n"
    "       madoguchid verify --store DIR [--head SEQ:HASH] [--force-filesystem]\n"
    "       madoguchid restore DIR --store NEW [--to SEQ] [--force-filesystem]\n"
    "       madoguchid doctor --store DIR [--backup DIR] [--repair] [--force-filesystem]\n"
    "       madoguchid export-journal --store DIR > FILE\n"
    "       madoguchid import-journal --store NEW < FILE\n"
    "       madoguchid tls-init --dir DIR [--name HOST]... [--client NAME]...\n"
    "       madoguchid account list|add|change|password [NAME] --store DIR ...\n"
    "       madoguchid --help | --version\n"
    "\n"
    "The daemon of Madoguchi: keeps the journal of one municipality's counters and answers\n"
    "its clerks.\n"
    "\n"
    "  init      makes a new store, with the default catalogue\n"
    "  serve     serves it until SIGTERM; SIGHUP reads the configuration again\n"
    "  verify    proves it from its files: chain, checksums, every table; changes nothing\n"
    "  restore   makes a store from a backup (madoguchi backup), up to any earlier entry\n"
    "  doctor    says what of a damaged journal is lost and which backup has it; repairs it\n"
    "  export-journal, import-journal\n"
    "            move a store to another machine as one stream\n"
    "  tls-init  makes certificates for tls: addresses: a CA, the daemon's, clients'\n"
    "  account   accounts while no daemon serves: the last administrator, a lost password\n"
    "\n"
    "  --store DIR           the folder of the store; init makes it\n"
    "  --municipality CODE   the municipality's code, six digits (全国地方公共団体コード)\n"
    "  --name NAME           its name\n"
    "  --listen ADDRESS      where to listen: unix:PATH or tls:HOST:PORT; up to 16 times; takes\n"
    "                        the configuration's place\n"
    "  --config FILE         configuration; --check-config prints it with every key explained\n"
    "  --to SEQ              restore: up to this entry\n"
    "  --head SEQ:HASH       verify: what the log noted; proves that nothing before was changed\n"
    "  --backup DIR          doctor: the backup to look into; else the one made last\n"
    "  --repair              doctor: make the journal whole from it, the damaged one kept aside\n"
    "  --no-upgrade-backup   serve: a newer version takes a store over without a copy\n"
    "  --force-filesystem    allow a store on NFS, CIFS, 9p or FUSE\n"
    "  --dir DIR             tls-init: where the certificates lie\n"
    "  --name HOST           tls-init: a name or address of the daemon; else this machine's\n"
    "  --client NAME         tls-init: one more client certificate\n"
    "\n"
    "Examples:\n"
    "  madoguchid init --store /var/lib/madoguchi/062090 --municipality 062090 --name 長井市\n"
    "  madoguchid serve --store /var/lib/madoguchi/062090 --listen "
    "unix:/run/madoguchi/062090.sock\n"
    "  madoguchid serve --check-config > madoguchid.yaml\n"
    "  madoguchid verify --store /var/lib/madoguchi/062090\n"
    "  madoguchid restore /var/backups/madoguchi/062090 --store /var/lib/madoguchi/again\n"
    "\n"
    "Exit status: 0 done, 1 refused (nothing changed), 2 usage.\n";

static const char usage_ja[] =
    "使い方: madoguchid init   --store DIR --municipality コード --name 名称 [--force-filesystem]\n"
    "        madoguchid serve  --store DIR [--listen 待ち受け先]... [--config ファイル]\n"
    "        madoguchid serve  --check-config [--config ファイル]\n"
    "        madoguchid verify --store DIR [--head 番号:ハッシュ] [--force-filesystem]\n"
    "        madoguchid restore DIR --store 新しいDIR [--to 番号] [--force-filesystem]\n"
    "        madoguchid doctor --store DIR [--backup DIR] [--repair] [--force-filesystem]\n"
    "        madoguchid export-journal --store DIR > ファイル\n"
    "        madoguchid import-journal --store 新しいDIR < ファイル\n"
    "        madoguchid tls-init --dir DIR [--name ホスト]... [--client 名前]...\n"
    "        madoguchid account list|add|change|password [名前] --store DIR ...\n"
    "        madoguchid --help | --version\n"
    "\n"
    "Madoguchi のサーバー。1 つの自治体の窓口の記録を預かり、職員の問い合わせに答えます。\n"
    "\n"
    "  init      記録庫を新しく作る (標準のコード表つき)\n"
    "  serve     SIGTERM まで動く。SIGHUP で設定を読み直す\n"
    "  verify    ファイルだけから全体を検証する。何も変えない\n"
    "  restore   バックアップ (madoguchi backup) から記録庫を作る。途中の記録までもできる\n"
    "  doctor    壊れたジャーナルの何が失われ、どのバックアップにあるかを調べ、修復する\n"
    "  export-journal, import-journal\n"
    "            記録庫を別の機械へ 1 本のデータとして移す\n"
    "  tls-init  ネットワーク用の証明書を作る (認証局、サーバー、クライアント)\n"
    "  account   サーバーを止めた状態でのアカウント管理 (管理者やパスワードを失ったとき)\n"
    "\n"
    "  --store DIR            記録庫のフォルダー (init が作る)\n"
    "  --municipality コード  全国地方公共団体コード (6 桁)\n"
    "  --name 名称            自治体の名称\n"
    "  --listen 待ち受け先    unix:パス または tls:ホスト:ポート。16 個まで。設定ファイルの\n"
    "                         listen に代わる\n"
    "  --config ファイル      設定ファイル。--check-config で全項目を説明つきで表示\n"
    "  --to 番号              restore: この記録まで\n"
    "  --head 番号:ハッシュ   verify: ログの控え。そこまで変更がないことも検証する\n"
    "  --backup DIR           doctor: 調べるバックアップ (なければ最後に作ったもの)\n"
    "  --repair               doctor: そこから修復する。壊れたものは別名で残す\n"
    "  --no-upgrade-backup    serve: 新しい版に替えるとき、写しを取らずに始める\n"
    "  --force-filesystem     NFS, CIFS, 9p, FUSE の上でも使う\n"
    "  --dir DIR              tls-init: 証明書を置くフォルダー\n"
    "  --name ホスト          tls-init: サーバーの名前かアドレス (なければこの機械の名前)\n"
    "  --client 名前          tls-init: クライアント証明書を作る\n"
    "\n"
    "例:\n"
    "  madoguchid init --store /var/lib/madoguchi/062090 --municipality 062090 --name 長井市\n"
    "  madoguchid serve --store /var/lib/madoguchi/062090 --listen "
    "unix:/run/madoguchi/062090.sock\n"
    "  madoguchid serve --check-config > madoguchid.yaml\n"
    "  madoguchid verify --store /var/lib/madoguchi/062090\n"
    "\n"
    "終了コード: 0 完了、1 拒否 (何も変わっていない)、2 使い方の誤り\n";

enum {
    OPT_STORE = 256,
    OPT_MUNICIPALITY,
    OPT_NAME,
    OPT_LISTEN,
    OPT_CONFIG,
    OPT_CHECK,
    OPT_FORCE,
    OPT_TO,
    OPT_BACKUP,
    OPT_REPAIR,
    OPT_HEAD,
    OPT_NO_UPGRADE_BACKUP,
    OPT_DIR,
    OPT_CLIENT
};

static const struct option options[] = {
    {"store", required_argument, NULL, OPT_STORE},
    {"municipality", required_argument, NULL, OPT_MUNICIPALITY},
    {"name", required_argument, NULL, OPT_NAME},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"force-filesystem", no_argument, NULL, OPT_FORCE},
    {"to", required_argument, NULL, OPT_TO},
    {"backup", required_argument, NULL, OPT_BACKUP},
    {"repair", no_argument, NULL, OPT_REPAIR},
    {"head", required_argument, NULL, OPT_HEAD},
    {"no-upgrade-backup", no_argument, NULL, OPT_NO_UPGRADE_BACKUP},
    {"dir", required_argument, NULL, OPT_DIR},
    {"client", required_argument, NULL, OPT_CLIENT},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0}};

static void print_usage(FILE *to) {
    fputs(speech_ja() ? usage_ja : usage_en, to);
}

static int usage_error(const char *en, const char *ja, const char *word) {
    fprintf(stderr, "madoguchid: %s%s%s\n", speech_ja() ? ja : en, word[0] != '\0' ? ": " : "",
            word);
    say(stderr, "Try: madoguchid --help\n", "使い方: madoguchid --help\n");
    return EXIT_USAGE;
}

static int add_listen(struct words *w, const char *address) {
    struct error e;
    if (config_check_listen(address, &e) != 0) {
        say_error(&e);
        return EXIT_USAGE;
    }
    if (w->n_listen == CONFIG_LISTEN_MAX) {
        return usage_error("--listen stands too often", "--listen が多すぎます", "");
    }
    w->listen[w->n_listen++] = address;
    return EXIT_DONE;
}

static int add_word(const char **words, size_t *n, const char *word, const char *option) {
    if (*n == WORDS_MAX) {
        return usage_error("the option stands too often", "オプションが多すぎます", option);
    }
    words[(*n)++] = word;
    return EXIT_DONE;
}

/* The number of an entry: "42" or "#42". */
static int read_seq(const char *text, uint64_t *seq) {
    char *end;
    const char *digits = text[0] == '#' ? text + 1 : text;
    *seq = strtoull(digits, &end, 10);
    if (digits[0] < '0' || digits[0] > '9' || *end != '\0' || *seq == 0 || *seq == UINT64_MAX) {
        return usage_error("--to takes the number of an entry, from 1",
                           "--to には記録の番号 (1 以上) を指定してください", text);
    }
    return EXIT_DONE;
}

/* Reads the options after the command's word.  -1: go on; otherwise the exit
 * status. */
static int read_words(int argc, char **argv, bool takes_directory, struct words *w) {
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case OPT_STORE:
            w->store = optarg;
            break;
        case OPT_MUNICIPALITY:
            w->municipality = optarg;
            break;
        case OPT_NAME:
            if (add_word(w->names, &w->n_names, optarg, "--name") != EXIT_DONE) {
                return EXIT_USAGE;
            }
            break;
        case OPT_DIR:
            w->dir = optarg;
            break;
        case OPT_CLIENT:
            if (add_word(w->clients, &w->n_clients, optarg, "--client") != EXIT_DONE) {
                return EXIT_USAGE;
            }
            break;
        case OPT_LISTEN:
            if (add_listen(w, optarg) != EXIT_DONE) {
                return EXIT_USAGE;
            }
            break;
        case OPT_CONFIG:
            w->config = optarg;
            break;
        case OPT_CHECK:
            w->check_config = true;
            break;
        case OPT_FORCE:
            w->force_filesystem = true;
            break;
        case OPT_TO:
            if (read_seq(optarg, &w->to) != EXIT_DONE) {
                return EXIT_USAGE;
            }
            break;
        case OPT_BACKUP:
            w->backup = optarg;
            break;
        case OPT_REPAIR:
            w->repair = true;
            break;
        case OPT_HEAD:
            w->head = optarg;
            break;
        case OPT_NO_UPGRADE_BACKUP:
            w->no_upgrade_backup = true;
            break;
        case 'h':
            print_usage(stdout);
            return EXIT_DONE;
        case 'V':
            printf("madoguchid %s\n", MADOGUCHI_VERSION);
            return EXIT_DONE;
        default:
            say(stderr, "Try: madoguchid --help\n", "使い方: madoguchid --help\n");
            return EXIT_USAGE;
        }
    }
    if (takes_directory && optind < argc) {
        w->directory = argv[optind++];
    }
    if (optind < argc) {
        return usage_error("unexpected word", "余分な語があります", argv[optind]);
    }
    return -1;
}

static int run_init(const struct words *w) {
    if (w->municipality == NULL) {
        return usage_error("--municipality is missing", "--municipality がありません", "");
    }
    if (w->n_names == 0) {
        return usage_error("--name is missing", "--name がありません", "");
    }
    return command_init(w->store, w->municipality, w->names[w->n_names - 1], w->force_filesystem);
}

static int run_serve(const struct words *w) {
    struct serve_setting setting = {.store = w->store,
                                    .config = w->config,
                                    .listen = w->listen,
                                    .n_listen = w->n_listen,
                                    .force_filesystem = w->force_filesystem,
                                    .no_upgrade_backup = w->no_upgrade_backup};
    log_open();
    return w->check_config ? command_check_config(&setting) : command_serve(&setting);
}

static int run_verify(const struct words *w) {
    return command_verify(w->store, w->head, w->force_filesystem);
}

static int run_restore(const struct words *w) {
    if (w->directory == NULL) {
        return usage_error("the directory of the backup is missing",
                           "バックアップのディレクトリがありません", "");
    }
    return command_restore(w->directory, w->store, w->to, w->force_filesystem);
}

static int run_doctor(const struct words *w) {
    return command_doctor(w->store, w->backup, w->repair, w->force_filesystem);
}

static int run_export(const struct words *w) {
    return command_export_journal(w->store, w->force_filesystem);
}

static int run_import(const struct words *w) {
    return command_import_journal(w->store, w->force_filesystem);
}

static int run_tls_init(const struct words *w) {
    const struct tls_init_wish wish = {.dir = w->dir,
                                       .names = w->names,
                                       .n_names = w->n_names,
                                       .clients = w->clients,
                                       .n_clients = w->n_clients};
    if (w->dir == NULL) {
        return usage_error("--dir is missing", "--dir がありません", "");
    }
    return command_tls_init(&wish);
}

static const struct command {
    const char *word;
    int (*run)(const struct words *w);
    bool takes_directory;
    bool no_store;
} commands[] = {{"init", run_init, false, false},
                {"serve", run_serve, false, false},
                {"verify", run_verify, false, false},
                {"restore", run_restore, true, false},
                {"doctor", run_doctor, false, false},
                {"export-journal", run_export, false, false},
                {"import-journal", run_import, false, false},
                {"tls-init", run_tls_init, false, true}};

int main(int argc, char **argv) {
    struct words w = {0};
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "account") == 0) {
        return command_account(argc - 1, argv + 1);
    }
    const struct command *command = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].word, argv[1]) == 0) {
            command = &commands[i];
        }
    }
    if (command == NULL && argv[1][0] != '-') {
        return usage_error("there is no such command", "そのような命令はありません", argv[1]);
    }
    /* With a command its word takes the program's place for getopt. */
    int skip = command != NULL ? 1 : 0;
    argv[skip] = argv[0];
    int status =
        read_words(argc - skip, argv + skip, command != NULL && command->takes_directory, &w);
    if (status >= 0) {
        return status;
    }
    if (command == NULL) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (w.store == NULL && !w.check_config && !command->no_store) {
        return usage_error("--store is missing", "--store がありません", "");
    }
    return command->run(&w);
}
