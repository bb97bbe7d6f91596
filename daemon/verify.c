#include "daemon/command.h"
#include "daemon/speech.h"
#include "store/store.h"

static void print_line(void *ctx, const char *name, const char *value) {
    (void)ctx;
    printf("%-20s %s\n", name, value);
    fflush(stdout);
}

int command_verify(const char *store, bool force_filesystem) {
    struct error e;
    if (store_verify(store, force_filesystem, print_line, NULL, &e) != 0) {
        say_error(&e);
        return EXIT_REFUSED;
    }
    say(stdout, "Nothing is wrong.\n", "誤りはありません。\n");
    return EXIT_DONE;
}
