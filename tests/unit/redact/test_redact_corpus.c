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
#include "corpus.h"
#include "engine.h"
#include "record.h"
#include "redact/redact.h"
#include "wire/wire.h"

#define NAME  "Ada Quux-Abel"
#define TEXTS 6 // of the corpus in one field
#define EACH  24

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *type, *severity, *meaning;
} types[] = {
#define EVENT(name, type, severity, meaning) {type, severity, meaning},
#include <ringfence/messages.def>
};

static const char *const attempt_fields[] = {"provider",   "class", "code", "message",
                                             "request_id", "rule",  "key"};

static json_t *corpus;
static struct rf_redaction *redaction;

static int setup(void **state) {
    (void)state;
    corpus = corpus_load();
    redaction = corpus_redaction(corpus, RF_REDACT_NAMES_SHOW);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rf_redaction_destroy(&redaction);
    json_decref(corpus);
    return 0;
}

// Some texts of the corpus in one, each on a line of its own, as all of them in each field of each
// event would take too long; one that was cut is alone. `entries` are borrowed.
struct batch {
    char *text;
    const json_t *entries[TEXTS];
    size_t count;
};

static struct batch batch_of(const json_t *all, size_t first) {
    struct batch batch = {0};
    struct rf_text text = {0};
    for (size_t i = first; i < json_array_size(all) && batch.count < TEXTS; i++) {
        const json_t *entry = json_array_get(all, i);
        const char *words = json_string_value(json_object_get(entry, "text"));
        bool cut = json_is_true(json_object_get(entry, "cut"));
        if (cut && batch.count > 0)
            break;
        batch.entries[batch.count++] = entry;
        rf_text_add_bytes(&text, words, strlen(words));
        if (cut)
            break;
        rf_text_add_bytes(&text, " |\n", 3);
    }
    batch.text = rf_text_take(&text);
    return batch;
}

static void assert_without(const char *form, const struct batch *batch, const char *type) {
    for (size_t i = 0; i < batch->count; i++) {
        const char *piece = corpus_leak(batch->entries[i], form);
        if (piece != NULL)
            fail_msg("%s of %s came out: %s", piece, type, form);
    }
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

static void check_records(const struct rf_event *event, const struct batch *batch) {
    struct rf_text json = {0}, text = {0};
    struct rf_recorder recorder = {0};
    rf_record(&recorder, redaction, event, &json, &text);
    rf_recorder_fini(&recorder);
    json_t *row = rf_record_row(redaction, event);
    assert_false(json.failed || text.failed || row == NULL);
    assert_without(json.data, batch, event->type);
    assert_without(text.data, batch, event->type);
    for (size_t i = 0; i < json_array_size(row); i++)
        assert_without(json_string_value(json_array_get(row, i)), batch, event->type);
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
    struct rf_recorder recorder = {0};
    struct rf_text tree[2] = {{0}}, packed[2] = {{0}};
    page.events.items = &copy;
    page.events.count = 1;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, &page, &frame, &error), RF_OK);
    assert_int_equal(rf_wire_decode_relay(frame.data, frame.size, &message, &error), RF_OK);
    const struct rf_event *came = &message->as.journal_page.events.items[0];
    assert_true(came->data == NULL && came->data_packed.size > 0);
    rf_record(&recorder, redaction, event, &tree[0], &tree[1]);
    rf_record(&recorder, redaction, came, &packed[0], &packed[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(packed[i].data, tree[i].data);
        rf_text_fini(&tree[i]);
        rf_text_fini(&packed[i]);
    }
    rf_recorder_fini(&recorder);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
}

static unsigned all_channels(const void *arg, const char *names) {
    (void)arg, (void)names;
    return 1;
}

// What the alerter makes of one event: at once, and after all its rules' waits.
static size_t check_alerts(const struct rf_event *event, const struct batch *batch) {
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
            assert_without(texts[t], batch, event->type);
    }
    rf_engine_changes_free(&changes);
    rf_engine_fini(engine);
    free(engine);
    return made;
}

static struct rf_event event_of(size_t type, const char *text) {
    return (struct rf_event){.n = 42,
                             .ts = INT64_C(1763981280123456789),
                             .seq = 7,
                             .id = text,
                             .stream = text,
                             .origin = text,
                             .severity = types[type].severity,
                             .type = types[type].type,
                             .subject = text,
                             .service = text,
                             .campaign = text,
                             .contact = text,
                             .trace = text,
                             .data = data_of(types[type].meaning, text)};
}

// How many alerts were made of it. The way of a text through an event does not depend on its form:
// the first batch goes into all types, each other one into every EACH-th, others every time.
static size_t check_batch(const struct batch *batch, size_t number) {
    size_t alerts = 0, step = number == 0 ? 1 : EACH;
    for (size_t i = number % step; i < COUNT(types); i += step)
        for (size_t variant = 0; variant < variants_of(types[i].type); variant++) {
            struct rf_event event = event_of(i, batch->text);
            set_conditions(event.data, variant);
            check_records(&event, batch);
            check_packed(&event);
            alerts += check_alerts(&event, batch);
            if (variant == 1) { // and where the catalogue knows neither
                event.type = event.severity = batch->text;
                check_records(&event, batch);
            }
            json_decref(event.data);
        }
    return alerts;
}

static void no_secret_comes_out_of_any_field_of_any_event(void **state) {
    (void)state;
    static const char *const kinds[] = {"secret", "phone"};
    size_t number = 0;
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        const json_t *all = json_object_get(corpus, kinds[kind]);
        for (size_t first = 0; first < json_array_size(all);) {
            struct batch batch = batch_of(all, first);
            size_t alerts = check_batch(&batch, number);
            assert_true(number > 0 || alerts >= 20); // each kind of alert was looked at
            number++;
            first += batch.count;
            free(batch.text);
        }
    }
}

// As a tree and packed, in lines, rows and alerts.
static void no_name_comes_out_of_any_field_of_any_event_if_it_is_to_be_hidden(void **state) {
    (void)state;
    json_t *entry =
        json_pack("{s:s, s:[s, s]}", "text", "cannot call " NAME " now", "secret", "Quux", "Abel");
    json_t *all = json_pack("[o]", entry);
    struct batch batch = batch_of(all, 0);
    struct rf_redaction *shown = redaction;
    for (unsigned rule = RF_REDACT_NAMES_INITIALS; rule <= RF_REDACT_NAMES_HIDE; rule++) {
        redaction = corpus_redaction(corpus, rule);
        for (size_t i = 0; i < COUNT(types); i++) {
            struct rf_event event = event_of(i, batch.text);
            json_object_set_new(event.data, "name", json_string(NAME));
            json_object_del(event.data, batch.text); // names of data are ours
            event.id = event.stream = event.origin = event.trace = "of ours";
            check_records(&event, &batch);
            check_packed(&event);
            check_alerts(&event, &batch);
            json_decref(event.data);
        }
        rf_redaction_destroy(&redaction);
    }
    redaction = shown;
    free(batch.text);
    json_decref(all);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_data_give_the_same_lines_as_a_tree),
        cmocka_unit_test(no_secret_comes_out_of_any_field_of_any_event),
        cmocka_unit_test(no_name_comes_out_of_any_field_of_any_event_if_it_is_to_be_hidden),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
