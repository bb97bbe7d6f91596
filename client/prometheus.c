#include "client/prometheus.h"

#include "client/output.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum unit { PLAIN, MICROSECONDS, YES_NO };

/* One metric and the rows it is made of.  With a label, `row` is the beginning
 * of their names and the rest is the label's value. */
struct family {
    const char *name, *type, *help;
    const char *label;
    struct {
        const char *row;
        const char *end; /* of the sample's name; a quantile begins with '0' */
        enum unit unit;
    } samples[3];
};

static const struct family families[] = {
    {"uptime_seconds", "gauge", "Time since the daemon started.", NULL, {{"uptime_s", "", PLAIN}}},
    {"head", "gauge", "Number of the last entry recorded.", NULL, {{"head", "", PLAIN}}},
    {"applied",
     "gauge",
     "Number of the entry that the tables stand on.",
     NULL,
     {{"applied", "", PLAIN}}},
    {"entries_total",
     "counter",
     "Entries recorded since the daemon started.",
     NULL,
     {{"entries", "", PLAIN}}},
    {"group_entries",
     "summary",
     "Entries of a group, which are flushed together.",
     NULL,
     {{"group_p99", "0.99", PLAIN}, {"entries", "_sum", PLAIN}, {"groups", "_count", PLAIN}}},
    {"flush_seconds",
     "summary",
     "Time of writing and flushing a group to the journal.",
     NULL,
     {{"flush_p99_us", "0.99", MICROSECONDS},
      {"flush_sum_us", "_sum", MICROSECONDS},
      {"groups", "_count", PLAIN}}},
    {"last_flush_seconds",
     "gauge",
     "Time of the last flush.",
     NULL,
     {{"last_flush_us", "", MICROSECONDS}}},
    {"answer_seconds",
     "summary",
     "Time from a request's arrival to its answer, by what was asked for.",
     "kind",
     {{"answer_p99_us_", "0.99", MICROSECONDS},
      {"answer_sum_us_", "_sum", MICROSECONDS},
      {"answers_", "_count", PLAIN}}},
    {"requests_total",
     "counter",
     "Requests received since the daemon started.",
     NULL,
     {{"requests_total", "", PLAIN}}},
    {"refusals_total",
     "counter",
     "Requests refused since the daemon started, by error code.",
     "reason",
     {{"refused_", "", PLAIN}}},
    {"queue", "gauge", "Requests waiting to be recorded.", NULL, {{"queue", "", PLAIN}}},
    {"questions", "gauge", "Questions waiting for their answer.", NULL, {{"questions", "", PLAIN}}},
    {"connections", "gauge", "Connections now.", NULL, {{"connections", "", PLAIN}}},
    {"connections_max", "gauge", "Connections at most.", NULL, {{"connections_max", "", PLAIN}}},
    {"connections_accepted_total",
     "counter",
     "Connections accepted since the daemon started.",
     NULL,
     {{"connections_total", "", PLAIN}}},
    {"connections_refused_total",
     "counter",
     "Connections turned away since the daemon started.",
     NULL,
     {{"connections_refused", "", PLAIN}}},
    {"certificate_days_left",
     "gauge",
     "Days until the TLS certificate expires; absent without TLS.",
     NULL,
     {{"certificate_days_left", "", PLAIN}}},
    {"handshakes", "gauge", "TLS handshakes under way.", NULL, {{"handshakes", "", PLAIN}}},
    {"handshakes_failed_total",
     "counter",
     "TLS handshakes that failed or took too long since the daemon started.",
     NULL,
     {{"handshakes_failed", "", PLAIN}}},
    {"map_bytes", "gauge", "Address space of the tables (LMDB).", NULL, {{"map_bytes", "", PLAIN}}},
    {"map_used_bytes", "gauge", "What of the map is used.", NULL, {{"map_used", "", PLAIN}}},
    {"readers", "gauge", "Reader slots of the tables in use.", NULL, {{"readers", "", PLAIN}}},
    {"readers_max", "gauge", "Reader slots of the tables.", NULL, {{"readers_max", "", PLAIN}}},
    {"disk_bytes",
     "gauge",
     "Size of the store's file system for the daemon's account.",
     NULL,
     {{"disk_bytes", "", PLAIN}}},
    {"disk_free_bytes", "gauge", "What of it is free.", NULL, {{"free_bytes", "", PLAIN}}},
    {"disk_floor_bytes",
     "gauge",
     "With less free than this nothing new is recorded.",
     NULL,
     {{"free_floor_bytes", "", PLAIN}}},
    {"journal_bytes",
     "gauge",
     "Size of the journal's files, space allocated ahead included.",
     NULL,
     {{"journal_bytes", "", PLAIN}}},
    {"journal_segments", "gauge", "Files of the journal.", NULL, {{"segments", "", PLAIN}}},
    {"backup_age_seconds",
     "gauge",
     "Time since the last backup; absent while none is known.",
     NULL,
     {{"last_backup_age_s", "", PLAIN}}},
    {"backup_head",
     "gauge",
     "Number of the last entry in the last backup.",
     NULL,
     {{"last_backup_seq", "", PLAIN}}},
    {"full", "gauge", "1 while new entries are refused.", NULL, {{"full", "", YES_NO}}},
    {"warning",
     "gauge",
     "1 while an operator should see to it, by what is short.",
     "kind",
     {{"warning_", "", YES_NO}}},
};

#define SAMPLES (sizeof families[0].samples / sizeof families[0].samples[0])

/* Rows whose text says what runs: labels of madoguchi_info. */
static const char *const info[][2] = {
    {"name", "name"},
    {"version", "version"},
    {"protocol", "protocol"},
    {"folds", "fold_version"},
    {"libevent", "libevent"},
    {"lmdb", "lmdb"},
    {"protobuf_c", "protobuf-c"},
    {"libsodium", "libsodium"},
    {"openssl", "openssl"},
};

struct writer {
    FILE *file;
    const struct status_row *rows;
    size_t n;
    const char *municipality;
};

static const char *value_of(const struct writer *w, const char *name) {
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->rows[i].name, name) == 0) {
            return w->rows[i].value;
        }
    }
    return "";
}

static void write_label(FILE *file, const char *name, const char *value) {
    fprintf(file, "%s=\"", name);
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '\n') {
            fputs("\\n", file);
            continue;
        }
        if (*p == '"' || *p == '\\') {
            putc('\\', file);
        }
        putc(*p, file);
    }
    putc('"', file);
}

/* The value in the base unit; false when the row has none. */
static bool number_of(const char *value, enum unit unit, char out[64]) {
    if (unit == YES_NO) {
        snprintf(out, 64, "%d", strcmp(value, "yes") == 0);
        return value[0] != '\0';
    }
    if (!output_is_number(value) || strlen(value) > 30) {
        return false;
    }
    if (unit == MICROSECONDS) {
        uint64_t us = strtoull(value, NULL, 10);
        snprintf(out, 64, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
    } else {
        snprintf(out, 64, "%s", value);
    }
    return true;
}

static void write_heading(const struct writer *w, const char *name, const char *type,
                          const char *help) {
    fprintf(w->file, "# HELP madoguchi_%s %s\n# TYPE madoguchi_%s %s\n", name, help, name, type);
}

static void write_sample(const struct writer *w, const struct family *f, size_t sample,
                         const char *label, const char *number) {
    const char *end = f->samples[sample].end;
    bool quantile = end[0] == '0';
    fprintf(w->file, "madoguchi_%s%s{", f->name, quantile ? "" : end);
    write_label(w->file, "municipality", w->municipality);
    if (f->label != NULL) {
        putc(',', w->file);
        write_label(w->file, f->label, label);
    }
    if (quantile) {
        fprintf(w->file, ",quantile=\"%s\"", end);
    }
    fprintf(w->file, "} %s\n", number);
}

static void write_family(const struct writer *w, const struct family *f) {
    bool headed = false;
    for (size_t s = 0; s < SAMPLES && f->samples[s].row != NULL; s++) {
        const char *row = f->samples[s].row;
        size_t len = strlen(row);
        for (size_t i = 0; i < w->n; i++) {
            const char *name = w->rows[i].name;
            char number[64];
            if (strncmp(name, row, len) != 0 || (f->label == NULL) != (name[len] == '\0') ||
                !number_of(w->rows[i].value, f->samples[s].unit, number)) {
                continue;
            }
            if (!headed) {
                write_heading(w, f->name, f->type, f->help);
                headed = true;
            }
            write_sample(w, f, s, name + len, number);
        }
    }
}

static void write_info(const struct writer *w) {
    write_heading(w, "info", "gauge", "What runs: always 1.");
    fputs("madoguchi_info{", w->file);
    write_label(w->file, "municipality", w->municipality);
    for (size_t i = 0; i < sizeof info / sizeof info[0]; i++) {
        putc(',', w->file);
        write_label(w->file, info[i][0], value_of(w, info[i][1]));
    }
    fputs("} 1\n", w->file);
}

void prometheus_write(FILE *file, const struct status_row *rows, size_t n) {
    struct writer w = {.file = file, .rows = rows, .n = n};
    w.municipality = value_of(&w, "municipality");
    write_info(&w);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        write_family(&w, &families[i]);
    }
}
