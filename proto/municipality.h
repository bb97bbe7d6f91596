/* 全国地方公共団体コード: two digits of the prefecture, three of the
 * municipality, one check digit.  Always text: Hokkaido's begin with 0. */
#ifndef MADOGUCHI_PROTO_MUNICIPALITY_H
#define MADOGUCHI_PROTO_MUNICIPALITY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether code is six ASCII digits, of a prefecture 01..47, with the right
 * check digit: the last digit of 11 - (6a+5b+4c+3d+2e) mod 11. */
bool municipality_code_valid(const char *code, size_t len);

#endif
