// What stands in alerter.rules.
#include "config/config.h"
#include "config/rows.h"
#include "events/condition.h"

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

static const char *alert_rule_problem(const void *item) {
    static _Thread_local struct rf_error error; // its text is read before the next item
    const struct rf_config_alert_rule *rule = item;
    if (rule->name == NULL || rule->name[strcspn(rule->name, "/* \t")] != '\0')
        return "has no name; expected one without blanks, slashes and stars, such as name: "
               "auth-failures";
    if (rule->on == NULL)
        return "does not say which events; expected on: TYPE, such as on: breaker.opened";
    if (rf_type_check(rule->on, &error) != RF_OK ||
        (rule->resolve != NULL && rf_type_check(rule->resolve, &error) != RF_OK) ||
        (rule->where != NULL && rf_condition_check(rule->where, &error) != RF_OK) ||
        (rule->resolve_where != NULL && rf_condition_check(rule->resolve_where, &error) != RF_OK))
        return error.message;
    if (rule->resolve == NULL && (rule->resolve_where != NULL || rule->resolve_by != NULL))
        return "says how an event ends it, but not which; expected resolve: TYPE";
    if ((rule->count > 1) != (rule->within.ns > 0))
        return "has only one of count and within; expected both, such as count: 3 and within: 1m";
    if (rule->drop && (rule->resolve != NULL || rule->title != NULL || rule->channels != NULL))
        return "drops its events, and says how they are told; expected one of the two";
    return NULL;
}

const struct rf_config_items rf_config_alert_rule_items = {
    .size = sizeof(struct rf_config_alert_rule),
    .most = 100,
    .rows = alert_rule_rows,
    .row_count = sizeof alert_rule_rows / sizeof alert_rule_rows[0],
    .expected = "a list of rules, each such as {name: auth, on: contact.set_aside, where: "
                "reason=permanent.auth, severity: critical}",
    .problem = alert_rule_problem,
};
