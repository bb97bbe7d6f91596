/* A report as a workbook: one printed sheet a table, in the office's form, and the
 * tidy form of all on the last.  Values only, no formula anywhere: text is always
 * written as text. */
#include "client/report_tidy.h"
#include "client/words.h"
#include "proto/text.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

#define HEAD_ROWS   6    /* title, municipality, period, definition, as of, unit */
#define CHART_ROWS  16   /* of the height of a chart */
#define PAGE_WIDTH  92.0 /* characters on A4 upright, unscaled */
#define LINE_HEIGHT 15.0
#define PAPER_A4    9

enum style {
    STYLE_TITLE,
    STYLE_LINE,
    STYLE_UNIT,
    STYLE_HEADING,
    STYLE_LABEL,
    STYLE_LABEL_TOTAL,
    STYLE_COUNT,
    STYLE_COUNT_TOTAL,
    STYLE_DIFFERENCE,
    STYLE_DIFFERENCE_TOTAL,
    STYLE_PERCENT,
    STYLE_PERCENT_TOTAL,
    STYLE_PLAIN,       /* of the tidy sheet: a whole number */
    STYLE_PLAIN_TENTH, /* and one with a decimal */
    STYLE_COUNT_OF,
};

/* 0 of what was counted is printed －; of a difference or a rate it is a number. */
static const char *const number_formats[STYLE_COUNT_OF] = {
    [STYLE_COUNT] = "#,##0;\"△\"#,##0;\"－\"",
    [STYLE_COUNT_TOTAL] = "#,##0;\"△\"#,##0;\"－\"",
    [STYLE_DIFFERENCE] = "#,##0;\"△\"#,##0;0",
    [STYLE_DIFFERENCE_TOTAL] = "#,##0;\"△\"#,##0;0",
    [STYLE_PERCENT] = "#,##0.0;\"△\"#,##0.0;0.0",
    [STYLE_PERCENT_TOTAL] = "#,##0.0;\"△\"#,##0.0;0.0",
    [STYLE_PLAIN] = "0",
    [STYLE_PLAIN_TENTH] = "0.0",
};

struct book {
    lxw_workbook *workbook;
    lxw_format *format[STYLE_COUNT_OF];
    const struct report_document *document;
    struct arena arena;
    bool failed;
};

static void check(struct book *b, lxw_error error) {
    b->failed = b->failed || error != LXW_NO_ERROR;
}

/* ---- formats ------------------------------------------------------------------------------ */

static void set_format(lxw_format *f, enum style style) {
    bool cell = style >= STYLE_HEADING && style <= STYLE_PERCENT_TOTAL;
    bool total = style == STYLE_LABEL_TOTAL || style == STYLE_COUNT_TOTAL ||
                 style == STYLE_DIFFERENCE_TOTAL || style == STYLE_PERCENT_TOTAL;
    format_set_font_name(f, "Yu Gothic"); /* of every Windows in Japan */
    if (number_formats[style] != NULL) {
        format_set_num_format(f, number_formats[style]);
    }
    if (cell) {
        format_set_border(f, LXW_BORDER_THIN);
        format_set_align(f, LXW_ALIGN_VERTICAL_CENTER);
    }
    if (style >= STYLE_COUNT && style <= STYLE_PERCENT_TOTAL) {
        format_set_align(f, LXW_ALIGN_RIGHT);
    }
    if (total || style == STYLE_TITLE || style == STYLE_HEADING) {
        format_set_bold(f);
    }
    if (style == STYLE_TITLE) {
        format_set_font_size(f, 14);
    }
    if (style == STYLE_UNIT) {
        format_set_align(f, LXW_ALIGN_RIGHT);
    }
    if (style == STYLE_LINE) {
        format_set_text_wrap(f);
        format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
    }
    if (style == STYLE_HEADING) {
        format_set_text_wrap(f);
        format_set_align(f, LXW_ALIGN_CENTER);
    }
}

static void add_formats(struct book *b) {
    for (int i = 0; i < STYLE_COUNT_OF; i++) {
        b->format[i] = workbook_add_format(b->workbook);
        if (b->format[i] != NULL) {
            set_format(b->format[i], (enum style)i);
        } else {
            b->failed = true;
        }
    }
}

static lxw_format *cell_format(const struct book *b, enum report_statistic statistic, bool total) {
    enum style style = report_is_percent(statistic)        ? STYLE_PERCENT
                       : statistic == STATISTIC_DIFFERENCE ? STYLE_DIFFERENCE
                                                           : STYLE_COUNT;
    return b->format[style + total];
}

/* ---- widths ---------------------------------------------------------------------------------- */

/* Of the labels' column i. */
static double label_width(const struct report_table *t, size_t i) {
    int width = text_width(t->corner[i]);
    for (size_t row = 0; row < t->n_row; row++) {
        int w = t->row[row].label[i] != NULL ? text_width(t->row[row].label[i]) : 0;
        width = w > width ? w : width;
    }
    return (width < 8 ? 8 : width) + 2;
}

/* Headings are wrapped, numbers are not. */
static double column_width(struct book *b, const struct report_table *t, size_t column) {
    int heading = text_width(t->column[column].label[0]);
    int width = heading < 11 ? heading : 11;
    for (size_t row = 0; row < t->n_row; row++) {
        const char *text = report_cell_text(t, row, column, &b->arena);
        int w = text != NULL ? text_width(text) : 0;
        width = w > width ? w : width;
    }
    return (width < 3 ? 3 : width) + 1.5;
}

static double set_widths(struct book *b, lxw_worksheet *sheet, const struct report_table *t) {
    double sum = 0;
    for (size_t i = 0; i < t->n_corner + t->n_column; i++) {
        double width = i < t->n_corner ? label_width(t, i) : column_width(b, t, i - t->n_corner);
        check(b, worksheet_set_column(sheet, (lxw_col_t)i, (lxw_col_t)i, width, NULL));
        sum += width;
    }
    return sum;
}

/* ---- a printed table ----------------------------------------------------------------------------
 */

static void write_text(struct book *b, lxw_worksheet *sheet, size_t row, size_t column,
                       const char *text, enum style style) {
    check(b, worksheet_write_string(sheet, (lxw_row_t)row, (lxw_col_t)column,
                                    text != NULL ? text : "", b->format[style]));
}

/* One line over the whole width, as high as its text needs. */
static void write_line(struct book *b, lxw_worksheet *sheet, size_t row, size_t last, double width,
                       const char *name, const char *value) {
    const char *text = arena_printf(&b->arena, "%s: %s", name, value);
    if (text == NULL) {
        b->failed = true;
        return;
    }
    double lines = (double)(1 + (int)(text_width(text) * 1.1 / width));
    check(b, worksheet_merge_range(sheet, (lxw_row_t)row, 0, (lxw_row_t)row, (lxw_col_t)last, text,
                                   b->format[STYLE_LINE]));
    check(b, worksheet_set_row(sheet, (lxw_row_t)row, lines * LINE_HEIGHT, NULL));
}

static void write_head(struct book *b, lxw_worksheet *sheet, const struct report_table *t,
                       size_t last, double width) {
    const struct report_document *d = b->document;
    write_text(b, sheet, 0, 0, arena_printf(&b->arena, "%s  %s", d->title, t->title), STYLE_TITLE);
    write_line(b, sheet, 1, last, width, _("Municipality"),
               arena_printf(&b->arena, "%s (%s)", d->name, d->municipality));
    write_line(b, sheet, 2, last, width, _("Period"), t->period);
    write_line(b, sheet, 3, last, width, _("Definition"), t->definition);
    write_line(b, sheet, 4, last, width, _("Tabulated as of"), d->as_of_text);
    write_text(b, sheet, 5, last, arena_printf(&b->arena, "%s: %s", _("Unit"), t->unit),
               STYLE_UNIT);
    for (size_t i = 0; i < t->n_corner + t->n_column; i++) {
        const char *heading = i < t->n_corner ? t->corner[i] : t->column[i - t->n_corner].label[0];
        write_text(b, sheet, HEAD_ROWS, i, heading, STYLE_HEADING);
    }
    check(b, worksheet_set_row(sheet, HEAD_ROWS, 2.4 * LINE_HEIGHT, NULL));
}

static void write_cell(struct book *b, lxw_worksheet *sheet, const struct report_table *t,
                       size_t row, size_t column) {
    const struct report_cell *cell = report_cell(t, row, column);
    enum report_statistic statistic = report_cell_statistic(t, row, column);
    bool total = t->row[row].total || t->column[column].total;
    lxw_format *format = cell_format(b, statistic, total);
    lxw_row_t r = (lxw_row_t)(HEAD_ROWS + 1 + row);
    lxw_col_t c = (lxw_col_t)(t->n_corner + column);
    if (cell->state == CELL_VALUE) {
        double value = (double)cell->value / (report_is_percent(statistic) ? 10 : 1);
        check(b, worksheet_write_number(sheet, r, c, value, format));
    } else if (cell->state == CELL_UNDEFINED) {
        check(b, worksheet_write_string(sheet, r, c, "－", format));
    } else {
        check(b, worksheet_write_blank(sheet, r, c, format));
    }
}

static void write_body(struct book *b, lxw_worksheet *sheet, const struct report_table *t) {
    for (size_t row = 0; row < t->n_row; row++) {
        for (size_t i = 0; i < t->n_corner; i++) {
            write_text(b, sheet, HEAD_ROWS + 1 + row, i, t->row[row].label[i],
                       t->row[row].total ? STYLE_LABEL_TOTAL : STYLE_LABEL);
        }
        for (size_t column = 0; column < t->n_column; column++) {
            write_cell(b, sheet, t, row, column);
        }
    }
}

static void add_chart(struct book *b, lxw_worksheet *sheet, const char *name,
                      const struct report_table *t, size_t at) {
    const struct report_chart *what = &t->chart;
    lxw_chart *chart = workbook_add_chart(b->workbook, what->stacked ? LXW_CHART_COLUMN_STACKED
                                                                     : LXW_CHART_COLUMN);
    lxw_row_t first = (lxw_row_t)(HEAD_ROWS + 1 + what->row);
    lxw_row_t last = (lxw_row_t)(first + what->rows - 1);
    if (chart == NULL) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < what->columns; i++) {
        lxw_col_t column = (lxw_col_t)(t->n_corner + what->column + i);
        lxw_chart_series *series = chart_add_series(chart, NULL, NULL);
        if (series == NULL) {
            b->failed = true;
            return;
        }
        chart_series_set_categories(series, name, first, 0, last, 0);
        chart_series_set_values(series, name, first, column, last, column);
        chart_series_set_name_range(series, name, HEAD_ROWS, column);
    }
    chart_title_set_name(chart, what->title);
    chart_axis_set_num_format(chart->y_axis, "#,##0");
    if (what->columns == 1) {
        chart_legend_set_position(chart, LXW_CHART_LEGEND_NONE);
    }
    check(b, worksheet_insert_chart(sheet, (lxw_row_t)at, 0, chart));
}

/* A & of a header begins a code. */
static const char *escaped(struct book *b, const char *text) {
    char *out = arena_alloc(&b->arena, 2 * strlen(text) + 1);
    char *p = out;
    for (; out != NULL && *text != '\0'; text++) {
        if (*text == '&') {
            *p++ = '&';
        }
        *p++ = *text;
    }
    if (out != NULL) {
        *p = '\0';
    }
    return out;
}

static void set_page(struct book *b, lxw_worksheet *sheet, const struct report_table *t,
                     double width, size_t last_row, size_t last_column) {
    const struct report_document *d = b->document;
    const char *footer = arena_printf(&b->arena, "&L%.60s&C&P / &N&R%.120s", escaped(b, d->name),
                                      escaped(b, d->as_of_text));
    worksheet_set_paper(sheet, PAPER_A4);
    if (width > PAGE_WIDTH) {
        worksheet_set_landscape(sheet);
    }
    worksheet_fit_to_pages(sheet, 1, 0);
    worksheet_set_margins(sheet, 0.5, 0.5, 0.6, 0.7);
    check(b, worksheet_repeat_rows(sheet, HEAD_ROWS, HEAD_ROWS));
    check(b, worksheet_print_area(sheet, 0, 0, (lxw_row_t)last_row, (lxw_col_t)last_column));
    if (footer != NULL) {
        check(b, worksheet_set_footer(sheet, footer));
    }
    worksheet_freeze_panes(sheet, HEAD_ROWS + 1, (lxw_col_t)t->n_corner);
}

void report_sheet_name(size_t number, const char *title, char out[REPORT_SHEET_NAME]) {
    size_t at = (size_t)snprintf(out, REPORT_SHEET_NAME, "%zu ", number);
    int most = 28; /* of 31 characters */
    while (*title != '\0' && most > 0) {
        uint32_t point;
        size_t n = text_decode((const uint8_t *)title, strlen(title), &point);
        n = n > 0 ? n : 1;
        if (at + n + 1 > REPORT_SHEET_NAME) {
            break;
        }
        memcpy(out + at, strchr("[]:*?/\\'", *title) != NULL ? " " : title, n);
        at += n;
        title += n;
        most--;
    }
    out[at] = '\0';
}

static void print_table(struct book *b, size_t number) {
    const struct report_table *t = &b->document->table[number];
    char name[REPORT_SHEET_NAME];
    arena_reset(&b->arena);
    report_sheet_name(number + 1, t->title, name);
    lxw_worksheet *sheet = workbook_add_worksheet(b->workbook, name);
    if (sheet == NULL) {
        b->failed = true;
        return;
    }
    size_t last_column = t->n_corner + t->n_column - 1;
    double width = set_widths(b, sheet, t);
    write_head(b, sheet, t, last_column, width);
    write_body(b, sheet, t);
    size_t row = HEAD_ROWS + 1 + t->n_row;
    for (size_t i = 0; i < t->n_note; i++) {
        write_line(b, sheet, row++, last_column, width, _("Note"), t->note[i]);
    }
    if (t->chart.title != NULL) {
        add_chart(b, sheet, name, t, row + 1);
        row += CHART_ROWS + 1;
    }
    set_page(b, sheet, t, width, row - 1, last_column);
    b->failed = b->failed || b->arena.exhausted;
}

/* ---- the tidy sheet
 * --------------------------------------------------------------------------------- */

struct tidy {
    struct book *book;
    lxw_worksheet *sheet;
    lxw_row_t row;
};

static void tidy_row(void *ctx, const char *const *cells) {
    struct tidy *t = ctx;
    struct book *b = t->book;
    for (int i = 0; i < TIDY_COUNT; i++) {
        lxw_col_t column = (lxw_col_t)i;
        if (cells[i] == NULL) {
            continue; /* blank: not known, never 0 */
        }
        if (report_tidy_columns[i].kind == COLUMN_TEXT) {
            check(b, worksheet_write_string(t->sheet, t->row, column, cells[i], NULL));
            continue;
        }
        bool decimal = strchr(cells[i], '.') != NULL;
        check(b, worksheet_write_number(t->sheet, t->row, column, strtod(cells[i], NULL),
                                        b->format[decimal ? STYLE_PLAIN_TENTH : STYLE_PLAIN]));
    }
    t->row++;
}

static int write_tidy(struct book *b, struct error *e) {
    struct tidy t = {.book = b, .sheet = workbook_add_worksheet(b->workbook, "data"), .row = 1};
    if (t.sheet == NULL) {
        b->failed = true;
        return 0;
    }
    for (int i = 0; i < TIDY_COUNT; i++) {
        check(b,
              worksheet_write_string(t.sheet, 0, (lxw_col_t)i, report_tidy_columns[i].name, NULL));
    }
    worksheet_freeze_panes(t.sheet, 1, 0);
    worksheet_set_paper(t.sheet, PAPER_A4); /* where somebody prints it all the same */
    worksheet_set_landscape(t.sheet);
    worksheet_fit_to_pages(t.sheet, 1, 0);
    return report_tidy(b->document, tidy_row, &t, e);
}

/* ---- the file
 * ------------------------------------------------------------------------------------------ */

static int fill(const char *path, const struct report_document *d, struct error *e) {
    struct book b = {.document = d, .workbook = workbook_new(path)};
    if (b.workbook == NULL) {
        return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    }
    lxw_doc_properties properties = {.title = (char *)d->title, .company = (char *)d->name};
    arena_init(&b.arena, 8u << 20);
    check(&b, workbook_set_properties(b.workbook, &properties));
    add_formats(&b);
    int rc = 0;
    for (size_t i = 0; i < d->n_table && !b.failed && rc == 0; i++) {
        print_table(&b, i);
        if (i == 0 && !b.failed) {
            rc = write_tidy(&b, e); /* the second sheet: what programs read is not far down */
        }
    }
    lxw_error closed = workbook_close(b.workbook); /* frees it also where it fails */
    arena_free(&b.arena);
    if (rc == 0 && (b.failed || closed != LXW_NO_ERROR)) {
        rc = error_set(e, ERR_INTERNAL, "", SAY("The workbook could not be made (%s)."),
                       closed != LXW_NO_ERROR ? lxw_strerror(closed) : "-");
    }
    return rc;
}

static int copy(int from, FILE *to, struct error *e) {
    char bytes[65536];
    ssize_t n;
    (void)lseek(from, 0, SEEK_SET);
    while ((n = read(from, bytes, sizeof bytes)) > 0) {
        if (fwrite(bytes, 1, (size_t)n, to) != (size_t)n) {
            n = -1;
            break;
        }
    }
    if (n < 0 || fflush(to) != 0 || ferror(to)) {
        return error_set(e, ERR_INTERNAL, "", SAY("The report could not be written."));
    }
    return 0;
}

/* The library writes to a path only: one in memory. */
int report_xlsx(const struct report_document *d, FILE *file, struct error *e) {
    char path[64];
    int fd = memfd_create("report", MFD_CLOEXEC);
    if (fd < 0) {
        return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int rc = fill(path, d, e);
    rc = rc == 0 ? copy(fd, file, e) : rc;
    close(fd);
    return rc;
}
