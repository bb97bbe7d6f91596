#include "client/labels.h"

#include "proto/calendar.h"

#include <stdlib.h>

struct labels {
    struct catalogue *catalogue; /* NULL when it could not be had */
};

static const struct labels *labels_open(struct client *c) {
    if (c->labels != NULL) {
        return c->labels;
    }
    c->labels = calloc(1, sizeof *c->labels);
    ProtobufCBinaryData data;
    if (c->labels != NULL &&
        client_document(c, MADOGUCHI__DOCUMENT_KIND__CATALOGUE, NULL, true, &data) == EXIT_DONE) {
        if (catalogue_open(data.data, data.len, &c->labels->catalogue, NULL) < 0) {
            c->labels->catalogue = NULL;
        }
        free(data.data);
    }
    return c->labels;
}

const struct catalogue *labels_catalogue(struct client *c) {
    const struct labels *labels = labels_open(c);
    return labels != NULL ? labels->catalogue : NULL;
}

void labels_free(struct labels *labels) {
    if (labels != NULL) {
        catalogue_free(labels->catalogue);
        free(labels);
    }
}

static ProtobufCBinaryData in_language(protobuf_c_boolean has_ja, ProtobufCBinaryData ja,
                                       protobuf_c_boolean has_en, ProtobufCBinaryData en) {
    if (words_japanese()) {
        return has_ja ? ja : en;
    }
    return has_en ? en : (ProtobufCBinaryData){0}; /* the code itself */
}

ProtobufCBinaryData labels_code(const struct catalogue *catalogue, const char *field,
                                ProtobufCBinaryData code) {
    const Document__Service *service =
        strcmp(field, "service") == 0 ? catalogue_service(catalogue, code) : NULL;
    if (service != NULL) {
        return in_language(service->has_ja, service->ja, service->has_en, service->en);
    }
    const char *list = catalogue_list_of(field);
    const Document__Code *found = NULL;
    if (list != NULL && strcmp(list, "route") == 0) {
        found = catalogue_code(catalogue, "channel", code);
        list = "session-kind";
    }
    if (list != NULL && found == NULL) {
        found = catalogue_code(catalogue, list, code);
    }
    if (found == NULL) {
        return (ProtobufCBinaryData){0};
    }
    return in_language(found->has_ja, found->ja, found->has_en, found->en);
}

const char *labels_of(struct client *c, const char *field, const char *code, struct arena *arena) {
    if (c->output.format != OUTPUT_TEXT || code == NULL) {
        return code;
    }
    const struct labels *labels = labels_open(c);
    if (labels == NULL || labels->catalogue == NULL) {
        return code;
    }
    const char *out = NULL;
    for (const char *p = code;;) {
        size_t len = strcspn(p, ";");
        ProtobufCBinaryData one = {.len = len, .data = (uint8_t *)p};
        ProtobufCBinaryData label = labels_code(labels->catalogue, field, one);
        label = label.len > 0 ? label : one;
        out = arena_printf(arena, "%s%s%.*s", out != NULL ? out : "",
                           out == NULL        ? ""
                           : words_japanese() ? "、"
                                              : ", ",
                           (int)label.len, (const char *)label.data);
        if (p[len] == '\0' || out == NULL) {
            return out != NULL ? out : code;
        }
        p += len + 1;
    }
}

static const char *const measures[][2] = {
    {"contacts", N_("Contacts (every time)")},
    {"consultations", N_("Consultations")},
    {"cases", N_("New cases")},
    {"active", N_("Distinct cases")},
    {"topics", N_("Topics")},
    {"outcomes", N_("Outcomes")},
    {"households", N_("Households")},
    {"persons", N_("Persons")},
    {"sessions", N_("Sessions held")},
    {"attendees", N_("Attendees (every time)")},
    {"programs", N_("Programs held")},
    {"referrals", N_("Referrals")},
    {"refusals", N_("Refusals")},
    {NULL, NULL},
};

static const char *const fields[][2] = {
    {"year", N_("Year")},
    {"month", N_("Month")},
    {"day", N_("Day")},
    {"hour", N_("Hour")},
    {"case", N_("Case")},
    {"opened", N_("Opened")},
    {"service", N_("Service")},
    {"program", N_("Program")},
    {"office", N_("Office")},
    {"channel", N_("Channel")},
    {"nature", N_("Nature")},
    {"topic", N_("Topic")},
    {"outcome", N_("Outcome")},
    {"route", N_("Route")},
    {"origin", N_("Origin")},
    {"age", N_("Age")},
    {"session", N_("Session")},
    {"session_kind", N_("Session kind")},
    {"form", N_("Form")},
    {"venue", N_("Venue")},
    {"venue_kind", N_("Venue kind")},
    {"reason", N_("Reason")},
    {"target", N_("Referred to")},
    {"status", N_("Status")},
    {"contacts", N_("Contacts")},
    {"last", N_("Last contact")},
    {"seq", N_("Entry")},
    {"date", N_("Date")},
    {"time", N_("Time")},
    {"kind", N_("Kind")},
    {"count", N_("Count")},
    {"number", N_("Number")},
    {"households", N_("Households")},
    {"persons", N_("Persons")},
    {"outcome_count", N_("Outcome count")},
    {"case_number", N_("Case")},
    {"with_case", N_("With case")},
    {"due", N_("Due")},
    {"period", N_("Period")},
    {"value", N_("Value")},
    {"series", N_("Series")},
    {"as_of", N_("As of")},
    {"source", N_("Source")},
    {"id", N_("Id")},
    {"title", N_("Title")},
    {"name", N_("Name")},
    {"unit", N_("Unit")},
    {"baseline", N_("Baseline")},
    {"actual", N_("Actual")},
    {"verdict", N_("Verdict")},
    {"ratio", N_("Ratio")},
    {"entries", N_("Entries")},
    {"note", N_("Note")},
    {"read from", N_("Read from")},
    {"person", N_("Person")},
    {"role", N_("Role")},
    {"uid", N_("Unix user")},
    {"certificate", N_("Certificate")},
    {"until", N_("Until")},
    {"disabled", N_("Disabled")},
    {"recorded_at", N_("Recorded at")},
    {"actor", N_("By whom")},
    {"on_behalf", N_("On behalf of")},
    {"details", N_("Details")},
    {"result", N_("Result")},
    {"right", N_("Right")},
    {"reported", N_("Reported")},
    {"now", N_("Now")},
    {"published", N_("Published")},
    {"published_at", N_("Published at")},
    {"by", N_("By whom")},
    /* states */
    {"open", N_("open")},
    {"closed", N_("closed")},
    {"void", N_("void")},
    {"planned", N_("planned")},
    {"held", N_("held")},
    {"cancelled", N_("cancelled")},
    {"yes", N_("yes")},
    {"added", N_("added")},
    {"changed", N_("changed")},
    {"unchanged", N_("unchanged")},
    /* kinds of entries and facts */
    {"log", N_("Opened")},
    {"tally", N_("Tally")},
    {"decline", N_("Refusal")},
    {"contact", N_("Contact")},
    {"refer", N_("Referral")},
    {"close", N_("Closed")},
    {"reopen", N_("Reopened")},
    {"correct", N_("Correction")},
    {"session-plan", N_("Session planned")},
    {"session-hold", N_("Session held")},
    {"session-cancel", N_("Session cancelled")},
    {"founding", N_("Store founded")},
    {"catalogue", N_("Catalogue")},
    {"plan", N_("Plan")},
    {"figure", N_("Figure")},
    {"coverage", N_("Coverage")},
    {"referral", N_("Referral")},
    {"refusal", N_("Refusal")},
    {"account", N_("Account")},
    {"month-close", N_("Month closed")},
    {"publish", N_("Publication")},
    {"login", N_("Login")},
    {"login-failed", N_("Login failed")},
    {"logout", N_("Logout")},
    {"password", N_("Password changed")},
    {"password-reset", N_("Password given")},
    {"refused", N_("Request refused")},
    {"export", N_("Export")},
    {"backup", N_("Backup")},
    {"certificate-refused", N_("Certificate refused")},
    /* roles */
    {"clerk", N_("Counter clerk")},
    {"temporary", N_("Temporary staff")},
    {"counsellor", N_("Counsellor")},
    {"supervisor", N_("Supervisor")},
    {"planner", N_("Planning office")},
    {"auditor", N_("Auditor")},
    {"administrator", N_("Administrator")},
    {NULL, NULL},
};

static const char *look_up(const char *const (*words)[2], const char *word) {
    for (size_t i = 0; words[i][0] != NULL; i++) {
        if (strcmp(words[i][0], word) == 0) {
            return _(words[i][1]);
        }
    }
    return word;
}

const char *labels_measure(const char *count) {
    return look_up(measures, count);
}

const char *labels_field(const char *field) {
    return look_up(fields, field);
}

const char *labels_words(const char *words, struct arena *arena) {
    const char *out = "";
    const char *between = "";
    while (out != NULL && words[0] != '\0') {
        size_t len = strcspn(words, ";");
        const char *one = arena_strndup(arena, words, len);
        out = one == NULL ? NULL : arena_printf(arena, "%s%s%s", out, between, labels_field(one));
        between = words_japanese() ? "、" : ", ";
        words += len + (words[len] == ';');
    }
    return out;
}

const char *labels_year(const char *year, struct arena *arena) {
    unsigned long fy = strtoul(year, NULL, 10);
    if (!words_japanese() || fy < 1873 || fy > 9998) {
        return year;
    }
    char era[8];
    calendar_format_year_short((uint32_t)fy, era);
    const char *out = arena_printf(arena, "%s (%lu)", era, fy);
    return out != NULL ? out : year;
}
