// What stands in the lists of the configuration.
#include "config/config.h"
#include "config/rows.h"

#include <string.h>

static const struct rf_config_row secret_rows[] = {
    {.key = "", .type = RF_CONFIG_SECRET, .help = "a key"},
};

const struct rf_config_items rf_config_secret_items = {
    .size = sizeof(struct rf_secret),
    .most = RF_CONFIG_MAX_KEYS,
    .rows = secret_rows,
    .row_count = sizeof secret_rows / sizeof secret_rows[0],
    .expected = "a list of secrets, such as [file:secrets/first, file:secrets/second]",
};

static const struct rf_config_row header_rows[] = {
    {.key = "", .type = RF_CONFIG_SECRET, .help = "NAME: VALUE"},
};

// The value itself is never told.
static const char *header_problem(const void *item) {
    const char *text = ((const struct rf_secret *)item)->value;
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    if (name == 0 || name > 100 || text[name] != ':')
        return "is no header; expected \"NAME: VALUE\"";
    for (const char *c = text + name; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return "has a control character or a second line";
    return NULL;
}

const struct rf_config_items rf_config_header_items = {
    .size = sizeof(struct rf_secret),
    .most = RF_CONFIG_MAX_KEYS,
    .rows = header_rows,
    .row_count = sizeof header_rows / sizeof header_rows[0],
    .expected = "a list of headers, such as [file:secrets/otlp-header]",
    .problem = header_problem,
};

static const struct rf_config_row column_rows[] = {
    {.key = "", .type = RF_CONFIG_TEXT, .help = "NAME=COLUMN"},
};

static const char *column_problem(const void *item) {
    const char *text = *(char *const *)item, *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0')
        return "is no name for a column; expected NAME=COLUMN, such as phone=Telefon";
    return NULL;
}

const struct rf_config_items rf_config_column_items = {
    .size = sizeof(char *),
    .most = 64,
    .rows = column_rows,
    .row_count = sizeof column_rows / sizeof column_rows[0],
    .expected = "a list such as [phone=Telefon, name=Kunde]",
    .problem = column_problem,
};

#define AT(member) offsetof(struct rf_config_rule, member)
#define HOUR       3.6e12

static const struct rf_config_row rule_rows[] = {
    {.key = "status",
     .type = RF_CONFIG_STATUS,
     .offset = AT(status),
     .help = "the HTTP status: 429, 400-499 or 4xx"},
    {.key = "field",
     .type = RF_CONFIG_TEXT,
     .offset = AT(field),
     .help = "a path into the body's JSON, such as error.code or detail.0.msg, or several joined "
             "by |; $code and $message: where this provider puts them"},
    {.key = "header",
     .type = RF_CONFIG_TEXT,
     .offset = AT(header),
     .help = "the name of a header of the reply"},
    {.key = "equals",
     .type = RF_CONFIG_TEXT,
     .offset = AT(equals),
     .help = "the field or the header is this text"},
    {.key = "contains",
     .type = RF_CONFIG_TEXT,
     .offset = AT(contains),
     .help = "it has this text in it, in any case; with neither it only has to be there"},
    {.key = "failure",
     .type = RF_CONFIG_CHOICE,
     .offset = AT(failure),
     .words = "any"
#define RF_TRANSPORT_FAILURE(name, word, c, source) "|" word
#define RF_BODY_FAILURE(word, c, source)            "|" word
#include <ringfence/failures.def>
     ,
     .help = "what went wrong without a status, or with the body of a good one"},
    {.key = "sent",
     .type = RF_CONFIG_CHOICE,
     .offset = AT(sent),
     .words = "yes|no",
     .help = "whether the request may have been sent"},
    {.key = "operation",
     .type = RF_CONFIG_CHOICE,
     .offset = AT(operation),
     .words = "speak|write|dial|find_call|call_status",
     .help = "what was asked for"},
    {.key = "class",
     .type = RF_CONFIG_CHOICE,
     .offset = AT(class),
     .words = "transient|rate_limited|permanent.auth|permanent.quota|permanent.config|"
              "permanent.invalid|ambiguous",
     .help = "what such a reply is"},
    {.key = "retry",
     .type = RF_CONFIG_CHOICE,
     .offset = AT(retry),
     .words = "never|place",
     .help = "never: not retried whatever its class; place: retried as soon as another call of "
             "ours ends"},
    {.key = "mark_for",
     .type = RF_CONFIG_DURATION,
     .offset = AT(mark_for),
     .least = 1e9,
     .most = 24 * 31 * HOUR,
     .help = "a mark made of it ends by itself after this"},
    {.key = "source",
     .type = RF_CONFIG_TEXT,
     .offset = AT(source),
     .help = "where this is written, for people"},
};

// "error.code|error.type": names or numbers, joined by dots.
static bool is_path(const char *path) {
    for (const char *at = path; *at != '\0'; at++)
        if ((*at == '.' || *at == '|') &&
            (at == path || at[1] == '\0' || at[1] == '.' || at[1] == '|'))
            return false;
    return path[0] != '\0';
}

static const char *rule_problem(const void *item) {
    const struct rf_config_rule *rule = item;
    if (rule->class == NULL)
        return "has no class; expected what such a reply is, such as class: transient";
    if (rule->status.from == 0 && rule->field == NULL && rule->header == NULL &&
        rule->failure == NULL && rule->sent == NULL)
        return "says nothing of the reply; expected one of status, field, header, failure, sent";
    if (rule->field != NULL && rule->header != NULL)
        return "has a field and a header; expected one of them";
    if (rule->equals != NULL && rule->contains != NULL)
        return "has equals and contains; expected one of them";
    if ((rule->equals != NULL || rule->contains != NULL) && rule->field == NULL &&
        rule->header == NULL)
        return "has a text but not where it stands; expected a field or a header";
    if (rule->field != NULL && !is_path(rule->field))
        return "has a field that is no path; expected names joined by dots, such as error.code";
    return NULL;
}

const struct rf_config_items rf_config_rule_items = {
    .size = sizeof(struct rf_config_rule),
    .most = 100,
    .rows = rule_rows,
    .row_count = sizeof rule_rows / sizeof rule_rows[0],
    .expected = "a list of rules, each such as {status: 429, field: error.code, equals: "
                "insufficient_quota, class: permanent.quota}",
    .problem = rule_problem,
};

static const struct rf_config_row hours_rows[] = {
    {.key = "", .type = RF_CONFIG_HOURS, .help = "days and hours"},
};

const struct rf_config_items rf_config_hours_items = {
    .size = sizeof(struct rf_hours),
    .most = 100,
    .rows = hours_rows,
    .row_count = sizeof hours_rows / sizeof hours_rows[0],
    .expected = "a list of " RF_HOURS_EXPECTED,
};

static const struct rf_config_row wait_rows[] = {
    {.key = "", .type = RF_CONFIG_DURATION, .least = 1e9, .most = 24 * 31 * HOUR, .help = "a wait"},
};

const struct rf_config_items rf_config_wait_items = {
    .size = sizeof(struct rf_duration),
    .most = 100,
    .rows = wait_rows,
    .row_count = sizeof wait_rows / sizeof wait_rows[0],
    .expected = "a list of waits, such as [10m, 1h, 24h]",
};
