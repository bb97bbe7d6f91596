#include "client/web/report.h"

#include "client/report.h"
#include "client/scope.h"
#include "client/web/ask.h"
#include "client/web/document.h"
#include "proto/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define OUTPUT_MAX (8u << 20)

/* One report under way: first the catalogue, then its questions, all at once. */
struct making {
    struct exchange *x;
    struct report *report;
    struct report_params params;
    char service[64];
    enum report_format format;
    struct catalogue *catalogue;
    size_t waiting; /* answers */
    enum upstream_end end;
    struct error error; /* code 0: none so far */
};

/* One question under way. */
struct asking {
    struct making *making;
    size_t question;
};

static const struct {
    const char *word, *end; /* of the file's name */
    const char *type;
} formats[] = {
    [REPORT_TEXT] = {"text", "txt", "text/plain; charset=utf-8"},
    [REPORT_CSV] = {"csv", "csv", "text/csv; charset=utf-8"},
    [REPORT_JSON] = {"json", "json", "application/json; charset=utf-8"},
    [REPORT_XLSX] = {"xlsx", "xlsx",
                     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    [REPORT_PAGE] = {"page", "json", "application/json; charset=utf-8"},
};

static void making_free(struct making *m) {
    report_free(m->report);
    catalogue_free(m->catalogue);
    free(m);
}

static void fail(struct making *m) {
    if (m->end == UPSTREAM_DONE) {
        http_error(m->x, &m->error);
    } else {
        ask_ended(m->x, m->end, &m->error);
    }
    making_free(m);
}

static void no_memory(struct error *e) {
    error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
}

/* ---- writing ------------------------------------------------------------------------------ */

static int render(struct making *m, char **data, size_t *len) {
    const struct report_style style = {.format = m->format,
                                       .excel = m->format == REPORT_CSV, /* opened by one */
                                       .japanese = !m->x->login.english,
                                       .catalogue = m->catalogue};
    FILE *file = open_memstream(data, len);
    if (file == NULL) {
        no_memory(&m->error);
        return -1;
    }
    int rc = report_render(m->report, &style, file, &m->error);
    if (fclose(file) != 0 && rc == 0) {
        no_memory(&m->error);
        rc = -1;
    }
    if (rc == 0 && *len > OUTPUT_MAX) {
        rc = error_set(&m->error, ERR_TOO_MUCH, "", "The report is too long for a browser.",
                       "レポートが大きすぎます。");
    }
    return rc;
}

static void answer(struct making *m) {
    char *data = NULL;
    size_t len = 0;
    char disposition[128];
    struct evbuffer *out = evbuffer_new();
    int rc = out == NULL ? -1 : render(m, &data, &len);
    if (out == NULL) {
        no_memory(&m->error);
    }
    if (rc == 0 && evbuffer_add(out, data, len) < 0) {
        no_memory(&m->error);
        rc = -1;
    }
    free(data);
    if (rc < 0) {
        fail(m);
    } else {
        if (m->format != REPORT_PAGE) {
            snprintf(disposition, sizeof disposition, "attachment; filename=\"%s.%s\"",
                     report_kind_word(m->params.kind), formats[m->format].end);
            http_add(m->x, "Content-Disposition", disposition);
        }
        http_headers(m->x, formats[m->format].type, false);
        http_done(m->x, 200, out);
        making_free(m);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
}

/* ---- asking ------------------------------------------------------------------------------- */

static void ask_questions(struct making *m);

/* One answer more is here, or never will be. */
static void settle(struct making *m) {
    if (m->waiting > 0) {
        return;
    }
    if (m->error.code != 0) {
        fail(m);
    } else if (report_settled(m->report)) {
        answer(m);
    } else {
        ask_questions(m); /* what was recorded meanwhile, as of one position */
    }
}

static bool on_page(void *ctx, const Madoguchi__Answer *from) {
    struct asking *a = ctx;
    struct making *m = a->making;
    if (from->body_case == MADOGUCHI__ANSWER__BODY_PAGE && m->error.code == 0) {
        (void)!report_take(m->report, a->question, from->page, from->position, &m->error);
    }
    return true;
}

static void on_answered(void *ctx, enum upstream_end end, const struct error *e) {
    struct asking *a = ctx;
    struct making *m = a->making;
    if (end != UPSTREAM_DONE && m->error.code == 0) {
        m->end = end;
        m->error = *e;
    } else if (m->error.code == 0) {
        (void)!report_answered(m->report, a->question, &m->error);
    }
    free(a);
    m->waiting--;
    settle(m);
}

static const struct upstream_handler question_handler = {on_page, on_answered};

static void ask_questions(struct making *m) {
    m->waiting++; /* nothing ends before all are asked */
    for (size_t i = 0; i < report_questions(m->report) && m->error.code == 0; i++) {
        Madoguchi__Request *request = report_request(m->report, i);
        struct asking *a = request == NULL ? NULL : malloc(sizeof *a);
        if (request == NULL) {
            continue;
        }
        if (a == NULL) {
            no_memory(&m->error);
            break;
        }
        *a = (struct asking){m, i};
        if (upstream_ask(m->x->upstreams, &m->x->login, request, &question_handler, a, &m->error) <
            0) {
            free(a);
        } else {
            m->waiting++;
        }
    }
    m->waiting--;
    settle(m);
}

/* The daemon has been greeted by now: whose report it is. */
static int begin(struct making *m) {
    const Madoguchi__Welcome *w = upstream_welcome(m->x->upstreams);
    struct timespec now;
    char municipality[16] = "";
    char name[256] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    if (w != NULL) {
        snprintf(municipality, sizeof municipality, "%.*s", (int)w->municipality.len,
                 (const char *)w->municipality.data);
        snprintf(name, sizeof name, "%.*s", (int)w->name.len, (const char *)w->name.data);
    }
    m->params.now = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    m->params.municipality = municipality;
    m->params.name = name;
    return report_new(&m->params, &m->report, &m->error);
}

static void on_catalogue(void *ctx, ProtobufCBinaryData data, uint64_t position,
                         enum upstream_end end, const struct error *e) {
    struct making *m = ctx;
    (void)position;
    if (end != UPSTREAM_DONE) {
        m->end = end;
        m->error = *e;
        fail(m);
    } else if (catalogue_open(data.data, data.len, &m->catalogue, &m->error) < 0 || begin(m) < 0) {
        fail(m);
    } else {
        ask_questions(m);
    }
}

/* ---- what is wanted ----------------------------------------------------------------------- */

static int format_of(const char *word) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (word != NULL && strcmp(formats[i].word, word) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int parse(struct making *m, const struct http_query *query, struct error *e) {
    struct report_params *p = &m->params;
    const char *service = http_word(query, "service");
    const char *word = http_word(query, "kind");
    int kind = word == NULL ? -1 : report_kind_find(word);
    int format = format_of(http_word(query, "format"));
    const char *month = http_word(query, "month");
    const char *year = http_word(query, "year");
    const char *language = http_word(query, "language");
    if (kind < 0) {
        return error_set(e, ERR_INVALID, "kind", "kind is monthly, yearly, five-years or survey.",
                         "kind は monthly、yearly、five-years、survey のどれかです。");
    }
    if (format < 0) {
        return error_set(e, ERR_INVALID, "format", "format is page, text, csv, json or xlsx.",
                         "format は page、text、csv、json、xlsx のどれかです。");
    }
    p->kind = (enum report_kind)kind;
    m->format = (enum report_format)format;
    m->x->login.english = language != NULL ? strcmp(language, "en") == 0 : m->x->login.english;
    if (service != NULL) {
        snprintf(m->service, sizeof m->service, "%s", service);
        p->service = m->service;
    }
    if ((month != NULL && scope_month(month, &p->month, e) < 0) ||
        (year != NULL && scope_year(year, &p->year, NULL, e) < 0)) {
        return -1;
    }
    return 0;
}

void web_report(struct exchange *x) {
    struct making *m = calloc(1, sizeof *m);
    struct http_query query;
    if (m == NULL) {
        http_no_memory(x);
        return;
    }
    http_query(x, &query);
    m->x = x;
    x->login.bulk = true; /* nobody who records waits behind its questions */
    int rc = parse(m, &query, &m->error);
    http_query_free(&query);
    if (rc < 0 || document_ask(x->upstreams, &x->login, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, NULL,
                               on_catalogue, m, &m->error) < 0) {
        fail(m);
    }
}
