/* What a disk may hold after the power went away. */
#include "tests/power_private.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512u

/* A name in a directory: what a flush has made sure of, and what it may be
 * instead. */
struct entry {
    int dir;
    char name[POWER_NAME];
    int durable; /* a node, or -1 */
    size_t *later;
    size_t n_later;
};

struct file {
    uint8_t *bytes;
    size_t size, capacity;
    size_t *later; /* changes that no flush has taken */
    size_t n_later;
};

struct image {
    const struct power_log *log;
    uint64_t *random;
    struct file *file; /* by node */
    struct entry *entry;
    size_t n_entry;
    enum { KEEP_NONE, KEEP_ALL, KEEP_PREFIX, KEEP_SOME } keep;
    size_t prefix;   /* changes before this one are there, this one is torn */
    size_t mark;     /* the last clean stop: a change, or SIZE_MAX */
    bool fold_loose; /* LMDB's folder was changed since it was flushed */
    enum power_loss loss;
};

/* ---- replay ---------------------------------------------------------------------------- */

static void file_grow(struct file *f, size_t size) {
    if (size > f->capacity) {
        size_t capacity = size + size / 4;
        f->bytes = realloc(f->bytes, capacity);
        ck_assert_ptr_nonnull(f->bytes);
        f->capacity = capacity;
    }
    if (size > f->size) {
        memset(f->bytes + f->size, 0, size - f->size);
        f->size = size;
    }
}

static void file_write(struct file *f, const struct power_change *c, size_t from, size_t to) {
    file_grow(f, c->offset + to);
    if (c->data != NULL) {
        memcpy(f->bytes + c->offset + from, c->data + from, to - from);
    } else {
        memset(f->bytes + c->offset + from, 0, to - from);
    }
}

static void file_change(struct file *f, const struct power_change *c) {
    if (c->kind == POWER_WRITE) {
        file_write(f, c, 0, c->len);
    } else if (c->kind == POWER_GROW) {
        file_grow(f, c->offset);
    } else {
        f->size = 0;
    }
}

/* Any of the sectors that the write touches. */
static void file_torn(struct image *m, struct file *f, const struct power_change *c) {
    if (c->kind != POWER_WRITE) {
        if (power_random(m->random, 2) == 0) {
            file_change(f, c);
        }
        return;
    }
    bool tail_lost = power_random(m->random, 2) == 0;
    size_t whole = power_random(m->random, c->len + 1);
    for (size_t at = 0; at < c->len;) {
        size_t end = SECTOR - (size_t)((c->offset + at) % SECTOR) + at;
        end = end < c->len ? end : c->len;
        if (tail_lost ? end <= whole : power_random(m->random, 2) == 0) {
            file_write(f, c, at, end);
        }
        at = end;
    }
}

/* What became of changes that no flush has taken. */
static void file_settle(struct image *m, struct file *f) {
    for (size_t i = 0; i < f->n_later; i++) {
        const struct power_change *c = &m->log->change[f->later[i]];
        bool there = m->keep == KEEP_ALL || (m->keep == KEEP_PREFIX && f->later[i] < m->prefix);
        if (m->keep == KEEP_SOME) {
            size_t dice = power_random(m->random, 3);
            there = dice == 0;
            if (dice == 1) {
                file_torn(m, f, c);
            }
        }
        if (there) {
            file_change(f, c);
        } else if (m->keep == KEEP_PREFIX && f->later[i] == m->prefix) {
            file_torn(m, f, c);
        }
    }
    f->n_later = 0;
}

static struct entry *entry_of(struct image *m, int dir, const char *name) {
    for (size_t i = 0; i < m->n_entry; i++) {
        if (m->entry[i].dir == dir && strcmp(m->entry[i].name, name) == 0) {
            return &m->entry[i];
        }
    }
    m->entry = power_grow(m->entry, m->n_entry, sizeof *m->entry);
    struct entry *e = &m->entry[m->n_entry++];
    *e = (struct entry){.dir = dir, .durable = -1};
    snprintf(e->name, sizeof e->name, "%s", name);
    return e;
}

static void flush_dir(struct image *m, int dir) {
    for (size_t i = 0; i < m->n_entry; i++) {
        struct entry *e = &m->entry[i];
        if (e->dir == dir && e->n_later > 0) {
            e->durable = m->log->change[e->later[e->n_later - 1]].other;
            e->n_later = 0;
        }
    }
    if (m->log->node[dir].fold) {
        m->fold_loose = false;
    }
}

static void flush_file(struct image *m, struct file *f) {
    for (size_t i = 0; i < f->n_later; i++) {
        file_change(f, &m->log->change[f->later[i]]);
    }
    f->n_later = 0;
}

static void replay_link(struct image *m, size_t i) {
    const struct power_change *c = &m->log->change[i];
    if (m->log->node[c->node].fold ||
        (c->other >= 0 && m->log->node[c->other].fold && i >= m->log->n_base)) {
        m->fold_loose = true;
    }
    if (m->log->node[c->node].fold) {
        return;
    }
    struct entry *e = entry_of(m, c->node, c->name);
    e->later = power_grow(e->later, e->n_later, sizeof *e->later);
    e->later[e->n_later++] = i;
}

static void replay(struct image *m, size_t i) {
    const struct power_change *c = &m->log->change[i];
    struct file *f = &m->file[c->node];
    int keep = (int)m->keep;
    switch (c->kind) {
    case POWER_WRITE:
    case POWER_GROW:
    case POWER_CUT:
        f->later = power_grow(f->later, f->n_later, sizeof *f->later);
        f->later[f->n_later++] = i;
        /* With the journal LMDB goes on: no older mark vouches for it. */
        m->fold_loose = m->fold_loose || m->log->node[c->node].segment;
        break;
    case POWER_FLUSH:
        if (m->log->node[c->node].dir) {
            flush_dir(m, c->node);
        } else {
            flush_file(m, f);
        }
        break;
    case POWER_FLUSH_FAILED: /* of a directory: nothing is sure yet */
        if (!m->log->node[c->node].dir) {
            m->keep = KEEP_SOME;
            file_settle(m, f);
            m->keep = keep;
        }
        break;
    case POWER_LINK:
        replay_link(m, i);
        break;
    case POWER_MARK:
        m->mark = i;
        break;
    }
}

/* ---- writing it down ---------------------------------------------------------------------- */

static void write_bytes(int dirfd, const char *name, const uint8_t *bytes, size_t size) {
    static const uint8_t zeros[4096];
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    for (size_t at = 0; at < size; at += sizeof zeros) {
        size_t n = size - at < sizeof zeros ? size - at : sizeof zeros;
        if (memcmp(bytes + at, zeros, n) != 0) {
            ck_assert_int_eq(pwrite(fd, bytes + at, n, (off_t)at), (ssize_t)n);
        }
    }
    close(fd);
}

static void write_rubbish(struct image *m, int dirfd) {
    uint8_t bytes[16384];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)power_random(m->random, 256);
    }
    write_bytes(dirfd, "data.mdb", bytes, sizeof bytes);
}

/* LMDB's file with pages of its own in the wrong place: it looks sound. */
static void write_shuffled(struct image *m, int dirfd) {
    uint8_t *bytes = malloc(m->log->newest_len + 1);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, m->log->newest, m->log->newest_len);
    size_t pages = m->log->newest_len / 4096;
    for (size_t i = 2; i < pages; i++) {
        if (power_random(m->random, 3) == 0) {
            memcpy(bytes + i * 4096, m->log->newest + power_random(m->random, pages) * 4096, 4096);
        }
    }
    write_bytes(dirfd, "data.mdb", bytes, m->log->newest_len);
    free(bytes);
}

static void write_fold(struct image *m, int fd, bool clean) {
    const struct power_change *mark = m->mark == SIZE_MAX ? NULL : &m->log->change[m->mark];
    size_t dice = power_random(m->random, 5);
    if (clean && !m->fold_loose && mark != NULL && mark->data != NULL) {
        write_bytes(fd, "data.mdb", mark->data, mark->len);
    } else if (dice == 0) {
        return;
    } else if (dice == 1 && mark != NULL && mark->data != NULL) {
        write_bytes(fd, "data.mdb", mark->data, mark->len);
    } else if (dice == 2 && m->log->newest != NULL) {
        write_bytes(fd, "data.mdb", m->log->newest, m->log->newest_len);
    } else if (dice == 3 && m->log->newest != NULL) {
        write_shuffled(m, fd);
    } else {
        write_rubbish(m, fd);
    }
}

/* The folder as it stands: the machine ran on. */
static void copy_fold(const struct image *m, const char *to) {
    char command[500];
    snprintf(command, sizeof command, "cp -a --sparse=always %s/fold/. %s/fold", m->log->root, to);
    ck_assert_int_eq(system(command), 0);
}

/* The node that the name stands for, or -1. */
static int entry_now(struct image *m, const struct entry *e) {
    if (e->n_later == 0 || m->keep == KEEP_NONE) {
        return e->durable;
    }
    size_t newest = e->n_later;
    if (m->keep == KEEP_PREFIX) {
        while (newest > 0 && e->later[newest - 1] >= m->prefix) {
            newest--;
        }
    } else if (m->keep == KEEP_SOME) {
        newest = power_random(m->random, e->n_later + 1);
    }
    return newest == 0 ? e->durable : m->log->change[e->later[newest - 1]].other;
}

/* The boot id of a machine that has been started again. */
static void other_boot(struct file *f) {
    if (f->size > 0) {
        f->bytes[0] = f->bytes[0] == 'z' ? 'y' : 'z';
    }
}

static void write_dir(struct image *m, int dir, const char *to, int fd) {
    int fold = -1;
    bool clean = false;
    for (size_t i = 0; i < m->n_entry; i++) {
        const struct entry *e = &m->entry[i];
        int node = e->dir == dir ? entry_now(m, e) : -1;
        if (node < 0) {
            continue;
        }
        struct file *f = &m->file[node];
        if (m->log->node[node].dir) {
            ck_assert_int_eq(mkdirat(fd, e->name, 0700), 0);
            int below = openat(fd, e->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (m->log->node[node].fold) {
                fold = below;
            } else {
                write_dir(m, node, to, below);
                close(below);
            }
            continue;
        }
        file_settle(m, f);
        if (strcmp(e->name, "boot") == 0 && m->loss == POWER_OFF) {
            other_boot(f);
        }
        clean = clean || (strcmp(e->name, "clean") == 0 && f->size > 0);
        write_bytes(fd, e->name, f->bytes, f->size);
    }
    if (fold >= 0 && m->loss == POWER_OFF) {
        write_fold(m, fold, clean);
    } else if (fold >= 0) {
        copy_fold(m, to);
    }
    if (fold >= 0) {
        close(fold);
    }
}

static void begin(struct image *m) {
    const struct power_log *log = m->log;
    m->file = calloc((size_t)log->n_node, sizeof *m->file);
    ck_assert_ptr_nonnull(m->file);
    for (int i = 0; i < log->n_node; i++) {
        if (log->node[i].bytes != NULL && log->node[i].size > 0) {
            file_grow(&m->file[i], log->node[i].size);
            memcpy(m->file[i].bytes, log->node[i].bytes, log->node[i].size);
        }
    }
}

static void end(struct image *m) {
    for (int i = 0; i < m->log->n_node; i++) {
        free(m->file[i].bytes);
        free(m->file[i].later);
    }
    for (size_t i = 0; i < m->n_entry; i++) {
        free(m->entry[i].later);
    }
    free(m->file);
    free(m->entry);
}

void power_log_image(const struct power_log *log, size_t cut, enum power_loss loss,
                     uint64_t *random, const char *to) {
    struct image m = {.log = log, .random = random, .mark = SIZE_MAX, .loss = loss};
    size_t n = log->n_base + cut;
    ck_assert_uint_le(n, log->n_change);
    m.keep = (int)power_random(random, 5);
    if ((int)m.keep == 4) {
        m.keep = KEEP_SOME;
    }
    if (loss == POWER_EVICTED) {
        m.keep = KEEP_ALL; /* but what failed flushes lost */
    }
    size_t back = 1 + power_random(random, 20);
    m.prefix = n > back ? n - back : 0;
    begin(&m);
    for (size_t i = 0; i < n; i++) {
        replay(&m, i);
    }
    int fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    write_dir(&m, 0, to, fd);
    close(fd);
    end(&m);
}
