#include "store/known.h"

#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NOTE "flushed"

static uint64_t noted(int dirfd) {
    uint8_t bytes[8];
    int fd = openat(dirfd, NOTE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return 0;
    }
    bool whole = pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes;
    close(fd);
    return whole ? get_u64(bytes) : 0;
}

uint64_t known_seq(int dirfd) {
    struct journal_mark mark = {0};
    struct backup_memory backup;
    backup_recall(dirfd, &backup);
    uint64_t seq = backup.seq;
    if (store_read_mark(dirfd, &mark) && mark.head.seq > seq) {
        seq = mark.head.seq;
    }
    if (store_same_boot(dirfd)) {
        uint64_t last = noted(dirfd);
        seq = last > seq ? last : seq;
    }
    return seq;
}

int known_open(int dirfd, bool trusted) {
    if (!trusted && unlinkat(dirfd, NOTE, 0) < 0 && errno != ENOENT) {
        return -1;
    }
    return openat(dirfd, NOTE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Past disk_calls on purpose: a note that is lost says less, never wrong. */
void known_note(int fd, uint64_t seq) {
    uint8_t bytes[8];
    put_u64(bytes, seq);
    if (fd >= 0 && pwrite(fd, bytes, sizeof bytes, 0) < 0) {
        return;
    }
}
