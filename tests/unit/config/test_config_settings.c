// A campaign's settings of its own, over those of the configuration.
#include "fixture.h"

#include "config/config.h"
#include "config/rows.h"
#include "config/settings.h"

static struct rf_config *configured(void **state, const char *text) {
    const struct fixture *fixture = *state;
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    fixture_write(fixture, "c.yaml", text);
    if (rf_config_load(fixture->file, &config, &error) != RF_OK)
        fail_msg("%s", error.message);
    return config;
}

static json_t *read_settings(const struct rf_config *config, const char *text) {
    json_t *settings = NULL;
    struct rf_error error = {0};
    if (rf_settings_read(config, text, strlen(text), "spring.yaml", &settings, &error) != RF_OK)
        fail_msg("%s", error.message);
    return settings;
}

static struct rf_config *applied(const struct rf_config *config, const json_t *settings) {
    struct rf_config *own = NULL;
    struct rf_error error = {0};
    if (rf_settings_apply(config, settings, &own, &error) != RF_OK)
        fail_msg("%s", error.message);
    return own;
}

static void assert_refused(const struct rf_config *config, const char *text, const char *message) {
    json_t *settings = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_settings_read(config, text, strlen(text), "spring.yaml", &settings, &error),
                     RF_ERR_CONFIG);
    assert_null(settings);
    if (strstr(error.message, message) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", message, error.message);
}

static void what_a_campaign_has_not_of_its_own_is_the_configurations(void **state) {
    const struct fixture *fixture = *state;
    struct rf_config *config =
        configured(state, "campaign:\n  time_zone: Europe/Berlin\n  max_calls: 4\n  pace: 2\n"
                          "  windows: [mon-fri 09:00-17:00]\n  holidays: days\n"
                          "  recall:\n    busy: {waits: [1m, 2m]}\n");
    json_t *settings = read_settings(config, "# of the spring\n"
                                             "campaign:\n  max_calls: 2\n  concurrency: 5\n"
                                             "  recall:\n    no-answer: {retries: 7}\n");
    struct rf_config *own = applied(config, settings);
    char path[128];
    snprintf(path, sizeof path, "%s/days", fixture->folder);
    assert_int_equal(own->campaign.max_calls, 2);
    assert_int_equal(own->campaign.concurrency, 5);
    assert_int_equal(own->campaign.recall[RF_UNREACHED_NO_ANSWER].retries, 7);
    assert_true(own->campaign.pace > 1.9 && own->campaign.pace < 2.1);
    assert_string_equal(own->campaign.time_zone, "Europe/Berlin");
    assert_string_equal(own->campaign.holidays, path);
    assert_int_equal(own->campaign.windows.count, 1);
    assert_int_equal(own->campaign.recall[RF_UNREACHED_BUSY].waits.count, 2);
    assert_ptr_not_equal(own->campaign.windows.items, config->campaign.windows.items);
    rf_config_destroy(&own);
    own = applied(config, NULL);
    assert_int_equal(own->campaign.max_calls, 4);
    rf_config_destroy(&own);
    rf_config_destroy(&config);
    json_decref(settings);
}

static void own_settings_can_take_windows_and_waits_away(void **state) {
    struct rf_config *config =
        configured(state, "campaign:\n  time_zone: UTC\n  windows: [mon-fri 09:00-17:00]\n"
                          "  recall:\n    busy: {waits: [1m, 2m]}\n");
    json_t *settings =
        read_settings(config, "campaign:\n  windows: []\n  recall:\n    busy: {retries: 5}\n");
    struct rf_config *own = applied(config, settings);
    assert_int_equal(own->campaign.windows.count, 0);
    assert_int_equal(own->campaign.recall[RF_UNREACHED_BUSY].waits.count, 0);
    assert_int_equal(own->campaign.recall[RF_UNREACHED_BUSY].retries, 5);
    rf_config_destroy(&own);
    rf_config_destroy(&config);
    json_decref(settings);
}

static void a_mistake_in_the_file_is_told_with_its_place_and_mend(void **state) {
    struct rf_config *config = configured(state, "");
    assert_refused(config, "campaign:\n  max_calls: 0\n",
                   "spring.yaml:2: campaign.max_calls: \"0\" is out of range; expected");
    assert_refused(config, "campaign:\n  max_cals: 3\n",
                   "spring.yaml:2: campaign.max_cals: unknown key; did you mean max_calls?");
    assert_refused(config, "max_calls: 3\n",
                   "spring.yaml:1: max_calls: does not belong here; expected the section campaign "
                   "alone");
    assert_refused(config, "campaign:\n  pace: 0.0009\n",
                   "spring.yaml:2: campaign.pace: \"0.0009\" is out of range; expected 0, or a "
                   "number from 0.001 to 10000");
    assert_refused(config, "campaign:\n  pace: 1\norchestrator:\n  pace: 3\n",
                   "spring.yaml:3: orchestrator: does not belong here");
    assert_refused(config, "campaign:\n  windows: [mon-fri 09:00-17:00]\n",
                   "spring.yaml:2: campaign.windows: needs campaign.time_zone");
    assert_refused(config, "campaign:\n  recall:\n    voicemail: {retries: 1}\n",
                   "spring.yaml:3: campaign.recall.voicemail.retries: needs "
                   "telephony.machine_detection: yes");
    assert_refused(config, "campaign:\n  recall:\n    busy:\n      waits: [1m]\n      retries: 2\n",
                   "spring.yaml:5: campaign.recall.busy.retries: says what "
                   "campaign.recall.busy.waits says already");
    assert_refused(config, "campaign: [1\n", "spring.yaml:2: not YAML");
    rf_config_destroy(&config);
}

// The environment of the orchestrator is nothing for those who may give it settings.
static void nothing_of_the_environment_gets_into_settings(void **state) {
    struct rf_config *config = configured(state, "");
    setenv("RF_TEST_SECRET", "hunter2", 1);
    assert_refused(config, "campaign:\n  time_zone: ${RF_TEST_SECRET}\n",
                   "\"${RF_TEST_SECRET}\" is not the name of a time zone");
    rf_config_destroy(&config);
}

static void one_key_is_changed_and_taken_away_again(void **state) {
    struct rf_config *config = configured(state, "campaign:\n  max_calls: 4\n");
    json_t *settings = json_object();
    struct rf_error error = {0};
    assert_int_equal(rf_settings_change(settings, "max_calls", "9", &error), RF_OK);
    assert_int_equal(rf_settings_change(settings, "recall.busy.waits", "[5m, 1h]", &error), RF_OK);
    assert_int_equal(rf_settings_change(settings, "campaign.time_zone", "UTC", &error), RF_OK);
    assert_int_equal(
        rf_settings_change(settings, "windows", "[mon,wed 09:00-12:00, sat 10:00-11:00]", &error),
        RF_OK);
    struct rf_config *own = NULL;
    // A comma is part of days and ends an item too: a list says which by its quotes.
    assert_int_equal(rf_settings_apply(config, settings, &own, &error), RF_ERR_CONFIG);
    assert_null(own);
    assert_int_equal(strncmp(error.message, "campaign.windows[0]: ", 21), 0);
    assert_int_equal(
        rf_settings_change(settings, "windows", "['mon,wed 09:00-12:00', sat 10:00-11:00]", &error),
        RF_OK);
    own = applied(config, settings);
    assert_int_equal(own->campaign.max_calls, 9);
    assert_int_equal(own->campaign.windows.count, 2);
    assert_int_equal(own->campaign.recall[RF_UNREACHED_BUSY].waits.count, 2);
    rf_config_destroy(&own);
    static const char *const keys[] = {"max_calls", "recall.busy.waits", "time_zone", "windows"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rf_settings_change(settings, keys[i], "", &error), RF_OK);
    assert_int_equal(json_object_size(settings), 0);
    own = applied(config, settings);
    assert_int_equal(own->campaign.max_calls, 4);
    rf_config_destroy(&own);
    rf_config_destroy(&config);
    json_decref(settings);
}

static void a_wrong_change_names_the_key_and_the_mend(void **state) {
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"max_cals", "3", "campaign.max_cals: unknown key; did you mean max_calls?"},
        {"nonsense.of.some.kind", "3", "campaign.nonsense: unknown key; expected one"},
        {"recall", "3", "campaign.recall: is no key; expected one of those in it: "},
        {"recall.foo.retries", "1",
         "campaign.recall.foo: unknown key; expected one of: busy, no-answer, "},
        {"recall.bussy.retries", "1", "campaign.recall.bussy: unknown key; did you mean busy?"},
        {"recall.busy.retires", "1",
         "campaign.recall.busy.retires: unknown key; did you mean "
         "retries?"},
        {"recall.busy.delay", "5",
         "campaign.recall.busy.delay: \"5\" has no unit; expected a duration with a unit from 1s "
         "to "
         "744h, such as 5s, 10m or 1h"},
        {"max_calls", "many", "campaign.max_calls: \"many\" is not a whole number; expected"},
        {"max_calls", "{a: 1}", "campaign.max_calls: \"{a: 1}\" is no value; expected"},
        {"max_calls", "[1", "campaign.max_calls: \"[1\" is no value; expected"},
        {"max_calls", "[1]", "campaign.max_calls: is a list; expected"},
        {"windows", "mon-fri 09:00-17:00", "campaign.windows: is not a list; expected"},
        {"windows", "[mon-fri 09:00-17:00]", "campaign.windows: needs campaign.time_zone"},
        {"time_zone", "Europe/Berlim", "campaign.time_zone: there is no time zone"},
    };
    struct rf_config *config = configured(state, "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *settings = json_object();
        struct rf_config *own = NULL;
        struct rf_error error = {0};
        enum rf_err err = rf_settings_change(settings, cases[i].key, cases[i].value, &error);
        if (err == RF_OK)
            err = rf_settings_apply(config, settings, &own, &error);
        assert_int_equal(err, RF_ERR_CONFIG);
        if (strncmp(error.message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("\"%s\" does not begin with \"%s\"", error.message, cases[i].message);
        json_decref(settings);
    }
    rf_config_destroy(&config);
}

// Else the copy of what the configuration has would be wrong.
static void the_rows_of_a_campaign_have_types_that_can_be_copied(void **state) {
    (void)state;
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const struct rf_config_row *row = &rf_config_rows[i];
        if (strncmp(row->key, "campaign.", 9) != 0)
            continue;
        assert_true(row->type == RF_CONFIG_COUNT || row->type == RF_CONFIG_NUMBER ||
                    row->type == RF_CONFIG_DURATION || row->type == RF_CONFIG_ZONE ||
                    row->type == RF_CONFIG_PATH || row->type == RF_CONFIG_LIST);
        if (row->type == RF_CONFIG_LIST)
            assert_true(row->items->row_count == 1 &&
                        (row->items->rows[0].type == RF_CONFIG_HOURS ||
                         row->items->rows[0].type == RF_CONFIG_DURATION));
    }
}

static void templates_are_read_and_their_faults_told_with_the_place(void **state) {
    const struct fixture *fixture = *state;
    fixture_write(fixture, "c.yaml", "alerter:\n  templates: .\n");
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    assert_int_not_equal(rf_config_load(fixture->file, &config, &error), RF_OK);
    assert_non_null(strstr(error.message, "c.yaml:2: alerter.templates: "));
    assert_non_null(strstr(error.message, "holds no template; expected a folder with subject.txt"));
    fixture_write(fixture, "subject.txt", "[x] {{severity}}\n{{titel}}");
    assert_int_not_equal(rf_config_load(fixture->file, &config, &error), RF_OK);
    if (strstr(error.message, "subject.txt:2:1: unknown name \"titel\"; expected one of: id ") ==
        NULL)
        fail_msg("%s", error.message);
    fixture_write(fixture, "subject.txt", "[x] {{severity}}\n{{title}}");
    assert_int_equal(rf_config_load(fixture->file, &config, &error), RF_OK);
    assert_non_null(config->alerter.templates);
    rf_config_destroy(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(templates_are_read_and_their_faults_told_with_the_place,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_a_campaign_has_not_of_its_own_is_the_configurations,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(own_settings_can_take_windows_and_waits_away, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_mistake_in_the_file_is_told_with_its_place_and_mend,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_of_the_environment_gets_into_settings,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(one_key_is_changed_and_taken_away_again, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_wrong_change_names_the_key_and_the_mend, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(the_rows_of_a_campaign_have_types_that_can_be_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
