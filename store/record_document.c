/* Catalogues and plans: what a new one may not do to what is recorded. */
#include "store/internal.h"

#include "proto/check.h"

#include <stdio.h>

static int removed(const char *list, ProtobufCBinaryData code, struct error *e) {
    return error_set(e, ERR_STATE, "catalogue",
                     "The new catalogue has no %s \"%.*s\" any more. Entries may use it: keep it "
                     "and give it a retired date.",
                     "新しい目録に %s「%.*s」がありません。使っている記録があり得るので、消さずに "
                     "retired の日付を付けてください。",
                     list, (int)code.len, (const char *)code.data);
}

/* Codes are retired with a date, never removed; a prefix never changes hands. */
static int keeps_codes(const struct catalogue *old, const struct catalogue *now, struct error *e) {
    const Document__Catalogue *o = catalogue_document(old);
    for (size_t i = 0; i < o->n_service; i++) {
        const Document__Service *s = catalogue_service(now, o->service[i]->code);
        if (s == NULL) {
            return removed("service", o->service[i]->code, e);
        }
        if (!bytes_same(s->prefix, o->service[i]->prefix)) {
            return error_set(e, ERR_STATE, "prefix",
                             "The service %.*s has another prefix: case numbers never change.",
                             "業務 %.*s の番号の頭文字が違います。受付番号は変えられません。",
                             (int)s->code.len, (const char *)s->code.data);
        }
    }
    for (size_t i = 0; i < o->n_code; i++) {
        char list[40];
        snprintf(list, sizeof list, "%.*s", (int)o->code[i]->list.len,
                 (const char *)o->code[i]->list.data);
        if (catalogue_code(now, list, o->code[i]->code) == NULL) {
            return removed(list, o->code[i]->code, e);
        }
    }
    return 0;
}

static int check_new_catalogue(struct recording *r, ProtobufCBinaryData data, struct error *e) {
    struct catalogue *now;
    if (catalogue_open(data.data, data.len, &now, e) < 0) {
        return -1;
    }
    int rc = check_catalogue(catalogue_document(now), e);
    if (rc == 0 && catalogue_document(now)->rule != COUNTING_RULE) {
        rc = error_set(e, ERR_INVALID, "rule", "rule: this version counts by rule %d only.",
                       "rule: この版の計数規則は %d だけです。", COUNTING_RULE);
    }
    if (rc == 0) {
        rc = keeps_codes(r->catalogue, now, e);
    }
    catalogue_free(now);
    return rc;
}

/* ---- plans -------------------------------------------------------------------------- */

/* One value of a filter: a code of the catalogue, or an @group. */
static int check_value(struct recording *r, const char *field, const char *value, size_t len,
                       struct error *e) {
    const char *list = catalogue_list_of(field);
    ProtobufCBinaryData code = {len, (uint8_t *)value};
    if (list == NULL || len == 0) {
        return 0;
    }
    if (value[0] == '@') {
        code.data++;
        code.len--;
        if (catalogue_group(r->catalogue, list, code) == NULL) {
            return error_set(e, ERR_UNKNOWN_CODE, field, "%s: the catalogue has no group @%.*s.",
                             "%s: 目録にグループ @%.*s がありません。", field, (int)code.len,
                             (const char *)code.data);
        }
        return 0;
    }
    return catalogue_check(r->catalogue, field, list, code, (ProtobufCBinaryData){0}, 0, e);
}

static int check_where(struct recording *r, ProtobufCBinaryData where, struct error *e) {
    char *text = arena_strndup(r->arena, where.data, where.len);
    if (text == NULL) {
        return view_no_room(e);
    }
    char *value = strchr(text, '=');
    if (value == NULL) {
        return 0; /* check_plan() has refused it */
    }
    size_t name = (size_t)(value - text);
    text[name > 0 && text[name - 1] == '!' ? name - 1 : name] = '\0';
    for (value++;;) {
        size_t len = strcspn(value, ",");
        if (check_value(r, text, value, len, e) < 0) {
            return -1;
        }
        if (value[len] == '\0') {
            return 0;
        }
        value += len + 1;
    }
}

static int check_terms(struct recording *r, const Document__Indicator *ind, Document__Term **terms,
                       size_t n, struct error *e) {
    for (size_t i = 0; i < n; i++) {
        for (size_t w = 0; w < terms[i]->n_where; w++) {
            struct error why;
            if (check_where(r, terms[i]->where[w], &why) < 0) {
                error_set(e, why.code, why.field, "Indicator %.*s: %s", "指標 %.*s: %s",
                          (int)ind->id.len, (const char *)ind->id.data, why.en);
                snprintf(e->ja, sizeof e->ja, "指標 %.*s: %.600s", (int)ind->id.len,
                         (const char *)ind->id.data, why.ja);
                for (unsigned k = 0; k < why.n_near; k++) {
                    error_near(e, why.near[k]);
                }
                return -1;
            }
        }
    }
    return 0;
}

static int check_new_plan(struct recording *r, ProtobufCBinaryData data, struct error *e) {
    Document__Plan *plan = (Document__Plan *)message_unpack(&document__plan__descriptor, r->arena,
                                                            data.data, data.len, e);
    if (plan == NULL || check_plan(plan, e) < 0) {
        return -1;
    }
    if (plan->has_municipality && !bytes_equal(plan->municipality, r->municipality)) {
        return error_set(e, ERR_STATE, "municipality",
                         "This plan is of municipality %.*s; the store is that of %s.",
                         "この計画は団体コード %.*s のもので、この保存領域は %s のものです。",
                         (int)plan->municipality.len, (const char *)plan->municipality.data,
                         r->municipality);
    }
    for (size_t i = 0; i < plan->n_indicator; i++) {
        const Document__Indicator *ind = plan->indicator[i];
        if (check_terms(r, ind, ind->term, ind->n_term, e) < 0 ||
            check_terms(r, ind, ind->denominator, ind->n_denominator, e) < 0 ||
            check_terms(r, ind, ind->beside, ind->n_beside, e) < 0) {
            return -1;
        }
    }
    return 0;
}

int record_put(struct recording *r, struct error *e) {
    const Madoguchi__Put *put = r->request->put;
    Journal__Document *document = arena_alloc(r->arena, sizeof *document);
    if (document == NULL) {
        return view_no_room(e);
    }
    journal__document__init(document);
    SET(document, data, put->data);
    if (put->kind == MADOGUCHI__DOCUMENT_KIND__CATALOGUE) {
        r->entry->body_case = JOURNAL__ENTRY__BODY_CATALOGUE;
        r->entry->catalogue = document;
        return check_new_catalogue(r, put->data, e);
    }
    r->entry->body_case = JOURNAL__ENTRY__BODY_PLAN;
    r->entry->plan = document;
    return check_new_plan(r, put->data, e);
}
