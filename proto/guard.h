/* The guard against individual numbers (個人番号, My Number).  Nobody may
 * collect or keep them here (番号法 20), and hashing or splitting does not
 * change that, so a text that holds one is refused before it is put anywhere.
 *
 * A number is looked for in the folded text: full width, kanji digits
 * (〇一二…九, 零壱弐参…), circled and other Unicode digits, invisible
 * characters skipped.  Digits form groups; groups with one to three separators
 * (dashes, dots, spaces, slashes, line ends) between them form a chain; every
 * run of whole groups of a chain that has exactly twelve digits is judged:
 *   12, 6-6, twelve single ones   refused if the check digit is right, else suspicious
 *   4-4-4                         refused
 *   any other shape               fine (0238-84-2111 15)
 *   any shape, within 20 characters of マイナンバー, 個人番号, ナンバー or
 *   "my number"                   refused */
#ifndef MADOGUCHI_PROTO_GUARD_H
#define MADOGUCHI_PROTO_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_QUOTE_MAX 64 /* bytes of a quote, its end included */

enum guard_verdict {
    GUARD_PASS,
    GUARD_WARN,   /* twelve digits that fail the check: look again */
    GUARD_REFUSE, /* may not be kept, logged, hashed or repeated */
};

/* Judges one text of at most 4,000 bytes; a longer one is refused unread.
 * Bytes that are not UTF-8 are skipped as if invisible.  Allocates nothing,
 * keeps nothing, takes time linear in len. */
enum guard_verdict guard_scan(const uint8_t *text, size_t len);

/* Whether twelve digits (values 0..9) carry the check digit of an individual
 * number (平成26年総務省令第85号 第5条). */
bool guard_check_digit(const uint8_t digits[12]);

/* The text as an error may repeat it: cut to what fits, or "…" if it does not
 * pass the guard or is not plain text.  Returns out. */
const char *guard_quote(const uint8_t *text, size_t len, char out[GUARD_QUOTE_MAX]);

/* The same of a string, for the arguments of error_set(): lives as long as the
 * block around it. */
#define GUARD_QUOTE(string) \
    guard_quote((const uint8_t *)(string), strlen(string), (char[GUARD_QUOTE_MAX]){0})

#endif
