/* Hexadecimal digits on the command line: the id of a request, the head that was noted. */
#include "tests/kit_client.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define LOG "log migration --date 2024-04-15 --request-id "
#define ID  "00112233445566778899aabbccddeeff"

START_TEST(a_request_is_recorded_once) {
    struct kit k;
    kit_start_daemon(&k, NULL);
    kit_client_ok(&k, LOG ID);
    ck_assert_str_eq(kit_out, "M-2024-000001 #3\n");
    kit_client_ok(&k, LOG "00112233445566778899AABBCCDDEEFF");
    ck_assert_str_eq(kit_out, "M-2024-000001 #3\n");
    kit_client_ok(&k, LOG "00112233445566778899aabbccddeefe");
    ck_assert_str_eq(kit_out, "M-2024-000002 #4\n");
    static const char *const wrong[] = {"''",
                                        "00112233445566778899aabbccddeef",
                                        ID "0",
                                        ID "00",
                                        "g0112233445566778899aabbccddeeff",
                                        "00112233445566778899aabbccddeef'\n'",
                                        "0x112233445566778899aabbccddeeff",
                                        "'00112233 445566778899aabbccddeef'"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        kit_client_refused(&k, 2, "32 hexadecimal digits", LOG "%s", wrong[i]);
    }
    kit_finish(&k);
}
END_TEST

/* The daemon's last entry and the hash at it, "SEQ:HASH", as it says them. */
static void noted(const struct kit *k, char out[128]) {
    char hash[80] = "";
    unsigned long long seq = 0;
    kit_client_ok(k, "status --format csv");
    const char *head = strstr(kit_out, "\nhead,");
    const char *at = strstr(kit_out, "\nhead_hash,");
    ck_assert(head != NULL && sscanf(head, "\nhead,%llu", &seq) == 1);
    ck_assert(at != NULL && sscanf(at, "\nhead_hash,%64[0-9a-f]\n", hash) == 1);
    ck_assert_uint_eq(strlen(hash), 64);
    snprintf(out, 128, "%llu:%s", seq, hash);
}

START_TEST(a_head_is_proved) {
    struct kit k;
    char head[128];
    kit_start_daemon(&k, NULL);
    noted(&k, head);
    kit_client_ok(&k, "log migration --date 2024-04-15");
    kit_client_ok(&k, "verify --head %s", head);
    kit_printed("#2 is in the chain");
    char *last = head + strlen(head) - 1;
    *last = *last == '0' ? '1' : '0';
    ck_assert_int_eq(kit_client(&k, "", "verify --head %s", head), 1);
    kit_said_client("The chain at entry #2 is not the one that was noted");
    kit_client_refused(&k, 2, "SEQ:HASH", "verify --head %s0", head);
    *last = 'g';
    kit_client_refused(&k, 2, "SEQ:HASH", "verify --head %s", head);
    *last = '\0';
    kit_client_refused(&k, 2, "SEQ:HASH", "verify --head %s", head);
    kit_client_refused(&k, 2, "SEQ:HASH", "verify --head 2");
    kit_client_refused(&k, 2, "SEQ:HASH", "verify --head 2:");
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("client: hexadecimal");
    TCase *t = tcase_create("commands");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_request_is_recorded_once);
    tcase_add_test(t, a_head_is_proved);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
