// Streams and subscriptions against a scripted broker, over real sockets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus/portion.h"
#include "fake_broker.h"

static struct rf_bus *connect_bus(struct fake_broker *fake) {
    struct rf_bus *bus;
    struct rf_error error;
    if (rf_bus_new(fake->loop, &fake->config, "tester", "tester-1", &bus, &error) != RF_OK)
        fail_msg("%s", error.message);
    return bus;
}

static void publish(struct rf_bus *bus, const char *subject) {
    struct rf_event event = {.type = "breaker.opened", .subject = subject};
    struct rf_error error;
    if (rf_bus_publish(bus, &event, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static void open_stream(struct fake_broker *fake, const char *name, int64_t next, int64_t last) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_stream_open);
    assert_string_equal(message->as.stream_open.stream, name);
    assert_int_equal(message->as.stream_open.next, next);
    rf_message_destroy(&message);
    // What was sent before that, still in the belief of another broker, is refused or not; it does
    // not matter.
    while (fake_has(fake, RF_MESSAGE_event_publish)) {
        message = fake_expect(fake, RF_MESSAGE_event_publish);
        rf_message_destroy(&message);
    }
    struct rf_stream_opened opened = {.stream = name, .last = last};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_stream_opened, &opened);
}

static void acknowledge(struct fake_broker *fake, const char *stream, int64_t seq) {
    struct rf_event_ack ack = {.stream = stream, .seq = seq};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_event_ack, &ack);
}

// Waits for events until `count` have come, in one message or several; checks that they follow each
// other from `seq` on; the subject of the last one is copied.
static void expect_events(struct fake_broker *fake, int64_t seq, size_t count, char *subject) {
    while (count > 0) {
        struct rf_message *message = fake_expect(fake, RF_MESSAGE_event_publish);
        const struct rf_event_publish *publish = &message->as.event_publish;
        for (size_t i = 0; i < publish->events.count; i++) {
            assert_int_equal(publish->events.items[i].seq, seq++);
            if (subject != NULL)
                snprintf(subject, 32, "%s", publish->events.items[i].subject);
        }
        assert_true(publish->events.count <= count);
        count -= publish->events.count;
        rf_message_destroy(&message);
    }
}

static void an_event_is_completed_sent_and_forgotten_when_acknowledged(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    publish(bus, "elevenlabs");
    assert_int_equal(rf_bus_unacknowledged(bus), 1);
    open_stream(fake, "tester-1", 1, 0);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_event_publish);
    const struct rf_event *event = message->as.event_publish.events.items;
    assert_string_equal(event->severity, "error");
    assert_string_equal(event->origin, "tester-1");
    assert_string_equal(event->stream, "tester-1");
    assert_int_equal(event->seq, 1);
    assert_int_equal(strlen(event->id), 26);
    assert_true(event->ts > 0);
    rf_message_destroy(&message);
    acknowledge(fake, "tester-1", 1);
    fake_until(fake, rf_bus_unacknowledged(bus) == 0);
    rf_bus_destroy(&bus);
    assert_null(bus);
}

static void who_publishes_nothing_opens_no_stream(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    fake_until(fake, fake->hellos >= 3);
    assert_false(fake_has(fake, RF_MESSAGE_stream_open));
    rf_bus_destroy(&bus);
}

// Messages to a restarted peer vanish without an error.
static void incident_20_unacknowledged_events_are_sent_again_to_a_restarted_broker(void **state) {
    struct fake_broker *fake = *state;
    char subject[32];
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    publish(bus, "a");
    publish(bus, "b");
    publish(bus, "c");
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 3, subject);
    acknowledge(fake, "tester-1", 1);
    fake_until(fake, rf_bus_unacknowledged(bus) == 2);
    fake_stop(fake);
    publish(bus, "d");
    fake_start(fake, "broker-2");
    open_stream(fake, "tester-1", 2, 1);
    expect_events(fake, 2, 3, subject);
    assert_string_equal(subject, "d");
    rf_bus_destroy(&bus);
}

static void a_connection_new_to_the_same_broker_is_set_up_again(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    publish(bus, "a");
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 1, NULL);
    fake->registered = true;
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 1, NULL);
    rf_bus_destroy(&bus);
}

// A slow line is not to carry so much that its acknowledgement comes too late.
static void no_more_is_under_way_than_a_portion_until_it_is_acknowledged(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    char text[RF_PORTION_FIRST / 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 4; i++) {
        struct rf_event event = {
            .type = "breaker.opened", .subject = "x", .data = json_pack("{s:s}", "text", text)};
        struct rf_error error;
        assert_int_equal(rf_bus_publish(bus, &event, &error), RF_OK);
        json_decref(event.data);
    }
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 1, NULL);
    unsigned hellos = fake->hellos;
    fake_until(fake, fake->hellos >= hellos + 3);
    assert_false(fake_has(fake, RF_MESSAGE_event_publish));
    acknowledge(fake, "tester-1", 1);
    expect_events(fake, 2, 3, NULL); // it was quick, so that more may go
    acknowledge(fake, "tester-1", 4);
    fake_until(fake, rf_bus_unacknowledged(bus) == 0);
    rf_bus_destroy(&bus);
}

static void a_refused_gap_is_sent_again_from_the_expected_number(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    publish(bus, "a");
    publish(bus, "b");
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 2, NULL);
    struct rf_event_refused refused = {.stream = "tester-1", .expected = 2, .message = "a gap"};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_event_refused, &refused);
    expect_events(fake, 2, 1, NULL);
    rf_bus_destroy(&bus);
}

static void a_publisher_that_is_held_back_waits_until_the_broker_says_so(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    publish(bus, "a");
    publish(bus, "b");
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 2, NULL);
    fake->held = true;
    struct rf_event_refused refused = {
        .stream = "tester-1", .expected = 2, .message = "disk full", .held = true};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_event_refused, &refused);
    unsigned hellos = fake->hellos;
    fake_until(fake, fake->hellos >= hellos + 2); // it has heard that it is held
    publish(bus, "c");
    fake_until(fake, fake->hellos >= hellos + 5);
    assert_false(fake_has(fake, RF_MESSAGE_event_publish));
    assert_int_equal(rf_bus_unacknowledged(bus), 3);
    fake->held = false;
    expect_events(fake, 2, 2, NULL);
    // A later refusal at the same number is news again.
    fake->held = true;
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_event_refused, &refused);
    hellos = fake->hellos;
    fake_until(fake, fake->hellos >= hellos + 2);
    fake->held = false;
    expect_events(fake, 2, 2, NULL);
    rf_bus_destroy(&bus);
}

static void a_stream_that_the_broker_forgot_is_opened_again(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    publish(bus, "a");
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 1, NULL);
    struct rf_event_refused refused = {.stream = "tester-1", .expected = 0, .message = "closed"};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_event_refused, &refused);
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 1, NULL);
    rf_bus_destroy(&bus);
}

// A few may be on their way already, on a machine that is busy; each is refused as the first.
static void refuse_until_it_is_left_alone(struct fake_broker *fake) {
    struct rf_event_refused refused = {.stream = "tester-1", .message = "another's", .owned = true};
    unsigned hellos = 0;
    for (int i = 0; i < 20; i++) {
        struct rf_message *message = fake_expect(fake, RF_MESSAGE_stream_open);
        rf_message_destroy(&message);
        fake_send(fake, FAKE_INGEST, RF_MESSAGE_event_refused, &refused);
        hellos = fake->hellos;
        fake_until(fake, fake->hellos >= hellos + 5 || fake_has(fake, RF_MESSAGE_stream_open));
        if (!fake_has(fake, RF_MESSAGE_stream_open))
            return;
    }
    fail_msg("it is opened again and again");
}

static void a_stream_of_another_key_is_left_alone_until_the_broker_is_another(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    publish(bus, "a");
    refuse_until_it_is_left_alone(fake);
    publish(bus, "b");
    unsigned hellos = fake->hellos;
    fake_until(fake, fake->hellos >= hellos + 5);
    assert_false(fake_has(fake, RF_MESSAGE_stream_open));
    assert_false(fake_has(fake, RF_MESSAGE_event_publish));
    assert_int_equal(rf_bus_unacknowledged(bus), 2);
    fake->registered = true;
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 2, NULL);
    rf_bus_destroy(&bus);
}

static void events_beyond_the_bound_are_refused_and_taken_after_an_acknowledgement(void **state) {
    struct fake_broker *fake = *state;
    struct rf_error error;
    struct rf_event event = {.type = "a.b", .subject = "c"};
    struct rf_bus *bus = connect_bus(fake); // there is no broker yet
    for (int i = 0; i < 8; i++)
        publish(bus, "a");
    assert_int_equal(rf_bus_publish(bus, &event, &error), RF_ERR_FULL);
    fake_start(fake, "broker-1");
    open_stream(fake, "tester-1", 1, 0);
    expect_events(fake, 1, 8, NULL);
    acknowledge(fake, "tester-1", 5);
    fake_until(fake, rf_bus_unacknowledged(bus) == 3);
    publish(bus, "a");
    expect_events(fake, 9, 1, NULL);
    rf_bus_destroy(&bus);
}

// Each of these would hold up all events behind it for ever.
static void an_event_that_could_never_be_sent_is_refused_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct rf_error error;
    struct rf_bus *bus = connect_bus(fake);
    struct rf_event event = {.type = "a.b", .subject = "\xff"};
    assert_int_equal(rf_bus_publish(bus, &event, &error), RF_ERR_INVALID);
    event.subject = "c";
    // Deep enough to fit the bare envelope, but not the message that carries it.
    event.data = json_array();
    for (int depth = 1; depth < RF_WIRE_MAX_DEPTH - 2; depth++)
        event.data = json_pack("[o]", event.data);
    assert_int_equal(rf_bus_publish(bus, &event, &error), RF_ERR_INVALID);
    json_decref(event.data);
    size_t size = (size_t)1024 * 1024;
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    event.data = json_pack("[s]", text);
    assert_int_equal(rf_bus_publish(bus, &event, &error), RF_ERR_INVALID);
    json_decref(event.data);
    free(text);
    event = (struct rf_event){.type = "", .subject = "c"};
    assert_int_equal(rf_bus_publish(bus, &event, &error), RF_ERR_INVALID);
    event = (struct rf_event){.type = "a.b", .subject = "c", .severity = "loud"};
    assert_int_equal(rf_bus_publish(bus, &event, &error), RF_ERR_INVALID);
    assert_int_equal(rf_bus_unacknowledged(bus), 0);
    event.severity = "critical";
    assert_int_equal(rf_bus_publish(bus, &event, &error), RF_OK);
    rf_bus_destroy(&bus);
}

static void what_the_broker_could_not_understand_is_refused_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct rf_error error;
    struct rf_subscription *subscription;
    struct rf_stream *stream;
    static const char *const prefix[] = {"\xff"};
    const char *many[101];
    char long_name[202] = {0}, long_stream[257] = {0};
    for (size_t i = 0; i < 101; i++)
        many[i] = "a.";
    memset(long_name, 'x', 201);
    memset(long_stream, 'x', 256);
    const struct rf_subscription_options wrong[] = {
        {.prefixes = prefix, .prefix_count = 1, .limit = 10},
        {.limit = 0},
        {.limit = 10001},
        {.limit = 10, .newest = 1000001},
        {.limit = 10, .prefixes = many, .prefix_count = 101},
        {.limit = 10, .durable = ""},
        {.limit = 10, .durable = "\xff"},
        {.limit = 10, .durable = long_name},
        {.limit = 10, .resume = true},
    };
    struct rf_bus *bus = connect_bus(fake);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(rf_subscription_new(bus, &wrong[i], NULL, NULL, &subscription, &error),
                         RF_ERR_INVALID);
        assert_null(subscription);
    }
    assert_int_equal(rf_stream_new(bus, "\xff", 1, NULL, NULL, &stream, &error), RF_ERR_INVALID);
    assert_int_equal(rf_stream_new(bus, "", 1, NULL, NULL, &stream, &error), RF_ERR_INVALID);
    assert_int_equal(rf_stream_new(bus, long_stream, 1, NULL, NULL, &stream, &error),
                     RF_ERR_INVALID);
    long_stream[255] = '\0';
    assert_int_equal(rf_stream_new(bus, long_stream, 1, NULL, NULL, &stream, &error), RF_OK);
    assert_int_equal(rf_bus_watch(bus, "\xff", NULL, NULL, &error), RF_ERR_INVALID);
    rf_bus_destroy(&bus);
}

// ---- a stream with an outbox ----

struct acks {
    struct fake_broker *fake;
    uint64_t last;
};

static void on_acked(void *arg, uint64_t seq) {
    struct acks *acks = arg;
    acks->last = seq;
    fake_wake(acks->fake);
}

static enum rf_err outbox_publish(struct rf_stream *stream, uint64_t seq) {
    struct rf_event event = {
        .type = "a.b", .subject = "c", .id = "01J0000000000000000000000A", .ts = 5};
    struct rf_error error;
    return rf_stream_publish(stream, seq, &event, &error);
}

static struct rf_stream *outbox(struct rf_bus *bus, uint64_t next, struct acks *acks) {
    struct rf_stream *stream;
    struct rf_error error;
    assert_int_equal(rf_stream_new(bus, "outbox", next, on_acked, acks, &stream, &error), RF_OK);
    return stream;
}

static void open_outbox(struct fake_broker *fake, int64_t next, int64_t last) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_stream_open);
    // That of the bus itself has nothing to say.
    assert_string_equal(message->as.stream_open.stream, "outbox");
    assert_int_equal(message->as.stream_open.next, next);
    struct rf_stream_opened opened = {.stream = "outbox", .last = last};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_stream_opened, &opened);
    rf_message_destroy(&message);
}

static void an_outbox_learns_what_the_broker_knows_before_anything_is_sent(void **state) {
    struct fake_broker *fake = *state;
    struct acks acks = {fake, 0};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    struct rf_stream *stream = outbox(bus, 3, &acks);
    for (uint64_t seq = 3; seq <= 6; seq++)
        assert_int_equal(outbox_publish(stream, seq), RF_OK);
    open_outbox(fake, 3, 5);
    fake_until(fake, acks.last == 5);
    expect_events(fake, 6, 1, NULL);
    assert_int_equal(outbox_publish(stream, 4), RF_OK); // known already: nothing to do
    assert_int_equal(outbox_publish(stream, 7), RF_OK);
    expect_events(fake, 7, 1, NULL);
    rf_stream_destroy(&stream);
    assert_null(stream);
    rf_bus_destroy(&bus);
}

static void an_outbox_that_leaves_a_number_out_is_refused(void **state) {
    struct fake_broker *fake = *state;
    struct acks acks = {fake, 0};
    struct rf_error error;
    struct rf_event event = {.type = "a.b", .subject = "c"};
    struct rf_bus *bus = connect_bus(fake);
    struct rf_stream *stream = outbox(bus, 1, &acks);
    assert_int_equal(outbox_publish(stream, 2), RF_ERR_INVALID);
    assert_int_equal(rf_stream_publish(stream, 1, &event, &error), RF_ERR_INVALID); // no id
    assert_int_equal(outbox_publish(stream, 1), RF_OK);
    rf_bus_destroy(&bus); // and its streams
}

static void events_that_the_broker_lost_are_declared_so(void **state) {
    struct fake_broker *fake = *state;
    struct acks acks = {fake, 0};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    struct rf_stream *stream = outbox(bus, 10, &acks);
    assert_int_equal(outbox_publish(stream, 10), RF_OK);
    open_outbox(fake, 10, 4);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_stream_skip);
    assert_string_equal(message->as.stream_skip.stream, "outbox");
    assert_int_equal(message->as.stream_skip.to, 9);
    rf_message_destroy(&message);
    expect_events(fake, 10, 1, NULL);
    rf_bus_destroy(&bus);
}

// ---- subscriptions ----

struct pages {
    struct fake_broker *fake;
    struct rf_subscription *subscription;
    unsigned count;
    size_t events;
    uint64_t scanned, trimmed;
    bool destroy;
};

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct pages *pages = arg;
    size_t count = page->events.count;
    if (count > 0)
        assert_string_equal(page->events.items[count - 1].type, "breaker.opened");
    pages->count++;
    pages->events += count;
    pages->scanned = (uint64_t)page->scanned;
    pages->trimmed = (uint64_t)page->trimmed;
    if (pages->destroy)
        rf_subscription_destroy(&pages->subscription);
    fake_wake(pages->fake);
}

static void subscribe(struct rf_bus *bus, struct pages *pages, uint64_t after) {
    static const char *const prefixes[] = {"breaker."};
    struct rf_error error;
    struct rf_subscription_options options = {
        .prefixes = prefixes, .prefix_count = 1, .after = after, .limit = 10};
    if (rf_subscription_new(bus, &options, on_page, pages, &pages->subscription, &error) != RF_OK)
        fail_msg("%s", error.message);
}

// Answers the next journal.read, which must be after `after`.
static void give_page(struct fake_broker *fake, int64_t after, size_t count, int64_t scanned,
                      int64_t last) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_journal_read);
    const struct rf_journal_read *read = &message->as.journal_read;
    assert_int_equal(read->after, after);
    assert_int_equal(read->limit, 10);
    assert_int_equal(read->prefixes.count, 1);
    assert_string_equal(read->prefixes.items[0], "breaker.");
    struct rf_event events[2] = {
        {.type = "breaker.opened", .subject = "x", .severity = "error"},
        {.type = "breaker.opened", .subject = "y", .severity = "error"},
    };
    struct rf_journal_page page = {
        .rid = read->rid, .events = {events, count}, .scanned = scanned, .last = last};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_journal_page, &page);
    rf_message_destroy(&message);
}

static void a_subscriber_gets_a_page_and_the_next_only_when_it_is_ready(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    fake_start(fake, "broker-1");
    fake->last = 20;
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &pages, 3);
    give_page(fake, 3, 2, 12, 20);
    fake_until(fake, pages.count == 1);
    assert_int_equal(pages.events, 2);
    assert_int_equal(pages.scanned, 12);
    unsigned hellos = fake->hellos;
    fake_until(fake, fake->hellos >= hellos + 3);
    assert_false(fake_has(fake, RF_MESSAGE_journal_read));
    rf_subscription_next(pages.subscription);
    give_page(fake, 12, 1, 20, 20);
    fake_until(fake, pages.count == 2);
    rf_bus_destroy(&bus);
}

static void the_doorbell_asks_for_the_next_page(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    fake_start(fake, "broker-1");
    fake->silent = false;
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &pages, 0);
    give_page(fake, 0, 0, 0, 0); // nothing there yet: not told
    struct rf_event event = {.type = "breaker.opened", .subject = "x", .severity = "error"};
    // A SUB that is still connecting hears nothing, so it rings until it is heard.
    fake_watch(fake);
    while (!fake_has(fake, RF_MESSAGE_journal_read)) {
        fake_publish(fake, &event);
        fake_turn(fake, "the doorbell");
    }
    assert_int_equal(pages.count, 0);
    give_page(fake, 0, 1, 1, 1);
    fake_until(fake, pages.count == 1);
    rf_bus_destroy(&bus);
}

// The events socket may drop everything; the answer to hello tells the newest number.
static void
incident_49_what_the_doorbell_does_not_ring_for_is_found_by_the_heartbeat(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &pages, 0);
    give_page(fake, 0, 0, 0, 0);
    fake->first = 1;
    fake->last = 7;
    give_page(fake, 0, 2, 7, 7);
    fake_until(fake, pages.count == 1);
    assert_int_equal(pages.scanned, 7);
    rf_bus_destroy(&bus);
}

static void a_page_that_a_slow_line_brought_after_a_silence_counts(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &pages, 4);
    struct rf_message *read = fake_expect(fake, RF_MESSAGE_journal_read);
    fake->silent = true;
    fake_until(fake, !rf_bus_connected(bus));
    fake->silent = false;
    fake_until(fake, rf_bus_connected(bus));
    struct rf_journal_page page = {
        .rid = read->as.journal_read.rid, .scanned = 9, .last = 9, .trimmed = 6};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_journal_page, &page);
    fake_until(fake, pages.count == 1);
    assert_int_equal(pages.scanned, 9);
    rf_message_destroy(&read);
    rf_bus_destroy(&bus);
}

static void a_page_asked_for_twice_may_answer_either_question(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &pages, 4);
    struct rf_message *first = fake_expect(fake, RF_MESSAGE_journal_read);
    struct rf_message *second = fake_expect(fake, RF_MESSAGE_journal_read);
    assert_string_equal(first->as.journal_read.rid, second->as.journal_read.rid);
    assert_int_equal(second->as.journal_read.after, 4);
    rf_message_destroy(&first);
    rf_message_destroy(&second);
    rf_bus_destroy(&bus);
}

static void a_subscription_goes_on_at_a_restarted_broker(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &pages, 4);
    struct rf_message *lost = fake_expect(fake, RF_MESSAGE_journal_read);
    char rid[32];
    snprintf(rid, sizeof rid, "%s", lost->as.journal_read.rid);
    rf_message_destroy(&lost);
    fake_stop(fake);
    fake_start(fake, "broker-2");
    fake->last = 9;
    struct rf_message *again = fake_expect(fake, RF_MESSAGE_journal_read);
    assert_int_equal(again->as.journal_read.after, 4);
    // A late answer to the question that was lost is not taken for the new one's.
    struct rf_journal_page stale = {.rid = rid, .scanned = 100, .last = 100};
    struct rf_journal_page page = {
        .rid = again->as.journal_read.rid, .scanned = 9, .last = 9, .trimmed = 6};
    assert_string_not_equal(rid, page.rid);
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_journal_page, &stale);
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_journal_page, &page);
    rf_message_destroy(&again);
    fake_until(fake, pages.count == 1);
    assert_int_equal(pages.scanned, 9);
    assert_int_equal(pages.trimmed, 6);
    rf_bus_destroy(&bus);
}

static void a_subscription_may_be_destroyed_by_its_own_page(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake, .destroy = true};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &pages, 0);
    give_page(fake, 0, 1, 1, 1);
    fake_until(fake, pages.count == 1);
    assert_null(pages.subscription);
    rf_bus_destroy(&bus);
}

// ---- listening ----

struct heard {
    struct fake_broker *fake;
    unsigned count;
    char topic[64];
};

static void on_event(void *arg, const char *topic, const struct rf_event *event) {
    struct heard *heard = arg;
    heard->count++;
    snprintf(heard->topic, sizeof heard->topic, "%s", topic);
    assert_string_equal(event->type, "breaker.closed");
    fake_wake(heard->fake);
}

static void a_listener_hears_its_prefix_alone_and_survives_rubbish(void **state) {
    struct fake_broker *fake = *state;
    struct heard heard = {.fake = fake};
    struct rf_error error;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    assert_int_equal(rf_bus_listen(bus, "breaker.closed/", on_event, &heard, &error), RF_OK);
    struct rf_event other = {.type = "breaker.opened", .subject = "x", .severity = "error"};
    struct rf_event ours = {.type = "breaker.closed", .subject = "x", .severity = "info"};
    void *events = zsock_resolve(fake->sockets[FAKE_EVENTS]);
    fake_watch(fake);
    while (heard.count == 0) {
        zmq_send(events, "breaker.closed/x", 16, ZMQ_SNDMORE);
        zmq_send(events, "rubbish", 7, 0);
        fake_publish(fake, &other);
        fake_publish(fake, &ours);
        fake_turn(fake, "an event");
    }
    assert_string_equal(heard.topic, "breaker.closed/x");
    rf_bus_destroy(&bus);
}

#define BROKER_TEST(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(an_event_is_completed_sent_and_forgotten_when_acknowledged),
        BROKER_TEST(who_publishes_nothing_opens_no_stream),
        BROKER_TEST(incident_20_unacknowledged_events_are_sent_again_to_a_restarted_broker),
        BROKER_TEST(a_connection_new_to_the_same_broker_is_set_up_again),
        BROKER_TEST(a_publisher_that_is_held_back_waits_until_the_broker_says_so),
        BROKER_TEST(no_more_is_under_way_than_a_portion_until_it_is_acknowledged),
        BROKER_TEST(a_refused_gap_is_sent_again_from_the_expected_number),
        BROKER_TEST(a_stream_that_the_broker_forgot_is_opened_again),
        BROKER_TEST(a_stream_of_another_key_is_left_alone_until_the_broker_is_another),
        BROKER_TEST(events_beyond_the_bound_are_refused_and_taken_after_an_acknowledgement),
        BROKER_TEST(an_event_that_could_never_be_sent_is_refused_at_once),
        BROKER_TEST(what_the_broker_could_not_understand_is_refused_at_once),
        BROKER_TEST(an_outbox_learns_what_the_broker_knows_before_anything_is_sent),
        BROKER_TEST(an_outbox_that_leaves_a_number_out_is_refused),
        BROKER_TEST(events_that_the_broker_lost_are_declared_so),
        BROKER_TEST(a_subscriber_gets_a_page_and_the_next_only_when_it_is_ready),
        BROKER_TEST(the_doorbell_asks_for_the_next_page),
        BROKER_TEST(incident_49_what_the_doorbell_does_not_ring_for_is_found_by_the_heartbeat),
        BROKER_TEST(a_page_that_a_slow_line_brought_after_a_silence_counts),
        BROKER_TEST(a_page_asked_for_twice_may_answer_either_question),
        BROKER_TEST(a_subscription_goes_on_at_a_restarted_broker),
        BROKER_TEST(a_subscription_may_be_destroyed_by_its_own_page),
        BROKER_TEST(a_listener_hears_its_prefix_alone_and_survives_rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
