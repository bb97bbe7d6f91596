/* Much of one thing: corrections of one entry, contacts of one case, long
 * texts.  Nothing that was accepted may become impossible to change, to show
 * or to fold again. */
#include "proto/yaml.h"
#include "tests/kit_store.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_TEXT 4000

static const char *long_text(void) {
    static char text[LONG_TEXT + 1];
    memset(text, 'a', LONG_TEXT);
    return text;
}

/* Revisions shown of an entry, or of all entries of a number. */
static size_t revisions(struct kit *k, uint64_t seq, const char *number) {
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Show show = MADOGUCHI__SHOW__INIT;
    if (number != NULL) {
        SET(&show, number, bytes_of(number));
    } else {
        SET(&show, seq, seq);
    }
    request.body_case = MADOGUCHI__REQUEST__BODY_SHOW;
    request.show = &show;
    const Madoguchi__Page *page = kit_read(k, &request);
    ck_assert_msg(page != NULL, "%s", k->last.en);
    size_t n = 0;
    for (size_t i = 0; i < page->n_entry; i++) {
        n += page->entry[i]->n_revision;
    }
    return n;
}

static void many_corrections_of_one_entry(struct kit *k) {
    const char *c = kit_log(k, "migration", "2024-04-15", "topic", "housing", NULL);
    uint64_t opening = k->last.seq;
    for (int i = 0; i < 200; i++) {
        kit_ok(k, "correct", "seq", kit_text(k, opening), "topic", i % 2 == 0 ? "work" : "housing",
               "reason", long_text(), NULL);
    }
    kit_ok(k, "contact", "case_number", c, "date", "2024-05-02", NULL);
    kit_stats(k, "topics", "FY2024", "month,topic", NULL, "2024-04 housing 1; 2024-05 housing 1");
    ck_assert_uint_eq(revisions(k, opening, NULL), 200);
    ck_assert_uint_eq(revisions(k, 0, c), 200);
    kit_ok(k, "void", "number", c, "reason", "誤り", NULL);
    kit_stats(k, "contacts", "FY2024", NULL, NULL, "");
}

/* Plans of some hundred indicators each are listed, however many there are. */
static void many_plans(struct kit *k) {
    enum { PLANS = 12, INDICATORS = 400 };
    if (k->daemon) {
        return; /* one piece of a document is too small */
    }
    for (int p = 0; p < PLANS; p++) {
        char *text;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        struct error e;
        ProtobufCBinaryData packed;
        arena_reset(&k->arena);
        fprintf(out,
                "plan: plan-%d\ntitle: t\nmunicipality: \"062090\"\n"
                "years: {from: FY2019, to: FY2023}\nindicators:\n",
                p);
        for (int i = 0; i < INDICATORS; i++) {
            fprintf(out,
                    "  - {id: i-%d, name: n, kind: annual, note: %.200s,"
                    " terms: [{count: cases, where: [service=migration]}]}\n",
                    i, long_text());
        }
        fclose(out);
        ck_assert_msg(yaml_plan(text, len, "p", &k->arena, &packed, &e) == 0, "%s", e.en);
        free(text);
        struct kit_answer a =
            kit_put(k, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT, packed.data, packed.len);
        ck_assert_msg(a.code == 0, "%s", a.en);
    }
    Madoguchi__Request request = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    SET(&documents, kind, MADOGUCHI__DOCUMENT_KIND__PLAN_DOCUMENT);
    request.body_case = MADOGUCHI__REQUEST__BODY_DOCUMENTS;
    request.documents = &documents;
    const Madoguchi__Page *page = kit_read(k, &request);
    ck_assert_msg(page != NULL, "%s", k->last.en);
    ck_assert_uint_eq(page->n_pair, PLANS);
}

/* One correction may move what any number of entries inherit. */
static void many_entries_of_one_session(struct kit *k) {
    enum { GROUP = 250, GROUPS = 180 };
    Madoguchi__Request *requests[GROUP];
    struct kit_answer answers[GROUP];
    if (k->daemon) {
        return;
    }
    char s[32];
    strcpy(s, kit_plan(k, "fair", "2024-04-15", "service", "migration", NULL));
    for (int g = 0; g < GROUPS; g++) {
        arena_reset(&k->arena);
        for (int i = 0; i < GROUP; i++) {
            requests[i] = kit_request(k, "log", "service", "migration", "date", "2024-04-15",
                                      "session", s, NULL);
        }
        kit_group(k, requests, GROUP, answers);
        ck_assert_int_eq(answers[GROUP - 1].code, 0);
    }
    kit_ok(k, "hold", "session", s, "form", "online", NULL);
    kit_stats(k, "contacts", "2024-04", "form,route", NULL, "online fair 45000");
}

static const struct kit_scenario scenarios[] = {
    {"many corrections of one entry", many_corrections_of_one_entry},
    {"many plans", many_plans},
    {"many entries of one session", many_entries_of_one_session},
};

int main(void) {
    return kit_scenarios("limits", scenarios, sizeof scenarios / sizeof scenarios[0]);
}
