/* A newer program takes over a store: the journal is copied before anything else.
 *
 * The file `format` of a store says which program had it last:
 *
 *     madoguchi store 1
 *     folds 1            FOLD_VERSION: how the tables are made
 *     entries 1          STORE_ENTRY_FORMAT: the newest entries it may hold
 *
 * (the last two lines: 1 where they are missing).  A program that knows less
 * refuses the store, whatever its tables say; one that knows more copies the
 * journal, writes its own numbers, and only then opens journal and tables.
 *
 * What the copy protects from.  Folding again changes no byte of the journal, so
 * it needs no copy: the tables can always be made again.  Two other things can go
 * wrong.  The new program may read the journal's end in another way and cut or
 * write again what the old one would have kept: the segment it does that to is
 * copied.  And entries recorded since the upgrade may be such that the old program
 * does not know them: the copy is what one can go back to.
 *
 * The copy is a backup in the directory that was backed up to last.  Where none is
 * known, or the configuration no longer allows it, a store beside the store,
 * STORE.before-upgrade-TIME, without tables: the segments that are full are
 * hard links, which take no room, the last one is copied.  Links protect from a
 * file being removed, replaced or written anew, not from one overwritten in
 * place and not from the loss of the disk: only a backup elsewhere does.
 *
 * It is made once: a start that fails later does not make another.  One that
 * cannot be made ends the opening with nothing changed, unless the caller has
 * said that it goes on without (store_options.no_upgrade_copy). */
#ifndef MADOGUCHI_STORE_UPGRADE_H
#define MADOGUCHI_STORE_UPGRADE_H

#include "store/internal.h"

/* The lines of `format` as this program writes them; returns their length. */
#define UPGRADE_FORMAT_TEXT 128
size_t upgrade_format(char out[UPGRADE_FORMAT_TEXT]);

/* Whether the directory was last used by a program that knows no more than this
 * one.  ERR_STATE: by a newer one. */
int upgrade_check(int dirfd, const char *path, struct error *e) MUST_CHECK;

/* The same of the version that the tables themselves name, and of that of an
 * entry. */
int upgrade_check_folds(const char *path, uint32_t version, struct error *e) MUST_CHECK;
int upgrade_check_entries(uint32_t version, struct error *e) MUST_CHECK;

/* Takes the store over: locked, neither journal nor tables opened.  Does nothing
 * where this program, or one like it, had it last.  Otherwise copies, writes the
 * numbers and gives notice. */
int upgrade_take_over(struct store *s, struct error *e) MUST_CHECK;

#endif
