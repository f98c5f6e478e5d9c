// Events and pages, through the core's messages.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

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

static int64_t open_stream(const char *name, int64_t next) {
    struct rf_stream_open open = {.stream = name, .next = next};
    stage_receive(&stage, &alice, RF_MESSAGE_stream_open, &open);
    return stage_next(&stage, &alice, RF_MESSAGE_stream_opened)->as.stream_opened.last;
}

static struct rf_event event_of(int64_t seq, const char *type, const char *subject) {
    return (struct rf_event){
        .id = "01EVENT", .seq = seq, .ts = 1, .severity = "info", .type = type, .subject = subject};
}

static void publish(const char *stream, struct rf_event *events, size_t count) {
    struct rf_event_publish publish = {.stream = stream, .events = {events, count}};
    stage_receive(&stage, &alice, RF_MESSAGE_event_publish, &publish);
}

static void publish_one(const char *stream, int64_t seq, const char *type, const char *subject) {
    struct rf_event event = event_of(seq, type, subject);
    publish(stream, &event, 1);
}

static int64_t next_ack(void) {
    return stage_next(&stage, &alice, RF_MESSAGE_event_ack)->as.event_ack.seq;
}

static const struct rf_event_refused *next_refusal(void) {
    return &stage_next(&stage, &alice, RF_MESSAGE_event_refused)->as.event_refused;
}

static const struct rf_journal_page *read_page(int64_t after, int64_t limit, const char *prefix) {
    struct rf_journal_read read = {
        .rid = "p", .prefixes = {&prefix, prefix != NULL ? 1 : 0}, .after = after, .limit = limit};
    stage_receive(&stage, &alice, RF_MESSAGE_journal_read, &read);
    return &stage_next(&stage, &alice, RF_MESSAGE_journal_page)->as.journal_page;
}

static void an_event_is_in_the_journal_and_out_before_it_is_acknowledged(void **state) {
    (void)state;
    open_stream("s", 1);
    size_t sends = stage.sent_count;
    publish_one("s", 1, "contact.done", "c-1");
    const struct rf_event *event = stage_event(&stage, "contact.done/c-1");
    assert_int_equal(event->n, 1);
    assert_string_equal(event->stream, "s");
    assert_int_equal(event->seq, 1);
    // It went out before anything was answered.
    assert_int_equal(stage.events[0].sends_before, sends);
    assert_int_equal(next_ack(), 1);
    assert_int_equal(stage.core->journal.last, 1);
}

// As the client library sends it: a whole envelope, of `stream`, on stream "s".
static void publish_envelope(const char *stream, int64_t seq, const char *type) {
    struct rf_event event = event_of(seq, type, "x");
    json_t *data = json_pack("{s:i}", "took", 5);
    event.stream = stream;
    event.origin = "gateway-1";
    event.data = data;
    struct rf_frame frame;
    assert_int_equal(rf_wire_encode_event(&event, &frame, NULL), RF_OK);
    struct rf_bytes item = {frame.data, frame.size};
    struct rf_event_publish publish = {.stream = "s", .events = {NULL, 1}, .events_packed = &item};
    stage_receive(&stage, &alice, RF_MESSAGE_event_publish, &publish);
    rf_frame_free(&frame);
    json_decref(data);
}

static void an_envelope_goes_out_as_it_came_with_its_number(void **state) {
    (void)state;
    open_stream("s", 1);
    publish_envelope("s", 1, "contact.done");
    const struct rf_event *event = stage_event(&stage, "contact.done/x");
    assert_int_equal(event->n, 1);
    assert_int_equal(event->seq, 1);
    assert_string_equal(event->stream, "s");
    assert_string_equal(event->origin, "gateway-1");
    assert_int_equal(json_integer_value(json_object_get(event->data, "took")), 5);
    publish_envelope("s", 2, "metric.load");
    event = stage_event(&stage, "metric.load/x");
    assert_int_equal(event->n, 0);
    assert_int_equal(json_integer_value(json_object_get(event->data, "took")), 5);
    assert_int_equal(next_ack(), 1);
    assert_int_equal(next_ack(), 2);
}

static void an_envelope_of_another_stream_is_put_right(void **state) {
    (void)state;
    open_stream("s", 1);
    publish_envelope("anothers", 1, "contact.done");
    const struct rf_event *event = stage_event(&stage, "contact.done/x");
    assert_string_equal(event->stream, "s");
    assert_int_equal(event->n, 1);
    assert_string_equal(event->origin, "gateway-1");
}

static void a_repeated_event_is_acknowledged_and_dropped(void **state) {
    (void)state;
    open_stream("s", 1);
    struct rf_event events[3] = {event_of(1, "a.b", "x"), event_of(2, "a.b", "x"),
                                 event_of(3, "a.b", "x")};
    publish("s", events, 2);
    assert_int_equal(next_ack(), 2);
    publish("s", events, 3);
    assert_int_equal(next_ack(), 3);
    assert_int_equal(stage.event_count, 3);
    assert_int_equal(stage.core->ground.counters.events_duplicate, 2);
}

static void dedupe_holds_after_the_stream_was_opened_again(void **state) {
    (void)state;
    open_stream("s", 1);
    publish_one("s", 1, "a.b", "x");
    publish_one("s", 2, "a.b", "x");
    stage_hush(&stage);
    // Another connection of the same outbox, which never saw the acknowledgements.
    alice = peer(RF_SOCKET_INGEST, "alice again");
    assert_int_equal(open_stream("s", 1), 2);
    publish_one("s", 1, "a.b", "x");
    assert_int_equal(next_ack(), 2);
    assert_int_equal(stage.event_count, 2);
}

static void a_gap_is_refused_with_what_is_expected_and_what_came_before_it_is_kept(void **state) {
    (void)state;
    open_stream("s", 1);
    struct rf_event events[2] = {event_of(1, "a.b", "x"), event_of(3, "a.b", "x")};
    publish("s", events, 2);
    const struct rf_event_refused *refused = next_refusal();
    assert_int_equal(refused->expected, 2);
    assert_int_equal(next_ack(), 1);
    assert_int_equal(stage.event_count, 1);
}

static void a_skip_declares_what_is_lost(void **state) {
    (void)state;
    open_stream("s", 1);
    struct rf_stream_skip skip = {.stream = "s", .to = 5};
    stage_receive(&stage, &alice, RF_MESSAGE_stream_skip, &skip);
    assert_int_equal(next_ack(), 5);
    publish_one("s", 6, "a.b", "x");
    assert_int_equal(next_ack(), 6);
    skip.to = 2;
    stage_receive(&stage, &alice, RF_MESSAGE_stream_skip, &skip);
    assert_int_equal(next_ack(), 6);
}

static void a_stream_that_is_not_open_is_refused_with_0(void **state) {
    (void)state;
    publish_one("s", 1, "a.b", "x");
    assert_int_equal(next_refusal()->expected, 0);
    struct rf_stream_skip skip = {.stream = "s", .to = 5};
    stage_receive(&stage, &alice, RF_MESSAGE_stream_skip, &skip);
    assert_int_equal(next_refusal()->expected, 0);
    stage_quiet(&stage, &alice);
}

static void an_idle_stream_has_to_be_opened_again(void **state) {
    (void)state;
    open_stream("s", 1);
    stage_at(&stage, 3600 * RF_NS_PER_S - 1);
    publish_one("s", 1, "a.b", "x");
    assert_int_equal(next_ack(), 1);
    stage_at(&stage, 2 * 3600 * RF_NS_PER_S - 1);
    publish_one("s", 2, "a.b", "x");
    assert_int_equal(next_refusal()->expected, 0);
    assert_int_equal(open_stream("s", 2), 1);
}

static void broken_events_are_refused_and_hold_nothing_else_up(void **state) {
    (void)state;
    open_stream("s", 1);
    open_stream("t", 1);
    struct rf_event broken = event_of(1, "a.b", "x");
    broken.severity = "loud";
    publish("s", &broken, 1);
    assert_non_null(strstr(next_refusal()->message, "severity"));
    broken = event_of(0, "a.b", "x");
    publish("s", &broken, 1);
    assert_non_null(strstr(next_refusal()->message, "seq"));
    broken = event_of(1, "", "x");
    publish("s", &broken, 1);
    assert_non_null(strstr(next_refusal()->message, "type"));
    publish_one("t", 1, "a.b", "x");
    assert_int_equal(next_ack(), 1);
    assert_int_equal(stage.event_count, 1);
}

// Each of its values is a byte, so that a page around it has almost as many as the other side
// takes.
static void the_largest_event_reaches_its_readers_and_a_larger_one_is_refused(void **state) {
    (void)state;
    open_stream("s", 1);
    struct rf_event event = event_of(1, "a.b", "x");
    event.data = json_array();
    for (size_t i = 0; i < RF_WIRE_EVENT_BYTES + 3000; i++)
        json_array_append_new(event.data, json_null());
    publish("s", &event, 1);
    assert_int_equal(next_ack(), 1);
    const struct rf_journal_page *page = read_page(0, 10, NULL);
    assert_int_equal(page->events.count, 1);
    assert_int_equal(json_array_size(page->events.items[0].data), json_array_size(event.data));
    while (json_array_size(event.data) < ((size_t)1 << 20) - 30) // fits what brings it here
        json_array_append_new(event.data, json_null());
    event.seq = 2;
    publish("s", &event, 1);
    assert_non_null(strstr(next_refusal()->message, "more than 1048576 values"));
    json_decref(event.data);
    publish_one("s", 2, "a.b", "x");
    assert_int_equal(next_ack(), 2);
}

static void an_event_of_some_megabytes_is_one_page(void **state) {
    (void)state;
    size_t size = (size_t)15 * 1024 * 1024;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    open_stream("s", 1);
    struct rf_event event = event_of(1, "a.b", "x");
    event.data = json_pack("{s:s}", "text", text);
    publish("s", &event, 1);
    assert_int_equal(next_ack(), 1);
    assert_int_equal(read_page(0, 10, NULL)->events.count, 1);
    json_decref(event.data);
    free(text);
}

static void what_a_plain_client_leaves_out_is_filled_in(void **state) {
    (void)state;
    struct rf_hello hello = {.instance = "script-1", .service = "script"};
    stage_receive(&stage, &alice, RF_MESSAGE_hello, &hello);
    stage_hush(&stage);
    open_stream("s", 1);
    struct rf_event event = {.seq = 1, .severity = "info", .type = "a.b", .subject = "x"};
    publish("s", &event, 1);
    const struct rf_event *seen = stage_event(&stage, "a.b/x");
    assert_int_equal(strlen(seen->id), 26);
    assert_int_equal(seen->ts, STAGE_UTC);
    assert_string_equal(seen->origin, "script-1");
}

static void measurements_go_out_without_the_journal_and_say_so(void **state) {
    (void)state;
    open_stream("s", 1);
    publish_one("s", 1, "metric.latency", "x");
    assert_int_equal(stage_event(&stage, "metric.latency/x")->n, 0);
    assert_int_equal(next_ack(), 1);
    assert_int_equal(stage.core->journal.count, 0);
    publish_one("s", 2, "a.b", "x");
    assert_int_equal(stage_event(&stage, "a.b/x")->n, 1);
}

static void pages_by_prefix_give_whole_events_and_where_to_go_on(void **state) {
    (void)state;
    open_stream("s", 1);
    for (int64_t seq = 1; seq <= 6; seq++)
        publish_one("s", seq, seq % 2 == 0 ? "breaker.opened" : "contact.done", "x");
    stage_hush(&stage);
    const struct rf_journal_page *page = read_page(0, 2, "breaker.");
    assert_int_equal(page->events.count, 2);
    assert_int_equal(page->events.items[0].n, 2);
    assert_string_equal(page->events.items[1].type, "breaker.opened");
    assert_int_equal(page->events.items[1].seq, 4);
    assert_int_equal(page->scanned, 5);
    assert_int_equal(page->last, 6);
    page = read_page(page->scanned, 2, "breaker.");
    assert_int_equal(page->events.count, 1);
    assert_int_equal(page->scanned, 6);
    page = read_page(6, 2, "breaker.");
    assert_int_equal(page->events.count, 0);
    assert_int_equal(page->scanned, 6);
}

static void bad_stream_names_get_an_error(void **state) {
    (void)state;
    struct rf_stream_open open = {.stream = "", .next = 1};
    stage_receive(&stage, &alice, RF_MESSAGE_stream_open, &open);
    assert_string_equal(stage_next(&stage, &alice, RF_MESSAGE_refusal)->as.refusal.code, "invalid");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_in_the_journal_and_out_before_it_is_acknowledged),
        TEST(an_envelope_goes_out_as_it_came_with_its_number),
        TEST(an_envelope_of_another_stream_is_put_right),
        TEST(a_repeated_event_is_acknowledged_and_dropped),
        TEST(dedupe_holds_after_the_stream_was_opened_again),
        TEST(a_gap_is_refused_with_what_is_expected_and_what_came_before_it_is_kept),
        TEST(a_skip_declares_what_is_lost),
        TEST(a_stream_that_is_not_open_is_refused_with_0),
        TEST(an_idle_stream_has_to_be_opened_again),
        TEST(broken_events_are_refused_and_hold_nothing_else_up),
        TEST(the_largest_event_reaches_its_readers_and_a_larger_one_is_refused),
        TEST(an_event_of_some_megabytes_is_one_page),
        TEST(what_a_plain_client_leaves_out_is_filled_in),
        TEST(measurements_go_out_without_the_journal_and_say_so),
        TEST(pages_by_prefix_give_whole_events_and_where_to_go_on),
        TEST(bad_stream_names_get_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
