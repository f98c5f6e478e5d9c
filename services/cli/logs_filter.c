#include "logs_filter.h"

#include <stdio.h>
#include <string.h>

#include "base/severity.h"
#include "event_filter.h"
#include "event_line.h"

#define DIM           "\033[2m"
#define TIME_BYTES    27 // 2026-11-24T10:48:00.123456Z
#define INSTANCE_ULID 26
#define NAME_BYTES    120
#define MESSAGE_BYTES 8192
#define TYPE_COLUMNS  20

// Lines begin with {"n":5,"time":"; one that does not is looked at when it is parsed.
static const char *time_of(const char *line, size_t size) {
    static const char head[] = "{\"n\":", middle[] = ",\"time\":\"";
    size_t at = sizeof head - 1;
    if (size < at || memcmp(line, head, at) != 0)
        return NULL;
    while (at < size && line[at] >= '0' && line[at] <= '9')
        at++;
    if (size - at < sizeof middle - 1 + TIME_BYTES ||
        memcmp(line + at, middle, sizeof middle - 1) != 0)
        return NULL;
    return line + at + sizeof middle - 1;
}

// Times of one zone and of one length are compared as texts.
bool cli_logs_before(const char *line, size_t size, const char *time) {
    const char *at = time_of(line, size);
    return at != NULL && memcmp(at, time, TIME_BYTES) < 0;
}

static bool in_time(const struct cli_logs_filter *filter, const char *time) {
    return (filter->since[0] == '\0' || strncmp(time, filter->since, TIME_BYTES) >= 0) &&
           (filter->until[0] == '\0' || strncmp(time, filter->until, TIME_BYTES) <= 0);
}

// Whether a JSON text may hold it: what would stand there in another form is left to the parser.
static bool may_have(const char *line, size_t size, const char *wanted) {
    if (wanted == NULL)
        return true;
    for (const char *at = wanted; *at != '\0'; at++)
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
            return true;
    return memmem(line, size, wanted, strlen(wanted)) != NULL;
}

static bool has_number(const struct cli_logs_filter *filter, const char *line, size_t size) {
    if (memmem(line, size, filter->number, strlen(filter->number)) != NULL)
        return true;
    return filter->redacted != NULL &&
           memmem(line, size, filter->redacted, strlen(filter->redacted)) != NULL;
}

// Almost all lines of a large log are about others, and are not parsed.
static bool may_be_about(const struct cli_logs_filter *filter, const char *line, size_t size) {
    bool found = may_have(line, size, filter->contact);
    if (filter->number == NULL || found)
        return found;
    found = has_number(filter, line, size);
    for (size_t i = 0; !found && i < CLI_LOGS_IDS_MOST && filter->ids[i] != NULL; i++)
        found = may_have(line, size, filter->ids[i]);
    return found;
}

static unsigned char lower(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

// Capitals in what is wanted are meant.
static bool has(const char *line, size_t size, const char *wanted) {
    size_t length = strlen(wanted);
    for (const char *at = wanted; *at != '\0'; at++)
        if (lower(*at) != (unsigned char)*at)
            return memmem(line, size, wanted, length) != NULL;
    for (size_t i = 0; i + length <= size; i++) {
        size_t same = 0;
        while (same < length && lower(line[i + same]) == lower(wanted[same]))
            same++;
        if (same == length)
            return true;
    }
    return false;
}

static bool may_match(const struct cli_logs_filter *filter, const char *line, size_t size) {
    const char *time = time_of(line, size);
    return (time == NULL || in_time(filter, time)) && may_be_about(filter, line, size) &&
           may_have(line, size, filter->service) && may_have(line, size, filter->campaign) &&
           may_have(line, size, filter->type) &&
           (filter->grep == NULL || has(line, size, filter->grep));
}

static const char *text_of(const json_t *line, const char *name) {
    const char *text = json_string_value(json_object_get(line, name));
    return text == NULL ? "" : text;
}

static bool is(const json_t *line, const char *name, const char *wanted) {
    return wanted == NULL || strcmp(text_of(line, name), wanted) == 0;
}

// A provider, or a process of ours, whose instances are named after it.
static bool is_service(const json_t *line, const char *wanted) {
    if (is(line, "service", wanted))
        return true;
    const char *origin = text_of(line, "origin");
    size_t length = strlen(wanted);
    return strncmp(origin, wanted, length) == 0 && origin[length] == '-' &&
           strlen(origin) == length + 1 + INSTANCE_ULID;
}

// A number may stand in any place of a line, as it is or redacted.
static bool is_contact(const struct cli_logs_filter *filter, const json_t *parsed, const char *line,
                       size_t size) {
    if (filter->contact == NULL || is(parsed, "contact", filter->contact) ||
        is(parsed, "subject", filter->contact))
        return true;
    if (filter->number == NULL)
        return false;
    for (size_t i = 0; i < CLI_LOGS_IDS_MOST && filter->ids[i] != NULL; i++)
        if (is(parsed, "contact", filter->ids[i]))
            return true;
    return has_number(filter, line, size);
}

static bool matches(const struct cli_logs_filter *filter, const json_t *parsed, const char *line,
                    size_t size) {
    int rank = rf_severity_parse(text_of(parsed, "severity"));
    const char *type = text_of(parsed, "type");
    return in_time(filter, text_of(parsed, "time")) &&
           (rank < 0 ? rf_severity_parse("error") : rank) >= filter->severity &&
           (filter->type == NULL || strncmp(type, filter->type, strlen(filter->type)) == 0) &&
           is_service(parsed, filter->service) && is(parsed, "campaign", filter->campaign) &&
           is_contact(filter, parsed, line, size);
}

enum cli_logs_verdict cli_logs_judge(const struct cli_logs_filter *filter, const char *line,
                                     size_t size, json_t **parsed) {
    if (!may_match(filter, line, size))
        return CLI_LOGS_OTHER;
    json_t *object = json_loadb(line, size, 0, NULL);
    enum cli_logs_verdict verdict = CLI_LOGS_BAD;
    if (json_is_object(object) && text_of(object, "type")[0] != '\0')
        verdict = matches(filter, object, line, size) ? CLI_LOGS_MATCH : CLI_LOGS_OTHER;
    if (verdict == CLI_LOGS_MATCH && parsed != NULL)
        *parsed = object;
    else
        json_decref(object);
    return verdict;
}

void cli_logs_text(const json_t *line, bool color, struct rf_text *out) {
    const char *severity = text_of(line, "severity");
    const char *off = color ? CLI_PLAIN : "";
    char columns[16];
    size_t start;
    rf_text_add(out, "%s", color ? DIM : "");
    rf_text_add_clean(out, text_of(line, "time"), NAME_BYTES);
    rf_text_add(out, "%s  %s", off, color ? cli_severity_color(severity) : "");
    snprintf(columns, sizeof columns, "%-8.8s", severity);
    rf_text_add_clean(out, columns, sizeof columns);
    rf_text_add(out, "%s  ", off);
    start = out->size;
    rf_text_add_clean(out, text_of(line, "type"), NAME_BYTES);
    while (!out->failed && out->size - start < TYPE_COLUMNS)
        rf_text_add(out, " ");
    rf_text_add(out, "  %s", color ? DIM : "");
    rf_text_add_clean(out, text_of(line, "message"), MESSAGE_BYTES);
    rf_text_add(out, "%s", off);
}
