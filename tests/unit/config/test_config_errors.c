// Bad files: each gets one error with file, line, key and what was expected.
#include "fixture.h"

#include "base/file.h"
#include "config/config.h"

struct bad {
    const char *text;
    const char *message; // behind "FILE:"
};

static void each_is_refused(void **state, const struct bad *cases, size_t count) {
    const struct fixture *fixture = *state;
    for (size_t i = 0; i < count; i++) {
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        char expected[RF_ERROR_MESSAGE_SIZE];
        fixture_write(fixture, "c.yaml", cases[i].text);
        snprintf(expected, sizeof expected, "%s:%s", fixture->file, cases[i].message);
        assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
        assert_null(config);
        assert_string_equal(error.message, expected);
    }
}

#define REFUSED(cases) each_is_refused(state, cases, sizeof(cases) / sizeof(cases)[0])

static void an_unknown_key_is_named_with_the_nearest_known_one(void **state) {
    static const struct bad cases[] = {
        {"bus:\n  heartbaet: 1s\n", "2: bus.heartbaet: unknown key; did you mean heartbeat?"},
        {"providers:\n  elevenlabs:\n    retry:\n      max_retry: 3\n",
         "4: providers.elevenlabs.retry.max_retry: unknown key; did you mean max_retries?"},
        {"provider:\n  openai: {}\n", "1: provider: unknown key; did you mean providers?"},
        {"# a comment\n\nconcurrency: 4\n",
         "3: concurrency: unknown key; did you mean orchestrator.concurrency?"},
        {"health:\n  zzzzzzzz: 1\n",
         "2: health.zzzzzzzz: unknown key; expected one of: interval, "
         "fast_interval, jitter, timeout, rise, fall, slow_after, "
         "calls, flap, certificate, alerter_webhook, credit, clock, disk"},
        {"bus.heartbeat: 1s\n",
         "1: bus.heartbeat: unknown key; expected sections and keys one below the other, not "
         "joined by dots: bus: and indented under it the rest"},
        {"providers:\n  twilio:\n    voice: x\n",
         "3: providers.twilio.voice: unknown key; did you mean providers.elevenlabs.voice?"},
    };
    REFUSED(cases);
}

static void a_wrong_type_is_told_with_what_was_expected(void **state) {
    static const struct bad cases[] = {
        {"orchestrator:\n  concurrency: many\n",
         "2: orchestrator.concurrency: \"many\" is not a whole number; expected a whole number "
         "from 1 to 100000"},
        {"orchestrator:\n  concurrency: 1.5\n",
         "2: orchestrator.concurrency: \"1.5\" is not a whole number; expected a whole number "
         "from 1 to 100000"},
        {"orchestrator:\n  concurrency: [8]\n",
         "2: orchestrator.concurrency: is a list; expected a whole number from 1 to 100000"},
        {"orchestrator:\n  concurrency:\n    speech: 8\n",
         "3: orchestrator.concurrency: is a section; expected a whole number from 1 to 100000"},
        {"orchestrator:\n  concurrency:\n",
         "2: orchestrator.concurrency: has no value; expected a whole number from 1 to 100000, or "
         "the line left out for the default"},
        {"bus: 5\n", "1: bus: is not a section; expected keys indented under it"},
        {"bus:\n  insecure: maybe\n",
         "2: bus.insecure: \"maybe\" is neither yes nor no; expected yes or no"},
        {"defaults:\n  retry:\n    backoff_factor: x2\n",
         "3: defaults.retry.backoff_factor: \"x2\" is not a number; expected a number from 1 to "
         "100"},
        {"telephony:\n  audio: sing\n",
         "2: telephony.audio: \"sing\" is not known; expected say or play"},
        {"console:\n  listen: localhost\n",
         "2: console.listen: \"localhost\" is not an address with a port; expected ADDRESS:PORT "
         "with a numeric address, such as 127.0.0.1:18080"},
        {"providers:\n  twilio:\n    from: 020 7946 0123\n",
         "3: providers.twilio.from: \"020 7946 0123\" is not a telephone number; expected a number "
         "in E.164 form, such as +12025550100"},
        {"providers:\n  openai:\n    base_url: api.openai.com\n",
         "3: providers.openai.base_url: \"api.openai.com\" is not a plain URL; expected a URL such "
         "as https://api.example.com, without user, query or fragment"},
        {"- bus\n- broker\n", "1: the file is no set of sections; expected lines such as \"bus:\" "
                              "with keys indented under them"},
    };
    REFUSED(cases);
}

static void a_unit_is_required_and_must_be_known(void **state) {
    static const struct bad cases[] = {
        {"drain_timeout: 5\n",
         "1: drain_timeout: \"5\" has no unit; expected a duration with a unit from 0s to 1h, such "
         "as 250ms, 5s, 10m or 1h"},
        {"drain_timeout: 5 sec\n",
         "1: drain_timeout: \"5 sec\" has an unknown unit; expected a duration with a unit from 0s "
         "to 1h, such as 250ms, 5s, 10m or 1h"},
        {"drain_timeout: soon\n",
         "1: drain_timeout: \"soon\" is not a number with a unit; expected a duration with a unit "
         "from 0s to 1h, such as 250ms, 5s, 10m or 1h"},
        {"journal:\n  memory_bytes: 64MB\n",
         "2: journal.memory_bytes: \"64MB\" has an unknown unit; expected a size with a unit from "
         "64KiB to 16GiB, such as 512KiB, 64MiB or 1GiB"},
        {"journal:\n  memory_bytes: 67108864\n",
         "2: journal.memory_bytes: \"67108864\" has no unit; expected a size with a unit from "
         "64KiB to 16GiB, such as 512KiB, 64MiB or 1GiB"},
        {"defaults:\n  retry:\n    jitter: 20\n",
         "3: defaults.retry.jitter: \"20\" has no unit; expected none, full, equal, decorrelated "
         "or a share from 0% to 100%, such as 20%"},
    };
    REFUSED(cases);
}

static void what_is_out_of_range_is_refused(void **state) {
    static const struct bad cases[] = {
        {"drain_timeout: 61m\n",
         "1: drain_timeout: \"61m\" is out of range; expected a duration with a unit from 0s to "
         "1h, such as 250ms, 5s, 10m or 1h"},
        {"drain_timeout: -1s\n",
         "1: drain_timeout: \"-1s\" is out of range; expected a duration with a unit from 0s to "
         "1h, such as 250ms, 5s, 10m or 1h"},
        {"drain_timeout: 9223372036854775807h\n",
         "1: drain_timeout: \"9223372036854775807h\" is out of range; expected a duration with a "
         "unit from 0s to 1h, such as 250ms, 5s, 10m or 1h"},
        {"defaults:\n  breaker:\n    failure_threshold: 129\n",
         "3: defaults.breaker.failure_threshold: \"129\" is out of range; expected a whole number "
         "from 0 to 128"},
        {"defaults:\n  breaker:\n    slow_rate: 50%\n",
         "3: defaults.breaker.slow_rate: elevenlabs: there is a slow_rate but no slow_after; "
         "expected the time from which an attempt is slow"},
        {"defaults:\n  breaker:\n    failure_threshold: 0\n",
         "3: defaults.breaker.failure_threshold: elevenlabs: nothing would ever open the breaker; "
         "expected a failure_threshold, a failure_rate, a slow_rate, or mode: disabled"},
        {"defaults:\n  breaker:\n    ignore: [local]\n",
         "3: defaults.breaker.ignore: \"local\" is no class that counts; expected a list of "
         "classes, such as [transient]; here may stand transient or ambiguous"},
        {"defaults:\n  retry:\n    max_retries: -1\n",
         "3: defaults.retry.max_retries: \"-1\" is out of range; expected a whole number from 0 to "
         "100"},
        {"defaults:\n  retry:\n    backoff_factor: 0.5\n",
         "3: defaults.retry.backoff_factor: \"0.5\" is out of range; expected a number from 1 to "
         "100"},
        {"defaults:\n  retry:\n    jitter: 101%\n",
         "3: defaults.retry.jitter: \"101%\" is out of range; expected none, full, equal, "
         "decorrelated or a share from 0% to 100%, such as 20%"},
    };
    REFUSED(cases);
}

static void what_is_not_yaml_is_told_with_its_line(void **state) {
    static const struct bad cases[] = {
        {"bus:\n  heartbeat: 1s\n broker:\n",
         "3: not YAML: did not find expected key, while parsing a block mapping that begins in "
         "line 1"},
        {"bus:\n\theartbeat: 1s\n", "2: not YAML: found character that cannot start any token, "
                                    "while scanning for the next token"},
        {"bus: {heartbeat: 1s\n",
         "2: not YAML: did not find expected ',' or '}', while parsing a flow mapping that begins "
         "in line 1"},
        {"bus: *nowhere\n", "1: not YAML: found undefined alias"},
        {"a: \"x\n", "2: not YAML: found unexpected end of stream, while scanning a quoted scalar "
                     "that begins in line 1"},
        {"# one\n# two\nbus: \"\xff\"\n", "3: not YAML: invalid leading UTF-8 octet"},
        {"bus:\n  heartbeat: 1s\n---\nbroker:\n  queue_limit: 5\n",
         "4: a second document begins; expected one document a file"},
        {"? [a, b]\n: 1\n", "1: a key is a list; expected a name"},
    };
    REFUSED(cases);
}

static void a_duplicate_key_is_told_with_its_first_line(void **state) {
    static const struct bad cases[] = {
        {"bus:\n  heartbeat: 1s\n  heartbeat_misses: 5\n  heartbeat: 2s\n",
         "4: bus.heartbeat: duplicate key; it stands in line 2 already, expected it once"},
        {"bus:\n  heartbeat: 1s\nhealth:\n  rise: 1\nbus:\n  heartbeat_misses: 3\n",
         "5: bus: duplicate key; it stands in line 1 already, expected it once"},
    };
    REFUSED(cases);
}

static void a_chain_takes_only_providers_of_its_kind(void **state) {
    static const struct bad cases[] = {
        {"gateway:\n  chains:\n    speech: []\n",
         "3: gateway.chains.speech: is an empty chain; expected a list such as [elevenlabs]; here "
         "may stand elevenlabs, openai-tts or recording"},
        {"gateway:\n  chains:\n    script:\n      - openai\n      - twilio\n",
         "5: gateway.chains.script: \"twilio\" is a provider of another kind; expected a list such "
         "as [openai]; here may stand openai, anthropic or template"},
        {"gateway:\n  chains:\n    script: [openai, acme]\n",
         "3: gateway.chains.script: \"acme\" is not a provider; expected a list such as [openai]; "
         "here may stand openai, anthropic or template"},
        {"gateway:\n  chains:\n    script: [openai, openai]\n",
         "3: gateway.chains.script: \"openai\" stands twice in the chain; expected a list such as "
         "[openai]; here may stand openai, anthropic or template"},
        {"gateway:\n  chains:\n    script: openai\n",
         "3: gateway.chains.script: is not a list; expected a list such as [openai]; here may "
         "stand openai, anthropic or template"},
        {"gateway:\n  chains:\n    script: [openai, \"\"]\n",
         "3: gateway.chains.script: an item is no name; expected a list such as [openai]; here may "
         "stand openai, anthropic or template"},
        {"gateway:\n  chains:\n    speech: [elevenlabs, openai]\n",
         "3: gateway.chains.speech: \"openai\" is a provider of another kind; expected a list such "
         "as [elevenlabs]; here may stand elevenlabs, openai-tts or recording"},
        {"gateway:\n  chains:\n    script: [recording]\n",
         "3: gateway.chains.script: \"recording\" is a provider of another kind; expected a list "
         "such as [openai]; here may stand openai, anthropic or template"},
    };
    REFUSED(cases);
}

// What always answers leaves nothing for a link behind it.
static void a_local_link_is_the_last_and_has_what_it_serves(void **state) {
    static const struct bad cases[] = {
        {"gateway:\n  chains:\n    script: [openai, template, anthropic]\n",
         "3: gateway.chains.script: \"anthropic\" stands behind a link that always answers; "
         "expected a list such as [openai]; here may stand openai, anthropic or template"},
        {"gateway:\n  chains:\n    script: [template, template]\n",
         "3: gateway.chains.script: \"template\" stands behind a link that always answers; "
         "expected "
         "a list such as [openai]; here may stand openai, anthropic or template"},
        {"gateway:\n  chains:\n    script: [openai, template]\n",
         "3: gateway.chains.script: needs gateway.template, which is not set; expected the text of "
         "the link template"},
        {"gateway:\n  chains:\n    speech: [recording]\n",
         "3: gateway.chains.speech: needs gateway.recording, which is not set; expected the path "
         "of "
         "an MP3 or WAV file"},
        {"gateway:\n  template: Hello {name\n",
         "2: gateway.template: has a brace without its other half or without a name; expected "
         "{name}, {phone} or {COLUMN}"},
        {"gateway:\n  template: Hello {}\n",
         "2: gateway.template: has a brace without its other half or without a name; expected "
         "{name}, {phone} or {COLUMN}"},
    };
    REFUSED(cases);
}

static void a_missing_variable_is_named(void **state) {
    static const struct bad cases[] = {
        {"providers:\n  openai:\n    key: ${RF_TEST_ABSENT}\n",
         "3: providers.openai.key: needs the environment variable RF_TEST_ABSENT, which is not "
         "set; set it, or give a default by ${RF_TEST_ABSENT:-DEFAULT}"},
        {"run_dir: /tmp/${RF_TEST_ABSENT\n",
         "1: run_dir: has a ${ without its }; expected ${NAME} or ${NAME:-DEFAULT}, and $${ for "
         "the characters themselves"},
        {"run_dir: /tmp/${}\n", "1: run_dir: has a reference that is no variable name; expected "
                                "${NAME} or ${NAME:-DEFAULT}"},
        {"run_dir: /tmp/${HOME?x}\n",
         "1: run_dir: has a reference that is not understood after ${HOME; expected ${NAME} or "
         "${NAME:-DEFAULT}"},
    };
    unsetenv("RF_TEST_ABSENT");
    REFUSED(cases);
}

static void rules_between_keys_are_told_where_one_of_them_was_written(void **state) {
    static const struct bad cases[] = {
        {"telephony:\n  audio: play\n",
         "2: telephony.audio: play needs telephony.media_url; expected the public address of the "
         "console's media paths, or audio: say"},
        {"telephony:\n  media_url: http://127.0.0.1:1\n  audio: play\n",
         "3: telephony.audio: play needs telephony.media_secret; expected a secret that signs the "
         "media paths, or audio: say"},
        {"console:\n  cert_file: a.pem\n",
         "2: console.cert_file: needs console.key_file, which is not set; expected the path of a "
         "PEM file"},
        {"console:\n  key_file: a.pem\n",
         "2: console.key_file: needs console.cert_file, which is not set; expected the path of a "
         "PEM file"},
        {"telephony:\n  callback_url: https://calls.example.com\n",
         "2: telephony.callback_url: needs providers.twilio.key, which is not set; expected the "
         "auth token by which the provider signs its callbacks"},
        {"telephony:\n  async_detection: yes\n",
         "2: telephony.async_detection: needs telephony.machine_detection: yes; expected both or "
         "neither"},
        {"telephony:\n  machine_detection: yes\n  async_detection: yes\n",
         "3: telephony.async_detection: needs telephony.callback_url, which is not set; expected "
         "the public address of the console, as what was heard is told there"},
        {"telephony:\n  callback_url: https://calls.example.com/?a=b\n",
         "2: telephony.callback_url: \"https://calls.example.com/?a=b\" is not a plain URL; "
         "expected "
         "a URL such as https://api.example.com, without user, query or fragment"},
        {"providers:\n  twilio:\n    key: t\n    from: \"+12025550100\"\n",
         "3: providers.twilio.key: there is a key but no providers.twilio.account_sid; expected "
         "the account that the key belongs to"},
        {"providers:\n  twilio:\n    key: t\n    account_sid: AC1\n",
         "3: providers.twilio.key: there is a key but no providers.twilio.from; expected the "
         "caller id as an E.164 number such as +12025550100"},
        {"defaults:\n  timeout:\n    attempt: 45s\n",
         "3: defaults.timeout.attempt: elevenlabs: the breaker's test_lease (45s) is not longer "
         "than timeout.attempt (45s); expected a lease that outlives the test request"},
        {"providers:\n  openai:\n    breaker:\n      test_lease: 1500ms\n",
         "4: providers.openai.breaker.test_lease: openai: the breaker's test_lease (1500ms) is not "
         "longer than timeout.attempt (15s); expected a lease that outlives the test request"},
        {"providers:\n  openai:\n    retry:\n      max_delay: 1s\n",
         "4: providers.openai.retry.max_delay: openai: max_delay is shorter than initial_delay; "
         "expected at least as long"},
        {"health:\n  calls:\n    down: 30%\n    degraded: 40%\n",
         "4: health.calls.degraded: degraded is more than health.calls.down; expected a provider "
         "to be degraded before it is down"},
        {"bus:\n  heartbeat: 1m\n  heartbeat_misses: 60\nbroker:\n  stream_idle: 1h\n",
         "5: broker.stream_idle: stream_idle is not longer than heartbeat times heartbeat_misses; "
         "expected a stream to outlive a peer's silence"},
        {"drain_timeout: 20s\n",
         "1: drain_timeout: broker.drain_timeout is shorter than drain_timeout; expected the "
         "broker to serve until its peers have left"},
        {"alerter:\n  email:\n    enabled: yes\n",
         "3: alerter.email.enabled: needs alerter.email.url, which is not set; expected "
         "smtp://HOST:PORT or smtps://HOST:PORT"},
        {"alerter:\n  email:\n    to: b\xC3\xB6rse@example.org\n",
         "3: alerter.email.to: \"b\xC3\xB6rse@example.org\" has a letter beyond ASCII before the "
         "@, "
         "which needs SMTPUTF8 and is not supported; expected an address in ASCII"},
        {"alerter:\n  webhook:\n    shape: teams\n",
         "3: alerter.webhook.shape: \"teams\" is not known; expected generic, slack, "
         "discord or pagerduty"},
        {"alerter:\n  webhook:\n    enabled: yes\n    url: http://h/\n    shape: pagerduty\n",
         "5: alerter.webhook.shape: needs alerter.webhook.secret, which is not set; expected the "
         "routing key, by file:PATH or ${ENV}"},
        {"alerter:\n  telegram:\n    enabled: yes\n",
         "3: alerter.telegram.enabled: needs alerter.telegram.token, which is not set; expected "
         "file:PATH or ${ENV}"},
        {"logger:\n  sheets:\n    enabled: yes\n    spreadsheet: s\n",
         "3: logger.sheets.enabled: needs logger.sheets.credentials, which is not set; expected "
         "the path of a service account's JSON"},
        {"logger:\n  syslog:\n    enabled: yes\n",
         "3: logger.syslog.enabled: needs logger.syslog.url, which is not set; expected where to"},
        {"logger:\n  syslog:\n    url: tcp://host:70000\n",
         "3: logger.syslog.url: is no receiver; expected udp://HOST[:PORT], tcp://HOST[:PORT], "
         "tls://HOST[:PORT] or unix://PATH"},
        {"logger:\n  syslog:\n    url: unix://relative\n",
         "3: logger.syslog.url: is no receiver; expected udp://HOST[:PORT], tcp://HOST[:PORT], "
         "tls://HOST[:PORT] or unix://PATH"},
        {"logger:\n  syslog:\n    sd_id: a b\n",
         "3: logger.syslog.sd_id: is no name for structured data; expected NAME@NUMBER of at most "
         "32 bytes"},
        {"logger:\n  rotate:\n    size: 4095B\n",
         "3: logger.rotate.size: is too small for a log; expected at least 4KiB, or 0B"},
        {"logger:\n  rotate:\n    age: 999ms\n",
         "3: logger.rotate.age: is too short for a log; expected at least 1s, or 0s"},
        {"logger:\n  rotate:\n    compress: none\n    keep_bytes: 99MiB\n",
         "4: logger.rotate.keep_bytes: keep_bytes is less than size, so that a file goes as soon "
         "as "
         "it is closed; expected at least as much, or 0B"},
        {"logger:\n  rotate:\n    compress: xz\n",
         "3: logger.rotate.compress: \"xz\" is not known; expected none, gzip or zstd"},
        {"simulator:\n  tls_listen: 127.0.0.1:18443\n",
         "2: simulator.tls_listen: needs simulator.cert_file, which is not set; expected the path "
         "of a PEM file"},
        {"bus:\n  calls: tcp://127.0.0.1:7000\n",
         "2: bus.calls: plain TCP is neither encrypted nor identified; expected ipc://PATH, a key "
         "in bus.curve.secret_file or, on a loopback address, bus.insecure: yes"},
        {"bus:\n  insecure: yes\n  events: tcp://192.0.2.1:7000\n",
         "3: bus.events: is no loopback address, and bus.insecure is for those alone; expected "
         "127.0.0.1, or a key in bus.curve.secret_file"},
        {"bus:\n  insecure: yes\n  calls: tcp://127.0.0.1.example.com:7000\n",
         "3: bus.calls: is no loopback address, and bus.insecure is for those alone; expected "
         "127.0.0.1, or a key in bus.curve.secret_file"},
        {"bus:\n  calls: tcp://192.0.2.1:7000\n  insecure: yes\n  curve: {secret_file: key}\n",
         "3: bus.insecure: allows plain TCP, but bus.curve.secret_file encrypts it; expected one "
         "of the two"},
        {"bus:\n  calls: ipc:///tmp/x\n  events: ipc:///tmp/x\n",
         "3: bus.events: is the same as bus.calls; expected an endpoint of its own"},
        {"run_dir: /tmp/"
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "8901234567890\n",
         "1: run_dir: the path of bus.calls has 112 characters; expected at most 107 for an ipc "
         "socket: take a shorter run_dir"},
    };
    REFUSED(cases);
}

static void an_ipc_path_may_have_107_characters_but_not_108(void **state) {
    const struct fixture *fixture = *state;
    for (int length = 107; length <= 108; length++) {
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        char path[128], text[256];
        memset(path, 'x', sizeof path);
        path[0] = '/';
        path[length] = '\0';
        snprintf(text, sizeof text, "bus:\n  calls: ipc://%s\n", path);
        fixture_write(fixture, "c.yaml", text);
        enum rf_err err = rf_config_load(fixture->file, &config, &error);
        assert_int_equal(err, length == 107 ? RF_OK : RF_ERR_CONFIG);
        rf_config_destroy(&config);
    }
}

static void a_secret_never_stands_in_a_message(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    fixture_write(fixture, "key", "sesame\nopen\n");
    fixture_write(fixture, "c.yaml", "providers:\n  openai:\n    key: file:key\n");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    assert_null(strstr(error.message, "sesame"));
    assert_non_null(strstr(error.message, ":3: providers.openai.key: names the file "));
    assert_non_null(strstr(error.message, "has a control character or a second line"));

    fixture_write(fixture, "c.yaml", "providers:\n  openai:\n    key: \"sesame\\nopen\"\n");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    assert_null(strstr(error.message, "sesame"));
    assert_non_null(strstr(error.message, ":3: providers.openai.key: has a control character"));

    // What came from the environment is not shown either, whatever the key.
    setenv("RF_TEST_SECRET", "sesame", 1);
    fixture_write(fixture, "c.yaml", "console:\n  listen: ${RF_TEST_SECRET}\n");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    assert_null(strstr(error.message, "sesame"));
    assert_non_null(strstr(error.message, "\"${RF_TEST_SECRET}\" is not an address"));
    unsetenv("RF_TEST_SECRET");
}

static void a_secret_file_that_is_absent_or_empty_is_named(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    char expected[256];
    fixture_write(fixture, "c.yaml", "\nproviders:\n  openai:\n    key: file:key\n");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    snprintf(expected, sizeof expected,
             "%s:4: providers.openai.key: names a file that cannot be read: %s/key: ",
             fixture->file, fixture->folder);
    assert_memory_equal(error.message, expected, strlen(expected));

    fixture_write(fixture, "empty", "\n");
    fixture_write(fixture, "c.yaml", "\nproviders:\n  openai:\n    key: file:empty\n");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    snprintf(expected, sizeof expected,
             "%s:4: providers.openai.key: names the file %s/empty, which is empty; expected a "
             "secret of one line",
             fixture->file, fixture->folder);
    assert_string_equal(error.message, expected);
}

static void a_file_that_is_not_there_is_named(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    assert_memory_equal(error.message, fixture->file, strlen(fixture->file));
    assert_non_null(strstr(error.message, "No such file"));
}

static void nul_bytes_and_garbage_are_refused(void **state) {
    const struct fixture *fixture = *state;
    uint64_t random = 1;
    for (int round = 0; round < 300; round++) {
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        unsigned char bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (unsigned char)(random >> 56);
        }
        bytes[0] = '\0'; // never valid, so that each round must end in an error
        fixture_write_bytes(fixture, "c.yaml", bytes, sizeof bytes, 0600);
        assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    }
}

// Bytes changed, lines cut out, doubled or cut short: the file still loads, or is refused in its
// name.
static void a_damaged_file_loads_or_is_refused_by_name(void **state) {
    const struct fixture *fixture = *state;
    struct rf_error error = {0};
    char *whole = NULL;
    size_t size = 0, refused = 0;
    uint64_t random = 3;
    setenv("RF_ROOT", "/tmp/rf-none", 1);
    assert_int_equal(rf_file_read(RF_DEPLOY "/ringfence.yaml", 1 << 20, &whole, &size, &error),
                     RF_OK);
    for (int round = 0; round < 150; round++) {
        struct rf_config *config = NULL;
        char *damaged = strdup(whole);
        for (int i = 0; i < 3; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            size_t at = (size_t)(random >> 33) % size;
            damaged[at] = (random & 1) != 0 ? "\n :-&*{}[]\"\x80"[(random >> 20) % 13] : '#';
        }
        fixture_write_bytes(fixture, "c.yaml", damaged, round % 5 == 0 ? size / 2 : size, 0600);
        free(damaged);
        enum rf_err err = rf_config_load(fixture->file, &config, &error);
        if (err != RF_OK) {
            assert_int_equal(err, RF_ERR_CONFIG);
            assert_memory_equal(error.message, fixture->file, strlen(fixture->file));
            refused++;
        }
        rf_config_destroy(&config);
    }
    assert_true(refused > 40);
    free(whole);
    unsetenv("RF_ROOT");
}

static void an_alias_to_its_own_parent_ends_in_an_error(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    fixture_write(fixture, "c.yaml", "bus: &b\n  heartbeat: *b\n");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
    fixture_write(fixture, "c.yaml", "providers: &p\n  openai: *p\n");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_ERR_CONFIG);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_key_is_named_with_the_nearest_known_one),
        TEST(a_wrong_type_is_told_with_what_was_expected),
        TEST(a_unit_is_required_and_must_be_known),
        TEST(what_is_out_of_range_is_refused),
        TEST(what_is_not_yaml_is_told_with_its_line),
        TEST(a_duplicate_key_is_told_with_its_first_line),
        TEST(a_chain_takes_only_providers_of_its_kind),
        TEST(a_local_link_is_the_last_and_has_what_it_serves),
        TEST(a_missing_variable_is_named),
        TEST(rules_between_keys_are_told_where_one_of_them_was_written),
        TEST(an_ipc_path_may_have_107_characters_but_not_108),
        TEST(a_secret_never_stands_in_a_message),
        TEST(a_secret_file_that_is_absent_or_empty_is_named),
        TEST(a_file_that_is_not_there_is_named),
        TEST(nul_bytes_and_garbage_are_refused),
        TEST(a_damaged_file_loads_or_is_refused_by_name),
        TEST(an_alias_to_its_own_parent_ends_in_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
