#include "proto/guard.h"

#include <string.h>
#include <unictype.h>

#include "proto/text.h"

#define DIGITS          12
#define NEAR            20 /* characters between number and keyword, spaces not counted */
#define SEPARATORS_MAX  3
#define CHAIN_START     255 /* in place of the number of separators before a group */
#define KEYWORD_LEN_MAX 8
#define KEYWORDS_MAX    (TEXT_MAX / 4)

/* Digits of different classes side by side are different groups: the bullet of
 * "①123456789018" must not hide the number as a thirteenth digit. */
enum digit_class { CLASS_DECIMAL, CLASS_KANJI, CLASS_ENCLOSED, CLASS_ROUND };

struct group {
    uint16_t first; /* index of its first digit */
    uint16_t count;
    uint16_t start, end; /* characters before and up to it, spaces not counted */
    uint8_t separators;  /* before it: 0..3, or CHAIN_START */
    uint8_t digit_class;
};

struct span {
    uint16_t start, end;
};

struct scan {
    size_t n_digits, n_groups, n_keywords;
    uint16_t position;
    uint8_t separators; /* since the last digit */
    uint32_t tail[KEYWORD_LEN_MAX];
    uint8_t digits[TEXT_MAX];
    struct group groups[TEXT_MAX];
    struct span keywords[KEYWORDS_MAX];
};

/* Folded as the text is: marks dropped (バ is ハ), every dash '-', hiragana as katakana. */
static const struct {
    uint32_t word[KEYWORD_LEN_MAX];
    size_t len;
} keywords[] = {
    {{0x30ca, 0x30f3, 0x30cf, '-'}, 4},    /* ナンバー, so マイナンバー */
    {{0x500b, 0x4eba, 0x756a, 0x53f7}, 4}, /* 個人番号 */
    {{'m', 'y', 'n', 'u', 'm', 'b', 'e', 'r'}, 8},
};

static int kanji_digit(uint32_t cp) {
    static const uint16_t forms[10][5] = {
        {0x3007, 0x96f6},                         /* 〇 零 */
        {0x4e00, 0x58f1, 0x58f9, 0x5f0c},         /* 一 壱 壹 弌 */
        {0x4e8c, 0x5f10, 0x8cb3, 0x5f0d, 0x8cae}, /* 二 弐 貳 弍 貮 */
        {0x4e09, 0x53c2, 0x53c3, 0x5f0e},         /* 三 参 參 弎 */
        {0x56db, 0x8086},                         /* 四 肆 */
        {0x4e94, 0x4f0d},                         /* 五 伍 */
        {0x516d, 0x9678},                         /* 六 陸 */
        {0x4e03, 0x6f06, 0x67d2},                 /* 七 漆 柒 */
        {0x516b, 0x634c},                         /* 八 捌 */
        {0x4e5d, 0x7396},                         /* 九 玖 */
    };
    for (int digit = 0; digit < 10; digit++) {
        for (int i = 0; i < 5 && forms[digit][i] != 0; i++) {
            if (forms[digit][i] == cp) {
                return digit;
            }
        }
    }
    return -1;
}

static bool is_dash(uint32_t cp) {
    switch (cp) {
    case '-':
    case '_':
    case '~':
    case 0x2043: /* hyphen bullet */
    case 0x2500: /* box drawing */
    case 0x2501:
    case 0x2796:
    case 0x30fc: /* ー */
        return true;
    default:
        return cp >= 0x80 && uc_is_property_dash(cp);
    }
}

static bool is_dot(uint32_t cp) {
    switch (cp) {
    case '.':
    case '/':
    case '\\':
    case 0x00b7:
    case 0x2022:
    case 0x2027:
    case 0x2044:
    case 0x2215:
    case 0x2219:
    case 0x22c5:
    case 0x30fb: /* ・ */
        return true;
    default:
        return false;
    }
}

static bool is_space(uint32_t cp) {
    return cp == ' ' || (cp >= 0x09 && cp <= 0x0d) ||
           (cp >= 0x80 && (cp == 0x2800 || uc_is_property_white_space(cp)));
}

/* Seen by nobody, so it must not come between two digits. */
static bool is_invisible(uint32_t cp) {
    if (cp < 0x80) {
        return cp < 0x20 || cp == 0x7f;
    }
    if (cp >= 0x3041 && cp <= 0x9fff && cp != 0x3099 && cp != 0x309a && cp != 0x3164) {
        return false; /* kana and kanji, most of every text */
    }
    return uc_is_property_default_ignorable_code_point(cp) ||
           uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Me |
                                                    UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Cc);
}

static void note_character(struct scan *s, uint32_t cp) {
    if (cp >= 'A' && cp <= 'Z') {
        cp += 'a' - 'A';
    } else if (cp >= 0x3041 && cp <= 0x3096) {
        cp += 0x60;
    } else if (is_dash(cp)) {
        cp = '-';
    }
    s->position++;
    memmove(s->tail, s->tail + 1, sizeof s->tail - sizeof s->tail[0]);
    s->tail[KEYWORD_LEN_MAX - 1] = cp;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        size_t len = keywords[i].len;
        if (s->n_keywords < KEYWORDS_MAX && keywords[i].word[len - 1] == cp &&
            memcmp(s->tail + KEYWORD_LEN_MAX - len, keywords[i].word, len * sizeof cp) == 0) {
            s->keywords[s->n_keywords++] =
                (struct span){(uint16_t)(s->position - len), s->position};
        }
    }
}

static void note_digit(struct scan *s, unsigned value, enum digit_class digit_class) {
    if (s->n_digits == TEXT_MAX) {
        return; /* never: a digit takes at least a byte */
    }
    s->digits[s->n_digits++] = (uint8_t)value;
    struct group *g = s->n_groups > 0 ? &s->groups[s->n_groups - 1] : NULL;
    if (g == NULL || s->separators != 0 || g->digit_class != digit_class) {
        g = &s->groups[s->n_groups++];
        *g = (struct group){.first = (uint16_t)(s->n_digits - 1),
                            .start = s->position,
                            .separators = s->separators,
                            .digit_class = (uint8_t)digit_class};
    }
    g->count++;
    note_character(s, '0' + value);
    g->end = s->position;
    s->separators = 0;
}

static void note_folded(struct scan *s, uint32_t cp) {
    if (is_space(cp) || is_dash(cp) || is_dot(cp)) {
        if (s->separators < CHAIN_START) {
            s->separators = s->separators < SEPARATORS_MAX ? s->separators + 1 : CHAIN_START;
        }
        if (!is_space(cp)) {
            note_character(s, cp);
        }
        return;
    }
    if (is_invisible(cp)) {
        return;
    }
    int digit = cp < 0x80 ? (cp >= '0' && cp <= '9' ? (int)cp - '0' : -1) : uc_decimal_value(cp);
    if (digit >= 0) {
        note_digit(s, (unsigned)digit, CLASS_DECIMAL);
    } else if (cp >= 0x3007 && cp <= 0x9fff && (digit = kanji_digit(cp)) >= 0) {
        note_digit(s, (unsigned)digit, CLASS_KANJI);
    } else if (cp == 0x25cb || cp == 0x25ef) { /* ○ ◯, a zero among kanji digits */
        note_digit(s, 0, CLASS_ROUND);
    } else {
        s->separators = CHAIN_START;
        note_character(s, cp);
    }
}

/* ①, ², ⑫, ⒈, Ⅳ and their like: their value, before folding adds brackets and dots. */
static bool note_enclosed(struct scan *s, uint32_t cp) {
    if (cp < 0x80 || (cp >= 0x3041 && cp <= 0x3191) || (cp >= 0x3400 && cp <= 0x9fff) ||
        !uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_No | UC_CATEGORY_MASK_Nl)) {
        return false;
    }
    if (cp == 0x3007) {
        return false;
    }
    uc_fraction_t value = uc_numeric_value(cp);
    if (value.denominator != 1 || value.numerator < 0 || value.numerator > 99) {
        return false;
    }
    if (value.numerator >= 10) {
        note_digit(s, (unsigned)value.numerator / 10, CLASS_ENCLOSED);
    }
    note_digit(s, (unsigned)value.numerator % 10, CLASS_ENCLOSED);
    return true;
}

/* ASCII and kanji do; Hangul and the Arabic ligatures, of up to 18 characters,
 * need not be taken apart to see that they hold no number. */
static bool folds_to_itself(uint32_t cp) {
    return cp < 0x80 || (cp >= 0x3400 && cp <= 0x9fff) || (cp >= 0xac00 && cp <= 0xd7ff) ||
           (cp >= 0xfb00 && cp <= 0xfe0f);
}

static void read_text(struct scan *s, const uint8_t *text, size_t len) {
    uint32_t folded[TEXT_FOLD_MAX];
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = text_decode(text + i, len - i, &cp);
        if (n == 0) {
            i++;
            continue;
        }
        i += n;
        if (folds_to_itself(cp)) {
            note_folded(s, cp);
        } else if (!note_enclosed(s, cp)) {
            size_t n_folded = text_fold(cp, folded);
            for (size_t k = 0; k < n_folded; k++) {
                note_folded(s, folded[k]);
            }
        }
    }
    explicit_bzero(folded, sizeof folded);
}

bool guard_check_digit(const uint8_t digits[12]) {
    static const unsigned weights[11] = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    unsigned sum = 0;
    for (int i = 0; i < 11; i++) {
        sum += weights[i] * digits[i];
    }
    unsigned rest = sum % 11;
    return digits[11] == (rest <= 1 ? 0 : 11 - rest);
}

enum shape { SHAPE_WHOLE, SHAPE_SIX_SIX, SHAPE_FOURS, SHAPE_SINGLES, SHAPE_OTHER };

/* The shape of a run as it looks: groups without a separator between them are one piece. */
static enum shape shape_of(const struct group *run, size_t n) {
    unsigned pieces[DIGITS] = {0};
    size_t n_pieces = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || run[i].separators > 0) {
            n_pieces++;
        }
        pieces[n_pieces - 1] += run[i].count;
    }
    switch (n_pieces) {
    case 1:
        return SHAPE_WHOLE;
    case 2:
        return pieces[0] == 6 ? SHAPE_SIX_SIX : SHAPE_OTHER;
    case 3:
        return pieces[0] == 4 && pieces[1] == 4 ? SHAPE_FOURS : SHAPE_OTHER;
    case DIGITS:
        return SHAPE_SINGLES;
    default:
        return SHAPE_OTHER;
    }
}

/* ○○○○ stands for what is left out; only beside kanji digits is a circle a zero. */
static bool is_placeholder(const struct group *run, size_t n) {
    bool round = false;
    bool kanji = false;
    for (size_t i = 0; i < n; i++) {
        round = round || run[i].digit_class == CLASS_ROUND;
        kanji = kanji || run[i].digit_class == CLASS_KANJI;
    }
    return round && !kanji;
}

/* Runs come in the order of their start, so *k, the first keyword that does not
 * end before the run begins, only moves forward. */
static bool near_keyword(const struct scan *s, unsigned start, unsigned end, size_t *k) {
    while (*k < s->n_keywords && s->keywords[*k].end <= start) {
        (*k)++;
    }
    if (*k > 0 && start - s->keywords[*k - 1].end <= NEAR) {
        return true;
    }
    return *k < s->n_keywords && s->keywords[*k].start <= end + NEAR;
}

static enum guard_verdict judge(const struct scan *s, size_t first, size_t n, size_t *k) {
    const struct group *run = &s->groups[first];
    if (is_placeholder(run, n)) {
        return GUARD_PASS;
    }
    if (near_keyword(s, run[0].start, run[n - 1].end, k)) {
        return GUARD_REFUSE;
    }
    switch (shape_of(run, n)) {
    case SHAPE_FOURS:
        return GUARD_REFUSE;
    case SHAPE_OTHER:
        return GUARD_PASS;
    default:
        return guard_check_digit(&s->digits[run[0].first]) ? GUARD_REFUSE : GUARD_WARN;
    }
}

static enum guard_verdict judge_runs(const struct scan *s) {
    enum guard_verdict worst = GUARD_PASS;
    size_t keyword = 0;
    for (size_t i = 0; i < s->n_groups && worst < GUARD_REFUSE; i++) {
        unsigned total = 0;
        for (size_t j = i; j < s->n_groups && total < DIGITS; j++) {
            if (j > i && s->groups[j].separators == CHAIN_START) {
                break;
            }
            total += s->groups[j].count;
            if (total == DIGITS) {
                enum guard_verdict verdict = judge(s, i, j - i + 1, &keyword);
                worst = verdict > worst ? verdict : worst;
            }
        }
    }
    return worst;
}

/* How many of eight bytes are an ASCII digit or not ASCII. */
static size_t maybe_digits(uint64_t w) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high = 0x80 * ones;
    uint64_t low = w & ~high;
    uint64_t from_0 = low + (0x80 - '0') * ones;
    uint64_t past_9 = low + (0x80 - '9' - 1) * ones;
    uint64_t found = (w | (from_0 & ~past_9)) & high;
    return (size_t)((found >> 7) * ones >> 56);
}

/* A digit takes at least one byte, and that byte is an ASCII digit or not ASCII.  Most
 * texts are neither, so eight bytes are looked at a time. */
static bool may_hold_twelve(const uint8_t *text, size_t len) {
    size_t n = 0;
    uint64_t w;
    for (; len >= sizeof w; text += sizeof w, len -= sizeof w) {
        memcpy(&w, text, sizeof w);
        n += maybe_digits(w);
    }
    w = 0;
    memcpy(&w, text, len);
    return n + maybe_digits(w) >= DIGITS;
}

static enum guard_verdict scan_text(const uint8_t *text, size_t len) {
    struct scan s;
    s.n_digits = s.n_groups = s.n_keywords = 0;
    s.position = 0;
    s.separators = CHAIN_START;
    memset(s.tail, 0, sizeof s.tail);
    read_text(&s, text, len);
    enum guard_verdict verdict = judge_runs(&s);
    explicit_bzero(s.digits, s.n_digits);
    explicit_bzero(s.tail, sizeof s.tail);
    return verdict;
}

enum guard_verdict guard_scan(const uint8_t *text, size_t len) {
    if (len > TEXT_MAX) {
        return GUARD_REFUSE;
    }
    return len < DIGITS || !may_hold_twelve(text, len) ? GUARD_PASS : scan_text(text, len);
}

const char *guard_quote(const uint8_t *text, size_t len, char out[GUARD_QUOTE_MAX]) {
    static const char dots[] = "…";
    memcpy(out, dots, sizeof dots);
    if (guard_scan(text, len) != GUARD_PASS || text_check(text, len, TEXT_MAX, "", NULL) != 0) {
        return out;
    }
    size_t n = len;
    if (len >= GUARD_QUOTE_MAX) {
        n = GUARD_QUOTE_MAX - sizeof dots;
        while (n > 0 && (text[n] & 0xc0) == 0x80) {
            n--;
        }
        /* Thirteen digits may be cut to twelve. */
        if (guard_scan(text, n) != GUARD_PASS) {
            return out;
        }
    }
    if (n > 0) {
        memcpy(out, text, n);
    }
    memcpy(out + n, n < len ? dots : "", n < len ? sizeof dots : 1);
    return out;
}
