#include "client/help.h"

#include "proto/text.h"

#define LEFT 26 /* columns of names before what they mean */

static void print_left(const char *text) {
    int width = text_width(text);
    printf("  %s%*s", text, width < LEFT ? LEFT - width : 0, "");
    if (width >= LEFT) {
        printf("\n  %*s", LEFT, "");
    }
}

static void print_options(const struct option *options) {
    for (; options != NULL && options->name != NULL; options++) {
        char left[128];
        if (options->value != NULL) {
            snprintf(left, sizeof left, "--%s %s", options->name, _(options->value));
        } else {
            snprintf(left, sizeof left, "--%s", options->name);
        }
        print_left(left);
        printf("%s\n", _(options->help));
    }
}

static void print_command(const struct command *command) {
    print_left(command->name);
    printf("%s\n", _(command->summary));
}

void help_all(const struct option *global) {
    puts(_("madoguchi: log once at the counter, and every number up to the plan's table follows."));
    printf("\n%s\n  madoguchi [--server ADDRESS] [--format text|csv|json] COMMAND ...\n",
           _("Usage:"));
    printf("\n%s\n", _("Commands:"));
    for (size_t i = 0; commands[i] != NULL; i++) {
        print_command(commands[i]);
    }
    printf("\n%s\n", _("Options of every command:"));
    print_options(global);
    printf("\n%s\n", _("Each command has its own help: madoguchi log --help"));
    printf("\n%s\n  %s\n", _("Exit status:"),
           _("0 done, 1 refused (nothing changed), 2 usage, 3 not reachable, 4 outcome unknown"));
}

void help_family(const char *word) {
    size_t len = strlen(word);
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strncmp(commands[i]->name, word, len) == 0 && commands[i]->name[len] == ' ') {
            print_command(commands[i]);
        }
    }
}

void help_command(const struct command *command) {
    printf("%s\n  madoguchi %s %s%s\n\n%s\n", _("Usage:"), command->name, command->words,
           command->options != NULL ? _(" [options]") : "", _(command->summary));
    if (command->details != NULL) {
        printf("%s\n", _(command->details));
    }
    if (command->options != NULL) {
        printf("\n%s\n", _("Options:"));
        print_options(command->options);
    }
    printf("\n%s\n", _("Example:"));
    for (const char *p = command->example; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        printf("  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}
