// The keys of the limits: retry.strategy, retry.budget, bulkhead, rate_limit, adaptive, hedge.
#include "fixture.h"

#include "config/config.h"

static struct rf_config *load_text(const struct fixture *fixture, const char *text) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    fixture_write(fixture, "c.yaml", text);
    if (rf_config_load(fixture->file, &config, &error) != RF_OK)
        fail_msg("%s", error.message);
    return config;
}

static void assert_refused(const struct fixture *fixture, const char *text, const char *problem) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    char expected[RF_ERROR_MESSAGE_SIZE];
    fixture_write(fixture, "c.yaml", text);
    snprintf(expected, sizeof expected, "%s:%s", fixture->file, problem);
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    assert_string_equal(error.message, expected);
}

static void assert_number(double value, double expected) {
    assert_true(value >= expected && value <= expected);
}

static void the_defaults_are_those_of_the_public_headers(void **state) {
    struct rf_config *config = load_text(*state, "drain_timeout: 5s\n");
    for (int i = 0; i < RF_PROVIDER_COUNT; i++) {
        const struct rf_config_provider *provider = &config->providers[i];
        const struct rf_budget_policy budget = RF_BUDGET_POLICY_DEFAULT;
        assert_number(provider->budget.ratio, budget.ratio);
        assert_int_equal(provider->budget.min_retries, budget.min_retries);
        assert_int_equal(provider->budget.window.ns, budget.window.ns);
        const struct rf_bulkhead_policy bulkhead = RF_BULKHEAD_POLICY_DEFAULT;
        assert_int_equal(provider->bulkhead.max_in_flight, bulkhead.max_in_flight);
        assert_int_equal(provider->bulkhead.max_queue, bulkhead.max_queue);
        const struct rf_rate_limit_policy rate_limit = RF_RATE_LIMIT_POLICY_DEFAULT;
        assert_number(provider->rate_limit.rate, rate_limit.rate);
        assert_int_equal(provider->rate_limit.burst, rate_limit.burst);
        assert_int_equal(provider->rate_limit.follow.ns, rate_limit.follow.ns);
        const struct rf_adaptive_policy adaptive = RF_ADAPTIVE_POLICY_DEFAULT;
        assert_int_equal(provider->adaptive.algorithm, adaptive.algorithm);
        assert_int_equal(provider->adaptive.min, adaptive.min);
        assert_int_equal(provider->adaptive.max, adaptive.max);
        assert_int_equal(provider->adaptive.initial, adaptive.initial);
        assert_number(provider->adaptive.decrease, adaptive.decrease);
        assert_int_equal(provider->adaptive.slow_after.ns, adaptive.slow_after.ns);
        assert_number(provider->adaptive.tolerance, adaptive.tolerance);
        assert_number(provider->adaptive.smoothing, adaptive.smoothing);
        const struct rf_hedge_policy hedge = RF_HEDGE_POLICY_DEFAULT;
        assert_int_equal(provider->hedge.enabled, hedge.enabled);
        assert_int_equal(provider->hedge.delay.ns, hedge.delay.ns);
        assert_number(provider->hedge.percentile, hedge.percentile);
        assert_int_equal(provider->hedge.min_samples, hedge.min_samples);
        assert_number(provider->hedge.ratio, hedge.ratio);
        assert_int_equal(provider->hedge.window.ns, hedge.window.ns);
        assert_int_equal(provider->retry.strategy, RF_RETRY_EXPONENTIAL);
    }
    assert_int_equal(config->alerter.retry.strategy, RF_RETRY_EXPONENTIAL);
    assert_int_equal(config->logger.retry.strategy, RF_RETRY_EXPONENTIAL);
    rf_config_destroy(&config);
}

static void logs_are_rotated_as_it_is_written_or_by_default(void **state) {
    struct rf_config *config = load_text(*state, "bus: {heartbeat: 2s}\n");
    assert_int_equal(config->logger.rotate.size, INT64_C(100) << 20);
    assert_int_equal(config->logger.rotate.age.ns, 24 * 3600 * RF_NS_PER_S);
    assert_int_equal(config->logger.rotate.compress, RF_COMPRESS_GZIP);
    assert_int_equal(config->logger.rotate.keep_bytes, INT64_C(2) << 30);
    assert_int_equal(config->logger.rotate.keep_age.ns, 720 * 3600 * RF_NS_PER_S);
    rf_config_destroy(&config);
    config = load_text(*state, "logger: {rotate: {size: 0B, age: 0s, compress: zstd, "
                               "keep_bytes: 64KiB, keep_age: 90m}}\n");
    assert_int_equal(config->logger.rotate.size, 0);
    assert_int_equal(config->logger.rotate.age.ns, 0);
    assert_int_equal(config->logger.rotate.compress, RF_COMPRESS_ZSTD);
    assert_int_equal(config->logger.rotate.keep_bytes, 65536);
    assert_int_equal(config->logger.rotate.keep_age.ns, 90 * 60 * RF_NS_PER_S);
    rf_config_destroy(&config);
}

static void each_limit_is_inherited_by_itself(void **state) {
    struct rf_config *config =
        load_text(*state, "defaults:\n"
                          "  retry: {strategy: linear, budget: {ratio: 50%, min_retries: 3}}\n"
                          "  bulkhead: {max_in_flight: 4}\n"
                          "  adaptive: {algorithm: gradient}\n"
                          "providers:\n"
                          "  twilio:\n"
                          "    retry: {strategy: constant, budget: {ratio: 12.5%}}\n"
                          "    rate_limit: {rate: 0.5, burst: 2}\n"
                          "    adaptive: {algorithm: aimd, decrease: 0.5}\n"
                          "    hedge: {enabled: yes, percentile: 99%}\n"
                          "logger: {retry: {strategy: linear}}\n");
    const struct rf_config_provider *twilio = &config->providers[RF_PROVIDER_TWILIO];
    const struct rf_config_provider *openai = &config->providers[RF_PROVIDER_OPENAI];
    assert_int_equal(twilio->retry.strategy, RF_RETRY_CONSTANT);
    assert_int_equal(openai->retry.strategy, RF_RETRY_LINEAR);
    assert_number(twilio->budget.ratio, 0.125);
    assert_number(openai->budget.ratio, 0.5);
    assert_int_equal(twilio->budget.min_retries, 3);
    assert_int_equal(twilio->bulkhead.max_in_flight, 4);
    assert_number(twilio->rate_limit.rate, 0.5);
    assert_number(openai->rate_limit.rate, 0);
    assert_int_equal(twilio->adaptive.algorithm, RF_ADAPTIVE_AIMD);
    assert_number(twilio->adaptive.decrease, 0.5);
    assert_int_equal(openai->adaptive.algorithm, RF_ADAPTIVE_GRADIENT);
    assert_true(twilio->hedge.enabled && !openai->hedge.enabled);
    assert_number(twilio->hedge.percentile, 0.99);
    assert_int_equal(config->logger.retry.strategy, RF_RETRY_LINEAR);
    assert_int_equal(config->alerter.retry.strategy, RF_RETRY_EXPONENTIAL);
    rf_config_destroy(&config);
}

static void a_wrong_share_or_word_is_told_with_what_was_expected(void **state) {
    static const struct {
        const char *value, *expected;
    } cases[] = {
        {"retry: {budget: {ratio: 20}}",
         "2: defaults.retry.budget.ratio: \"20\" has no unit; expected a share from 0% to 1000%, "
         "such as 20%"},
        {"hedge: {ratio: 101%}", "2: defaults.hedge.ratio: \"101%\" is out of range; expected a "
                                 "share from 0% to 100%, such "
                                 "as 20%"},
        {"hedge: {ratio: 5s}",
         "2: defaults.hedge.ratio: \"5s\" has an unknown unit; expected a share from 0% to 100%, "
         "such as 20%"},
        {"hedge: {ratio: few}", "2: defaults.hedge.ratio: \"few\" is not a share; expected a share "
                                "from 0% to 100%, such as "
                                "20%"},
        {"retry: {strategy: linea}",
         "2: defaults.retry.strategy: \"linea\" is not known; expected exponential, linear or "
         "constant"},
        {"adaptive: {algorithm: linear}",
         "2: defaults.adaptive.algorithm: \"linear\" is not known; expected off, aimd or gradient"},
        {"adaptive: {decrease: 1}",
         "2: defaults.adaptive.decrease: \"1\" is out of range; expected a number from 0.1 to "
         "0.99"},
        {"bulkhead: {max_queue: -1}", "2: defaults.bulkhead.max_queue: \"-1\" is out of range; "
                                      "expected a whole number from 0 to "
                                      "1000000"},
        {"rate_limit: {burst: 0}",
         "2: defaults.rate_limit.burst: \"0\" is out of range; expected a whole number from 1 to "
         "1000000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "defaults:\n  %s\n", cases[i].value);
        assert_refused(*state, text, cases[i].expected);
    }
}

static void note(void *arg, const char *key, bool reloadable) {
    char *keys = arg;
    assert_true(reloadable);
    strcat(keys, key);
    strcat(keys, " ");
}

static void a_changed_limit_is_told_for_each_who_inherits_it(void **state) {
    struct rf_config *old = load_text(*state, "defaults: {hedge: {ratio: 10%}}\n");
    struct rf_config *fresh = load_text(
        *state, "defaults: {hedge: {ratio: 11%}}\n"
                "providers: {openai: {hedge: {ratio: 10%}, retry: {strategy: linear}}}\n");
    char keys[512] = "";
    rf_config_changed(old, fresh, note, keys);
    assert_string_equal(keys, "providers.elevenlabs.hedge.ratio providers.openai.retry.strategy "
                              "providers.anthropic.hedge.ratio providers.twilio.hedge.ratio "
                              "providers.openai-tts.hedge.ratio ");
    rf_config_destroy(&old);
    rf_config_destroy(&fresh);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_defaults_are_those_of_the_public_headers),
        TEST(logs_are_rotated_as_it_is_written_or_by_default),
        TEST(each_limit_is_inherited_by_itself),
        TEST(a_wrong_share_or_word_is_told_with_what_was_expected),
        TEST(a_changed_limit_is_told_for_each_who_inherits_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
