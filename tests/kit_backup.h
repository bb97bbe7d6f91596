/* A store with several segments, backups of it and what they must refuse. */
#ifndef MADOGUCHI_TESTS_KIT_BACKUP_H
#define MADOGUCHI_TESTS_KIT_BACKUP_H

#include "tests/kit_files.h"

struct kit_backup {
    struct kit k;
    char dir[KIT_PATH];  /* of the backup; not there at first */
    char made[KIT_PATH]; /* where a store is restored to; not there at first */
    struct error e;      /* of the last call */
    char lines[8192];    /* its lines: "name: value\n" each */
};

/* A new store in process, with one round recorded. */
void kit_backup_begin(struct kit_backup *b);
void kit_backup_end(struct kit_backup *b);

/* One more round and a new segment. */
void kit_backup_segment(struct kit_backup *b);

/* Backs up; returns what store_backup() does. */
int kit_backup_make(struct kit_backup *b);
/* The same, which must be refused with the code and words that hold `part`. */
void kit_backup_refused(struct kit_backup *b, int code, const char *part);

/* Restores to b->made, which is removed before. */
int kit_backup_restore(struct kit_backup *b, uint64_t to);
void kit_backup_restore_refused(struct kit_backup *b, uint64_t to, int code, const char *part);

/* The store at b->made opened as one of its own; to be given to kit_close(). */
void kit_backup_open(struct kit_backup *b, struct kit *made);
/* What it holds is this dump, and it proves itself. */
void kit_backup_expect(struct kit_backup *b, const char *dump, size_t len);

/* Takes lines; ctx is a struct kit_backup. */
void kit_backup_line(void *ctx, const char *name, const char *value);
/* The error and the lines. */
void kit_backup_expect_error(const struct kit_backup *b, int code, const char *part);
void kit_backup_expect_line(const struct kit_backup *b, const char *part);

/* Flips a bit of a byte of a file. */
void kit_backup_flip(const char *path, long offset);
/* The names of a directory's files, without "." and "..", sorted, one a line. */
void kit_backup_names(const char *path, char out[2048]);
/* A path in a directory; good until the next but one call. */
const char *kit_backup_path(const char *dir, const char *name);

#endif
