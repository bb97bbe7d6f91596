/* confine PROGRAM [WORD ...]: runs it under the filter of system calls that the
 * units ask systemd for.
 *
 * calls.h, made by tests/check_service.sh from SystemCallFilter= and
 * `systemd-analyze syscall-filter`, has ALLOW(number) for each call that is allowed;
 * any other fails with EPERM.  socket() is for Unix sockets only, as with
 * RestrictAddressFamilies=AF_UNIX, and no page is both writable and executable
 * (MemoryDenyWriteExecute=). */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field)      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what)     BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE(number)   RETURN(SECCOMP_RET_ERRNO | (number))
#define UNLESS(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (n))
#define ALLOW(number)    UNLESS((number), 1), RETURN(SECCOMP_RET_ALLOW),

static struct sock_filter filter[] = {
    LOAD(nr),
    UNLESS(SYS_socket, 4),
    LOAD(args[0]),
    UNLESS(AF_UNIX, 1),
    RETURN(SECCOMP_RET_ALLOW),
    REFUSE(EAFNOSUPPORT),
    UNLESS(SYS_mprotect, 4),
    LOAD(args[2]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
    REFUSE(EPERM),
    RETURN(SECCOMP_RET_ALLOW),
    UNLESS(SYS_mmap, 5),
    LOAD(args[2]),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_EXEC | PROT_WRITE),
    UNLESS(PROT_EXEC | PROT_WRITE, 1),
    REFUSE(EPERM),
    RETURN(SECCOMP_RET_ALLOW),
#include "calls.h"
    REFUSE(EPERM),
};

int main(int argc, char **argv) {
    const struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        fprintf(stderr, "confine: %s\n", argc < 2 ? "no program" : strerror(errno));
        return 125;
    }
    execv(argv[1], argv + 1);
    fprintf(stderr, "confine: %s: %s\n", argv[1], strerror(errno));
    return 127;
}
