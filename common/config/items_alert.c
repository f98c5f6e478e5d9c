// What stands in alerter.rules.
#include "config/check.h"
#include "config/config.h"
#include "config/rows.h"
#include "events/condition.h"

#include <stdio.h>
#include <string.h>

#define HOUR       3.6e12
#define AT(member) offsetof(struct rf_config_alert_rule, member)
#define NOTICE_TEXT(key_, member, help_)                                                           \
    { .key = (key_), .type = RF_CONFIG_TEXT, .offset = AT(member), .help = (help_) }
#define NOTICE_TIME(key_, member, help_)                                                           \
    {                                                                                              \
        .key = (key_), .type = RF_CONFIG_DURATION, .offset = AT(member), .most = 24 * 31 * HOUR,   \
        .help = (help_)                                                                            \
    }

static const struct rf_config_row alert_rule_rows[] = {
    NOTICE_TEXT("name", name, "its name, in silences and in ringfence alert list"),
    NOTICE_TEXT("on", on, "types of events, such as breaker.opened or provider.*"),
    NOTICE_TEXT("where", where, "and what they have to say, such as reason=permanent.auth"),
    NOTICE_TEXT("resolve", resolve, "types of events that end it"),
    NOTICE_TEXT("resolve_where", resolve_where, "and what they have to say"),
    NOTICE_TEXT("resolve_by", resolve_by,
                "field that such an event has in common with what it ends, where the incident's "
                "name does not tell"),
    NOTICE_TEXT("group", group, "first part of the incident's name; without it the rule's name"),
    NOTICE_TEXT("by", by,
                "fields whose values are its other parts, such as campaign reason; without it "
                "subject; none: all events of the rule are one incident"),
    {.key = "count",
     .type = RF_CONFIG_COUNT,
     .offset = AT(count),
     .least = 1,
     .most = 1000,
     .help = "so many events make the incident"},
    NOTICE_TIME("within", within, "in so long a time; with count"),
    NOTICE_TIME("for", lasting, "it has to be open for so long"),
    {.key = "severity",
     .type = RF_CONFIG_CHOICE,
     .offset = AT(severity),
     .words = "info|warning|error|critical",
     .help = "without it that of the event"},
    NOTICE_TEXT("channels", channels, "who tells it, joined by commas; without it all channels"),
    NOTICE_TIME("wait", wait, "until it is told, so that one notice tells of many events"),
    NOTICE_TIME("interval", interval, "between two notices of news; it doubles with each"),
    NOTICE_TIME("remind", remind, "told again so often, instead of alerter.remind"),
    NOTICE_TIME("resolve_after", resolve_after, "without news for so long it is over"),
    NOTICE_TIME("escalate_after", escalate_after, "told to more people if nobody acknowledged it"),
    NOTICE_TEXT("escalate_channels", escalate_channels, "namely by these; without it all channels"),
    NOTICE_TEXT("inhibited_by", inhibited_by,
                "incidents that swallow it while they are open, such as breaker/{provider}"),
    NOTICE_TEXT("costs", costs,
                "provider whose deferred and set aside contacts it counts, such as {subject}"),
    NOTICE_TEXT("title", title, "one line, such as Provider {subject} is down"),
    NOTICE_TEXT("title_many", title_many, "for more than one subject; {count} is how many"),
    NOTICE_TEXT("title_resolved", title_resolved, "when it is over"),
    NOTICE_TEXT("advice", advice, "what to do"),
    NOTICE_TEXT("advice_resolved", advice_resolved, "and when it is over"),
    {.key = "drop",
     .type = RF_CONFIG_BOOL,
     .offset = AT(drop),
     .help = "these events are no alert, and no later rule is asked"},
    {.key = "tell_resolved",
     .type = RF_CONFIG_BOOL,
     .offset = AT(tell_resolved),
     .help = "told also when it is over because nothing came for resolve_after"},
};

// What each key says; its fields are those of the events that it is about. Its text is read before
// the next item.
static const char *words_problem(const struct rf_config_alert_rule *rule) {
    static _Thread_local struct rf_error error, told;
    const char *by = rule->by != NULL && strcmp(rule->by, "none") == 0 ? NULL : rule->by;
    const struct {
        const char *key, *text, *types; // types NULL: they are what it names
        enum rf_err (*check)(const char *text, const char *types, struct rf_error *error);
    } words[] = {
        {"on", rule->on, NULL, NULL},
        {"resolve", rule->resolve, NULL, NULL},
        {"where", rule->where, rule->on, rf_condition_check},
        {"resolve_where", rule->resolve_where, rule->resolve, rf_condition_check},
        {"by", by, rule->on, rf_fields_check},
        {"resolve_by", rule->resolve_by, rule->on, rf_fields_check},
        {"resolve_by", rule->resolve_by, rule->resolve, rf_fields_check},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        enum rf_err err = RF_OK;
        if (words[i].text != NULL)
            err = words[i].types == NULL ? rf_type_check(words[i].text, &error)
                                         : words[i].check(words[i].text, words[i].types, &error);
        if (err == RF_OK)
            continue;
        rf_error_set(&told, RF_ERR_CONFIG, "%s: %s", words[i].key, error.message);
        return told.message;
    }
    return NULL;
}

// A name in braces is a field.
static const char *texts_problem(const struct rf_config_alert_rule *rule) {
    static _Thread_local struct rf_error told;
    const char *const texts[] = {rule->title,          rule->title_many, rule->title_resolved,
                                 rule->advice,         rule->costs,      rule->inhibited_by,
                                 rule->advice_resolved};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (const char *at = texts[i]; at != NULL && (at = strchr(at, '{')) != NULL; at++) {
            size_t length = strcspn(at + 1, "}");
            bool counts = length == strlen("count") && strncmp(at + 1, "count", length) == 0;
            if (at[1 + length] == '\0' || counts || rf_field_known(at + 1, length, rule->on))
                continue;
            rf_error_set(&told, RF_ERR_CONFIG,
                         "{%.*s} is no field of an event of %.64s; expected {subject}, {count}, or "
                         "one of the event's data, such as {message}",
                         (int)(length < 64 ? length : 64), at + 1, rule->on);
            return told.message;
        }
    }
    return NULL;
}

static bool is_telling(const struct rf_config_alert_rule *rule) {
    return rule->resolve != NULL || rule->title != NULL || rule->title_many != NULL ||
           rule->title_resolved != NULL || rule->advice != NULL || rule->advice_resolved != NULL ||
           rule->channels != NULL || rule->escalate_channels != NULL || rule->severity != NULL ||
           rule->group != NULL || rule->inhibited_by != NULL || rule->costs != NULL ||
           rule->count > 1 || rule->lasting.ns > 0 || rule->wait.ns > 0 || rule->interval.ns > 0 ||
           rule->remind.ns > 0 || rule->resolve_after.ns > 0 || rule->escalate_after.ns > 0;
}

// What could never come about.
static const char *times_problem(const struct rf_config_alert_rule *rule) {
    if ((rule->count > 1) != (rule->within.ns > 0))
        return "has only one of count and within; expected both, such as count: 3 and within: 1m";
    if (rule->lasting.ns > 0 && rule->resolve == NULL)
        return "wants it to be open for a time (for), and nothing ends it; expected resolve: TYPE, "
               "or wait instead of for";
    if (rule->tell_resolved && rule->resolve_after.ns == 0)
        return "tells that it is over because nothing came, and does not say after how long; "
               "expected resolve_after, such as resolve_after: 15m";
    if (rule->escalate_channels != NULL && rule->escalate_after.ns == 0)
        return "has escalate_channels, and does not say after how long; expected escalate_after, "
               "such as escalate_after: 15m";
    return NULL;
}

static const char *alert_rule_problem(const void *item) {
    const struct rf_config_alert_rule *rule = item;
    if (rule->name == NULL || rule->name[strcspn(rule->name, "/* \t")] != '\0')
        return "has no name; expected one without blanks, slashes and stars, such as name: "
               "auth-failures";
    if (rule->on == NULL)
        return "does not say which events; expected on: TYPE, such as on: breaker.opened";
    if (rule->resolve == NULL && (rule->resolve_where != NULL || rule->resolve_by != NULL))
        return "says how an event ends it, but not which; expected resolve: TYPE";
    if (rule->drop && is_telling(rule))
        return "drops its events, and says how they are told; expected one of the two";
    const char *problem = words_problem(rule);
    if (problem == NULL)
        problem = texts_problem(rule);
    return problem != NULL ? problem : times_problem(rule);
}

const struct rf_config_items rf_config_alert_rule_items = {
    .size = sizeof(struct rf_config_alert_rule),
    .most = 100,
    .rows = alert_rule_rows,
    .row_count = sizeof alert_rule_rows / sizeof alert_rule_rows[0],
    .expected = "a list of rules, each such as {name: auth, on: contact.set_aside, where: "
                "reason=permanent.auth, severity: critical}",
    .problem = alert_rule_problem,
    .line = AT(line),
};

// ---- with other parts of the file ----

static bool is_channel(const struct rf_config_alerter *alerter, const char *name, size_t length) {
    static const char *const fixed[] = {"email", "telegram", "webhook"};
    const struct rf_config_channel *others = alerter->channels.items;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (strlen(fixed[i]) == length && strncmp(fixed[i], name, length) == 0)
            return true;
    for (size_t i = 0; i < alerter->channels.count; i++)
        if (strlen(others[i].name) == length && strncmp(others[i].name, name, length) == 0)
            return true;
    return false;
}

static void list_channels(const struct rf_config_alerter *alerter, char *names, size_t size) {
    const struct rf_config_channel *others = alerter->channels.items;
    int used = snprintf(names, size, "all, email, telegram, webhook");
    for (size_t i = 0; i < alerter->channels.count && (size_t)used < size; i++)
        used += snprintf(names + used, size - (size_t)used, ", %s", others[i].name);
}

static enum rf_err check_named(const struct check *check, size_t place, const char *key,
                               const char *names) {
    const struct rf_config_alerter *alerter = &check->config->alerter;
    const struct rf_config_alert_rule *rule =
        &((const struct rf_config_alert_rule *)alerter->rules.items)[place];
    char path[64], known[512];
    if (names == NULL || strcmp(names, "all") == 0)
        return RF_OK;
    snprintf(path, sizeof path, "alerter.rules[%zu].%s", place, key);
    list_channels(alerter, known, sizeof known);
    for (size_t length; *(names += strspn(names, ", ")) != '\0'; names += length) {
        length = strcspn(names, ", ");
        if (!is_channel(alerter, names, length))
            return rf_config_fail(check->error, check->origin->file, rule->line, path,
                                  "no channel has the name %.*s; expected some of: %s",
                                  (int)(length < 64 ? length : 64), names, known);
    }
    return RF_OK;
}

enum rf_err check_alert_rules(const struct check *check) {
    const struct rf_config_list *list = &check->config->alerter.rules;
    const struct rf_config_alert_rule *rules = list->items;
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < list->count; i++) {
        err = check_named(check, i, "channels", rules[i].channels);
        if (err == RF_OK)
            err = check_named(check, i, "escalate_channels", rules[i].escalate_channels);
        char path[64];
        snprintf(path, sizeof path, "alerter.rules[%zu].name", i);
        for (size_t j = 0; err == RF_OK && j < i; j++)
            if (strcmp(rules[i].name, rules[j].name) == 0)
                err = rf_config_fail(check->error, check->origin->file, rules[i].line, path,
                                     "%s is the name of the rule in line %zu too; expected one of "
                                     "its own",
                                     rules[i].name, rules[j].line);
    }
    return err;
}
