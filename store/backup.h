/* What a store remembers of its last backup: the file `backup` in its
 * directory.  Part of the store; store_backup() is in store/store.h. */
#ifndef MADOGUCHI_STORE_BACKUP_H
#define MADOGUCHI_STORE_BACKUP_H

#include "store/internal.h"

#define BACKUP_PATH_MAX 1024

struct backup_memory {
    uint64_t at, seq; /* ms; 0: none is known of */
    char directory[BACKUP_PATH_MAX];
};

void backup_recall(int dirfd, struct backup_memory *memory);

#endif
