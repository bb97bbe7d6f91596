#include "tests/bench/measure.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A small file of /proc or /sys; false when it cannot be read. */
static bool slurp(const char *path, char *out, size_t size) {
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return false;
    }
    size_t n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    fclose(f);
    return n > 0;
}

/* A process's parent, and the processor seconds of its children that ended. */
static bool process_stat(long process, long *parent, double *ended) {
    char path[64];
    char text[1024];
    long user;
    long system;
    snprintf(path, sizeof path, "/proc/%ld/stat", process);
    const char *rest = slurp(path, text, sizeof text) ? strrchr(text, ')') : NULL;
    if (rest == NULL ||
        sscanf(rest + 1, " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld", parent,
               &user, &system) != 3) {
        return false;
    }
    *ended = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

/* Processor seconds of a process that lives: of each thread in nanoseconds,
 * since the sum in its stat is rounded down to hundredths, and PostgreSQL has
 * a process for each connection. */
static double process_time(long process) {
    char path[64];
    char text[128];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", process);
    DIR *d = opendir(path);
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        if (isdigit((unsigned char)e->d_name[0])) {
            snprintf(path, sizeof path, "/proc/%ld/task/%ld/schedstat", process,
                     strtol(e->d_name, NULL, 10));
            sum += slurp(path, text, sizeof text) ? strtod(text, NULL) / 1e9 : 0;
        }
    }
    if (d != NULL) {
        closedir(d);
    }
    return sum;
}

static double server_time(long pid) {
    double sum = 0;
    double ended;
    long parent;
    DIR *d = opendir("/proc");
    if (d == NULL) {
        return -1;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        long process = isdigit((unsigned char)e->d_name[0]) ? strtol(e->d_name, NULL, 10) : 0;
        if (process != 0 && process_stat(process, &parent, &ended) &&
            (process == pid || parent == pid)) {
            sum += process_time(process) + (process == pid ? ended : 0);
        }
    }
    closedir(d);
    return sum;
}

static void take_machine(struct account *a) {
    char text[512];
    double v[8] = {0};
    a->machine = -1;
    if (slurp("/proc/stat", text, sizeof text) &&
        sscanf(text, "cpu %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
               &v[6]) == 7) {
        a->machine = (v[0] + v[1] + v[2] + v[5] + v[6]) / (double)sysconf(_SC_CLK_TCK);
    }
}

void account_take(struct account *a, long pid) {
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    a->client = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
                (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
    a->server = pid != 0 ? server_time(pid) : -1;
    take_machine(a);
}

/* The whole disk's sums: the kernel counts no flushes of a part of it. */
static bool disk_sums(const char *data, double v[17], int *n) {
    struct stat st;
    char path[128];
    char text[512];
    if (stat(data, &st) != 0) {
        return false;
    }
    unsigned major_n = major(st.st_dev);
    unsigned minor_n = minor(st.st_dev);
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/partition", major_n, minor_n);
    const char *up = access(path, F_OK) == 0 ? "/.." : "";
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u%s/stat", major_n, minor_n, up);
    if (!slurp(path, text, sizeof text)) {
        return false;
    }
    *n = 0;
    for (char *p = text, *end; *n < 17; (*n)++, p = end) {
        v[*n] = strtod(p, &end);
        if (end == p) {
            break;
        }
    }
    return true;
}

void account_disk(struct account *a, const char *data) {
    double v[17] = {0};
    int n = 0;
    a->disk_bytes = a->disk_flushes = -1;
    int fd = data != NULL ? open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    bool synced = syncfs(fd) == 0;
    close(fd);
    if (synced && disk_sums(data, v, &n)) {
        a->disk_bytes = n >= 7 ? v[6] * 512 : -1;
        a->disk_flushes = n >= 16 ? v[15] : -1;
    }
}
