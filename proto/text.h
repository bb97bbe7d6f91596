/* Text as it may be typed, stored and printed: UTF-8 without anything that
 * cannot be seen or that turns the line around; code words; width on a
 * terminal; the nearest word to a mistyped one. */
#ifndef MADOGUCHI_PROTO_TEXT_H
#define MADOGUCHI_PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/error.h"

#define TEXT_MAX      4000 /* bytes of any text */
#define TEXT_CODE_MAX 32   /* bytes of a code word */
#define TEXT_FOLD_MAX 18   /* code points one code point can fold to */

/* Decodes the first code point of len bytes (Unicode 15, table 3-7: no
 * overlong form, no surrogate, nothing above U+10FFFF).
 * Returns its length in bytes, 1..4, or 0 if the bytes are not UTF-8 or len is 0. */
size_t text_decode(const uint8_t *text, size_t len, uint32_t *code_point);

/* The compatibility decomposition (NFKD) of one code point: full-width to
 * ASCII, U+32FF to 令和, バ to ハ and a mark.  For numerals and search only,
 * never for what is stored.  Returns the number of code points in out, at least 1. */
size_t text_fold(uint32_t code_point, uint32_t out[TEXT_FOLD_MAX]);

/* Checks that a text is UTF-8 of at most max_bytes without control characters
 * (C0, DEL, C1), U+2028/2029, noncharacters and bidirectional controls.  An
 * empty text is fine.  Errors: TOO_MUCH, INVALID, naming the field and never
 * repeating the text. */
int text_check(const uint8_t *text, size_t len, size_t max_bytes, const char *field,
               struct error *e) MUST_CHECK;

/* A word of a catalogue: [a-z0-9-], 1 to 32 bytes, beginning with a letter or digit. */
bool text_is_code(const uint8_t *text, size_t len);

/* Columns the text takes on a terminal: East Asian wide and full-width 2,
 * combining and invisible 0, others 1.  What is not UTF-8 counts 1 a byte. */
int text_width(const char *utf8);

/* The word nearest to a mistyped one by edit distance (insert, delete, change,
 * swap of neighbours), at most a third of its length away; the first of equals.
 * NULL if there is none.  The words must outlive the result. */
const char *text_nearest(const char *word, const char *const *words, size_t n);

#endif
