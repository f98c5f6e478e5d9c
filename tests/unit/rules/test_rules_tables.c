// The tables: each row can be reached, names its source, and reads well.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/rows.h"
#include "rules/rules.h"

static void look_at(void *arg, const char *whose, const struct rf_rule *rule) {
    int *count = arg;
    char text[256];
    ++*count;
    assert_true(rule->source != NULL && rule->source[0] != '\0');
    assert_true(rule->class != RF_CLASS_OK && rule->class != RF_CLASS_LOCAL);
    assert_true((rule->from == 0 && rule->to == 0) || (rule->from >= 100 && rule->to <= 999));
    assert_true(rule->from <= rule->to);
    assert_true(strcmp(whose, "built-in") == 0 || strcmp(whose, "any provider") == 0);
    assert_string_not_equal(rf_rule_text(rule, text, sizeof text), "anything else");
    assert_true(strlen(text) < 200);
}

static void every_row_names_its_source_and_says_what_it_looks_for(void **state) {
    (void)state;
    struct rf_config_list own = {0};
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        int count = 0;
        rf_rules_each((enum rf_provider)p, &own, look_at, &count);
        assert_true(count > 40);
    }
}

struct reach {
    enum rf_provider provider;
    int count;
};

struct header {
    const char *name, *text;
};

static const char *header_of(const void *arg, const char *name) {
    const struct header *header = arg;
    return header->name != NULL && strcmp(header->name, name) == 0 ? header->text : NULL;
}

// A reply made after the row itself must be decided by it: a row behind a wider one would never be.
static void reach_it(void *arg, const char *whose, const struct rf_rule *rule) {
    static const char *const codes[] = {[RF_PROVIDER_ELEVENLABS] = "detail",
                                        [RF_PROVIDER_OPENAI] = "error",
                                        [RF_PROVIDER_ANTHROPIC] = "error",
                                        [RF_PROVIDER_TWILIO] = NULL,
                                        [RF_PROVIDER_OPENAI_TTS] = "error"};
    struct reach *reach = arg;
    struct header header = {0};
    char inner[256] = "{", text_of[300];
    size_t used = 1;
    (void)whose;
    bool bare = true;
    for (size_t i = 0; i < RF_RULE_TESTS; i++) {
        const struct rf_rule_test *test = &rule->tests[i];
        const char *text = test->equals != NULL ? test->equals : test->contains;
        if (test->header != NULL)
            header = (struct header){test->header, text};
        if (test->field == NULL)
            continue;
        bare = false;
        const char *name = strcmp(test->field, "$message") == 0       ? "message"
                           : reach->provider == RF_PROVIDER_ANTHROPIC ? "type"
                                                                      : "code";
        used += (size_t)snprintf(inner + used, sizeof inner - used, "%s\"%s\": \"%s\"",
                                 used > 1 ? ", " : "", name, text != NULL ? text : "other");
    }
    const char *outer = codes[reach->provider];
    snprintf(text_of, sizeof text_of, "%s%s%s%s}%s", outer != NULL ? "{\"" : "",
             outer != NULL ? outer : "", outer != NULL ? "\": " : "", inner,
             outer != NULL ? "}" : "");
    struct rf_value *body = rf_body_parse(text_of, strlen(text_of));
    assert_non_null(body);
    bool transport = rule->failure != NULL;
    struct rf_config_list own = {0};
    struct rf_facts facts = {
        .provider = reach->provider,
        .operation = rule->operation != NULL ? rule->operation : "speak",
        .status = rule->from != 0 ? rule->to
                  : transport     ? 200
                                  : 444,
        .failure =
            rule->failure != NULL && strcmp(rule->failure, "any") == 0 ? "new_one" : rule->failure,
        .whole = !transport,
        .sent = true,
        .body = bare ? NULL : body,
        .header = header_of,
        .header_arg = &header,
    };
    // The range behind the single statuses is reached at its first one.
    if (rule->from == 400 && rule->to == 499 && header.name == NULL)
        facts.status = 400;
    struct rf_rule found = rf_rules_judge(&own, &facts);
    if (found.source != rule->source || found.class != rule->class) {
        char wanted[256], got[256];
        fail_msg("%s: \"%s\" is decided by \"%s\"", rf_provider_name(reach->provider),
                 rf_rule_text(rule, wanted, sizeof wanted), rf_rule_text(&found, got, sizeof got));
    }
    reach->count++;
    rf_value_destroy(&body);
}

static void every_row_can_be_reached(void **state) {
    (void)state;
    struct rf_config_list own = {0};
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        struct reach reach = {.provider = (enum rf_provider)p};
        rf_rules_each(reach.provider, &own, reach_it, &reach);
        assert_true(reach.count > 40);
    }
}

static void each_failure_that_the_configuration_knows_has_a_rule(void **state) {
    (void)state;
    struct rf_config_list own = {0};
    const char *words = "";
    for (size_t i = 0; i < rf_config_rule_items.row_count; i++)
        if (strcmp(rf_config_rule_items.rows[i].key, "failure") == 0)
            words = rf_config_rule_items.rows[i].words;
    assert_string_not_equal(words, "");
    // As many as the one list has, with "any", and each of the transport's under its own name.
    int listed = 1;
#define RF_TRANSPORT_FAILURE(name, word, c, source)                                                \
    listed++;                                                                                      \
    assert_string_equal(rf_failure_word(RF_HTTP_##name), word);                                    \
    assert_false(rf_failure_of_body(word));
#define RF_BODY_FAILURE(word, c, source)                                                           \
    listed++;                                                                                      \
    assert_true(rf_failure_of_body(word));
#include <ringfence/failures.def>
    assert_null(rf_failure_word(RF_HTTP_NONE));
    int count = 0;
    for (const char *at = words; *at != '\0'; at += strcspn(at, "|"), at += *at == '|' ? 1 : 0) {
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(at, "|"), at);
        struct rf_facts facts = {.operation = "speak", .failure = word};
        struct rf_rule rule = rf_rules_judge(&own, &facts);
        assert_string_equal(rule.failure, word);
        count++;
    }
    assert_int_equal(count, listed);
}

static void what_nothing_is_known_of_is_transient(void **state) {
    (void)state;
    struct rf_config_list own = {0};
    struct rf_facts facts = {.operation = "speak", .whole = true, .status = 0};
    struct rf_rule rule = rf_rules_judge(&own, &facts);
    assert_int_equal(rule.class, RF_CLASS_TRANSIENT);
    assert_non_null(rule.source);
}

static void a_rule_reads_as_it_was_written(void **state) {
    (void)state;
    static const struct {
        struct rf_rule rule;
        const char *text;
    } cases[] = {
        {{.from = 429, .to = 429}, "status 429"},
        {{.from = 400, .to = 499, .tests = {{.field = "a.b"}}}, "status 400-499, a.b is there"},
        {{.tests = {{.field = "$code", .equals = "x"}, {.field = "$message", .contains = "y"}}},
         "$code = x, $message contains \"y\""},
        {{.tests = {{.header = "x-h", .equals = "1"}}, .operation = "dial"},
         "header x-h = 1, operation dial"},
        {{.failure = "timeout", .sent = RF_RULE_NOT_SENT}, "failure timeout, not sent"},
        {{.sent = RF_RULE_SENT}, "may have been sent"},
        {{.from = 0}, "anything else"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128], cut[8];
        assert_string_equal(rf_rule_text(&cases[i].rule, text, sizeof text), cases[i].text);
        assert_true(strlen(rf_rule_text(&cases[i].rule, cut, sizeof cut)) < sizeof cut);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_names_its_source_and_says_what_it_looks_for),
        cmocka_unit_test(every_row_can_be_reached),
        cmocka_unit_test(each_failure_that_the_configuration_knows_has_a_rule),
        cmocka_unit_test(what_nothing_is_known_of_is_transient),
        cmocka_unit_test(a_rule_reads_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
