/* A report: the month's, the year's, five years', and the survey's.
 *
 * Asks nothing and opens nothing itself, so that the command line (blocking) and
 * a server (never waiting) drive the same one:
 *
 *     report_new(&params, &r, &e);
 *     do {
 *         for (size_t i = 0; i < report_questions(r); i++)
 *             if ((request = report_request(r, i)) != NULL)
 *                 ... send it; for each page of its answer, and at its end:
 *                 report_take(r, i, page, position, &e);
 *                 report_answered(r, i, &e);
 *     } while (!report_settled(r));
 *     report_render(r, &style, file, &e);
 *
 * The requests may be sent all at once and their answers may come in any order.
 * They are questions that `madoguchi stats` asks, and one who asks: who may not
 * ask the former gets no report, and who does not see all reads so in it.
 *
 * All numbers stand on one journal position.  Where entries were recorded between
 * two answers, report_settled() forgets those that are older than the newest, and
 * report_request() asks them again, as of that one's position: a second round
 * always ends it. */
#ifndef MADOGUCHI_CLIENT_REPORT_H
#define MADOGUCHI_CLIENT_REPORT_H

#include "proto/catalogue.h"
#include "proto/madoguchi.pb-c.h"

#include <stdbool.h>
#include <stdio.h>

enum report_kind { REPORT_MONTHLY, REPORT_YEARLY, REPORT_FIVE_YEARS, REPORT_SURVEY };
/* REPORT_PAGE is JSON too, of tables in the reader's language: for a browser's page. */
enum report_format { REPORT_TEXT, REPORT_CSV, REPORT_JSON, REPORT_XLSX, REPORT_PAGE };

struct report_params {
    enum report_kind kind;
    const char *service;      /* code; NULL: all of them together, of a survey migration */
    uint32_t month;           /* YYYYMM, of a monthly one; 0: the last that is over */
    uint32_t year;            /* FY, of the others; 0: that of the last month that is over, of
                               * a survey the last that is over */
    uint64_t now;             /* ms since 1970 UTC: the report is of this moment */
    uint64_t known_at;        /* ms: as recorded by then; 0: as recorded now */
    const char *municipality; /* 全国地方公共団体コード */
    const char *name;         /* of the municipality */
};

struct report_style {
    enum report_format format;
    bool excel;                        /* CSV as a spreadsheet wants it, see client/output.h */
    bool japanese;                     /* of text, xlsx and page; CSV and JSON are of no language */
    const struct catalogue *catalogue; /* what codes are called; NULL: what they are */
};

struct report;

/* "monthly", "yearly", "five-years", "survey"; -1 when it is none of them. */
int report_kind_find(const char *word);
const char *report_kind_word(enum report_kind kind);

/* Makes a report of which nothing is known yet; the texts are copied.  *out is
 * to be given to report_free().  ERR_INVALID: the period lies ahead, or before
 * the calendar begins. */
int report_new(const struct report_params *params, struct report **out, struct error *e) MUST_CHECK;
void report_free(struct report *r);

/* How many questions there are, the same all the time. */
size_t report_questions(const struct report *r);

/* Question i to be sent, or NULL where its answer is here.  Owned by the report;
 * whoever sends it may set its serial. */
Madoguchi__Request *report_request(struct report *r, size_t i);

/* Takes a page of the answer to question i and the position that the answer
 * names.  An answer has at least one page, which may be empty.  ERR_TOO_MUCH: more
 * rows, or a larger number, than a report has room for. */
int report_take(struct report *r, size_t i, const Madoguchi__Page *page, uint64_t position,
                struct error *e) MUST_CHECK;

/* After the last page of the answer to question i.  ERR_INTERNAL: it had none, and asking
 * once more would never end. */
int report_answered(const struct report *r, size_t i, struct error *e) MUST_CHECK;

/* After all answers: whether they stand on one position.  If not, some are to be
 * asked again. */
bool report_settled(struct report *r);

/* Writes the report to the file; it must be settled.  May be called again with
 * another style.  ERR_INTERNAL: no memory, or it could not be written;
 * ERR_TOO_MUCH: a field has more members than a table has room for. */
int report_render(struct report *r, const struct report_style *style, FILE *file,
                  struct error *e) MUST_CHECK;

#endif
