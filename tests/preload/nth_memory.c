/* The n-th call to the memory allocator fails, by LD_PRELOAD: nth_control.h says
 * which.  A library of its own, because a sanitizer brings another allocator. */
#include "nth_page.h"

#include <dlfcn.h>
#include <pwd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

/* The C library's own look at its configuration asserts that it has memory
 * (nss_database.c of glibc 2.36): nobody can be blamed for that. */
static _Thread_local int looks_up;

static int fails(void) {
    return !looks_up && nth_fails(NTH_malloc, NULL);
}

int getpwuid_r(uid_t uid, struct passwd *pw, char *text, size_t len, struct passwd **found) {
    int (*real)(uid_t, struct passwd *, char *, size_t, struct passwd **);
    *(void **)&real = dlsym(RTLD_NEXT, "getpwuid_r");
    looks_up = 1;
    int r = real(uid, pw, text, len, found);
    looks_up = 0;
    return r;
}

void *malloc(size_t n) {
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
    return fails() ? NULL : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, bytes);
}
