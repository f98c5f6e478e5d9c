// One rule: from the configuration, and in words.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rules/set.h"

struct rf_rule rf_rule_of_config(const struct rf_config_rule *from) {
    struct rf_rule rule = {
        .from = (int)from->status.from,
        .to = (int)from->status.to,
        .failure = from->failure,
        .operation = from->operation,
        .tests = {{from->field, from->header, from->equals, from->contains}},
        .mark_for = from->mark_for,
        .source = from->source != NULL ? from->source : "the configuration",
    };
    if (from->sent != NULL)
        rule.sent = strcmp(from->sent, "yes") == 0 ? RF_RULE_SENT : RF_RULE_NOT_SENT;
    if (from->retry != NULL)
        rule.retry = strcmp(from->retry, "never") == 0 ? RF_RULE_NEVER : RF_RULE_PLACE;
    if (from->class == NULL || !rf_class_parse(from->class, &rule.class))
        rule.class = RF_CLASS_TRANSIENT; // the loader lets no other through
    return rule;
}

struct line {
    char *text;
    size_t size, used;
};

static void add(struct line *line, const char *format, ...) RF_PRINTF(2, 3);

static void add(struct line *line, const char *format, ...) {
    va_list arguments;
    if (line->used + 1 >= line->size)
        return;
    if (line->used > 0)
        line->used += (size_t)snprintf(line->text + line->used, line->size - line->used, ", ");
    if (line->used + 1 >= line->size)
        return;
    va_start(arguments, format);
    line->used +=
        (size_t)vsnprintf(line->text + line->used, line->size - line->used, format, arguments);
    va_end(arguments);
}

static void add_test(struct line *line, const struct rf_rule_test *test) {
    const char *kind = test->header != NULL ? "header " : "";
    const char *name = test->header != NULL ? test->header : test->field;
    if (name == NULL)
        return;
    if (test->equals != NULL)
        add(line, "%s%s = %s", kind, name, test->equals);
    else if (test->contains != NULL)
        add(line, "%s%s contains \"%s\"", kind, name, test->contains);
    else
        add(line, "%s%s is there", kind, name);
}

char *rf_rule_text(const struct rf_rule *rule, char *out, size_t size) {
    struct line line = {out, size, 0};
    out[0] = '\0';
    if (rule->from != 0 && rule->from == rule->to)
        add(&line, "status %d", rule->from);
    else if (rule->from != 0)
        add(&line, "status %d-%d", rule->from, rule->to);
    for (size_t i = 0; i < RF_RULE_TESTS; i++)
        add_test(&line, &rule->tests[i]);
    if (rule->failure != NULL)
        add(&line, "failure %s", rule->failure);
    if (rule->sent != RF_RULE_ANY)
        add(&line, rule->sent == RF_RULE_SENT ? "may have been sent" : "not sent");
    if (rule->operation != NULL)
        add(&line, "operation %s", rule->operation);
    if (line.used == 0)
        add(&line, "anything else");
    return out;
}
