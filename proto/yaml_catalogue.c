#include "proto/yaml.h"

#include "proto/calendar.h"
#include "proto/check.h"
#include "proto/guard.h"
#include "proto/message.h"

#include <cyaml/cyaml.h>
#include <inttypes.h>

/* ---- the form of the file ------------------------------------------------------ */

struct y_service {
    char *code, *prefix, *ja, *kana, *en, *nature, *retired;
    char **consultation;
    unsigned n_consultation;
};

struct y_code {
    char *code, *ja, *kana, *en, *retired;
    char **services;
    unsigned n_services;
};

struct y_group {
    char *list, *name, *ja, *en;
    char **members;
    unsigned n_members;
};

struct y_codes {
    struct y_code *item;
    unsigned n;
};

/* Key in the file, and name of the list in the message. */
#define LISTS(X)                                      \
    X(programs, "programs", "program")                \
    X(offices, "offices", "office")                   \
    X(channels, "channels", "channel")                \
    X(natures, "natures", "nature")                   \
    X(topics, "topics", "topic")                      \
    X(outcomes, "outcomes", "outcome")                \
    X(origins, "origins", "origin")                   \
    X(ages, "ages", "age")                            \
    X(reasons, "reasons", "reason")                   \
    X(targets, "targets", "target")                   \
    X(session_kinds, "session-kinds", "session-kind") \
    X(forms, "forms", "form")                         \
    X(venue_kinds, "venue-kinds", "venue-kind")

struct y_catalogue {
    unsigned catalogue, rule;
    char *start;
    struct y_service *services;
    unsigned n_services;
#define X(member, key, list) struct y_codes member;
    LISTS(X)
#undef X
    struct y_group *groups;
    unsigned n_groups;
    char **holidays;
    unsigned n_holidays;
};

#define NEEDED CYAML_FLAG_DEFAULT
#define MAY    CYAML_FLAG_OPTIONAL
#define TEXT(key, flags, type, member) \
    CYAML_FIELD_STRING_PTR(key, flags, struct type, member, 0, CYAML_UNLIMITED)
#define LIST(key, type, member, count, entry)                                                      \
    CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, \
                               count, entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t service_fields[] = {
    TEXT("code", NEEDED, y_service, code),
    TEXT("prefix", NEEDED, y_service, prefix),
    TEXT("ja", NEEDED, y_service, ja),
    TEXT("kana", MAY, y_service, kana),
    TEXT("en", MAY, y_service, en),
    TEXT("nature", MAY, y_service, nature),
    LIST("consultation", y_service, consultation, n_consultation, &text_schema),
    TEXT("retired", MAY, y_service, retired),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t code_fields[] = {
    TEXT("code", NEEDED, y_code, code),
    TEXT("ja", NEEDED, y_code, ja),
    TEXT("kana", MAY, y_code, kana),
    TEXT("en", MAY, y_code, en),
    LIST("services", y_code, services, n_services, &text_schema),
    TEXT("retired", MAY, y_code, retired),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t group_fields[] = {
    TEXT("list", NEEDED, y_group, list),
    TEXT("name", NEEDED, y_group, name),
    TEXT("ja", MAY, y_group, ja),
    TEXT("en", MAY, y_group, en),
    LIST("members", y_group, members, n_members, &text_schema),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t service_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct y_service, service_fields),
};
static const cyaml_schema_value_t code_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct y_code, code_fields),
};
static const cyaml_schema_value_t group_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct y_group, group_fields),
};

static const cyaml_schema_field_t catalogue_fields[] = {
    CYAML_FIELD_UINT("catalogue", NEEDED, struct y_catalogue, catalogue),
    CYAML_FIELD_UINT("rule", NEEDED, struct y_catalogue, rule),
    TEXT("start", NEEDED, y_catalogue, start),
    LIST("services", y_catalogue, services, n_services, &service_schema),
#define X(member, key, list) LIST(key, y_catalogue, member.item, member.n, &code_schema),
    LISTS(X)
#undef X
        LIST("groups", y_catalogue, groups, n_groups, &group_schema),
    LIST("holidays", y_catalogue, holidays, n_holidays, &text_schema),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t catalogue_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct y_catalogue, catalogue_fields),
};

/* ---- into the message ------------------------------------------------------------ */

static int out_of_room(const struct yaml_source *s, struct error *e) {
    error_set(e, ERR_TOO_MUCH, "", "the file is too large.", "ファイルが大きすぎます。");
    return yaml_place(s, 0, e);
}

static int take_service(struct yaml_source *s, const struct y_service *y,
                        Document__Service *service, struct error *e) {
    unsigned line = yaml_line_of_key(s, "code", y->code, s->line);
    s->line = line > 0 ? line : s->line;
    if (yaml_text(s, "code", y->code, &service->has_code, &service->code, e) < 0 ||
        yaml_text(s, "prefix", y->prefix, &service->has_prefix, &service->prefix, e) < 0 ||
        yaml_text(s, "ja", y->ja, &service->has_ja, &service->ja, e) < 0 ||
        yaml_text(s, "kana", y->kana, &service->has_kana, &service->kana, e) < 0 ||
        yaml_text(s, "en", y->en, &service->has_en, &service->en, e) < 0 ||
        yaml_texts(s, "consultation", y->consultation, y->n_consultation, &service->n_consultation,
                   &service->consultation, e) < 0 ||
        yaml_text(s, "nature", y->nature, &service->has_nature, &service->nature, e) < 0) {
        return -1;
    }
    return yaml_date(s, "retired", y->retired, &service->has_retired, &service->retired, e);
}

static int take_code(struct yaml_source *s, const char *list, const struct y_code *y,
                     Document__Code *code, struct error *e) {
    unsigned line = yaml_line_of_key(s, "code", y->code, s->line);
    s->line = line > 0 ? line : s->line;
    SET(code, list, bytes_of(list));
    if (yaml_text(s, "code", y->code, &code->has_code, &code->code, e) < 0 ||
        yaml_text(s, "ja", y->ja, &code->has_ja, &code->ja, e) < 0 ||
        yaml_text(s, "kana", y->kana, &code->has_kana, &code->kana, e) < 0 ||
        yaml_text(s, "en", y->en, &code->has_en, &code->en, e) < 0 ||
        yaml_texts(s, "services", y->services, y->n_services, &code->n_service, &code->service, e) <
            0) {
        return -1;
    }
    return yaml_date(s, "retired", y->retired, &code->has_retired, &code->retired, e);
}

static int take_group(struct yaml_source *s, const struct y_group *y, Document__Group *group,
                      struct error *e) {
    s->line = yaml_line_of_key(s, "name", y->name, s->line);
    if (yaml_text(s, "list", y->list, &group->has_list, &group->list, e) < 0 ||
        yaml_text(s, "name", y->name, &group->has_name, &group->name, e) < 0 ||
        yaml_text(s, "ja", y->ja, &group->has_ja, &group->ja, e) < 0 ||
        yaml_text(s, "en", y->en, &group->has_en, &group->en, e) < 0) {
        return -1;
    }
    return yaml_texts(s, "members", y->members, y->n_members, &group->n_member, &group->member, e);
}

static int take_services(struct yaml_source *s, const struct y_catalogue *y, Document__Catalogue *c,
                         struct error *e) {
    s->line = yaml_line_of(s, "services", 0);
    if (yaml_count(s, "services", y->n_services, CHECK_SERVICES_MAX, e) < 0) {
        return -1;
    }
    c->service = arena_zalloc(s->arena, (y->n_services + 1) * sizeof *c->service);
    Document__Service *item = arena_zalloc(s->arena, (y->n_services + 1) * sizeof *item);
    if (c->service == NULL || item == NULL) {
        return out_of_room(s, e);
    }
    for (unsigned i = 0; i < y->n_services; i++) {
        document__service__init(&item[i]);
        c->service[c->n_service++] = &item[i];
        if (take_service(s, &y->services[i], &item[i], e) < 0) {
            return -1;
        }
        for (unsigned k = 0; k < i; k++) {
            if (bytes_same(item[k].code, item[i].code)) {
                error_set(e, ERR_INVALID, "code", "the service \"%s\" is given twice.",
                          "業務「%s」が 2 回書かれています。", GUARD_QUOTE(y->services[i].code));
                return yaml_place(s, s->line, e);
            }
        }
    }
    return 0;
}

static int take_list(struct yaml_source *s, const char *key, const char *list,
                     const struct y_codes *codes, Document__Catalogue *c, struct error *e) {
    s->line = yaml_line_of(s, key, 0);
    Document__Code *item = arena_zalloc(s->arena, (codes->n + 1) * sizeof *item);
    if (item == NULL) {
        return out_of_room(s, e);
    }
    for (unsigned i = 0; i < codes->n; i++) {
        document__code__init(&item[i]);
        c->code[c->n_code++] = &item[i];
        if (take_code(s, list, &codes->item[i], &item[i], e) < 0) {
            return -1;
        }
        for (unsigned k = 0; k < i; k++) {
            if (bytes_same(item[k].code, item[i].code)) {
                error_set(e, ERR_INVALID, "code", "the %s \"%s\" is given twice.",
                          "%s の「%s」が 2 回書かれています。", list,
                          GUARD_QUOTE(codes->item[i].code));
                return yaml_place(s, s->line, e);
            }
        }
    }
    return 0;
}

static int take_lists(struct yaml_source *s, const struct y_catalogue *y, Document__Catalogue *c,
                      struct error *e) {
    size_t n = 1;
#define X(member, key, list) n += y->member.n;
    LISTS(X)
#undef X
    s->line = 0;
    if (yaml_count(s, "codes", n - 1, CHECK_CODES_MAX, e) < 0) {
        return -1;
    }
    c->code = arena_zalloc(s->arena, n * sizeof *c->code);
    if (c->code == NULL) {
        return out_of_room(s, e);
    }
#define X(member, key, list)                             \
    if (take_list(s, key, list, &y->member, c, e) < 0) { \
        return -1;                                       \
    }
    LISTS(X)
#undef X
    return 0;
}

static bool in_list(const Document__Catalogue *c, ProtobufCBinaryData list,
                    ProtobufCBinaryData code) {
    for (size_t i = 0; i < c->n_code; i++) {
        if (bytes_same(c->code[i]->list, list) && bytes_same(c->code[i]->code, code)) {
            return true;
        }
    }
    return false;
}

static int take_groups(struct yaml_source *s, const struct y_catalogue *y, Document__Catalogue *c,
                       struct error *e) {
    s->line = yaml_line_of(s, "groups", 0);
    if (yaml_count(s, "groups", y->n_groups, CHECK_GROUPS_MAX, e) < 0) {
        return -1;
    }
    c->group = arena_zalloc(s->arena, (y->n_groups + 1) * sizeof *c->group);
    Document__Group *item = arena_zalloc(s->arena, (y->n_groups + 1) * sizeof *item);
    if (c->group == NULL || item == NULL) {
        return out_of_room(s, e);
    }
    for (unsigned i = 0; i < y->n_groups; i++) {
        document__group__init(&item[i]);
        c->group[c->n_group++] = &item[i];
        if (take_group(s, &y->groups[i], &item[i], e) < 0 ||
            yaml_count(s, "members", item[i].n_member, CHECK_MEMBERS_MAX, e) < 0) {
            return -1;
        }
        for (size_t k = 0; k < item[i].n_member; k++) {
            if (!in_list(c, item[i].list, item[i].member[k])) {
                error_set(e, ERR_INVALID, "members",
                          "the group \"%s\" names \"%s\", which is not a code of the list %s.",
                          "グループ「%s」の「%s」は %s の一覧にありません。",
                          GUARD_QUOTE(y->groups[i].name), GUARD_QUOTE(y->groups[i].members[k]),
                          GUARD_QUOTE(y->groups[i].list));
                return yaml_place(s, s->line, e);
            }
        }
    }
    return 0;
}

static int take_holidays(struct yaml_source *s, const struct y_catalogue *y, Document__Catalogue *c,
                         struct error *e) {
    s->line = yaml_line_of(s, "holidays", 0);
    if (yaml_count(s, "holidays", y->n_holidays, CHECK_HOLIDAYS_MAX, e) < 0) {
        return -1;
    }
    c->holiday = arena_zalloc(s->arena, (y->n_holidays + 1) * sizeof *c->holiday);
    if (c->holiday == NULL) {
        return out_of_room(s, e);
    }
    for (unsigned i = 0; i < y->n_holidays; i++) {
        if (yaml_date(s, "holidays", y->holidays[i], NULL, &c->holiday[i], e) < 0) {
            return -1;
        }
    }
    c->n_holiday = y->n_holidays;
    return 0;
}

static int take_catalogue(struct yaml_source *s, const struct y_catalogue *y,
                          ProtobufCBinaryData *packed, struct error *e) {
    Document__Catalogue c = DOCUMENT__CATALOGUE__INIT;
    SET(&c, format, y->catalogue);
    SET(&c, rule, y->rule);
    if (y->catalogue != 1) {
        error_set(e, ERR_INVALID, "catalogue", "this version reads catalogues of format 1.",
                  "この版が読めるのは形式 1 の目録です。");
        return yaml_place(s, yaml_line_of(s, "catalogue", 0), e);
    }
    if (yaml_date(s, "start", y->start, &c.has_start, &c.start, e) < 0 ||
        take_services(s, y, &c, e) < 0 || take_lists(s, y, &c, e) < 0 ||
        take_groups(s, y, &c, e) < 0 || take_holidays(s, y, &c, e) < 0) {
        return -1;
    }
    if (check_catalogue(&c, e) < 0) {
        return yaml_place(s, 0, e);
    }
    return message_pack(&c.base, s->arena, packed, e);
}

int yaml_catalogue(const char *text, size_t len, const char *file_name, struct arena *arena,
                   ProtobufCBinaryData *packed, struct error *e) {
    struct yaml_source source = {.text = text, .len = len, .file_name = file_name, .arena = arena};
    void *y;
    if (yaml_load(&source, &catalogue_schema, &y, e) < 0) {
        return -1;
    }
    int result = take_catalogue(&source, y, packed, e);
    yaml_unload(&catalogue_schema, y);
    return result;
}

/* ---- and back ---------------------------------------------------------------------- */

/* Plain where YAML takes the bytes as they are, else in double quotes. */
static void write_scalar(ProtobufCBinaryData b, FILE *out) {
    bool plain = b.len > 0;
    for (size_t i = 0; i < b.len && plain; i++) {
        uint8_t c = b.data[i];
        plain = c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                (i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == ' ' || c == '.'));
    }
    if (plain && b.data[b.len - 1] != ' ') {
        fwrite(b.data, 1, b.len, out);
        return;
    }
    putc('"', out);
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] == '"' || b.data[i] == '\\') {
            putc('\\', out);
        }
        putc(b.data[i], out);
    }
    putc('"', out);
}

static void write_text(const char *key, bool has, ProtobufCBinaryData b, FILE *out) {
    if (has) {
        fprintf(out, ", %s: ", key);
        write_scalar(b, out);
    }
}

static void write_list(const char *key, size_t n, const ProtobufCBinaryData *list, FILE *out) {
    if (n > 0) {
        fprintf(out, ", %s: [", key);
        for (size_t i = 0; i < n; i++) {
            fputs(i > 0 ? ", " : "", out);
            write_scalar(list[i], out);
        }
        putc(']', out);
    }
}

static void write_retired(bool has, uint32_t date, FILE *out) {
    if (has) {
        char text[16];
        calendar_format_date(date, text);
        fprintf(out, ", retired: %s", text);
    }
}

static void write_service(const Document__Service *s, FILE *out) {
    fputs("  - {code: ", out);
    write_scalar(s->code, out);
    write_text("prefix", s->has_prefix, s->prefix, out);
    write_text("ja", s->has_ja, s->ja, out);
    write_text("kana", s->has_kana, s->kana, out);
    write_text("en", s->has_en, s->en, out);
    write_text("nature", s->has_nature, s->nature, out);
    write_list("consultation", s->n_consultation, s->consultation, out);
    write_retired(s->has_retired, s->retired, out);
    fputs("}\n", out);
}

static void write_codes(const Document__Catalogue *c, const char *key, const char *list,
                        FILE *out) {
    bool any = false;
    for (size_t i = 0; i < c->n_code; i++) {
        const Document__Code *code = c->code[i];
        if (!bytes_equal(code->list, list)) {
            continue;
        }
        if (!any) {
            fprintf(out, "\n%s:\n", key);
            any = true;
        }
        fputs("  - {code: ", out);
        write_scalar(code->code, out);
        write_text("ja", code->has_ja, code->ja, out);
        write_text("kana", code->has_kana, code->kana, out);
        write_text("en", code->has_en, code->en, out);
        write_list("services", code->n_service, code->service, out);
        write_retired(code->has_retired, code->retired, out);
        fputs("}\n", out);
    }
}

static void write_groups(const Document__Catalogue *c, FILE *out) {
    if (c->n_group > 0) {
        fputs("\ngroups:\n", out);
    }
    for (size_t i = 0; i < c->n_group; i++) {
        const Document__Group *g = c->group[i];
        fputs("  - {list: ", out);
        write_scalar(g->list, out);
        write_text("name", g->has_name, g->name, out);
        write_text("ja", g->has_ja, g->ja, out);
        write_text("en", g->has_en, g->en, out);
        write_list("members", g->n_member, g->member, out);
        fputs("}\n", out);
    }
}

int yaml_catalogue_write(const Document__Catalogue *c, FILE *out) {
    char date[16];
    calendar_format_date(c->start, date);
    fprintf(out, "catalogue: %" PRIu32 "\nrule: %" PRIu32 "\nstart: %s\n", c->format, c->rule,
            date);
    fputs("\nservices:\n", out);
    for (size_t i = 0; i < c->n_service; i++) {
        write_service(c->service[i], out);
    }
#define X(member, key, list) write_codes(c, key, list, out);
    LISTS(X)
#undef X
    write_groups(c, out);
    for (size_t i = 0; i < c->n_holiday; i++) {
        calendar_format_date(c->holiday[i], date);
        fprintf(out, "%s%s", i == 0 ? "\nholidays: [\n  " : i % 8 == 0 ? ",\n  " : ", ", date);
    }
    fputs(c->n_holiday > 0 ? "\n]\n" : "", out);
    return fflush(out) == 0 && ferror(out) == 0 ? 0 : -1;
}
