#include "store/internal.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

/* linux/magic.h does not have these. */
#define MAGIC_CIFS 0xff534d42
#define MAGIC_SMB2 0xfe534d42
#define MAGIC_FUSE 0x65735546

/* LMDB maps its file and both rely on fdatasync: remote and FUSE file systems
 * promise neither (lmdb.h, "Do not use LMDB databases on remote filesystems"). */
static const struct {
    uint32_t magic;
    const char *name;
} refused[] = {{NFS_SUPER_MAGIC, "NFS"}, {MAGIC_CIFS, "CIFS"}, {MAGIC_SMB2, "SMB"},
               {SMB_SUPER_MAGIC, "SMB"}, {V9FS_MAGIC, "9p"},   {MAGIC_FUSE, "FUSE"}};

int filesystem_judge(const char *path, uint32_t magic, bool force, const char **warning,
                     struct error *e) {
    *warning = NULL;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (magic != refused[i].magic) {
            continue;
        }
        if (force) {
            *warning = "the store lies on a file system that may lose what was acknowledged "
                       "(--force-filesystem)";
            return 0;
        }
        return error_set(e, ERR_STATE, "store",
                         "%s lies on %s, which cannot keep a store safely. Use a local disk "
                         "(ext4, XFS), or --force-filesystem to take the risk.",
                         "%s は %s の上にあり、安全に保存できません。ローカルディスク (ext4, XFS) "
                         "を使うか、承知の上で --force-filesystem を付けてください。",
                         path, refused[i].name);
    }
    if (magic == TMPFS_MAGIC) {
        *warning = "the store lies in memory (tmpfs): it is gone after a restart";
    } else if (magic == OVERLAYFS_SUPER_MAGIC) {
        *warning = "the store lies on an overlay file system: for trials, not for service";
    }
    return 0;
}

int filesystem_check(const char *path, bool force, const char **warning, struct error *e) {
    struct statfs fs;
    *warning = NULL;
    if (statfs(path, &fs) < 0) {
        return error_set(e, ERR_INTERNAL, "store", "%s: %s", "%s: %s", path, strerror(errno));
    }
    return filesystem_judge(path, (uint32_t)fs.f_type, force, warning, e);
}
