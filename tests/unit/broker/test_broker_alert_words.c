// Silences and acknowledgements are told in the act that makes, changes or ends them.
#include "stage.h"

static struct stage stage;
static struct rf_peer alice;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    alice = peer(RF_SOCKET_INGEST, "alice");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

#define ID    "01JSILENCE"
#define KEY   "alert/silence/" ID
#define HOUR  (3600 * RF_NS_PER_S)
#define ENDED "\"ended_by\": \"bob\", \"ended_why\": \"it is back\""
#define BEGIN "{\"match\": {\"incident\": \"breaker/*\", \"severity\": \"info\"}, \"by\": \"ann\","
#define REST  "\"why\": \"maintenance\", \"from\": 1"

static const struct rf_state_reply *reply_to(enum rf_message_type type, const void *message) {
    stage_receive(&stage, &alice, type, message);
    return &stage_next(&stage, &alice, RF_MESSAGE_state_reply)->as.state_reply;
}

static void put(const char *key, const char *value, int64_t ttl_ns) {
    json_t *json = json_loads(value, 0, NULL);
    assert_non_null(json);
    struct rf_state_put put = {.rid = "r", .key = key, .value = json, .ttl_ns = ttl_ns};
    assert_true(reply_to(RF_MESSAGE_state_put, &put)->ok);
    json_decref(json);
}

static void delete (const char *key) {
    struct rf_state_get get = {.rid = "r", .key = key};
    int64_t version = reply_to(RF_MESSAGE_state_get, &get)->entries.items[0].version;
    struct rf_state_cas cas = {.rid = "r", .key = key, .version = version};
    assert_true(reply_to(RF_MESSAGE_state_cas, &cas)->ok);
}

static const char *text_of(const struct rf_event *event, const char *key) {
    const char *text = json_string_value(json_object_get(event->data, key));
    return text == NULL ? "" : text;
}

static int64_t number_of(const struct rf_event *event, const char *key) {
    return json_integer_value(json_object_get(event->data, key));
}

static void a_silence_is_told_with_who_why_and_until_when(void **state) {
    (void)state;
    size_t before = stage.event_count;
    put(KEY, BEGIN REST ", \"until\": 7}", HOUR);
    const struct rf_event *event = stage_event(&stage, "alert.silenced/" ID);
    assert_string_equal(event->severity, "info");
    assert_string_equal(text_of(event, "match"), "incident=breaker/*, severity=info");
    assert_string_equal(text_of(event, "who"), "ann");
    assert_string_equal(text_of(event, "why"), "maintenance");
    assert_int_equal(number_of(event, "from"), 1);
    assert_int_equal(number_of(event, "until"), 7);
    assert_int_equal(stage.event_count, before + 1);
}

static void what_is_written_twice_is_told_once_and_a_change_again(void **state) {
    (void)state;
    put(KEY, BEGIN REST ", \"until\": 7}", HOUR);
    size_t before = stage.event_count;
    put(KEY, BEGIN REST ", \"until\": 7}", HOUR);
    assert_int_equal(stage.event_count, before);
    put(KEY, BEGIN REST ", \"until\": 8}", HOUR);
    assert_int_equal(number_of(stage_event(&stage, "alert.silenced/" ID), "until"), 8);
    assert_int_equal(stage.event_count, before + 1);
}

static void the_end_of_a_silence_is_told_at_its_time(void **state) {
    (void)state;
    put(KEY, BEGIN REST ", \"until\": 7}", HOUR);
    size_t before = stage.event_count;
    stage_at(&stage, HOUR - 1);
    assert_int_equal(stage.event_count, before);
    stage_at(&stage, HOUR);
    const struct rf_event *event = stage_event(&stage, "alert.silence_ended/" ID);
    assert_string_equal(text_of(event, "match"), "incident=breaker/*, severity=info");
    assert_string_equal(text_of(event, "who"), "ann");
    assert_int_equal(stage.event_count, before + 1);
}

static void an_end_that_a_broker_was_not_there_for_is_told_by_the_next(void **state) {
    (void)state;
    put(KEY, BEGIN REST ", \"until\": 7}", HOUR);
    stage_at(&stage, HOUR - 1);
    stage_restart(&stage, "broker-2", 0);
    stage_at(&stage, HOUR + 1);
    assert_string_equal(text_of(stage_event(&stage, "alert.silence_ended/" ID), "who"), "ann");
}

static void who_ended_a_silence_early_is_told_and_its_end_no_more(void **state) {
    (void)state;
    put(KEY, BEGIN REST ", \"until\": 7}", HOUR);
    size_t before = stage.event_count;
    put(KEY, BEGIN REST ", \"until\": 5, " ENDED "}", RF_NS_PER_S);
    const struct rf_event *event = stage_event(&stage, "alert.unsilenced/" ID);
    assert_string_equal(text_of(event, "match"), "incident=breaker/*, severity=info");
    assert_string_equal(text_of(event, "who"), "bob");
    assert_string_equal(text_of(event, "why"), "it is back");
    assert_int_equal(number_of(event, "until"), 7);
    stage_at(&stage, 2 * RF_NS_PER_S);
    assert_null(rf_states_find(&stage.core->states, KEY));
    assert_int_equal(stage.event_count, before + 1);
}

static void a_silence_that_is_deleted_is_told_as_ended(void **state) {
    (void)state;
    put(KEY, BEGIN REST ", \"until\": 7}", HOUR);
    size_t before = stage.event_count;
    delete (KEY);
    (void)stage_event(&stage, "alert.silence_ended/" ID);
    assert_int_equal(stage.event_count, before + 1);
}

static void an_acknowledgement_is_told_with_its_incident_and_its_end_is_not(void **state) {
    (void)state;
    size_t before = stage.event_count;
    put("alert/ack/01JINCIDENT",
        "{\"by\": \"ann\", \"why\": \"on it\", \"at\": 3, \"incident\": \"breaker/elevenlabs\","
        " \"title\": \"It opened\"}",
        HOUR);
    const struct rf_event *event = stage_event(&stage, "alert.acknowledged/breaker/elevenlabs");
    assert_string_equal(text_of(event, "incident"), "01JINCIDENT");
    assert_string_equal(text_of(event, "title"), "It opened");
    assert_string_equal(text_of(event, "who"), "ann");
    assert_string_equal(text_of(event, "why"), "on it");
    stage_at(&stage, HOUR);
    assert_null(rf_states_find(&stage.core->states, "alert/ack/01JINCIDENT"));
    assert_int_equal(stage.event_count, before + 1);
    // Of a client that names no incident, the id has to do.
    put("alert/ack/01JOTHER", "{\"by\": \"ann\"}", 0);
    (void)stage_event(&stage, "alert.acknowledged/01JOTHER");
}

static void values_that_say_nothing_are_kept_and_not_told(void **state) {
    (void)state;
    size_t before = stage.event_count;
    put(KEY, "[1]", 0);
    put("alert/ack/x", "[1]", 0);
    put("alert/other", BEGIN REST "}", 0);
    delete (KEY);
    assert_int_equal(stage.event_count, before);
}

static void long_reasons_and_matches_are_cut_at_whole_characters(void **state) {
    (void)state;
    char why[2048] = "", value[8192];
    for (size_t i = 0; i < 1001; i++)
        strcat(why, i == 0 ? "x" : "\xc3\xa9");
    snprintf(value, sizeof value,
             "{\"match\": {\"incident\": \"a\", \"rule\": \"%s\"}, \"by\": \"ann\", \"why\":"
             " \"%s\"}",
             why, why);
    put(KEY, value, 0);
    const struct rf_event *event = stage_event(&stage, "alert.silenced/" ID);
    assert_int_equal(strlen(text_of(event, "why")), 999);
    assert_string_equal(text_of(event, "match"), "incident=a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_silence_is_told_with_who_why_and_until_when),
        TEST(what_is_written_twice_is_told_once_and_a_change_again),
        TEST(the_end_of_a_silence_is_told_at_its_time),
        TEST(an_end_that_a_broker_was_not_there_for_is_told_by_the_next),
        TEST(who_ended_a_silence_early_is_told_and_its_end_no_more),
        TEST(a_silence_that_is_deleted_is_told_as_ended),
        TEST(an_acknowledgement_is_told_with_its_incident_and_its_end_is_not),
        TEST(values_that_say_nothing_are_kept_and_not_told),
        TEST(long_reasons_and_matches_are_cut_at_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
