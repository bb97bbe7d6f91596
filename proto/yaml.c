#include "proto/yaml.h"

#include "proto/calendar.h"
#include "proto/guard.h"
#include "proto/text.h"

#include <cyaml/cyaml.h>
#include <stdlib.h>
#include <string.h>

/* ---- libcyaml's complaints -------------------------------------------------- */

#define DEPTH_MAX 8

/* What libcyaml says in its log: a sentence, then a backtrace from the inside
 * out.  The places are nowhere else to be had. */
struct complaint {
    char sentence[200];
    unsigned line;
    unsigned depth;
    char field[DEPTH_MAX][40]; /* mapping fields, innermost first */
};

static void take_backtrace(struct complaint *c, const char *text) {
    unsigned line = 0;
    const char *at = strstr(text, "(line: ");
    if (at != NULL) {
        line = (unsigned)strtoul(at + strlen("(line: "), NULL, 10);
    }
    if (c->line == 0) {
        c->line = line;
    }
    const char *field = strstr(text, "in mapping field '");
    if (field != NULL && c->depth < DEPTH_MAX) {
        field += strlen("in mapping field '");
        snprintf(c->field[c->depth], sizeof c->field[0], "%.*s", (int)strcspn(field, "'"), field);
        c->depth++;
    }
}

static void listen(cyaml_log_t level, void *ctx, const char *format, va_list ap) {
    struct complaint *c = ctx;
    char text[256];
    (void)level;
    vsnprintf(text, sizeof text, format, ap);
    text[strcspn(text, "\n")] = '\0';
    const char *said = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
    if (strncmp(said, "  in ", 5) == 0) {
        take_backtrace(c, said);
    } else if (strncmp(said, "Backtrace", 9) != 0 && c->sentence[0] == '\0') {
        snprintf(c->sentence, sizeof c->sentence, "%.199s", said);
    }
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_field_t *fields, const char *key) {
    for (; fields != NULL && fields->key != NULL; fields++) {
        if (strcmp(fields->key, key) == 0) {
            return fields;
        }
    }
    return NULL;
}

/* The mapping a value is or, for a sequence, consists of. */
static const cyaml_schema_field_t *mapping_of(const cyaml_schema_value_t *value) {
    if (value->type == CYAML_SEQUENCE) {
        value = value->sequence.entry;
    }
    return value->type == CYAML_MAPPING ? value->mapping.fields : NULL;
}

/* The keys of the mapping in which an unknown one was met.  The innermost
 * field of the backtrace may be the one before it in the same mapping. */
static const cyaml_schema_field_t *mapping_at(const cyaml_schema_value_t *schema,
                                              const struct complaint *c) {
    const cyaml_schema_field_t *fields = schema->mapping.fields;
    for (unsigned i = c->depth; i > 0; i--) {
        const cyaml_schema_field_t *field = field_of(fields, c->field[i - 1]);
        const cyaml_schema_field_t *inner = field != NULL ? mapping_of(&field->value) : NULL;
        if (inner == NULL) {
            break;
        }
        fields = inner;
    }
    return fields;
}

static void name_keys(const cyaml_schema_field_t *fields, char *out, size_t size,
                      const char **words, size_t *n) {
    size_t used = 0;
    out[0] = '\0';
    for (*n = 0; fields != NULL && fields->key != NULL && *n < 40; fields++) {
        int len = snprintf(out + used, size - used, "%s%s", *n > 0 ? ", " : "", fields->key);
        if (len > 0 && (size_t)len < size - used) {
            used += (size_t)len;
        }
        words[(*n)++] = fields->key;
    }
}

static const char *after(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : NULL;
}

/* A key that should not be there, is not there, or is there twice: 0 and where,
 * or -1 when the complaint is about something else. */
static int explain_key(const struct yaml_source *source, const cyaml_schema_value_t *schema,
                       const struct complaint *c, unsigned *line, struct error *e) {
    const char *key;
    unsigned found = 0;
    if ((key = after(c->sentence, "Unexpected key: ")) != NULL) {
        char keys[360];
        const char *words[40];
        size_t n;
        name_keys(mapping_at(schema, c), keys, sizeof keys, words, &n);
        error_set(e, ERR_INVALID, GUARD_QUOTE(key),
                  "there is no key \"%s\" here. Expected one of: %s.",
                  "「%s」という項目はここにはありません。使える項目: %s。", GUARD_QUOTE(key), keys);
        error_near(e, text_nearest(key, words, n));
        found = c->line > 0 ? yaml_line_of(source, key, c->line - 1) : 0;
    } else if ((key = after(c->sentence, "Missing required mapping field: ")) != NULL) {
        error_set(e, ERR_INVALID, key, "the key \"%s\" is missing in this item.",
                  "ここには項目「%s」が要ります。", key);
    } else if ((key = after(c->sentence, "Mapping field already seen: ")) != NULL) {
        error_set(e, ERR_INVALID, key, "the key \"%s\" is given twice.",
                  "項目「%s」が 2 回書かれています。", key);
        found = c->line > 0 ? yaml_line_of(source, key, c->line) : 0;
    } else {
        return -1;
    }
    *line = found > 0 ? found : c->line;
    return 0;
}

/* A value of the wrong shape, or no YAML at all. */
static void explain_value(const struct complaint *c, cyaml_err_t err, struct error *e) {
    static const struct {
        const char *said, *en, *ja;
    } shapes[] = {
        {"Expecting SEQUENCE", "takes a list: [a, b] or lines with \"- \"",
         "一覧 ([a, b] または「- 」の行) を書いてください"},
        {"Expecting MAPPING", "takes keys and values: {key: value}",
         "{項目: 値} の形で書いてください"},
        {"Expecting ", "takes one value, not a list", "値を 1 つだけ書いてください"},
        {"Invalid uint", "takes a whole number", "整数を書いてください"},
        {"Invalid bool", "takes true or false", "true か false を書いてください"},
    };
    const char *key = c->depth > 0 ? c->field[0] : "";
    if (err == CYAML_ERR_ALIAS) {
        error_set(e, ERR_INVALID, key,
                  "anchors and aliases (&name, *name) are not used here: write the value itself.",
                  "アンカーと別名 (&名前、*名前) は使えません。値そのものを書いてください。");
        return;
    }
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (after(c->sentence, shapes[i].said) != NULL) {
            error_set(e, ERR_INVALID, key, "\"%s\" %s.%.0s", "「%s」には%.0s%s。", key,
                      shapes[i].en, shapes[i].ja);
            return;
        }
    }
    error_set(e, ERR_INVALID, key, "this is not valid YAML (%s).", "YAML として読めません (%s)。",
              c->sentence[0] != '\0' ? GUARD_QUOTE(c->sentence) : cyaml_strerror(err));
}

/* Says in our words what libcyaml found. */
static int explain(const struct yaml_source *source, const cyaml_schema_value_t *schema,
                   const struct complaint *c, cyaml_err_t err, struct error *e) {
    unsigned line = c->line;
    if (explain_key(source, schema, c, &line, e) < 0) {
        explain_value(c, err, e);
    }
    return yaml_place(source, line, e);
}

int yaml_load(const struct yaml_source *source, const struct cyaml_schema_value *schema,
              void **data, struct error *e) {
    struct complaint complaint = {.line = 0};
    cyaml_config_t config = {
        .log_fn = listen,
        .log_ctx = &complaint,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    *data = NULL;
    if (source->len > YAML_MAX) {
        error_set(e, ERR_TOO_MUCH, "", "the file is larger than %u MiB.",
                  "ファイルが %u MiB を超えています。", YAML_MAX >> 20);
        return yaml_place(source, 0, e);
    }
    if (memchr(source->text, '\0', source->len) != NULL) {
        error_set(e, ERR_INVALID, "", "this is not a text file.",
                  "テキストファイルではありません。");
        return yaml_place(source, 0, e);
    }
    cyaml_err_t err = cyaml_load_data((const uint8_t *)source->text, source->len, &config, schema,
                                      (cyaml_data_t **)data, NULL);
    if (err != CYAML_OK) {
        return explain(source, schema, &complaint, err, e);
    }
    if (*data == NULL) {
        error_set(e, ERR_INVALID, "", "the file is empty.", "ファイルが空です。");
        return yaml_place(source, 0, e);
    }
    return 0;
}

void yaml_unload(const struct cyaml_schema_value *schema, void *data) {
    const cyaml_config_t config = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};
    if (data != NULL) {
        cyaml_free(&config, schema, data, 0);
    }
}

/* ---- places ------------------------------------------------------------------ */

static bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (c & 0x80) != 0;
}

/* Where the word stands in a line without its comment, or NULL. */
static const char *in_line(const char *line, size_t len, const char *word) {
    size_t n = strlen(word);
    const char *comment = memchr(line, '#', len);
    if (comment != NULL && (comment == line || comment[-1] == ' ')) {
        len = (size_t)(comment - line);
    }
    const char *at = line;
    while (n > 0 && (at = memmem(at, len - (size_t)(at - line), word, n)) != NULL) {
        const char *end = at + n;
        if ((at == line || !is_word_byte(at[-1])) && (end == line + len || !is_word_byte(*end))) {
            return at;
        }
        at++;
    }
    return NULL;
}

static unsigned find_line(const struct yaml_source *source, const char *key, const char *word,
                          unsigned after_line) {
    const char *p = source->text;
    const char *end = source->text + source->len;
    for (unsigned line = 1; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline != NULL ? newline : end) - p);
        if (line > after_line) {
            const char *at = in_line(p, len, key != NULL ? key : word);
            if (at != NULL && key != NULL) {
                at = in_line(at, len - (size_t)(at - p), word);
            }
            if (at != NULL) {
                return line;
            }
        }
        if (newline == NULL) {
            break;
        }
        p = newline + 1;
    }
    return 0;
}

unsigned yaml_line_of(const struct yaml_source *source, const char *word, unsigned after_line) {
    return find_line(source, NULL, word, after_line);
}

unsigned yaml_line_of_key(const struct yaml_source *source, const char *key, const char *word,
                          unsigned after_line) {
    return find_line(source, key, word, after_line);
}

int yaml_place(const struct yaml_source *source, unsigned line, struct error *e) {
    if (e == NULL) {
        return -1;
    }
    struct error was = *e;
    if (line > 0) {
        error_set(e, was.code, was.field, "%s:%u: %s%.0s", "%s の %u 行目: %.0s%s",
                  source->file_name, line, was.en, was.ja);
    } else {
        error_set(e, was.code, was.field, "%s: %s%.0s", "%s: %.0s%s", source->file_name, was.en,
                  was.ja);
    }
    e->n_near = was.n_near;
    memcpy(e->near, was.near, sizeof e->near);
    return -1;
}

/* ---- values ------------------------------------------------------------------ */

/* The line to blame for a value: where it stands after the item's beginning,
 * if it can be found there. */
static unsigned blame(const struct yaml_source *source, const char *value) {
    unsigned line = source->line;
    unsigned found = yaml_line_of(source, value, line > 0 ? line - 1 : 0);
    return found > 0 ? found : line;
}

int yaml_count(const struct yaml_source *source, const char *key, size_t n, size_t most,
               struct error *e) {
    if (n <= most) {
        return 0;
    }
    error_set(e, ERR_TOO_MUCH, key, "%s: %zu are too many; at most %zu.",
              "%s: %zu 個は多すぎます。%zu 個までです。", key, n, most);
    return yaml_place(source, source->line, e);
}

int yaml_text(const struct yaml_source *source, const char *key, const char *value,
              protobuf_c_boolean *has, ProtobufCBinaryData *out, struct error *e) {
    if (value == NULL || value[0] == '\0') {
        return 0;
    }
    size_t len = strlen(value);
    if (text_check((const uint8_t *)value, len, TEXT_MAX, key, e) < 0) {
        return yaml_place(source, source->line, e);
    }
    char *copy = arena_strndup(source->arena, value, len);
    if (copy == NULL) {
        error_set(e, ERR_TOO_MUCH, key, "the file is too large.", "ファイルが大きすぎます。");
        return yaml_place(source, source->line, e);
    }
    *out = (ProtobufCBinaryData){.len = len, .data = (uint8_t *)copy};
    if (has != NULL) {
        *has = 1;
    }
    return 0;
}

int yaml_texts(const struct yaml_source *source, const char *key, char *const *values, size_t n,
               size_t *n_out, ProtobufCBinaryData **out, struct error *e) {
    *n_out = 0;
    if (n == 0) {
        return 0;
    }
    *out = arena_zalloc(source->arena, n * sizeof **out);
    if (*out == NULL) {
        error_set(e, ERR_TOO_MUCH, key, "the file is too large.", "ファイルが大きすぎます。");
        return yaml_place(source, source->line, e);
    }
    for (size_t i = 0; i < n; i++) {
        if (yaml_text(source, key, values[i], NULL, &(*out)[i], e) < 0) {
            return -1;
        }
    }
    *n_out = n;
    return 0;
}

int yaml_date(const struct yaml_source *source, const char *key, const char *value,
              protobuf_c_boolean *has, uint32_t *out, struct error *e) {
    if (value == NULL || value[0] == '\0') {
        return 0;
    }
    if (calendar_parse_date(value, strlen(value), out, e) < 0) {
        if (e != NULL) {
            snprintf(e->field, sizeof e->field, "%s", key);
        }
        return yaml_place(source, blame(source, value), e);
    }
    if (has != NULL) {
        *has = 1;
    }
    return 0;
}

int yaml_year(const struct yaml_source *source, const char *key, const char *value,
              protobuf_c_boolean *has, uint32_t *out, struct error *e) {
    if (value == NULL || value[0] == '\0') {
        return 0;
    }
    struct period period;
    if (calendar_parse_period(value, strlen(value), &period, NULL) < 0 ||
        period.kind != PERIOD_YEAR) {
        error_set(e, ERR_INVALID, key, "%s: \"%s\" is not a fiscal year. Expected FY2023 or R5.",
                  "%s: 「%s」は年度ではありません。FY2023 か R5 のように書いてください。", key,
                  GUARD_QUOTE(value));
        return yaml_place(source, blame(source, value), e);
    }
    *out = calendar_fiscal_year(period.from);
    if (has != NULL) {
        *has = 1;
    }
    return 0;
}

int yaml_word(const struct yaml_source *source, const char *key, const char *value,
              const char *const *words, struct error *e) {
    char list[300];
    size_t used = 0;
    size_t n = 0;
    if (value == NULL || value[0] == '\0') {
        return 0;
    }
    for (; words[n] != NULL; n++) {
        if (strcmp(words[n], value) == 0) {
            return 0;
        }
        int len = snprintf(list + used, sizeof list - used, "%s%s", n > 0 ? ", " : "", words[n]);
        if (len > 0 && (size_t)len < sizeof list - used) {
            used += (size_t)len;
        }
    }
    list[used] = '\0';
    error_set(e, ERR_INVALID, key, "%s: \"%s\" is not known. Expected one of: %s.",
              "%s: 「%s」はわかりません。使える語: %s。", key, GUARD_QUOTE(value), list);
    error_near(e, text_nearest(value, words, n));
    return yaml_place(source, blame(source, value), e);
}
