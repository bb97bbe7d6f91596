#include "proto/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_LONGEST 1024
#define LIMITED      64 /* events whose rate is known at a time */

struct limit {
    const char *event;
    int64_t second;
    unsigned written;
    unsigned suppressed;
};

static bool to_journal;
static _Atomic int least = LEVEL_INFO;
static struct limit limits[LIMITED];
static pthread_mutex_t limits_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_words[] = {[LEVEL_ERROR] = "error",
                                          [LEVEL_WARNING] = "warning",
                                          [LEVEL_NOTICE] = "notice",
                                          [LEVEL_INFO] = "info",
                                          [LEVEL_DEBUG] = "debug"};

void log_open(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device;
    unsigned long long inode;
    struct stat st;
    to_journal = stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
                 fstat(STDERR_FILENO, &st) == 0 && st.st_dev == (dev_t)device &&
                 st.st_ino == (ino_t)inode;
}

void log_level(enum log_level level) {
    least = (int)level;
}

bool log_wanted(enum log_level level) {
    return (int)level <= least;
}

int log_level_of(const char *word) {
    for (int i = LEVEL_ERROR; i <= LEVEL_DEBUG; i++) {
        if (strcmp(level_words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

/* Whether the event may be written now; *suppressed: how many were not since
 * the last that was. */
static bool limit_take(const char *event, int64_t second, unsigned *suppressed) {
    size_t slot = ((uintptr_t)event >> 3) % LIMITED;
    bool allowed = true;
    pthread_mutex_lock(&limits_lock);
    struct limit *l = &limits[slot];
    if (l->event != event) {
        *l = (struct limit){.event = event, .second = second};
    } else if (l->second != second) {
        l->second = second;
        l->written = 0;
    }
    if (l->written >= LOG_BURST) {
        l->suppressed++;
        allowed = false;
    } else {
        l->written++;
        *suppressed = l->suppressed;
        l->suppressed = 0;
    }
    pthread_mutex_unlock(&limits_lock);
    return allowed;
}

static size_t line_begin(char *line, size_t size, enum log_level level,
                         const struct timespec *now) {
    if (to_journal) {
        return (size_t)snprintf(line, size, "<%d>", (int)level);
    }
    struct tm tm;
    gmtime_r(&now->tv_sec, &tm);
    size_t n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(line + n, size - n, ".%03ldZ %s ", now->tv_nsec / 1000000,
                          level_words[level]);
    return n;
}

static void add(char *line, size_t *n, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void add_words(char *line, size_t *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends to a line of LINE_LONGEST bytes; what does not fit is cut. */
static void add(char *line, size_t *n, const char *format, va_list ap) {
    int written = vsnprintf(line + *n, LINE_LONGEST - *n, format, ap);
    if (written > 0) {
        size_t room = LINE_LONGEST - *n - 1;
        *n += (size_t)written < room ? (size_t)written : room;
    }
}

static void add_words(char *line, size_t *n, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    add(line, n, format, ap);
    va_end(ap);
}

static void line_write(char *line, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[n] = '\n';
    /* One write a line: lines of several threads do not mix. */
    ssize_t done = write(STDERR_FILENO, line, n + 1);
    (void)done;
}

void log_event(enum log_level level, const char *event, const char *format, ...) {
    if (!log_wanted(level)) {
        return;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned suppressed = 0;
    if (level > LEVEL_ERROR && !limit_take(event, now.tv_sec, &suppressed)) {
        return;
    }
    char line[LINE_LONGEST + 1];
    size_t n = line_begin(line, LINE_LONGEST, level, &now);
    add_words(line, &n, "%s%s", event, format[0] != '\0' ? " " : "");
    va_list ap;
    va_start(ap, format);
    add(line, &n, format, ap);
    va_end(ap);
    if (suppressed > 0) {
        add_words(line, &n, " suppressed=%u", suppressed);
    }
    line_write(line, n);
}

void log_error(enum log_level level, const char *event, const struct error *e) {
    log_event(level, event, "code=%s why=\"%s\"", error_word(e->code), e->en);
}
