/* The commands, each defined in its cmd_*.c. */
#ifndef MADOGUCHI_CLIENT_COMMANDS_H
#define MADOGUCHI_CLIENT_COMMANDS_H

#include "client/client.h"

extern const struct command command_log, command_tally, command_decline, command_contact,
    command_outcome, command_refer, command_close, command_reopen;
extern const struct command command_correct, command_void;
extern const struct command command_session_plan, command_session_hold, command_session_cancel;
extern const struct command command_figure_set, command_coverage;
extern const struct command command_catalogue_put, command_catalogue_show;
extern const struct command command_plan_put, command_plan_list;
extern const struct command command_show, command_list, command_stats, command_indicators,
    command_report, command_prove, command_publish, command_restatements;
extern const struct command command_account_list, command_account_show, command_account_add,
    command_account_change, command_account_disable, command_account_enable,
    command_account_password, command_account_rights, command_account_import;
extern const struct command command_login, command_logout, command_whoami, command_passwd;
extern const struct command command_month_close, command_audit;
extern const struct command command_import, command_status, command_verify, command_backup;

#endif
