#include "client/commands.h"

#include "proto/text.h"

const struct command *const commands[] = {
    &command_log,
    &command_tally,
    &command_decline,
    &command_contact,
    &command_outcome,
    &command_refer,
    &command_close,
    &command_reopen,
    &command_correct,
    &command_void,
    &command_session_plan,
    &command_session_hold,
    &command_session_cancel,
    &command_figure_set,
    &command_coverage,
    &command_month_close,
    &command_import,
    &command_show,
    &command_list,
    &command_stats,
    &command_report,
    &command_plan_put,
    &command_plan_list,
    &command_indicators,
    &command_prove,
    &command_publish,
    &command_restatements,
    &command_catalogue_put,
    &command_catalogue_show,
    &command_login,
    &command_logout,
    &command_whoami,
    &command_passwd,
    &command_account_list,
    &command_account_show,
    &command_account_add,
    &command_account_change,
    &command_account_disable,
    &command_account_enable,
    &command_account_password,
    &command_account_import,
    &command_account_rights,
    &command_audit,
    &command_status,
    &command_verify,
    &command_backup,
    NULL,
};

const struct command *command_find(const char *first, const char *second, int *taken) {
    for (size_t i = 0; commands[i] != NULL; i++) {
        const char *name = commands[i]->name;
        size_t len = strlen(first);
        if (strcmp(name, first) == 0) {
            *taken = 1;
            return commands[i];
        }
        if (second != NULL && strncmp(name, first, len) == 0 && name[len] == ' ' &&
            strcmp(name + len + 1, second) == 0) {
            *taken = 2;
            return commands[i];
        }
    }
    return NULL;
}

const char *command_nearest(const char *word) {
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; commands[i] != NULL && n < 64; i++) {
        names[n++] = commands[i]->name;
    }
    /* The first words of families too: "sesion" is near "session". */
    static const char *const families[] = {"session",   "figure", "plan",
                                           "catalogue", "month",  "account"};
    for (size_t i = 0; i < sizeof families / sizeof families[0] && n < 64; i++) {
        names[n++] = families[i];
    }
    return text_nearest(word, names, n);
}

bool command_is_family(const char *word) {
    size_t len = strlen(word);
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strncmp(commands[i]->name, word, len) == 0 && commands[i]->name[len] == ' ') {
            return true;
        }
    }
    return false;
}
