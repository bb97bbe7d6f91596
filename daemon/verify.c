#include "daemon/command.h"
#include "daemon/speech.h"
#include "store/store.h"

static void print_line(void *ctx, const char *name, const char *value) {
    (void)ctx;
    printf("%-20s %s\n", name, value);
    fflush(stdout);
}

int command_verify(const char *store, const char *head, bool force_filesystem) {
    struct error e;
    struct store_noted noted;
    if (head != NULL && !store_noted_parse(head, &noted)) {
        say(stderr,
            "madoguchid: --head takes SEQ:HASH as the log has it, the hash with 64 hexadecimal "
            "digits\n",
            "madoguchid: --head にはログにある 番号:ハッシュ（16進数64桁）を指定してください\n");
        return EXIT_USAGE;
    }
    if (store_verify(store, force_filesystem, head == NULL ? NULL : &noted, print_line, NULL, &e) !=
        0) {
        say_error(&e);
        return EXIT_REFUSED;
    }
    say(stdout, "Nothing is wrong.\n", "誤りはありません。\n");
    return EXIT_DONE;
}
