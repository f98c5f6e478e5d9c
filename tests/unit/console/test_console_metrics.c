// The text format of Prometheus: what stands in a label stays there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "metrics_text.h"

static void a_label_may_be_any_text(void **state) {
    (void)state;
    struct rf_text text = {0};
    console_metric(&text, "m", 1, CONSOLE_LABELS("a", "x\"} 9\nm{b=\"\\", "b", ""));
    console_metric(&text, "m", 0.5, CONSOLE_NO_LABELS);
    console_metric(&text, "m", 123456789012.0, CONSOLE_NO_LABELS);
    assert_string_equal(text.data,
                        "m{a=\"x\\\"} 9 m{b=\\\"\\\\\",b=\"\"} 1\nm 0.5\nm 123456789012\n");
    rf_text_fini(&text);
}

static size_t count_of(const char *text, const char *words) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void many_campaigns_are_counted_and_not_told_one_by_one(void **state) {
    (void)state;
    struct console_counts counts = {0};
    json_t *campaigns = json_array();
    for (int i = 0; i < 2 * CONSOLE_METRIC_CAMPAIGNS; i++)
        json_array_append_new(
            campaigns, json_pack("{s:o, s:b}", "name", json_sprintf("c%d", i), "finished", 0));
    struct console_figures figures = {.counts = &counts, .campaigns = campaigns};
    struct rf_text text = {0};
    console_metrics(&figures, &text);
    assert_int_equal(count_of(text.data, "\nringfence_campaign_contacts{"),
                     5 * CONSOLE_METRIC_CAMPAIGNS);
    assert_non_null(strstr(text.data, "\nringfence_campaigns 200\n"));
    rf_text_fini(&text);
    json_decref(campaigns);
}

static void nonsense_from_the_bus_does_no_harm(void **state) {
    (void)state;
    struct console_counts counts = {0};
    static const char wrong[] = "{\"queues\": 3, \"breakers\": [null, 3], \"counters\": "
                                "{\"a\\nb 1\": 2, \"A\": 1, \"x\": \"y\"}}";
    static const char *const nonsense[] = {"null",          "[]", "{}", "3", "\"x\"",
                                           "[1, {}, null]", wrong};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        json_t *json = json_loads(nonsense[i], JSON_DECODE_ANY, NULL);
        struct console_figures figures = {&counts, true, json, json, json, json, json, json, 0};
        struct rf_text text = {0};
        struct rf_event event = {
            .type = "metric.attempts", .subject = "openai", .severity = "x", .data = json};
        console_counts_measure(&counts, &event);
        console_counts_event(&counts, &event);
        console_metrics(&figures, &text);
        assert_null(strstr(text.data, "\nb 1"));
        rf_text_fini(&text);
        json_decref(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_may_be_any_text),
        cmocka_unit_test(many_campaigns_are_counted_and_not_told_one_by_one),
        cmocka_unit_test(nonsense_from_the_bus_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
