/* Cells of a sheet as a person reads them: full width or half, with blanks,
 * commas and units. */
#ifndef MADOGUCHI_CLIENT_MAPPING_TEXT_H
#define MADOGUCHI_CLIENT_MAPPING_TEXT_H

#include "proto/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* A text as it is compared: NFKC, without blanks and line ends, ASCII in lower
 * case.  In the arena, or the text itself where nothing changes; NULL when the
 * arena is spent. */
const char *mapping_fold(const char *text, struct arena *arena);

/* Whether there is nothing in a cell: blanks, or a dash that stands for nothing. */
bool mapping_is_blank(const char *text);

/* Whether a cell says "as above": 〃, 同上. */
bool mapping_is_ditto(const char *text);

/* Without the blanks around it (full-width ones too); in the arena, or the text
 * itself where there are none. */
const char *mapping_trim(const char *text, struct arena *arena);

/* A whole number: 1,234, １２３４, 12件, ⑫.  1: read; 0: the cell is blank; -1: no
 * number, or above 4,000,000,000. */
int mapping_number(const char *text, uint32_t *number);

/* The column of a spreadsheet, 1 for A: "A", "AB" or "3"; 0: neither. */
unsigned mapping_place(const char *text);
/* Its letters. */
void mapping_letters(unsigned place, char out[8]);

/* Of a list of so many words, the one most like the text, by the characters they
 * share; NULL if there are none. */
const char *mapping_most_like(const char *text, const char *const *words, size_t n);

/* How alike two texts are: 0 for no character in common, 100 for the same. */
unsigned mapping_likeness(const char *a, const char *b);

#endif
