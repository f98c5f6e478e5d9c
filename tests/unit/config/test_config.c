// Good files: values, defaults, inheritance, secrets and what follows from the environment.
#include "fixture.h"

#include "config/config.h"
#include "config/rows.h"
#include "config/value.h"

static struct rf_config *load_text(const struct fixture *fixture, const char *text) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    fixture_write(fixture, "c.yaml", text);
    if (rf_config_load(fixture->file, &config, &error) != RF_OK)
        fail_msg("%s", error.message);
    return config;
}

static struct rf_config *load_defaults(void) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    if (rf_config_load(NULL, &config, &error) != RF_OK)
        fail_msg("%s", error.message);
    return config;
}

static void assert_duration(struct rf_duration d, int64_t ns) {
    assert_int_equal(d.ns, ns);
}

static void assert_number(double value, double expected) {
    assert_true(value >= expected && value <= expected);
}

static void the_defaults_alone_are_a_whole_configuration(void **state) {
    (void)state;
    struct rf_config *config = load_defaults();
    const struct rf_retry_policy retry = RF_RETRY_POLICY_DEFAULT;
    const struct rf_breaker_policy breaker = RF_BREAKER_POLICY_DEFAULT;
    assert_null(config->file);
    for (int i = 0; i < RF_PROVIDER_COUNT; i++) {
        const struct rf_config_provider *provider = &config->providers[i];
        assert_duration(provider->retry.initial_delay, retry.initial_delay.ns);
        assert_duration(provider->retry.max_delay, retry.max_delay.ns);
        assert_number(provider->retry.backoff_factor, retry.backoff_factor);
        assert_int_equal(provider->retry.max_retries, retry.max_retries);
        assert_int_equal(provider->retry.jitter, retry.jitter);
        assert_number(provider->retry.jitter_fraction, retry.jitter_fraction);
        assert_int_equal(provider->breaker.failure_threshold, breaker.failure_threshold);
        assert_duration(provider->breaker.failure_interval, breaker.failure_interval.ns);
        assert_duration(provider->breaker.recovery_timeout, breaker.recovery_timeout.ns);
        assert_int_equal(provider->breaker.success_threshold, breaker.success_threshold);
        assert_duration(provider->breaker.test_lease, breaker.test_lease.ns);
        assert_null(provider->key.value);
        assert_string_equal(provider->key.fingerprint, "");
        assert_non_null(provider->probe_path);
    }
    assert_string_equal(config->providers[RF_PROVIDER_OPENAI].base_url, "https://api.openai.com");
    assert_int_equal(config->gateway.script.count, 2);
    assert_int_equal(config->gateway.script.links[1], RF_PROVIDER_ANTHROPIC);
    assert_string_equal(config->telephony.audio, "say");
    assert_int_equal(config->journal.memory_bytes, 64 * 1024 * 1024);
    assert_true(config->alerter.email.require_tls);
    assert_false(config->alerter.email.enabled);
    rf_config_destroy(&config);
    assert_null(config);
    rf_config_destroy(&config);
}

static void folders_follow_the_environment(void **state) {
    (void)state;
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    setenv("XDG_STATE_HOME", "/home/x/state", 1);
    struct rf_config *config = load_defaults();
    assert_string_equal(config->run_dir, "/run/user/7/ringfence");
    assert_string_equal(config->bus.calls, "ipc:///run/user/7/ringfence/calls");
    assert_string_equal(config->state_dir, "/home/x/state/ringfence");
    assert_string_equal(config->log_dir, "/home/x/state/ringfence/log");
    assert_string_equal(config->media_dir, "/home/x/state/ringfence/media");
    assert_string_equal(config->logger.json_file, "/home/x/state/ringfence/log/app_logs.json");
    rf_config_destroy(&config);

    char expected[64];
    setenv("XDG_RUNTIME_DIR", "not/absolute", 1);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/x", 1);
    config = load_defaults();
    snprintf(expected, sizeof expected, "/tmp/ringfence-%u", (unsigned)getuid());
    assert_string_equal(config->run_dir, expected);
    assert_string_equal(config->state_dir, "/home/x/.local/state/ringfence");
    rf_config_destroy(&config);

    unsetenv("HOME");
    unsetenv("XDG_RUNTIME_DIR");
    config = load_defaults();
    snprintf(expected, sizeof expected, "/tmp/ringfence-%u/state", (unsigned)getuid());
    assert_string_equal(config->state_dir, expected);
    rf_config_destroy(&config);
}

static void relative_paths_begin_at_the_folder_of_the_file(void **state) {
    const struct fixture *fixture = *state;
    char expected[128];
    struct rf_config *config = load_text(fixture, "run_dir: run\n"
                                                  "log_dir: /var/log/rf\n"
                                                  "bus:\n  events: ipc://e\n"
                                                  "providers:\n  openai:\n    ca_file: ca.pem\n");
    snprintf(expected, sizeof expected, "%s/run", fixture->folder);
    assert_string_equal(config->run_dir, expected);
    snprintf(expected, sizeof expected, "ipc://%s/run/calls", fixture->folder);
    assert_string_equal(config->bus.calls, expected);
    snprintf(expected, sizeof expected, "ipc://%s/e", fixture->folder);
    assert_string_equal(config->bus.events, expected);
    snprintf(expected, sizeof expected, "%s/ca.pem", fixture->folder);
    assert_string_equal(config->providers[RF_PROVIDER_OPENAI].ca_file, expected);
    assert_string_equal(config->logger.text_file, "/var/log/rf/app.log");
    rf_config_destroy(&config);
}

static void a_proxy_of_its_own_takes_nothing_of_the_common_one(void **state) {
    struct rf_config *config =
        load_text(*state, "defaults:\n"
                          "  timeout: {stall: 2s}\n"
                          "  proxy: {url: 'http://out:3128', user: all, password: secret}\n"
                          "providers:\n"
                          "  openai:\n"
                          "    proxy: {url: 'http://other:8080'}\n");
    const struct rf_config_provider *openai = &config->providers[RF_PROVIDER_OPENAI];
    const struct rf_config_provider *twilio = &config->providers[RF_PROVIDER_TWILIO];
    assert_string_equal(openai->proxy.url, "http://other:8080");
    assert_null(openai->proxy.user);
    assert_null(openai->proxy.password.value);
    assert_string_equal(twilio->proxy.url, "http://out:3128");
    assert_string_equal(twilio->proxy.user, "all");
    assert_string_equal(twilio->proxy.password.value, "secret");
    assert_duration(twilio->timeout.stall, 2 * RF_NS_PER_S);
    assert_duration(twilio->timeout.first_byte, 0);
    assert_int_equal(twilio->timeout.min_speed, 64);
    rf_config_destroy(&config);
}

static void each_key_is_inherited_by_itself(void **state) {
    struct rf_config *config = load_text(*state, "defaults:\n"
                                                 "  retry: {initial_delay: 2s, max_retries: 7}\n"
                                                 "  breaker: {recovery_timeout: 3s}\n"
                                                 "providers:\n"
                                                 "  openai:\n"
                                                 "    retry: {initial_delay: 1s, jitter: full}\n"
                                                 "    timeout: {attempt: 4s}\n");
    const struct rf_config_provider *openai = &config->providers[RF_PROVIDER_OPENAI];
    const struct rf_config_provider *twilio = &config->providers[RF_PROVIDER_TWILIO];
    assert_duration(openai->retry.initial_delay, 1 * RF_NS_PER_S);
    assert_int_equal(openai->retry.max_retries, 7);
    assert_int_equal(openai->retry.jitter, RF_JITTER_FULL);
    assert_duration(openai->timeout.attempt, 4 * RF_NS_PER_S);
    assert_duration(openai->breaker.recovery_timeout, 3 * RF_NS_PER_S);
    assert_duration(twilio->retry.initial_delay, 2 * RF_NS_PER_S);
    assert_int_equal(twilio->retry.jitter, RF_JITTER_FRACTION);
    assert_duration(twilio->timeout.attempt, 15 * RF_NS_PER_S);
    // The alerter's retry is its own.
    assert_duration(config->alerter.retry.initial_delay, 5 * RF_NS_PER_S);
    rf_config_destroy(&config);
}

static void durations_are_exact_in_every_unit(void **state) {
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0s", 0},
        {"1ns", 1},
        {"7us", 7000},
        {"250ms", 250 * RF_NS_PER_MS},
        {"5s", 5 * RF_NS_PER_S},
        {"5 s", 5 * RF_NS_PER_S},
        {"10m", 600 * RF_NS_PER_S},
        {"1h", 3600 * RF_NS_PER_S},
        {"1.5s", 1500 * RF_NS_PER_MS},
        {"0.1s", 100 * RF_NS_PER_MS},
        {"0.3ms", 300000},
        {"0.000000001s", 1},
        {"0.5h", 1800 * RF_NS_PER_S},
        {"\"2s\"", 2 * RF_NS_PER_S},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "drain_timeout: %s\nbroker: {drain_timeout: 1h}\n",
                 cases[i].text);
        struct rf_config *config = load_text(*state, text);
        assert_duration(config->drain_timeout, cases[i].ns);
        rf_config_destroy(&config);
    }
}

static void jitter_is_a_share_or_a_word(void **state) {
    static const struct {
        const char *text;
        enum rf_jitter jitter;
        double fraction;
    } cases[] = {
        {"0%", RF_JITTER_FRACTION, 0},
        {"12.5%", RF_JITTER_FRACTION, 0.125},
        {"100%", RF_JITTER_FRACTION, 1},
        {"none", RF_JITTER_NONE, 0},
        {"full", RF_JITTER_FULL, 0},
        {"equal", RF_JITTER_EQUAL, 0},
        {"decorrelated", RF_JITTER_DECORRELATED, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "defaults:\n  retry:\n    jitter: %s\n", cases[i].text);
        struct rf_config *config = load_text(*state, text);
        assert_int_equal(config->providers[0].retry.jitter, cases[i].jitter);
        assert_number(config->providers[0].retry.jitter_fraction, cases[i].fraction);
        rf_config_destroy(&config);
    }
}

static void variables_stand_anywhere_in_a_value(void **state) {
    setenv("RF_TEST_HOST", "example.org", 1);
    setenv("RF_TEST_EMPTY", "", 1);
    unsetenv("RF_TEST_ABSENT");
    struct rf_config *config =
        load_text(*state, "providers:\n"
                          "  openai:\n"
                          "    base_url: https://${RF_TEST_HOST}:${RF_TEST_ABSENT:-8443}/v${"
                          "RF_TEST_EMPTY:-1}/\n"
                          "    model: a$${b}$c\n");
    const struct rf_config_provider *openai = &config->providers[RF_PROVIDER_OPENAI];
    assert_string_equal(openai->base_url, "https://example.org:8443/v1");
    assert_string_equal(openai->model, "a${b}$c");
    rf_config_destroy(&config);
}

static void secrets_come_from_text_environment_or_file(void **state) {
    const struct fixture *fixture = *state;
    setenv("RF_TEST_KEY", "from-env", 1);
    fixture_write(fixture, "key", "from-file\r\n");
    struct rf_config *config = load_text(fixture, "providers:\n"
                                                  "  openai: {key: plain}\n"
                                                  "  anthropic: {key: \"${RF_TEST_KEY}\"}\n"
                                                  "  elevenlabs: {key: \"file:key\"}\n");
    char path[128];
    snprintf(path, sizeof path, "%s/key", fixture->folder);
    assert_string_equal(config->providers[RF_PROVIDER_OPENAI].key.value, "plain");
    // printf plain | sha256sum
    assert_string_equal(config->providers[RF_PROVIDER_OPENAI].key.fingerprint, "a116c9ed46d62077");
    assert_null(config->providers[RF_PROVIDER_OPENAI].key.file);
    assert_string_equal(config->providers[RF_PROVIDER_ANTHROPIC].key.value, "from-env");
    assert_string_equal(config->providers[RF_PROVIDER_ELEVENLABS].key.value, "from-file");
    assert_string_equal(config->providers[RF_PROVIDER_ELEVENLABS].key.file, path);
    rf_config_destroy(&config);
}

static void a_secret_file_is_read_again_when_asked(void **state) {
    const struct fixture *fixture = *state;
    struct rf_error error = {0};
    struct rf_secret secret = {0};
    bool changed = true;
    fixture_write(fixture, "key", "one\n");
    struct rf_config *config = load_text(fixture, "providers:\n  openai:\n    key: file:key\n");
    assert_int_equal(rf_secret_copy(&secret, &config->providers[RF_PROVIDER_OPENAI].key), RF_OK);
    rf_config_destroy(&config);
    assert_string_equal(secret.value, "one");

    assert_int_equal(rf_secret_refresh(&secret, &changed, &error), RF_OK);
    assert_false(changed);
    fixture_write(fixture, "key", "two\n");
    char before[17];
    memcpy(before, secret.fingerprint, sizeof before);
    assert_int_equal(rf_secret_refresh(&secret, &changed, &error), RF_OK);
    assert_true(changed);
    assert_string_equal(secret.value, "two");
    assert_string_not_equal(secret.fingerprint, before);

    // A file that is being written is empty for a moment: the old value stays.
    fixture_write(fixture, "key", "");
    assert_int_equal(rf_secret_refresh(&secret, &changed, &error), RF_ERR_CONFIG);
    assert_false(changed);
    assert_string_equal(secret.value, "two");
    rf_secret_fini(&secret);
    assert_null(secret.value);
    assert_string_equal(secret.fingerprint, "");
}

static void an_empty_file_and_empty_sections_are_fine(void **state) {
    static const char *const texts[] = {
        "",     "# nothing\n",         "bus:\nproviders:\n  openai:\n",
        "{}\n", "---\nbus: {}\n...\n", "\xef\xbb\xbf# after a byte order mark\nbus:\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rf_config *config = load_text(*state, texts[i]);
        assert_duration(config->bus.heartbeat, RF_NS_PER_S);
        rf_config_destroy(&config);
    }
}

static void an_anchor_may_be_used_twice(void **state) {
    struct rf_config *config = load_text(*state, "providers:\n"
                                                 "  openai:\n    retry: &r {max_retries: 1}\n"
                                                 "  anthropic:\n    retry: *r\n");
    assert_int_equal(config->providers[RF_PROVIDER_OPENAI].retry.max_retries, 1);
    assert_int_equal(config->providers[RF_PROVIDER_ANTHROPIC].retry.max_retries, 1);
    rf_config_destroy(&config);
}

static void twilios_probe_names_the_account(void **state) {
    struct rf_config *config = load_text(
        *state, "providers:\n  twilio: {account_sid: AC1, key: t, from: \"+12025550100\"}\n");
    assert_string_equal(config->providers[RF_PROVIDER_TWILIO].probe_path,
                        "/2010-04-01/Accounts/AC1.json");
    rf_config_destroy(&config);
}

struct changes {
    char text[512];
};

static void note_change(void *arg, const char *key, bool reloadable) {
    struct changes *changes = arg;
    size_t used = strlen(changes->text);
    snprintf(changes->text + used, sizeof changes->text - used, "%s%s ", key,
             reloadable ? "" : "(restart)");
}

static void what_changed_is_told_key_by_key(void **state) {
    struct changes changes = {{0}};
    struct rf_config *old = load_text(*state, "health: {rise: 3}\nproviders: {openai: {key: a}}\n");
    struct rf_config *same =
        load_text(*state, "health: {rise: 3}\nproviders: {openai: {key: a}}\n");
    struct rf_config *fresh = load_text(*state, "health: {rise: 4}\nbus: {heartbeat: 2s}\n"
                                                "providers: {openai: {key: b}}\n"
                                                "gateway: {chains: {script: [openai]}}\n"
                                                "logger: {retry: {jitter: none}}\n");
    rf_config_changed(old, same, note_change, &changes);
    assert_string_equal(changes.text, "");
    rf_config_changed(old, fresh, note_change, &changes);
    assert_string_equal(
        changes.text,
        "bus.heartbeat(restart) providers.openai.key "
        "providers.openai-tts.key gateway.chains.script health.rise logger.retry.jitter ");
    rf_config_destroy(&old);
    rf_config_destroy(&same);
    rf_config_destroy(&fresh);
}

static void note_warning(void *arg, const char *code, const char *key, const char *text) {
    struct changes *changes = arg;
    size_t used = strlen(changes->text);
    assert_true(strlen(text) > 0);
    snprintf(changes->text + used, sizeof changes->text - used, "%s %s; ", code, key);
}

static void a_review_warns_of_what_is_most_likely_not_meant(void **state) {
    const struct fixture *fixture = *state;
    struct changes warnings = {{0}};
    fixture_write_bytes(fixture, "key", "k", 1, 0644);
    struct rf_config *config =
        load_text(fixture, "providers:\n"
                           "  elevenlabs: {key: \"file:key\", ca_file: absent.pem}\n"
                           "  openai: {key: k}\n"
                           "  anthropic: {key: k, timeout: {attempt: 30s}}\n"
                           "  twilio: {account_sid: AC1}\n"
                           "telephony: {audio: play, media_url: \"https://a.example\","
                           " media_secret: s, media_ttl: 40s}\n"
                           "bus: {insecure: yes}\n"
                           "console: {listen: \"0.0.0.0:80\"}\n");
    rf_config_review(config, note_warning, &warnings);
    assert_string_equal(warnings.text,
                        "secret-mode providers.elevenlabs.key; "
                        "file-missing providers.elevenlabs.ca_file; "
                        "console-plain console.listen; "
                        "key-missing providers.twilio.key; "
                        // OpenAI's retries, as Anthropic's attempt is long, and its own.
                        "deadline-short orchestrator.call_deadline; "
                        "deadline-short orchestrator.call_deadline; "
                        "audio-short telephony.media_ttl; "
                        "bus-insecure bus.insecure; ");
    rf_config_destroy(&config);
}

static void speech_of_openai_takes_its_key_and_address_from_openai(void **state) {
    const struct fixture *fixture = *state;
    fixture_write(fixture, "key", "of-openai\n");
    struct rf_config *config = load_text(
        fixture, "providers:\n"
                 "  openai: {key: file:key, base_url: \"https://a.example\", ca_file: ca}\n");
    const struct rf_config_provider *speech = &config->providers[RF_PROVIDER_OPENAI_TTS];
    assert_string_equal(speech->key.value, "of-openai");
    assert_string_equal(speech->key.file, config->providers[RF_PROVIDER_OPENAI].key.file);
    assert_string_equal(speech->base_url, "https://a.example");
    assert_string_equal(speech->ca_file, config->providers[RF_PROVIDER_OPENAI].ca_file);
    assert_string_equal(speech->output_format, "mp3");
    rf_config_destroy(&config);
    config = load_text(fixture, "providers:\n  openai: {key: a}\n  openai-tts: {key: b}\n");
    assert_string_equal(config->providers[RF_PROVIDER_OPENAI_TTS].key.value, "b");
    rf_config_destroy(&config);
    // A key is for the host that it was given for.
    config = load_text(fixture, "providers:\n  openai: {key: a}\n"
                                "  openai-tts: {base_url: \"https://b.example\"}\n");
    assert_null(config->providers[RF_PROVIDER_OPENAI_TTS].key.value);
    rf_config_destroy(&config);
}

static void a_chain_may_end_in_a_local_link(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config =
        load_text(fixture, "gateway:\n"
                           "  template: \"Hello {name}\"\n"
                           "  recording: hello.mp3\n"
                           "  chains:\n"
                           "    script: [openai, template]\n"
                           "    speech: [elevenlabs, openai-tts, recording]\n");
    const struct rf_config_gateway *gateway = &config->gateway;
    assert_int_equal(gateway->script.count, 1);
    assert_int_equal(gateway->script.local, RF_LOCAL_TEMPLATE);
    assert_int_equal(gateway->speech.count, 2);
    assert_int_equal(gateway->speech.links[1], RF_PROVIDER_OPENAI_TTS);
    assert_int_equal(gateway->speech.local, RF_LOCAL_RECORDING);
    assert_int_equal(gateway->telephony.local, RF_LOCAL_NONE);
    assert_true(gateway->recording[0] == '/');
    struct changes warnings = {{0}};
    rf_config_review(config, note_warning, &warnings);
    assert_non_null(strstr(warnings.text, "recording-unusable gateway.recording; "));
    fixture_write(fixture, "hello.mp3", "ID3 and so on");
    warnings.text[0] = '\0';
    rf_config_review(config, note_warning, &warnings);
    assert_null(strstr(warnings.text, "recording-unusable"));
    rf_config_destroy(&config);
}

static void every_row_is_in_order_and_its_default_within_its_range(void **state) {
    (void)state;
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const struct rf_config_row *row = &rf_config_rows[i];
        char expected[256];
        assert_int_equal(rf_config_row_find(row->key), i); // no key twice
        assert_true(row->help != NULL && strlen(row->help) > 0);
        assert_true(strlen(rf_config_row_expected(row, expected, sizeof expected)) > 0);
        assert_false(rf_config_section(row->key)); // a key is not a section as well
        if (row->inherits != NULL) {
            size_t from = rf_config_row_find(row->inherits);
            assert_true(from < rf_config_row_count);
            assert_int_equal(rf_config_rows[from].type, row->type);
            // Only what may be left out has no default to inherit.
            assert_true(rf_config_rows[from].fallback != NULL || row->type == RF_CONFIG_PATH);
            assert_number(rf_config_rows[from].least, row->least);
            assert_number(rf_config_rows[from].most, row->most);
        }
    }
}

// "a.b.c" and its value, each part indented below the one before.
static void nest(const char *key, const char *value, char *out, size_t size) {
    size_t used = 0;
    int depth = 0;
    for (const char *at = key; at != NULL; depth++) {
        const char *dot = strchr(at, '.');
        int length = (int)(dot != NULL ? (size_t)(dot - at) : strlen(at));
        used += (size_t)snprintf(out + used, size - used, "%*s%.*s:%s", 2 * depth, "", length, at,
                                 dot != NULL ? "\n" : " ");
        at = dot != NULL ? dot + 1 : NULL;
    }
    bool list = value[0] == '[';
    snprintf(out + used, size - used, list ? "%s\n" : "'%s'\n", value);
}

static void every_key_takes_its_default_as_it_is_told_and_stays_as_it_was(void **state) {
    struct rf_config *defaults = load_defaults();
    int tried = 0;
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const struct rf_config_row *row = &rf_config_rows[i];
        char written[256], text[600];
        struct changes changes = {{0}};
        if (rf_config_row_written(row, written, sizeof written) == NULL)
            continue;
        nest(row->key, written, text, sizeof text);
        struct rf_config *config = load_text(*state, text);
        rf_config_changed(defaults, config, note_change, &changes);
        assert_string_equal(changes.text, "");
        rf_config_destroy(&config);
        tried++;
    }
    assert_true(tried > 100);
    rf_config_destroy(&defaults);
}

static void the_file_of_the_demo_loads_without_a_warning_but_for_files(void **state) {
    (void)state;
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    struct changes warnings = {{0}};
    setenv("RF_ROOT", "/tmp/rf-none", 1);
    if (rf_config_load(RF_DEPLOY "/ringfence.yaml", &config, &error) != RF_OK)
        fail_msg("%s", error.message);
    rf_config_review(config, note_warning, &warnings);
    // The demo makes the service account before it starts the set.
    assert_string_equal(warnings.text, "file-missing logger.sheets.credentials; ");
    assert_string_equal(config->run_dir, "/tmp/rf-none");
    assert_duration(config->providers[RF_PROVIDER_ELEVENLABS].retry.initial_delay, 5 * RF_NS_PER_S);
    assert_int_equal(config->providers[RF_PROVIDER_ELEVENLABS].retry.max_retries, 3);
    rf_config_destroy(&config);
    unsetenv("RF_ROOT");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_defaults_alone_are_a_whole_configuration),
        TEST(folders_follow_the_environment),
        TEST(relative_paths_begin_at_the_folder_of_the_file),
        TEST(a_proxy_of_its_own_takes_nothing_of_the_common_one),
        TEST(each_key_is_inherited_by_itself),
        TEST(durations_are_exact_in_every_unit),
        TEST(jitter_is_a_share_or_a_word),
        TEST(variables_stand_anywhere_in_a_value),
        TEST(secrets_come_from_text_environment_or_file),
        TEST(a_secret_file_is_read_again_when_asked),
        TEST(speech_of_openai_takes_its_key_and_address_from_openai),
        TEST(a_chain_may_end_in_a_local_link),
        TEST(an_empty_file_and_empty_sections_are_fine),
        TEST(an_anchor_may_be_used_twice),
        TEST(twilios_probe_names_the_account),
        TEST(what_changed_is_told_key_by_key),
        TEST(a_review_warns_of_what_is_most_likely_not_meant),
        TEST(every_row_is_in_order_and_its_default_within_its_range),
        TEST(every_key_takes_its_default_as_it_is_told_and_stays_as_it_was),
        TEST(the_file_of_the_demo_loads_without_a_warning_but_for_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
