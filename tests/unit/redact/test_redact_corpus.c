// Secrets of every kind in every field of every event of the catalogue: none comes out in a line of
// a log, a row of a sheet or an alert.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "engine.h"
#include "record.h"
#include "redact/redact.h"
#include "wire/wire.h"

#define OWN   "0ur-Own.S3cret/of+the=set"
#define HEX32 "0123456789abcdef0123456789abcdef"

// A text that holds a secret, and the part of it that must not come out.
static const struct {
    const char *text, *secret;
} corpus[] = {
    {"sk-proj-abcdEFGH1234567890abcd", "abcdEFGH1234567890abcd"},
    {"sk-ant-api03-abcdEFGH1234567890-_AA", "abcdEFGH1234567890"},
    {"xi-api-key: " HEX32, HEX32},
    {"sk_0123456789abcdef0123456789abcdef0123456789abcdef", "0123456789abcdef0123"},
    {"AC" HEX32 ":fedcba9876543210fedcba9876543210", "fedcba9876543210"},
    {"SK" HEX32 ":aBcDeFgHiJkLmNoPqRsTuVwXyZ012345", "aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"},
    {"POST /bot123456789:AAFdeGhIjKlMnOpQrStUvWxYz0123456789/sendMessage", "AAFdeGhIjKlMnOpQ"},
    {"Authorization: Bearer abcdefgh.ijkl", "abcdefgh.ijkl"},
    {"Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"},
    {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    {"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----", "MIIEvQIBADANBg"},
    {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27u", "eyJzdWIiOiIxIn0"},
    {"https://user:hunter22@example.org/", "hunter22"},
    {"https://example.org/v1?api_key=hunter23&x=1", "hunter23"},
    {"password=hunter24", "hunter24"},
    {"AIzaSyA1234567890abcdefghijklmnopqrstuv", "SyA1234567890"},
    {OWN, OWN},
    {"MHVyLU93bi5TM2NyZXQvb2YrdGhlPXNldA==", "LU93bi5TM2NyZXQvb2Yr"},
    {"0ur-Own.S3cret%2Fof%2Bthe%3Dset", "S3cret%2Fof"},
    {"+12025550123", "2025550123"},
    {"+1 (202) 555-0123", "555-0123"},
    {"0044 20 7946 0123", "7946 0123"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *type, *severity, *meaning;
} types[] = {
#define EVENT(name, type, severity, meaning) {type, severity, meaning},
#include <ringfence/messages.def>
};

static const char *const attempt_fields[] = {"provider",   "class", "code", "message",
                                             "request_id", "rule",  "key"};

static struct rf_redaction *redaction;

static int setup(void **state) {
    (void)state;
    redaction = rf_redaction_new(&(struct rf_redact_rules){.key = "sixteen bytes .."});
    return redaction == NULL || rf_redaction_secret(redaction, OWN) != RF_OK;
}

static int teardown(void **state) {
    (void)state;
    rf_redaction_destroy(&redaction);
    return 0;
}

// Every word of the type's description as a name, so that all names of fields are among them; some
// more, and the text itself as one.
static json_t *data_of(const char *meaning, const char *text) {
    json_t *data = json_object(), *attempt = json_object();
    for (const char *at = meaning; *at != '\0';) {
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        if (length > 1)
            json_object_setn_new(data, at, length, json_string(text));
        at += length > 0 ? length : 1;
    }
    static const char *const more[] = {"message", "script", "name", "phone", "why", "last_error"};
    for (size_t i = 0; i < COUNT(more); i++)
        json_object_set_new(data, more[i], json_string(text));
    for (size_t i = 0; i < COUNT(attempt_fields); i++)
        json_object_set_new(attempt, attempt_fields[i], json_string(text));
    json_object_set_new(data, "attempts", json_pack("[o]", attempt));
    json_object_set_new(data, text, json_pack("{s:[s]}", "deep", text));
    return data;
}

// What decides which rule holds is left to be what it is.
static void set_conditions(json_t *data, size_t variant) {
    static const char *const reasons[] = {"retries_exhausted", "permanent.auth", "permanent.quota"};
    if (variant == 0)
        return;
    json_object_set_new(data, "reason", json_string(reasons[variant - 1]));
    json_object_set_new(data, "class",
                        json_string(variant == 1 ? "transient" : reasons[variant - 1]));
    json_object_set_new(data, "from", json_string("down"));
    json_object_set_new(data, "final", json_true());
}

// Of a failure each of the rules that there are for it.
static size_t variants_of(const char *type) {
    return strcmp(type, "contact.set_aside") == 0 || strcmp(type, "mark.set") == 0 ? 4 : 2;
}

static void assert_without(const char *form, size_t secret, const char *type) {
    if (form != NULL && strstr(form, corpus[secret].secret) != NULL)
        fail_msg("%s of %s came out: %s", corpus[secret].text, type, form);
}

static void check_records(const struct rf_event *event, size_t secret) {
    struct rf_text json = {0}, text = {0};
    rf_record_json(redaction, event, &json);
    rf_record_text(redaction, event, &text);
    json_t *row = rf_record_row(redaction, event);
    assert_false(json.failed || text.failed || row == NULL);
    assert_without(json.data, secret, event->type);
    assert_without(text.data, secret, event->type);
    for (size_t i = 0; i < json_array_size(row); i++)
        assert_without(json_string_value(json_array_get(row, i)), secret, event->type);
    json_decref(row);
    rf_text_fini(&json);
    rf_text_fini(&text);
}

// The event as it comes from the broker, with its data packed: its lines are the very same.
static void check_packed(const struct rf_event *event) {
    struct rf_journal_page page = {.rid = "r", .scanned = 1, .last = 1};
    struct rf_event copy = *event;
    struct rf_frame frame;
    struct rf_message *message;
    struct rf_error error;
    struct rf_text tree = {0}, packed = {0};
    page.events.items = &copy;
    page.events.count = 1;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, &page, &frame, &error), RF_OK);
    assert_int_equal(rf_wire_decode_relay(frame.data, frame.size, &message, &error), RF_OK);
    const struct rf_event *came = &message->as.journal_page.events.items[0];
    assert_true(came->data == NULL && came->data_packed.size > 0);
    rf_record_json(redaction, event, &tree);
    rf_record_text(redaction, event, &tree);
    rf_record_json(redaction, came, &packed);
    rf_record_text(redaction, came, &packed);
    assert_string_equal(packed.data, tree.data);
    rf_text_fini(&tree);
    rf_text_fini(&packed);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
}

static unsigned all_channels(const void *arg, const char *names) {
    (void)arg, (void)names;
    return 1;
}

// What the alerter makes of one event: at once, and after all its rules' waits.
static size_t check_alerts(const struct rf_event *event, size_t secret) {
    const struct rf_config_alerter config = {
        .storm = {.notices = 100, .within = rf_seconds(1), .gather = rf_seconds(60)},
        .remind = rf_seconds(3600),
        .flap_changes = 4};
    struct rf_engine_setup setup = {
        .config = &config, .channels = 1, .takes = {15}, .named = all_channels};
    struct rf_engine *engine = malloc(sizeof *engine);
    struct rf_engine_changes changes;
    struct rf_redacted_event redacted;
    struct rf_error error;
    rf_engine_init(engine, &setup);
    assert_int_equal(rf_redact_event(redaction, event, &redacted), RF_OK);
    rf_engine_event(engine, &redacted.event, (struct rf_utc){event->ts});
    rf_redacted_event_fini(&redacted);
    rf_engine_tick(engine, (struct rf_utc){event->ts + 100 * RF_NS_PER_S});
    rf_engine_tick(engine, (struct rf_utc){event->ts + 7200 * RF_NS_PER_S});
    assert_int_equal(rf_engine_changes(engine, &changes, &error), RF_OK);
    size_t made = changes.alert_count;
    for (size_t i = 0; i < made; i++) {
        const struct rf_alert *alert = &changes.alerts[i];
        const char *const texts[] = {alert->id,      alert->severity, alert->type, alert->title,
                                     alert->subject, alert->incident, alert->text, alert->payload};
        for (size_t t = 0; t < COUNT(texts); t++)
            assert_without(texts[t], secret, event->type);
    }
    rf_engine_changes_free(&changes);
    rf_engine_fini(engine);
    free(engine);
    return made;
}

static void no_secret_comes_out_of_any_field_of_any_event(void **state) {
    (void)state;
    size_t alerts = 0;
    for (size_t secret = 0; secret < COUNT(corpus); secret++)
        for (size_t i = 0; i < COUNT(types); i++)
            for (size_t variant = 0; variant < variants_of(types[i].type); variant++) {
                const char *text = corpus[secret].text;
                struct rf_event event = {.n = 42,
                                         .ts = INT64_C(1763981280123456789),
                                         .seq = 7,
                                         .id = text,
                                         .stream = text,
                                         .origin = text,
                                         .severity = types[i].severity,
                                         .type = types[i].type,
                                         .subject = text,
                                         .service = text,
                                         .campaign = text,
                                         .contact = text,
                                         .trace = text,
                                         .data = data_of(types[i].meaning, text)};
                set_conditions(event.data, variant);
                check_records(&event, secret);
                check_packed(&event);
                alerts += check_alerts(&event, secret);
                if (variant == 1) { // and where the catalogue knows neither
                    event.type = event.severity = text;
                    check_records(&event, secret);
                }
                json_decref(event.data);
            }
    // Each kind of alert was looked at.
    assert_true(alerts >= COUNT(corpus) * 20);
}

// Values of every kind, and more of them than a list holds.
static void packed_data_give_the_same_lines_as_a_tree(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "[1,\"a\",{\"b\":[]}]",
        "{\"a\":1.5,\"b\":1e300,\"c\":-0.0,\"d\":1.0,\"e\":123456789012.125,\"f\":0.1}",
        "{\"a\":true,\"b\":false,\"c\":null,\"d\":-1,\"e\":9223372036854775807,\"f\":-"
        "9223372036854775808}",
        "{\"a\":\"\\u0001\\b\\f\\n\\r\\t\\\"\\\\/"
        "\\u007f\\u0085\\u2028\\u2029\\u00e9\\u20ac\\ud83d\\ude00\"}",
        "{\"\\u2028\\n\":{\"\":[[[\"\"]]]}}",
        "{\"script\":[\"a\",1,{\"b\":\"c\"}],\"password\":[1,\"x\",null],\"phone\":12025550123,"
        "\"to\":\"12025550123\"}",
        "{\"failures\":3,\"cause\":\"failures\",\"until\":1763981280123456789,\"last_error\":"
        "\"HTTP 503\",\"attempts\":[1,2]}",
        "{\"evidence\":{\"failed\":1,\"total\":2,\"others_failed\":0,\"others_total\":4},"
        "\"provider\":\"twilio\"}",
    };
    json_t *many = json_object();
    for (unsigned i = 0; i < 60; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%u", i);
        json_object_set_new(many, key, json_integer(i));
    }
    for (size_t i = 0; i < COUNT(types) * (COUNT(texts) + 1); i++) {
        size_t t = i % (COUNT(texts) + 1);
        struct rf_event event = {.n = 12345678901,
                                 .ts = INT64_C(1763981280123456789),
                                 .type = types[i / (COUNT(texts) + 1)].type,
                                 .severity = "info",
                                 .subject = "caf\xC3\xA9",
                                 .data = t == COUNT(texts) ? json_incref(many)
                                                           : json_loads(texts[t], 0, NULL)};
        assert_non_null(event.data);
        check_packed(&event);
        json_decref(event.data);
    }
    json_decref(many);
}

// Else the test above could not fail.
static void each_secret_of_the_corpus_would_be_seen(void **state) {
    (void)state;
    size_t seen = 0;
    for (size_t i = 0; i < COUNT(corpus); i++)
        seen += strstr(corpus[i].text, corpus[i].secret) != NULL;
    assert_int_equal(seen, COUNT(corpus));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_secret_of_the_corpus_would_be_seen),
        cmocka_unit_test(packed_data_give_the_same_lines_as_a_tree),
        cmocka_unit_test(no_secret_comes_out_of_any_field_of_any_event),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
