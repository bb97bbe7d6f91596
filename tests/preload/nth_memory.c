/* The n-th call to the memory allocator fails, by LD_PRELOAD: nth_control.h says
 * which.  A library of its own, because a sanitizer brings another allocator. */
#include "nth_page.h"

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n) {
    return nth_fails(NTH_malloc, NULL) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
    return nth_fails(NTH_malloc, NULL) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
    return nth_fails(NTH_malloc, NULL) ? NULL : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, bytes);
}
