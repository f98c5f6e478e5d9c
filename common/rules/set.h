// The built-in rules of a provider, and where its replies have what they look for.
#ifndef RF_RULES_SET_H
#define RF_RULES_SET_H

#include "rules/rules.h"

struct rf_rule_set {
    const char *code;    // paths of its codes, from the most to the least telling
    const char *message; // paths of its words
    const struct rf_rule *rules;
    size_t count;
};

extern const struct rf_rule_set rf_rules_elevenlabs, rf_rules_openai, rf_rules_anthropic,
    rf_rules_twilio;

// What holds for every provider: before and behind its own.
extern const struct rf_rule_set rf_rules_redirects, rf_rules_general;

// rf_rules_of: the set of `provider`. Never NULL.
const struct rf_rule_set *rf_rules_of(enum rf_provider provider);

// How a row of a table is written: status 0 is any; `more` are further members.
#define RF_RULE_CODE(status, text, c, from_where, ...)                                             \
    {                                                                                              \
        .from = status, .to = status, .tests = {{.field = "$code", .equals = text}},               \
        .class = RF_CLASS_##c, .source = from_where, ##__VA_ARGS__                                 \
    }
#define RF_RULE_STATUS(first, last, c, from_where, ...)                                            \
    { .from = first, .to = last, .class = RF_CLASS_##c, .source = from_where, ##__VA_ARGS__ }
#define RF_RULE_FAILED(what, c, from_where, ...)                                                   \
    { .failure = what, .class = RF_CLASS_##c, .source = from_where, ##__VA_ARGS__ }
#define RF_RULE_COUNT(table) (sizeof(table) / sizeof(table)[0])

#endif
