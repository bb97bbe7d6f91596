#include "daemon/whoami.h"

#include "daemon/answer.h"
#include "proto/calendar.h"

#include <stdio.h>

#define PAIRS_MAX 12

struct pairs {
    struct arena *arena;
    Madoguchi__Page *page;
};

static void add(struct pairs *p, const char *name, const char *value) {
    Madoguchi__Pair *pair = answer_pair(p->arena, name, value);
    if (pair != NULL && p->page->n_pair < PAIRS_MAX) {
        p->page->pair[p->page->n_pair++] = pair;
    }
}

static void add_roles(struct pairs *p, unsigned roles) {
    char text[160];
    size_t n = 0;
    text[0] = '\0';
    for (int i = 0; i < ROLE_COUNT && n < sizeof text; i++) {
        if ((roles & 1u << i) != 0) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? ";" : "",
                                  role_word((enum role)i));
        }
    }
    add(p, "roles", text);
}

static void add_list(struct pairs *p, const char *name, const ProtobufCBinaryData *list,
                     size_t n_list) {
    char text[2048];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n_list && n < sizeof text; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", n > 0 ? ";" : "",
                              (int)list[i].len, (const char *)list[i].data);
    }
    add(p, name, text);
}

void whoami_page(const struct identity *i, const struct person *who, const char *user,
                 struct arena *a, Madoguchi__Page *page) {
    struct pairs p = {a, page};
    char until[16] = "";
    page->pair = arena_alloc(a, PAIRS_MAX * sizeof(Madoguchi__Pair *));
    page->n_pair = 0;
    if (page->pair == NULL) {
        return;
    }
    add(&p, "account", who == NULL ? "" : who->name);
    if (who != NULL) {
        add(&p, "person", who->person == NULL ? "" : who->person);
        add_roles(&p, who->roles);
        add_list(&p, "services", who->service, who->n_service);
        add_list(&p, "offices", who->office, who->n_office);
        if (who->until != 0) {
            calendar_format_date(who->until, until);
        }
        add(&p, "until", until);
    }
    add(&p, "by", i->has_token ? "token" : i->has_certificate ? "certificate" : "user");
    add(&p, "source", i->source);
    if (user[0] != '\0') {
        add(&p, "user", user);
    }
    if (i->once) {
        add(&p, "password", "once");
    }
}
