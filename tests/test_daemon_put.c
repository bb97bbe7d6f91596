/* Documents in pieces: in order, out of order, interleaved, too large. */
#include "tests/kit_store.h"
#include "tests/suite.h"

#include <check.h>
#include <unistd.h>

#define PIECE 8000

static Madoguchi__Request *piece(struct kit *k, ProtobufCBinaryData document, uint32_t i,
                                 uint32_t pieces, const char *id) {
    Madoguchi__Request *r = arena_alloc(&k->arena, sizeof *r);
    Madoguchi__Put *put = arena_alloc(&k->arena, sizeof *put);
    size_t from = (size_t)i * PIECE;
    size_t len = from >= document.len ? 0 : document.len - from;
    madoguchi__request__init(r);
    madoguchi__put__init(put);
    SET(r, id, ((ProtobufCBinaryData){16, (uint8_t *)id}));
    r->body_case = MADOGUCHI__REQUEST__BODY_PUT;
    r->put = put;
    SET(put, kind, MADOGUCHI__DOCUMENT_KIND__CATALOGUE);
    SET(put, piece, i);
    SET(put, pieces, pieces);
    SET(put, data, ((ProtobufCBinaryData){len > PIECE ? PIECE : len, document.data + from}));
    return r;
}

static ProtobufCBinaryData catalogue_of(struct kit *k) {
    Madoguchi__Request r = MADOGUCHI__REQUEST__INIT;
    Madoguchi__Documents documents = MADOGUCHI__DOCUMENTS__INIT;
    SET(&documents, kind, MADOGUCHI__DOCUMENT_KIND__CATALOGUE);
    r.body_case = MADOGUCHI__REQUEST__BODY_DOCUMENTS;
    r.documents = &documents;
    const Madoguchi__Page *page = kit_read(k, &r);
    ck_assert_ptr_nonnull(page);
    ck_assert_uint_gt(page->data.len, 2 * PIECE);
    return page->data;
}

static const Madoguchi__Answer *send_piece(struct kit *k, Madoguchi__Request *r, bool answered) {
    ck_assert(kit_send_request(k->fd, 40 + r->put->piece, r));
    if (!answered) {
        return NULL;
    }
    const Madoguchi__Answer *answer = kit_answer_of(k->fd, &k->arena);
    ck_assert_uint_eq(answer->serial, 40 + r->put->piece);
    return answer;
}

static void expect_refused(const Madoguchi__Answer *answer, int code, const char *field) {
    ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_ERROR);
    ck_assert_int_eq((int)answer->error->code, code);
    ck_assert(bytes_equal(answer->error->field, field));
}

START_TEST(documents_in_pieces) {
    static const char id[] = "0123456789abcdef";
    struct kit k;
    kit_start_daemon(&k, NULL);
    ProtobufCBinaryData document = catalogue_of(&k);
    uint32_t n = (uint32_t)((document.len + PIECE - 1) / PIECE);
    uint64_t head = kit_head(&k);
    for (int again = 0; again < 2; again++) {
        const Madoguchi__Answer *answer = NULL;
        for (uint32_t i = 0; i < n; i++) {
            answer = send_piece(&k, piece(&k, document, i, n, id), i == n - 1);
            /* Other requests go on in between. */
            if (i == 0) {
                ck_assert(kit_send_request(k.fd, 7, kit_ping()));
                ck_assert_uint_eq(kit_answer_of(k.fd, &k.arena)->serial, 7);
            }
        }
        ck_assert_int_eq(answer->body_case, MADOGUCHI__ANSWER__BODY_RECORDED);
        ck_assert_uint_eq(answer->recorded->seq, head + 1);
        ck_assert(!again == !(answer->recorded->has_known && answer->recorded->known));
    }
    ck_assert_uint_eq(kit_head(&k), head + 1);
    ProtobufCBinaryData now = catalogue_of(&k);
    ck_assert(bytes_same(now, document));
    kit_finish(&k);
}
END_TEST

START_TEST(pieces_out_of_order) {
    static const char id[] = "0123456789abcdef";
    static const char other[] = "1123456789abcdef";
    struct kit k;
    kit_start_daemon(&k, NULL);
    ProtobufCBinaryData document = catalogue_of(&k);
    uint32_t n = (uint32_t)((document.len + PIECE - 1) / PIECE);
    uint64_t head = kit_head(&k);
    ck_assert_uint_ge(n, 3);
    expect_refused(send_piece(&k, piece(&k, document, 1, n, id), true), ERR_INVALID, "piece");
    send_piece(&k, piece(&k, document, 0, n, id), false);
    expect_refused(send_piece(&k, piece(&k, document, 2, n, id), true), ERR_INVALID, "piece");
    /* It is forgotten: piece 1 does not go on. */
    expect_refused(send_piece(&k, piece(&k, document, 1, n, id), true), ERR_INVALID, "piece");
    send_piece(&k, piece(&k, document, 0, n, id), false);
    expect_refused(send_piece(&k, piece(&k, document, 1, n, other), true), ERR_INVALID, "piece");
    send_piece(&k, piece(&k, document, 0, n, id), false);
    expect_refused(send_piece(&k, piece(&k, document, 1, n + 1, id), true), ERR_INVALID, "piece");
    expect_refused(send_piece(&k, piece(&k, document, 0, 65, id), true), ERR_TOO_MUCH, "pieces");
    expect_refused(send_piece(&k, piece(&k, document, n, n, id), true), ERR_INVALID, "piece");
    expect_refused(send_piece(&k, piece(&k, document, 0, 0, id), true), ERR_INVALID, "piece");
    Madoguchi__Request *empty = piece(&k, document, 0, 1, id);
    empty->put->data.len = 0;
    expect_refused(send_piece(&k, empty, true), ERR_INVALID, "data");
    /* Another connection does not finish what this one began. */
    send_piece(&k, piece(&k, document, 0, 2, id), false);
    int mine = k.fd;
    k.fd = kit_hello(&k.d);
    expect_refused(send_piece(&k, piece(&k, document, 1, 2, id), true), ERR_INVALID, "piece");
    close(mine);
    ck_assert_uint_eq(kit_head(&k), head);
    kit_finish(&k);
}
END_TEST

START_TEST(document_too_large) {
    static const char id[] = "0123456789abcdef";
    static uint8_t bytes[32768];
    struct kit k;
    kit_start_daemon(&k, NULL);
    uint64_t head = kit_head(&k);
    const Madoguchi__Answer *answer = NULL;
    for (uint32_t i = 0; i < 64 && answer == NULL; i++) {
        Madoguchi__Request *r = piece(&k, (ProtobufCBinaryData){0, NULL}, i, 64, id);
        SET(r->put, data, ((ProtobufCBinaryData){sizeof bytes, bytes}));
        answer = send_piece(&k, r, i == 32);
    }
    ck_assert_ptr_nonnull(answer);
    expect_refused(answer, ERR_TOO_MUCH, "data");
    Madoguchi__Request *r = piece(&k, (ProtobufCBinaryData){0, NULL}, 0, 2, id);
    static uint8_t more[32769];
    SET(r->put, data, ((ProtobufCBinaryData){sizeof more, more}));
    expect_refused(send_piece(&k, r, true), ERR_TOO_MUCH, "data");
    ck_assert_uint_eq(kit_head(&k), head);
    kit_finish(&k);
}
END_TEST

int main(void) {
    Suite *s = suite_create("daemon put");
    TCase *t = tcase_create("put");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, documents_in_pieces);
    tcase_add_test(t, pieces_out_of_order);
    tcase_add_test(t, document_too_large);
    suite_add_tcase(s, t);
    kit_begin();
    int status = suite_run(s);
    kit_end();
    return status;
}
