/* CRC-32C: the vectors of RFC 3720 B.4, and the instruction against the table. */
#include "store/crc32c.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

static uint32_t both(const void *data, size_t len) {
    uint32_t crc = crc32c(0, data, len);
    ck_assert_uint_eq(crc, crc32c_portable(0, data, len));
    return crc;
}

START_TEST(rfc3720_vectors) {
    uint8_t b[48];
    memset(b, 0, 32);
    ck_assert_uint_eq(both(b, 32), 0x8a9136aa);
    memset(b, 0xff, 32);
    ck_assert_uint_eq(both(b, 32), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) {
        b[i] = i;
    }
    ck_assert_uint_eq(both(b, 32), 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++) {
        b[i] = (uint8_t)(31 - i);
    }
    ck_assert_uint_eq(both(b, 32), 0x113fdb5c);
    static const uint8_t iscsi_read[48] = {
        0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, 0x28, [40] = 0x02};
    ck_assert_uint_eq(both(iscsi_read, 48), 0xd9963a56);
    ck_assert_uint_eq(both("123456789", 9), 0xe3069283);
    ck_assert_uint_eq(both("", 0), 0);
}
END_TEST

START_TEST(every_length_and_alignment) {
    uint8_t b[160];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof b; i++) {
        x = x * 1664525 + 1013904223;
        b[i] = (uint8_t)(x >> 24);
    }
    for (size_t at = 0; at < 16; at++) {
        for (size_t len = 0; len + at <= sizeof b; len++) {
            both(b + at, len);
        }
    }
}
END_TEST

START_TEST(in_parts) {
    const char *text = "append-only, checksummed, hash-chained";
    uint32_t whole = crc32c(0, text, strlen(text));
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        uint32_t crc = crc32c(0, text, cut);
        ck_assert_uint_eq(crc32c(crc, text + cut, strlen(text) - cut), whole);
        crc = crc32c_portable(0, text, cut);
        ck_assert_uint_eq(crc32c_portable(crc, text + cut, strlen(text) - cut), whole);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("crc32c");
    TCase *t = tcase_create("crc32c");
    tcase_add_test(t, rfc3720_vectors);
    tcase_add_test(t, every_length_and_alignment);
    tcase_add_test(t, in_parts);
    suite_add_tcase(s, t);
    return suite_run(s);
}
