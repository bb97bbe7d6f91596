#include "tests/kit_login.h"

#include <check.h>
#include <string.h>

static const char *const names[] = {"boss", "tanaka", "abe", "off", "late", NULL};

void kit_login_begin(struct kit *k) {
    kit_start(k, false);
    kit_person(k, "boss", "administrator;supervisor;auditor", NULL, NULL, NULL);
    kit_person(k, "tanaka", "clerk", NULL, NULL, NULL);
    kit_person(k, "abe", "clerk", NULL, NULL, NULL);
    kit_person(k, "off", "clerk", NULL, NULL, "disabled", "yes", NULL);
    kit_person(k, "late", "clerk", NULL, NULL, "=until", "20250614", NULL);
    kit_person(k, "bare", "clerk", NULL, NULL, NULL); /* without a password */
    kit_people_serve(k, NULL, names);
}

void kit_login_finish(struct kit *k) {
    kit_become(k, NULL);
    kit_finish(k);
}

Madoguchi__Request *kit_login_request(struct kit *k, const char *name, const char *password) {
    return kit_request(k, "login", "=name", name, "=password", password, NULL);
}

int kit_login(struct kit *k, const char *name, const char *password, uint8_t token[KIT_TOKEN]) {
    memset(&k->last, 0, sizeof k->last);
    const Madoguchi__Page *page = kit_read(k, kit_login_request(k, name, password));
    if (page == NULL) {
        return k->last.code;
    }
    ck_assert(page->has_token && page->token.len == KIT_TOKEN);
    if (token != NULL) {
        memcpy(token, page->token.data, KIT_TOKEN);
    }
    return 0;
}

int kit_code_of(const Madoguchi__Answer *answer) {
    return answer->body_case == MADOGUCHI__ANSWER__BODY_ERROR ? (int)answer->error->code : 0;
}
