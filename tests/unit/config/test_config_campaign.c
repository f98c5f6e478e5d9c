// Calling windows and the rules of calling again.
#include "fixture.h"

#include "config/config.h"

#define RECALL "campaign:\n  recall:\n    "

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

static void nobody_is_called_again_unless_it_is_asked_for(void **state) {
    struct rf_config *config = loaded(state, "");
    assert_int_equal(config->campaign.max_calls, 1);
    assert_int_equal(config->campaign.windows.count, 0);
    assert_null(config->campaign.time_zone);
    assert_null(config->campaign.holidays);
    assert_false(config->telephony.machine_detection);
    assert_true(config->campaign.pace <= 0);
    assert_int_equal(config->campaign.concurrency, 0);
    assert_int_equal(config->campaign.recall[RF_UNREACHED_BUSY].retries, 2);
    assert_int_equal(config->campaign.recall[RF_UNREACHED_BUSY].delay.ns, 600 * RF_NS_PER_S);
    assert_int_equal(config->campaign.recall[RF_UNREACHED_FAILED].retries, 1);
    rf_config_destroy(&config);
}

static void windows_and_rules_are_read(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config =
        loaded(state, "telephony:\n  machine_detection: yes\n"
                      "campaign:\n  windows: [mon-fri 09:00-12:00, mon-fri 13:00-18:00]\n"
                      "  time_zone: Europe/Berlin\n  holidays: holidays\n  max_calls: 4\n"
                      "  pace: 0.5\n  concurrency: 3\n  recall:\n"
                      "    busy: {waits: [5m, 30m, 24h]}\n"
                      "    no-answer:\n      retries: 3\n      delay: 2h\n      windows:\n"
                      "        - mon,wed 17:00-20:00\n        - sat 00:00-24:00\n"
                      "    voicemail: {retries: 0}\n");
    const struct rf_config_campaign *campaign = &config->campaign;
    struct rf_hours_list windows = rf_config_hours(&campaign->windows);
    assert_int_equal(windows.count, 2);
    assert_int_equal(windows.items[1].days, 0x1F);
    assert_int_equal(windows.items[1].from, 13 * 60);
    assert_string_equal(campaign->time_zone, "Europe/Berlin");
    char path[128];
    snprintf(path, sizeof path, "%s/holidays", fixture->folder);
    assert_string_equal(campaign->holidays, path);
    assert_int_equal(campaign->max_calls, 4);
    const struct rf_config_recall *busy = &campaign->recall[RF_UNREACHED_BUSY];
    assert_int_equal(busy->waits.count, 3);
    assert_int_equal(((const struct rf_duration *)busy->waits.items)[1].ns, 1800 * RF_NS_PER_S);
    const struct rf_config_recall *no_answer = &campaign->recall[RF_UNREACHED_NO_ANSWER];
    assert_int_equal(no_answer->retries, 3);
    assert_int_equal(no_answer->delay.ns, 7200 * RF_NS_PER_S);
    assert_int_equal(rf_config_hours(&no_answer->windows).items[0].days, 0x05);
    assert_int_equal(campaign->recall[RF_UNREACHED_VOICEMAIL].retries, 0);
    rf_config_destroy(&config);
}

static void a_pace_of_zero_is_no_limit_and_one_in_a_thousand_seconds_the_least(void **state) {
    struct rf_config *config =
        loaded(state, "orchestrator:\n  pace: 0.0\ncampaign:\n  pace: 0.001\n");
    assert_true(config->orchestrator.pace <= 0);
    assert_true(config->campaign.pace > 0.0009 && config->campaign.pace < 0.0011);
    rf_config_destroy(&config);
}

static void what_cannot_be_is_told_with_line_and_mend(void **state) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"campaign:\n  time_zone: UTC\n  windows:\n    - daily 09:00-17:00\n    - mon 9-17\n",
         "5: campaign.windows[1]: 'mon 9-17' is no window; expected days and hours such as mon-fri "
         "09:00-17:00, sat,sun 10:00-14:00 or daily 22:00-02:00"},
        {"campaign:\n  windows: daily 09:00-17:00\n",
         "2: campaign.windows: is not a list; expected a list of days and hours such as mon-fri "
         "09:00-17:00, sat,sun 10:00-14:00 or daily 22:00-02:00"},
        {"campaign:\n  windows: [daily 09:00-17:00]\n",
         "2: campaign.windows: needs campaign.time_zone, which is not set; expected the zone of "
         "contacts that bring none of their own, such as Europe/Berlin"},
        {"campaign:\n  holidays: days.txt\n", "2: campaign.holidays: needs campaign.time_zone"},
        {"campaign:\n  time_zone: Europe/Berln\n",
         "2: campaign.time_zone: there is no time zone \"Europe/Berln\" in /usr/share/zoneinfo; "
         "expected a name such as Europe/Berlin, with its capitals"},
        {"campaign:\n  time_zone: ../Berlin\n",
         "2: campaign.time_zone: \"../Berlin\" is not the name of a time zone; expected the name "
         "of a time zone, such as Europe/Berlin"},
        {"campaign:\n  max_calls: 0\n",
         "2: campaign.max_calls: \"0\" is out of range; expected a whole number from 1 to 100"},
        {"campaign:\n  pace: 0.0009\n",
         "2: campaign.pace: \"0.0009\" is out of range; expected 0, or a number from 0.001 to "
         "10000"},
        {"orchestrator:\n  pace: 0.00000000001\n",
         "2: orchestrator.pace: \"0.00000000001\" is out of range; expected 0, or a number from "
         "0.001 to 10000"},
        {"orchestrator:\n  pace: -0\n", "2: orchestrator.pace: \"-0\" is out of range"},
        {RECALL "busy:\n      waits: [5m, soon]\n",
         "4: campaign.recall.busy.waits[1]: \"soon\" is not a number with a unit"},
        {RECALL "busy:\n      retries: 2\n      waits: [5m, 10m]\n",
         "4: campaign.recall.busy.retries: says what campaign.recall.busy.waits says already; "
         "expected one of the two"},
        {RECALL "no-answer:\n      delay: 2h\n      max_delay: 1h\n",
         "5: campaign.recall.no-answer.max_delay: max_delay is shorter than delay; expected at "
         "least as long"},
        {RECALL "busy:\n      windows: [sat 09:00-12:00]\n",
         "4: campaign.recall.busy.windows: needs campaign.time_zone"},
        {RECALL "busy:\n      windows: [sat 09:00-12:00]\n"
                "  time_zone: UTC\n  windows: [mon-fri 09:00-17:00]\n",
         "4: campaign.recall.busy.windows: is never open while campaign.windows are; expected "
         "hours that they have in common"},
        {RECALL "voicemail:\n      retries: 2\n",
         "4: campaign.recall.voicemail.retries: needs telephony.machine_detection: yes"},
        {RECALL "busi:\n      retries: 2\n",
         "3: campaign.recall.busi: unknown key; did you mean busy?"},
    };
    const struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_config *config = NULL;
        struct rf_error error = {0};
        char expected[512];
        assert_int_equal(load(state, cases[i].text, &config, &error), RF_ERR_CONFIG);
        int length = snprintf(expected, sizeof expected, "%s:%s", fixture->file, cases[i].message);
        if (strncmp(error.message, expected, (size_t)length) != 0)
            fail_msg("%s\nexpected %s", error.message, expected);
        assert_null(config);
    }
}

struct warnings {
    int count;
    char text[256];
};

static void note_warning(void *arg, const char *code, const char *key, const char *text) {
    struct warnings *warnings = arg;
    if (strcmp(code, "holidays-unusable") != 0)
        return;
    assert_string_equal(key, "campaign.holidays");
    warnings->count++;
    snprintf(warnings->text, sizeof warnings->text, "%s", text);
}

static void holidays_that_cannot_be_used_are_warned_of_with_their_line(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config = loaded(state, "campaign:\n  time_zone: UTC\n  holidays: holidays\n");
    struct warnings warnings = {0};
    rf_config_review(config, note_warning, &warnings);
    assert_int_equal(warnings.count, 1);
    fixture_write(fixture, "holidays", "12-25\n25.12.\n");
    rf_config_review(config, note_warning, &warnings);
    assert_int_equal(warnings.count, 2);
    assert_non_null(strstr(warnings.text, "/holidays:2: '25.12.' does not begin with a date"));
    fixture_write(fixture, "holidays", "12-25\n");
    rf_config_review(config, note_warning, &warnings);
    assert_int_equal(warnings.count, 2);
    rf_config_destroy(&config);
}

static void note_change(void *arg, const char *key, bool reloadable) {
    struct warnings *changes = arg;
    assert_string_equal(key, "campaign.windows");
    assert_true(reloadable);
    changes->count++;
}

static void another_window_is_a_change(void **state) {
    struct rf_config *old =
        loaded(state, "campaign:\n  time_zone: UTC\n  windows: [daily 09:00-17:00]\n");
    struct rf_config *same =
        loaded(state, "campaign:\n  time_zone: UTC\n  windows: [daily 9:00-17:00]\n");
    struct rf_config *fresh =
        loaded(state, "campaign:\n  time_zone: UTC\n  windows: [daily 09:00-17:01]\n");
    struct warnings changes = {0};
    rf_config_changed(old, same, note_change, &changes);
    assert_int_equal(changes.count, 0);
    rf_config_changed(old, fresh, note_change, &changes);
    assert_int_equal(changes.count, 1);
    rf_config_destroy(&old);
    rf_config_destroy(&same);
    rf_config_destroy(&fresh);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_called_again_unless_it_is_asked_for),
        TEST(windows_and_rules_are_read),
        TEST(a_pace_of_zero_is_no_limit_and_one_in_a_thousand_seconds_the_least),
        TEST(what_cannot_be_is_told_with_line_and_mend),
        TEST(holidays_that_cannot_be_used_are_warned_of_with_their_line),
        TEST(another_window_is_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
