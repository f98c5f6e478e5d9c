// Secrets of every kind in every field of every event of the catalogue: none comes out in a line of
// a log, a row of a sheet or an alert.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "core.h"
#include "record.h"
#include "redact/redact.h"

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

static size_t check_alerts(const struct rf_event *event, size_t secret) {
    struct rf_alert *alerts = NULL;
    size_t count = 0, made;
    struct rf_error error;
    assert_int_equal(rf_core_alerts(redaction, event, 1, &alerts, &count, &error), RF_OK);
    for (size_t i = 0; i < count; i++) {
        const char *const texts[] = {alerts[i].id,    alerts[i].severity, alerts[i].type,
                                     alerts[i].title, alerts[i].subject,  alerts[i].incident,
                                     alerts[i].text,  alerts[i].payload};
        for (size_t t = 0; t < COUNT(texts); t++)
            assert_without(texts[t], secret, event->type);
    }
    made = count;
    rf_core_alerts_free(&alerts, &count);
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
        cmocka_unit_test(no_secret_comes_out_of_any_field_of_any_event),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
