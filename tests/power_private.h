/* What power_disk.c (remembering) and power_image.c (replaying) share. */
#ifndef MADOGUCHI_TESTS_POWER_PRIVATE_H
#define MADOGUCHI_TESTS_POWER_PRIVATE_H

#include "store/disk.h"
#include "tests/power_disk.h"

#define POWER_NAME 48

enum power_kind {
    POWER_WRITE,        /* data (NULL: zeros) at offset */
    POWER_GROW,         /* the file has at least `offset` bytes */
    POWER_CUT,          /* the file is empty */
    POWER_FLUSH,        /* of a file or directory */
    POWER_FLUSH_FAILED, /* some of what it should have taken is lost for good */
    POWER_LINK,         /* name in directory `node` is now `other` (-1: nothing) */
    POWER_MARK,         /* a mark of a clean stop will follow: LMDB's file is `data` */
};

struct power_change {
    enum power_kind kind;
    int node;
    int other;
    uint64_t offset;
    size_t len;
    uint8_t *data;
    char name[POWER_NAME];
};

struct power_node {
    dev_t dev;
    ino_t ino;
    bool dir;
    bool fold;      /* LMDB's folder */
    bool segment;   /* of the journal */
    uint8_t *bytes; /* of a file, in the beginning */
    size_t size;
};

struct power_log {
    char root[200];
    struct power_node *node;
    int n_node;
    struct power_change *change;
    size_t n_change;
    size_t n_base;   /* changes that describe the beginning */
    uint8_t *newest; /* LMDB's file at the last clean stop */
    size_t newest_len;
};

/* Room for one more element of a list of n. */
void *power_grow(void *list, size_t n, size_t size);

#endif
