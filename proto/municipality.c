#include "proto/municipality.h"

bool municipality_code_valid(const char *code, size_t len) {
    if (len != 6) {
        return false;
    }
    int sum = 0;
    for (int i = 0; i < 6; i++) {
        if (code[i] < '0' || code[i] > '9') {
            return false;
        }
        if (i < 5) {
            sum += (6 - i) * (code[i] - '0');
        }
    }
    int prefecture = (code[0] - '0') * 10 + (code[1] - '0');
    return prefecture >= 1 && prefecture <= 47 && code[5] - '0' == (11 - sum % 11) % 10;
}
