// Lists: a provider's keys and its rules, the columns of lists of contacts.
#include "fixture.h"

#include "config/config.h"
#include "config/rows.h"

static enum rf_err load(void **state, const char *text, struct rf_config **config,
                        struct rf_error *error) {
    const struct fixture *fixture = *state;
    fixture_write(fixture, "c.yaml", text);
    return rf_config_load(fixture->file, config, error);
}

static struct rf_config *loaded(void **state, const char *text) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    if (load(state, text, &config, &error) != RF_OK)
        fail_msg("%s", error.message);
    return config;
}

static void rules_are_read_in_their_order_with_what_each_says(void **state) {
    struct rf_config *config =
        loaded(state, "providers:\n  openai:\n    rules:\n"
                      "      - {status: 429, field: error.code, equals: insufficient_quota,\n"
                      "         class: permanent.quota, mark_for: 1h, source: \"our contract\"}\n"
                      "      - status: 4xx\n        header: x-proxy\n        contains: busy\n"
                      "        class: transient\n        retry: never\n"
                      "      - {failure: timeout, sent: yes, operation: write, class: ambiguous}\n"
                      "      - {status: 500-503, field: detail.0.msg|error, class: transient}\n");
    const struct rf_config_list *list = &config->providers[RF_PROVIDER_OPENAI].rules;
    assert_int_equal(list->count, 4);
    const struct rf_config_rule *rules = list->items;
    assert_int_equal(rules[0].status.from, 429);
    assert_int_equal(rules[0].status.to, 429);
    assert_string_equal(rules[0].field, "error.code");
    assert_string_equal(rules[0].equals, "insufficient_quota");
    assert_string_equal(rules[0].class, "permanent.quota");
    assert_int_equal(rules[0].mark_for.ns, 3600 * RF_NS_PER_S);
    assert_string_equal(rules[0].source, "our contract");
    assert_null(rules[0].contains);
    assert_null(rules[0].retry);
    assert_int_equal(rules[1].status.from, 400);
    assert_int_equal(rules[1].status.to, 499);
    assert_string_equal(rules[1].header, "x-proxy");
    assert_string_equal(rules[1].contains, "busy");
    assert_string_equal(rules[1].retry, "never");
    assert_int_equal(rules[2].status.from, 0);
    assert_string_equal(rules[2].failure, "timeout");
    assert_string_equal(rules[2].sent, "yes");
    assert_string_equal(rules[2].operation, "write");
    assert_int_equal(rules[3].status.from, 500);
    assert_int_equal(rules[3].status.to, 503);
    assert_int_equal(config->providers[RF_PROVIDER_TWILIO].rules.count, 0);
    rf_config_destroy(&config);
}

static void several_keys_are_read_and_the_first_is_the_key(void **state) {
    const struct fixture *fixture = *state;
    fixture_write(fixture, "key", "from-a-file\n");
    struct rf_config *config = loaded(state, "providers:\n  openai: {keys: [\"file:key\", two]}\n"
                                             "  anthropic: {key: one, keys: [two, three]}\n");
    const struct rf_config_provider *openai = &config->providers[RF_PROVIDER_OPENAI];
    assert_int_equal(openai->keys.count, 2);
    const struct rf_secret *keys = openai->keys.items;
    assert_string_equal(keys[0].value, "from-a-file");
    assert_non_null(keys[0].file);
    assert_string_equal(keys[1].value, "two");
    assert_string_equal(openai->key.value, "from-a-file");
    assert_string_equal(openai->key.file, keys[0].file);
    assert_string_equal(config->providers[RF_PROVIDER_ANTHROPIC].key.value, "one");
    assert_int_equal(config->providers[RF_PROVIDER_ANTHROPIC].keys.count, 2);
    rf_config_destroy(&config);
}

static void how_lists_of_contacts_are_written_is_read_and_checked(void **state) {
    struct rf_config *config = loaded(
        state, "contacts: {default_country: DE, separator: semicolon, columns: [phone=Telefon]}\n");
    assert_string_equal(config->contacts.default_country, "DE");
    assert_string_equal(config->contacts.separator, "semicolon");
    assert_int_equal(config->contacts.columns.count, 1);
    assert_string_equal(((char **)config->contacts.columns.items)[0], "phone=Telefon");
    rf_config_destroy(&config);
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"contacts: {default_country: Germany}\n", "two letters of ISO 3166"},
        {"contacts: {separator: x}\n", "comma"},
        {"contacts: {columns: [Telefon]}\n", "expected NAME=COLUMN"},
        {"contacts: {columns: [phone=]}\n", "expected NAME=COLUMN"},
        {"logger: {otlp: {headers: [nothing]}}\n", "is no header; expected"},
        {"logger: {otlp: {headers: [\"a b: c\"]}}\n", "is no header; expected"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct rf_error error = {0};
        assert_int_equal(load(state, wrong[i].text, &config, &error), RF_ERR_CONFIG);
        if (strstr(error.message, wrong[i].says) == NULL)
            fail_msg("%s", error.message);
    }
}

static void an_empty_list_is_none(void **state) {
    struct rf_config *config = loaded(state, "providers:\n  openai: {keys: [], rules: []}\n");
    assert_int_equal(config->providers[RF_PROVIDER_OPENAI].keys.count, 0);
    assert_null(config->providers[RF_PROVIDER_OPENAI].key.value);
    rf_config_destroy(&config);
}

#define RULE_LIST                                                                                  \
    "expected a list of rules, each such as {status: 429, field: error.code, equals: "             \
    "insufficient_quota, class: permanent.quota}"
#define STATUS "expected an HTTP status such as 429, a range such as 400-499, or 4xx"
#define OPENAI "providers:\n  openai:\n    rules:\n"

static void what_is_wrong_in_a_list_is_told_with_line_and_place(void **state) {
    const struct fixture *fixture = *state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {OPENAI "      - {status: 429, clas: transient}\n",
         "4: providers.openai.rules[0].clas: unknown key; expected one of: status, field, header, "
         "equals, contains, failure, sent, operation, class, retry, mark_for, source"},
        {OPENAI "      - {status: 429, class: transient}\n      - {status: many, class: "
                "transient}\n",
         "5: providers.openai.rules[1].status: \"many\" is no status; " STATUS},
        {OPENAI "      - {status: 42, class: transient}\n",
         "4: providers.openai.rules[0].status: \"42\" is no status; " STATUS},
        {OPENAI "      - {status: 499-400, class: transient}\n",
         "4: providers.openai.rules[0].status: \"499-400\" is out of range; " STATUS},
        {OPENAI "      - {status: 0xx, class: transient}\n",
         "4: providers.openai.rules[0].status: \"0xx\" is out of range; " STATUS},
        {OPENAI "      - status: 429\n        class: bad\n",
         "5: providers.openai.rules[0].class: \"bad\" is not known; expected transient, "
         "rate_limited, permanent.auth, permanent.quota, permanent.config, permanent.invalid or "
         "ambiguous"},
        {OPENAI "      - {status: 429, status: 430, class: transient}\n",
         "4: providers.openai.rules[0].status: duplicate key; it stands in line 4 already, "
         "expected it once"},
        {OPENAI "      - {status: 429}\n",
         "4: providers.openai.rules[0]: has no class; expected what such a reply is, such as "
         "class: transient"},
        {OPENAI "      - {operation: dial, class: transient}\n",
         "4: providers.openai.rules[0]: says nothing of the reply; expected one of status, field, "
         "header, failure, sent"},
        {OPENAI "      - {field: a, header: b, class: transient}\n",
         "4: providers.openai.rules[0]: has a field and a header; expected one of them"},
        {OPENAI "      - {field: a, equals: b, contains: c, class: transient}\n",
         "4: providers.openai.rules[0]: has equals and contains; expected one of them"},
        {OPENAI "      - {status: 400, equals: b, class: transient}\n",
         "4: providers.openai.rules[0]: has a text but not where it stands; expected a field or a "
         "header"},
        {OPENAI "      - {field: a..b, class: transient}\n",
         "4: providers.openai.rules[0]: has a field that is no path; expected names joined by "
         "dots, such as error.code"},
        {OPENAI "      - transient\n", "4: providers.openai.rules[0]: has no keys; " RULE_LIST},
        {OPENAI "      - {status: [429], class: transient}\n",
         "4: providers.openai.rules[0].status: is a list; " STATUS},
        {OPENAI "      - {status: ~, class: transient}\n",
         "4: providers.openai.rules[0].status: has no value; " STATUS
         ", or the line left out for the default"},
        {"providers:\n  openai:\n    rules: {status: 429}\n",
         "3: providers.openai.rules: is not a list; " RULE_LIST},
        {"providers:\n  openai:\n    keys: one\n",
         "3: providers.openai.keys: is not a list; expected a list of secrets, such as "
         "[file:secrets/first, file:secrets/second]"},
        {"providers:\n  openai:\n    keys:\n      - {a: b}\n",
         "4: providers.openai.keys[0]: is a section; expected file:PATH, ${ENV} or the secret "
         "itself"},
        {"providers:\n  openai:\n    keys: [a, \"\"]\n",
         "3: providers.openai.keys[1]: is empty; expected a secret of one line"},
        {"providers:\n  openai:\n    keys: [a, \"${RF_TEST_ABSENT}\"]\n",
         "3: providers.openai.keys[1]: needs the environment variable RF_TEST_ABSENT, which is not "
         "set; set it, or give a default by ${RF_TEST_ABSENT:-DEFAULT}"},
        {"providers:\n  openai:\n    keys: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a]\n",
         "3: providers.openai.keys: has 17 items; expected at most 16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        char expected[RF_ERROR_MESSAGE_SIZE];
        snprintf(expected, sizeof expected, "%s:%s", fixture->file, cases[i].message);
        assert_int_equal(load(state, cases[i].text, &config, &error), RF_ERR_CONFIG);
        assert_null(config);
        assert_string_equal(error.message, expected);
    }
}

#define CHANNELS "alerter:\n  channels:\n"

static void channels_are_read_with_their_defaults(void **state) {
    struct rf_config *config = loaded(
        state, CHANNELS
        "    - {name: pager, url: \"https://pager.example/hook\", severity: critical, rate: 30}\n"
        "    - {name: board, kind: email, url: smtp://mail.example, from: a@b.example, to: "
        "c@d.example,"
        " enabled: no, require_tls: no}\n"
        "    - {name: ops-2, kind: telegram, token: t, chat_id: \"-100\"}\n");
    const struct rf_config_channel *channels = config->alerter.channels.items;
    assert_int_equal(config->alerter.channels.count, 3);
    assert_int_equal(channels[0].kind, RF_CHANNEL_WEBHOOK);
    assert_true(channels[0].enabled);
    assert_int_equal(channels[0].limits.severity, RF_LEAST_CRITICAL);
    assert_int_equal(channels[0].limits.rate, 30);
    assert_int_equal(channels[1].kind, RF_CHANNEL_EMAIL);
    assert_false(channels[1].enabled);
    assert_false(channels[1].require_tls);
    assert_true(channels[2].require_tls);
    assert_int_equal(channels[2].kind, RF_CHANNEL_TELEGRAM);
    assert_int_equal(channels[2].limits.severity, RF_LEAST_INFO);
    rf_config_destroy(&config);
}

static void what_is_wrong_with_a_channel_is_told(void **state) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{url: \"https://a.example\"}", "3: alerter.channels[0]: has no name that can be used"},
        {"{name: A, url: \"https://a.example\"}", "has no name that can be used"},
        {"{name: a b, url: \"https://a.example\"}", "has no name that can be used"},
        {"{name: abcdefghijklmnopqrstuvwxyz-abcdefg, url: \"https://a.example\"}",
         "has no name that can be used"},
        {"{name: a}", "has no address; expected url: https://HOST/PATH"},
        {"{name: a, url: smtp://a.example}", "has no address; expected url: https://HOST/PATH"},
        {"{name: a, kind: pigeon}", "alerter.channels[0].kind: "},
        {"{name: a, kind: email, url: \"https://a.example\", from: a@b, to: c@d}",
         "has no mail server; expected url: smtp://HOST:PORT"},
        {"{name: a, kind: email, url: smtp://a.example, from: a@b}", "lacks from or to"},
        {"{name: a, kind: email, url: smtp://a.example, from: a@b, to: c@d, user: u}",
         "has a user without a password"},
        {"{name: a, kind: telegram, token: t}", "lacks token or chat_id"},
        {"{name: a, kind: telegram, token: t, chat_id: c, to: a@b}", "has keys of another kind"},
        {"{name: a, url: \"https://a.example\", token: t}", "has keys of another kind"},
        {"{name: webhook, url: \"https://a.example\"}",
         "3: alerter.channels: has the name webhook a second time"},
        {"{name: a, url: \"https://a.example\"}\n    - {name: a, url: \"https://b.example\"}",
         "3: alerter.channels: has the name a a second time"},
        {"{name: a, url: \"https://a.example\", rate: 6001}", "alerter.channels[0].rate: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        char text[512];
        snprintf(text, sizeof text, CHANNELS "    - %s\n", cases[i].text);
        assert_int_equal(load(state, text, &config, &error), RF_ERR_CONFIG);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("%s: %s", cases[i].text, error.message);
    }
}

#define RULES "alerter:\n  rules:\n    - {name: a, on: breaker.opened}\n"

static void what_is_wrong_with_a_rule_of_the_alerter_is_told(void **state) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{on: breaker.opened}", "4: alerter.rules[1]: has no name; expected"},
        {"{name: b}", "4: alerter.rules[1]: does not say which events; expected on: TYPE"},
        {"{name: b, on: breaker.opend}",
         "4: alerter.rules[1]: on: no event has the type breaker.opend; expected"},
        {"{name: b, on: braker.*}", "on: no event has the type braker.*; expected"},
        {"{name: b, on: breaker.opened, resolve: breaker.shut}",
         "resolve: no event has the type breaker.shut; expected"},
        {"{name: b, on: contact.set_aside, where: reasn=x}",
         "4: alerter.rules[1]: where: no event of contact.set_aside has a field reasn; expected"},
        {"{name: b, on: contact.set_aside, where: reason~x}",
         "where: reason~x is no condition; expected"},
        {"{name: b, on: breaker.opened, resolve: breaker.closed, resolve_where: frm=x}",
         "resolve_where: no event of breaker.closed has a field frm; expected"},
        {"{name: b, on: breaker.opened, by: subjct}",
         "by: no event of breaker.opened has a field subjct; expected"},
        {"{name: b, on: process.lost, resolve: process.ready, resolve_by: servce}",
         "resolve_by: no event of process.lost has a field servce; expected"},
        {"{name: b, on: breaker.opened, title: \"{subjct} is open\"}",
         "{subjct} is no field of an event of breaker.opened; expected"},
        // Fields of other events than the rule's.
        {"{name: b, on: breaker.opened, where: reason=x}",
         "where: no event of breaker.opened has a field reason; expected subject, severity, "
         "service, campaign, contact, provider, or of its data: from, epoch, until, failures"},
        {"{name: b, on: \"breaker.* disk.*\", by: reason}",
         "by: no event of breaker.* disk.* has a field reason; expected"},
        {"{name: b, on: breaker.opened, resolve: queue.moving, resolve_where: from=open}",
         "resolve_where: no event of queue.moving has a field from; expected"},
        {"{name: b, on: key.set_aside, resolve: key.cleared, resolve_by: left}",
         "resolve_by: no event of key.cleared has a field left; expected"},
        {"{name: b, on: breaker.opened, title: \"{reason}\"}",
         "{reason} is no field of an event of breaker.opened; expected"},
        // No journal has them.
        {"{name: b, on: metric.attempts}",
         "4: alerter.rules[1]: on: metric.attempts means measurements, which no journal keeps, so "
         "that no rule ever meets one; expected what is told of them, such as provider.degraded"},
        {"{name: b, on: \"retry.scheduled metric.*\"}", "on: metric.* means measurements"},
        {"{name: b, on: breaker.opened, resolve: metr*}", "resolve: metr* means measurements"},
        {"{name: b, on: breaker.opened, channels: \"email, pagr\"}",
         "4: alerter.rules[1].channels: no channel has the name pagr; expected some of: all, "
         "email, telegram, webhook, pager"},
        {"{name: b, on: breaker.opened, escalate_after: 1m, escalate_channels: boss}",
         "4: alerter.rules[1].escalate_channels: no channel has the name boss; expected"},
        {"{name: b, on: breaker.opened, escalate_channels: pager}",
         "has escalate_channels, and does not say after how long; expected escalate_after"},
        {"{name: b, on: breaker.opened, count: 3}", "has only one of count and within; expected"},
        {"{name: b, on: breaker.opened, within: 1m}", "has only one of count and within; expected"},
        {"{name: b, on: breaker.opened, for: 2m}",
         "wants it to be open for a time (for), and nothing ends it; expected resolve: TYPE"},
        {"{name: b, on: breaker.opened, tell_resolved: yes}", "expected resolve_after, such as"},
        {"{name: b, on: breaker.opened, within: 800h, count: 2}", "alerter.rules[1].within: "},
        {"{name: b, on: breaker.opened, resolve_by: service}",
         "says how an event ends it, but not which; expected resolve: TYPE"},
        {"{name: b, on: breaker.opened, drop: yes, severity: error}",
         "drops its events, and says how they are told; expected one of the two"},
        {"{name: a, on: breaker.closed}",
         "4: alerter.rules[1].name: a is the name of the rule in line 3 too; expected one of its "
         "own"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        char text[512];
        snprintf(text, sizeof text,
                 RULES "    - %s\n  channels:\n"
                       "    - {name: pager, url: \"https://pager.example/hook\"}\n",
                 cases[i].text);
        assert_int_equal(load(state, text, &config, &error), RF_ERR_CONFIG);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("%s: %s", cases[i].text, error.message);
    }
}

static void rules_of_the_alerter_may_name_what_stands_behind_them(void **state) {
    struct rf_config *config = loaded(
        state, RULES
        "    - {name: b, on: contact.*, where: \"reason=x|y attempts>2\", by: campaign reason,\n"
        "       channels: \"pager,email\", escalate_after: 1m, escalate_channels: all, for: 2m,\n"
        "       resolve: contact.done, title: \"{count} of {campaign}, {reason}\"}\n"
        "    - {name: c, on: \"breaker.opened provider.down\", where: \"from=closed why!=x\",\n"
        "       resolve: provider.up, resolve_by: from, title: \"{why} {last_error}\"}\n"
        "    - {name: d, on: \"*\", where: left_ns<5}\n"
        "    - {name: e, on: contact.step, where: took_ns>5 sid}\n"
        "  channels:\n    - {name: pager, url: \"https://pager.example/hook\"}\n");
    assert_int_equal(config->alerter.rules.count, 5);
    rf_config_destroy(&config);
}

static void a_storm_has_room_in_its_bounds(void **state) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    assert_int_equal(load(state, "alerter:\n  storm:\n    gather: 5s\n", &config, &error),
                     RF_ERR_CONFIG);
    assert_non_null(strstr(error.message, "3: alerter.storm.gather: gather is shorter than"));
    assert_int_equal(load(state, "alerter:\n  storm:\n    notices: 101\n", &config, &error),
                     RF_ERR_CONFIG);
    assert_non_null(strstr(error.message, "3: alerter.storm.notices: "));
}

struct changes {
    char text[256];
};

static void note_change(void *arg, const char *key, bool reloadable) {
    struct changes *changes = arg;
    size_t used = strlen(changes->text);
    assert_true(reloadable);
    snprintf(changes->text + used, sizeof changes->text - used, "%s ", key);
}

static void a_change_within_a_list_is_told(void **state) {
#define FIRST                                                                                      \
    "providers:\n  openai: {key: k, keys: [a, b], rules: [{status: 429, class: transient}]}\n"
    static const struct {
        const char *fresh, *told;
    } cases[] = {
        {FIRST, ""},
        {"providers:\n  openai: {key: k, keys: [a, c], rules: [{status: 429, class: transient}]}\n",
         "providers.openai.keys providers.openai-tts.keys "},
        {"providers:\n  openai: {key: k, keys: [a], rules: [{status: 429, class: transient}]}\n",
         "providers.openai.keys providers.openai-tts.keys "},
        {"providers:\n  openai: {key: k, keys: [a, b], rules: [{status: 4xx, class: transient}]}\n",
         "providers.openai.rules "},
        {"providers:\n  openai: {key: k, keys: [a, b], rules: [{status: 429, class: transient, "
         "source: s}]}\n",
         "providers.openai.rules "},
        {"providers:\n  openai: {key: k, keys: [a, b]}\n", "providers.openai.rules "},
    };
    struct rf_config *old = loaded(state, FIRST);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct changes changes = {{0}};
        struct rf_config *fresh = loaded(state, cases[i].fresh);
        rf_config_changed(old, fresh, note_change, &changes);
        assert_string_equal(changes.text, cases[i].told);
        rf_config_destroy(&fresh);
    }
    rf_config_destroy(&old);
}

static void note_warning(void *arg, const char *code, const char *key, const char *text) {
    struct changes *changes = arg;
    (void)text;
    if (strcmp(code, "secret-mode") == 0)
        snprintf(changes->text, sizeof changes->text, "%s", key);
}

static void a_key_in_a_list_that_others_may_read_is_warned_of(void **state) {
    struct changes changes = {{0}};
    fixture_write_bytes(*state, "key", "k", 1, 0644);
    struct rf_config *config =
        loaded(state, "providers:\n  openai: {key: k, keys: [a, \"file:key\"]}\n");
    rf_config_review(config, note_warning, &changes);
    assert_string_equal(changes.text, "providers.openai.keys");
    rf_config_destroy(&config);
}

#define TOKEN "abcdefghijklmnopqrstuvwx" // 24

static void who_may_use_the_console_is_a_list(void **state) {
    fixture_write_bytes(*state, "key", TOKEN "-of-ann\n", 32, 0644);
    struct rf_config *config =
        loaded(state, "console:\n  listen: 0.0.0.0:1\n  hosts: [console.example.com]\n"
                      "  proxies: [127.0.0.1, \"2001:db8::1\"]\n  tokens:\n"
                      "    - {name: ann, role: operator, token: \"file:key\"}\n"
                      "    - {name: bob@example, token: " TOKEN "}\n");
    const struct rf_config_console *console = &config->console;
    const struct rf_config_visitor *visitors = console->tokens.items;
    assert_int_equal(console->tokens.count, 2);
    assert_string_equal(visitors[0].name, "ann");
    assert_int_equal(visitors[0].role, RF_CONSOLE_OPERATOR);
    assert_string_equal(visitors[0].token.value, TOKEN "-of-ann");
    assert_int_equal(visitors[1].role, RF_CONSOLE_VIEWER);
    assert_string_equal(*(char *const *)console->hosts.items, "console.example.com");
    assert_int_equal(console->proxies.count, 2);
    assert_int_equal(console->session.ns, 12 * 3600 * RF_NS_PER_S);
    struct changes changes = {{0}};
    rf_config_review(config, note_warning, &changes);
    assert_string_equal(changes.text, "console.tokens");
    rf_config_destroy(&config);
}

static void a_token_that_can_be_guessed_or_is_anothers_is_refused(void **state) {
    static const struct {
        const char *list, *told;
    } cases[] = {
        {"[{name: ann, token: short}]", "has no token, or one that can be guessed"},
        {"[{name: ann}]", "has no token, or one that can be guessed"},
        {"[{token: " TOKEN "}]", "has no name that can be used"},
        {"[{name: \"a b\", token: " TOKEN "}]", "has no name that can be used"},
        {"[{name: ann, token: \"" TOKEN " x\"}]", "has a token with a blank"},
        {"[{name: ann, role: root, token: " TOKEN "}]", "viewer"},
        {"[{name: ann, token: " TOKEN "}, {name: ann, token: " TOKEN "x}]",
         "console.tokens: ann stands there twice"},
        {"[{name: ann, token: " TOKEN "}, {name: bob, token: " TOKEN "}]",
         "console.tokens: ann and bob have the same token"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        snprintf(text, sizeof text, "console:\n  tokens: %s\n", cases[i].list);
        assert_int_equal(load(state, text, &config, &error), RF_ERR_CONFIG);
        if (strstr(error.message, cases[i].told) == NULL || strstr(error.message, TOKEN) != NULL)
            fail_msg("%s\nis told as\n%s", cases[i].list, error.message);
    }
    static const char *const hosts[] = {"[\"https://a.example\"]", "[\"a.example:80\"]", "[\"\"]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char text[128];
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        snprintf(text, sizeof text, "console:\n  hosts: %s\n", hosts[i]);
        assert_int_equal(load(state, text, &config, &error), RF_ERR_CONFIG);
    }
    static const char *const proxies[] = {"[proxy.example.com]", "[\"127.0.0.1:80\"]",
                                          "[10.0.0.0/8]"};
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++) {
        char text[128];
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        snprintf(text, sizeof text, "console:\n  proxies: %s\n", proxies[i]);
        assert_int_equal(load(state, text, &config, &error), RF_ERR_CONFIG);
        assert_non_null(strstr(error.message, "is no IP address"));
    }
}

static void every_row_of_a_list_is_in_order(void **state) {
    (void)state;
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const struct rf_config_items *items = rf_config_rows[i].items;
        assert_int_equal(items != NULL, rf_config_rows[i].type == RF_CONFIG_LIST);
        for (size_t r = 0; items != NULL && r < items->row_count; r++) {
            char expected[256];
            assert_true(items->rows[r].offset < items->size);
            assert_true(strlen(items->rows[r].help) > 0);
            assert_true(strlen(rf_config_row_expected(&items->rows[r], expected, sizeof expected)) >
                        0);
        }
    }
}

// ---- files that are named ----

struct told {
    char text[1024];
};

static void on_file(void *arg, const char *key, const char *path) {
    struct told *told = arg;
    size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%s=%s\n", key, strrchr(path, '/') + 1);
}

static void every_file_that_is_named_is_told_in_lists_too_and_no_folder_of_the_set(void **state) {
    const struct fixture *fixture = *state;
    struct told told = {""};
    fixture_write(fixture, "key", "from-a-file-0123456789-abcdef\n");
    struct rf_config *config = loaded(
        state, "state_dir: state\nlog_dir: log\nlogger:\n  text_file: log/a\n"
               "bus:\n  calls: tcp://192.0.2.1:1\n  workers: tcp://192.0.2.1:2\n"
               "  ingest: tcp://192.0.2.1:3\n  events: tcp://192.0.2.1:4\n"
               "  curve: {secret_file: \"keys/{service}.secret\", server_key_file: keys/b.public}\n"
               "providers:\n  openai:\n    keys: [\"file:key\", in-the-file]\n"
               "    ca_file: ca.pem\n"
               "console:\n  tokens: [{name: ann, token: \"file:key\"}]\n");
    rf_config_files(config, on_file, &told);
    assert_string_equal(told.text, "bus.curve.secret_file=broker.secret\n"
                                   "bus.curve.secret_file=service-gateway.secret\n"
                                   "bus.curve.secret_file=orchestrator.secret\n"
                                   "bus.curve.secret_file=health-monitor.secret\n"
                                   "bus.curve.secret_file=alerter.secret\n"
                                   "bus.curve.secret_file=logger.secret\n"
                                   "bus.curve.secret_file=console.secret\n"
                                   "bus.curve.secret_file=cli.secret\n"
                                   "bus.curve.server_key_file=b.public\n"
                                   "broker.known_clients=known_clients\n"
                                   "providers.openai.key=key\n=key\n"
                                   "providers.openai.ca_file=ca.pem\n"
                                   "providers.openai-tts.key=key\n=key\n" // inherited
                                   "providers.openai-tts.ca_file=ca.pem\n"
                                   "token=key\n");
    rf_config_destroy(&config);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_file_that_is_named_is_told_in_lists_too_and_no_folder_of_the_set),
        TEST(rules_are_read_in_their_order_with_what_each_says),
        TEST(several_keys_are_read_and_the_first_is_the_key),
        TEST(how_lists_of_contacts_are_written_is_read_and_checked),
        TEST(an_empty_list_is_none),
        TEST(what_is_wrong_in_a_list_is_told_with_line_and_place),
        TEST(channels_are_read_with_their_defaults),
        TEST(what_is_wrong_with_a_channel_is_told),
        TEST(what_is_wrong_with_a_rule_of_the_alerter_is_told),
        TEST(rules_of_the_alerter_may_name_what_stands_behind_them),
        TEST(a_storm_has_room_in_its_bounds),
        TEST(a_change_within_a_list_is_told),
        TEST(a_key_in_a_list_that_others_may_read_is_warned_of),
        TEST(who_may_use_the_console_is_a_list),
        TEST(a_token_that_can_be_guessed_or_is_anothers_is_refused),
        TEST(every_row_of_a_list_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
