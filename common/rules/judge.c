// Which rule fits.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rules/set.h"

// The text of a value: a string, or the digits of a whole number, or true and false.
static const char *text_of(const struct rf_value *value, char scratch[24]) {
    switch (rf_value_type(value)) {
    case RF_VALUE_TEXT:
        return rf_value_text(value);
    case RF_VALUE_INTEGER:
        snprintf(scratch, 24, "%lld", (long long)rf_value_integer(value));
        return scratch;
    case RF_VALUE_TRUE:
        return "true";
    case RF_VALUE_FALSE:
        return "false";
    case RF_VALUE_NONE:
    case RF_VALUE_NULL:
    case RF_VALUE_REAL:
    case RF_VALUE_ARRAY:
    case RF_VALUE_MAP:
    default:
        return NULL;
    }
}

static bool text_fits(const struct rf_rule_test *test, const char *text) {
    if (text == NULL)
        return false;
    if (test->equals != NULL)
        return test->header != NULL ? strcasecmp(text, test->equals) == 0
                                    : strcmp(text, test->equals) == 0;
    return test->contains == NULL ? text[0] != '\0' : strcasestr(text, test->contains) != NULL;
}

// What "$code" and "$message" stand for.
static const char *paths_of(const struct rf_facts *facts, const char *field) {
    if (strcmp(field, "$code") == 0)
        return rf_rules_of(facts->provider)->code;
    if (strcmp(field, "$message") == 0)
        return rf_rules_of(facts->provider)->message;
    return field;
}

// The text at the first of the paths at which one stands that the test fits.
static const char *find_text(const struct rf_facts *facts, const struct rf_rule_test *test,
                             char scratch[24]) {
    for (const char *path = paths_of(facts, test->field);;) {
        size_t length = strcspn(path, "|");
        const struct rf_value *value = rf_body_field(facts->body, path, length);
        const char *text = text_of(value, scratch);
        // A map or an array is there as well, though it is no text.
        bool is_there =
            test->equals == NULL && test->contains == NULL && rf_value_type(value) > RF_VALUE_NULL;
        if (text_fits(test, text) || is_there)
            return text != NULL ? text : "";
        if (path[length] == '\0')
            return NULL;
        path += length + 1;
    }
}

static bool test_fits(const struct rf_facts *facts, const struct rf_rule_test *test) {
    char scratch[24];
    if (test->header != NULL)
        return facts->header != NULL &&
               text_fits(test, facts->header(facts->header_arg, test->header));
    return test->field == NULL || find_text(facts, test, scratch) != NULL;
}

static bool failure_fits(const struct rf_facts *facts, const struct rf_rule *rule) {
    if (rule->failure == NULL) // without a whole reply its status and body say little
        return facts->whole || rule->sent != RF_RULE_ANY;
    return facts->failure != NULL &&
           (strcmp(rule->failure, "any") == 0 || strcmp(rule->failure, facts->failure) == 0);
}

static bool rule_fits(const struct rf_facts *facts, const struct rf_rule *rule) {
    if (rule->from != 0 && (facts->status < rule->from || facts->status > rule->to))
        return false;
    if (rule->sent != RF_RULE_ANY && (rule->sent == RF_RULE_SENT) != facts->sent)
        return false;
    if (rule->operation != NULL && strcmp(rule->operation, facts->operation) != 0)
        return false;
    if (!failure_fits(facts, rule))
        return false;
    for (size_t i = 0; i < RF_RULE_TESTS; i++)
        if (!test_fits(facts, &rule->tests[i]))
            return false;
    return true;
}

static const struct rf_rule *first_of(const struct rf_rule_set *set, const struct rf_facts *facts) {
    for (size_t i = 0; i < set->count; i++)
        if (rule_fits(facts, &set->rules[i]))
            return &set->rules[i];
    return NULL;
}

struct rf_rule rf_rules_judge(const struct rf_config_list *own, const struct rf_facts *facts) {
    static const struct rf_rule nothing = {.class = RF_CLASS_TRANSIENT,
                                           .source = "nothing else is known of it"};
    const struct rf_rule_set *const sets[] = {&rf_rules_redirects, rf_rules_of(facts->provider),
                                              &rf_rules_general};
    const struct rf_config_rule *rules = own->items;
    const struct rf_rule *found = NULL;
    for (size_t i = 0; i < own->count; i++) {
        struct rf_rule rule = rf_rule_of_config(&rules[i]);
        if (rule_fits(facts, &rule))
            return rule;
    }
    for (size_t i = 0; found == NULL && i < sizeof sets / sizeof sets[0]; i++)
        found = first_of(sets[i], facts);
    return found != NULL ? *found : nothing;
}

bool rf_rules_refuse(const struct rf_config_list *own, const struct rf_facts *facts,
                     struct rf_rule *rule) {
    const struct rf_config_rule *rules = own->items;
    for (size_t i = 0; i < own->count; i++) {
        *rule = rf_rule_of_config(&rules[i]);
        if (rule->from != 0 && rule_fits(facts, rule))
            return true;
    }
    return false;
}

const char *rf_rules_code(const struct rf_rule *rule, const struct rf_facts *facts,
                          char scratch[24]) {
    static const struct rf_rule_test any = {.field = "$code"};
    for (size_t i = 0; i < RF_RULE_TESTS; i++) {
        const struct rf_rule_test *test = &rule->tests[i];
        if (test->field != NULL && strcmp(test->field, "$code") == 0)
            return find_text(facts, test, scratch);
    }
    const char *code = find_text(facts, &any, scratch);
    return code != NULL && code[0] != '\0' ? code : NULL;
}

const char *rf_rules_message(const struct rf_facts *facts) {
    for (const char *path = rf_rules_of(facts->provider)->message;;) {
        size_t length = strcspn(path, "|");
        const char *text = rf_value_text(rf_body_field(facts->body, path, length));
        if (text != NULL && text[0] != '\0')
            return text;
        if (path[length] == '\0')
            return NULL;
        path += length + 1;
    }
}
