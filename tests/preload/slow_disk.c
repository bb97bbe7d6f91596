/* A slow or failing disk for a whole process, by LD_PRELOAD: fdatasync() of a
 * segment of the journal does what the file named by SLOW_DISK says, if it is
 * there:
 *
 *     sleep MS   first waits so long
 *     all MS     the same, and so does every other flush of any file
 *     fail       fails with EIO, once: the file is removed
 *
 * Beside it the file .in is there while a flush waits, and .done has a byte for
 * each that is done. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_segment(int fd) {
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    return n > 4 && memcmp(path + n - 4, ".seg", 4) == 0;
}

static int control(char text[64]) {
    const char *name = getenv("SLOW_DISK");
    int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t n = read(fd, text, 63);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return 0;
}

static void wait_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* Makes the file beside the one that controls, or adds a byte to it. */
static void note(const char *end, const char *byte, int remove) {
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s%s", getenv("SLOW_DISK"), end);
    if (remove) {
        unlink(name);
        return;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ssize_t n = write(fd, byte, strlen(byte));
    (void)n;
    close(fd);
}

static void flush_slowly(long ms) {
    note(".in", "", 0);
    wait_ms(ms);
    note(".in", "", 1);
}

int fdatasync(int fd) {
    int (*real)(int);
    char text[64];
    long ms;
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    if (control(text) != 0) {
        return real(fd);
    }
    if (sscanf(text, "all %ld", &ms) == 1) {
        flush_slowly(ms);
        return real(fd);
    }
    if (!is_segment(fd)) {
        return real(fd);
    }
    if (strncmp(text, "fail", 4) == 0) {
        unlink(getenv("SLOW_DISK"));
        errno = EIO;
        return -1;
    }
    if (sscanf(text, "sleep %ld", &ms) == 1) {
        flush_slowly(ms);
    }
    int r = real(fd);
    note(".done", "x", 0);
    return r;
}

int fsync(int fd) {
    int (*real)(int);
    char text[64];
    long ms;
    *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    if (control(text) == 0 && sscanf(text, "all %ld", &ms) == 1) {
        flush_slowly(ms);
    }
    return real(fd);
}
