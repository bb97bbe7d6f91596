/* The journal's files: reading, recovery and proof of what is on the disk.
 *
 * First byte 1: a journal is made of records, the bytes of its files are then
 * changed at the places that the input says (checksums cannot be guessed by a
 * fuzzer).  Whatever is accepted must be what was written.  Otherwise the input
 * is the file; what is accepted must carry its chain. */
#include "tests/fuzz/fuzz.h"

#include "store/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS_MAX 24
#define FILE_MAX    65536

enum { MADE = 1, TRUSTED = 2, TWO_FILES = 4, CUT = 8 };

static struct {
    int fd;                                    /* of the store's folder */
    size_t n;                                  /* records that were made; 0: not known */
    size_t len[RECORDS_MAX + 1];               /* of the entry seq */
    struct journal_head head[RECORDS_MAX + 1]; /* after it */
} j;

static uint8_t byte_of(uint64_t seq, size_t i) {
    return (uint8_t)(seq * 31 + i * 7);
}

/* ---- files -------------------------------------------------------------------------- */

static void start(void) {
    MUST(sodium_init() >= 0);
    j.fd = open(fuzz_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MUST(j.fd >= 0 && mkdirat(j.fd, "journal", 0700) == 0);
}

static void remove_files(void) {
    int fd = openat(j.fd, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fdopendir(fd);
    MUST(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.') {
            unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
}

static void write_file(uint64_t first, const uint8_t *data, size_t len) {
    char name[SEGMENT_NAME_BYTES];
    char path[sizeof "journal/" + SEGMENT_NAME_BYTES];
    segment_name(first, name);
    snprintf(path, sizeof path, "journal/%s", name);
    int fd = openat(j.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    close(fd);
}

/* ---- a journal that is right, then changed -------------------------------------------- */

struct made {
    uint8_t bytes[2][FILE_MAX];
    size_t len[2];
    uint64_t first[2];
    size_t files;
};

static void begin_file(struct made *m, struct journal_head head) {
    size_t f = m->files++;
    const struct segment_header h = {.format = SEGMENT_FORMAT,
                                     .first = head.seq + 1,
                                     .previous = f > 0 ? m->first[0] : 0,
                                     .before = head};
    m->first[f] = h.first;
    m->len[f] = SEGMENT_HEADER_BYTES;
    segment_encode_header(m->bytes[f], &h);
}

static const uint8_t *make(struct made *m, int how, const uint8_t *p, const uint8_t *end) {
    struct journal_head head = {0};
    uint64_t group = 1;
    j.n = p < end ? 1 + *p++ % RECORDS_MAX : 1;
    begin_file(m, head);
    for (uint64_t seq = 1; seq <= j.n; seq++) {
        uint8_t entry[1024];
        uint8_t of = p < end ? *p++ : 3;
        if ((of & 1) != 0) {
            group = seq;
        }
        if ((how & TWO_FILES) != 0 && m->files == 1 && seq == j.n / 2 + 1 && seq > 1) {
            group = seq;
            begin_file(m, head);
        }
        j.len[seq] = 1 + (size_t)of * 3;
        for (size_t i = 0; i < j.len[seq]; i++) {
            entry[i] = byte_of(seq, i);
        }
        size_t f = m->files - 1;
        segment_encode(m->bytes[f] + m->len[f], &head, group, entry, j.len[seq]);
        m->len[f] += segment_record_bytes(j.len[seq]);
        j.head[seq] = head;
    }
    m->len[m->files - 1] += 4096; /* zeros behind the last record */
    return p;
}

/* Four bytes a change: file and place, what to add to the byte there. */
static void change(struct made *m, int how, const uint8_t *p, const uint8_t *end) {
    for (; end - p >= 4; p += 4) {
        size_t f = p[0] % m->files;
        size_t at = ((size_t)p[1] << 8 | p[2]) % m->len[f];
        m->bytes[f][at] = (uint8_t)(m->bytes[f][at] + p[3]);
        if ((how & CUT) != 0 && (p[0] & 0x80) != 0) {
            m->len[f] = at;
            if (at == 0) {
                m->len[f] = 1;
            }
        }
    }
}

static void write_made(int how, const uint8_t *data, size_t size) {
    static struct made m;
    memset(&m, 0, sizeof m);
    change(&m, how, make(&m, how, data, data + size), data + size);
    for (size_t f = 0; f < m.files; f++) {
        write_file(m.first[f], m.bytes[f], m.len[f]);
    }
}

/* ---- what is accepted ------------------------------------------------------------------- */

struct walk {
    struct journal_head head;
};

/* The chain, worked out apart from the store. */
static void go_on(struct journal_head *head, uint64_t seq, const uint8_t *data, size_t len) {
    crypto_generichash_state state;
    uint8_t number[8];
    for (int i = 0; i < 8; i++) {
        number[i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    crypto_generichash_init(&state, NULL, 0, 32);
    crypto_generichash_update(&state, head->hash, 32);
    crypto_generichash_update(&state, number, 8);
    crypto_generichash_update(&state, data, len);
    crypto_generichash_final(&state, head->hash, 32);
    head->seq = seq;
}

static int each(void *ctx, uint64_t seq, struct journal_place place, const uint8_t *hash,
                const uint8_t *data, size_t len) {
    struct walk *w = ctx;
    MUST(place.segment >= 1 && place.offset >= SEGMENT_HEADER_BYTES);
    MUST(seq == w->head.seq + 1);
    go_on(&w->head, seq, data, len);
    if (j.n > 0) {
        MUST(seq <= j.n && len == j.len[seq]);
        for (size_t i = 0; i < len; i++) {
            MUST(data[i] == byte_of(seq, i));
        }
    }
    (void)hash;
    return 0;
}

static void walk(struct journal *journal) {
    struct walk w = {0};
    struct error e = {0};
    if (journal_walk(journal, 1, each, &w, &e) != 0) {
        fuzz_refusal(&e);
        return;
    }
    MUST(w.head.seq == journal_head(journal)->seq);
    MUST(memcmp(w.head.hash, journal_head(journal)->hash, 32) == 0);
}

/* Opens and reads; whether it was accepted. */
static bool try_open(bool read_only, bool trusted, struct journal_head *head) {
    struct journal *journal;
    struct journal_recovery report;
    struct error e = {0};
    struct journal_options o = {
        .segment_bytes = JOURNAL_SEGMENT_MIN, .read_only = read_only, .applied_trusted = trusted};
    if (trusted) {
        o.applied = j.head[j.n];
    }
    if (journal_open(j.fd, &o, &journal, &report, &e) != 0) {
        fuzz_refusal(&e);
        return false;
    }
    *head = *journal_head(journal);
    MUST(!trusted || head->seq >= o.applied.seq);
    walk(journal);
    journal_close(journal);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct journal_head head;
    struct journal_head again;
    struct journal_verify_result result;
    struct error e = {0};
    if (j.fd == 0) {
        start();
    }
    if (size == 0 || size > FILE_MAX) {
        return 0;
    }
    int how = data[0];
    j.n = 0;
    remove_files();
    if ((how & MADE) != 0) {
        write_made(how, data + 1, size - 1);
    } else {
        write_file(1, data + 1, size - 1);
    }
    bool proved = journal_verify(j.fd, &result, &e) == 0;
    if (!proved) {
        fuzz_refusal(&e);
    } else {
        MUST(j.n == 0 || result.head.seq <= j.n);
    }
    bool opened = try_open(true, (how & MADE) != 0 && (how & TRUSTED) != 0, &head);
    if (proved && opened) {
        MUST(head.seq == result.head.seq && memcmp(head.hash, result.head.hash, 32) == 0);
    }
    /* Once recovered, it holds. */
    if (opened && try_open(false, false, &again)) {
        MUST(again.seq == head.seq && memcmp(again.hash, head.hash, 32) == 0);
        bool holds = journal_verify(j.fd, &result, &e) == 0;
        MUST(!proved || (holds && result.torn_bytes == 0));
        MUST(!holds || (result.head.seq == head.seq && result.torn_bytes == 0));
    }
    return 0;
}
