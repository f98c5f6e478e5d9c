// Where subscriptions begin, durable names, and durable subscribers, against a scripted broker.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "fake_broker.h"

static struct rf_bus *connect_bus(struct fake_broker *fake) {
    struct rf_bus *bus;
    struct rf_error error;
    if (rf_bus_new(fake->loop, &fake->config, "tester", "tester-1", &bus, &error) != RF_OK)
        fail_msg("%s", error.message);
    return bus;
}

// Answers `read` with the events numbered `first` to `last`.
static void answer(struct fake_broker *fake, struct rf_message *read, int64_t first, int64_t last,
                   int64_t scanned, int64_t trimmed) {
    struct rf_event events[8];
    size_t count = 0;
    for (int64_t n = first; n <= last; n++)
        events[count++] =
            (struct rf_event){.n = n, .type = "a.b", .subject = "x", .severity = "info"};
    struct rf_journal_page page = {.rid = read->as.journal_read.rid,
                                   .events = {events, count},
                                   .scanned = scanned,
                                   .last = scanned > 0 ? scanned : 1,
                                   .trimmed = trimmed};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_journal_page, &page);
    rf_message_destroy(&read);
}

static struct rf_message *expect_read(struct fake_broker *fake, int64_t after) {
    struct rf_message *read = fake_expect(fake, RF_MESSAGE_journal_read);
    assert_int_equal(read->as.journal_read.after, after);
    return read;
}

static void forget(struct rf_message *read) {
    rf_message_destroy(&read);
}

// ---- pages ----

struct pages {
    struct fake_broker *fake;
    unsigned count;
    uint64_t scanned;
};

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct pages *pages = arg;
    pages->count++;
    pages->scanned = (uint64_t)page->scanned;
    fake_wake(pages->fake);
}

static void the_place_to_begin_at_is_asked_for_until_a_page_tells_it(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    struct rf_subscription *subscription;
    struct rf_error error;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    struct rf_subscription_options options = {
        .limit = 10, .after = 3, .since = {77}, .newest = 20, .durable = "desk", .resume = true};
    assert_int_equal(rf_subscription_new(bus, &options, on_page, &pages, &subscription, &error),
                     RF_OK);
    for (int life = 0; life < 2; life++) {
        struct rf_message *read = expect_read(fake, 3);
        assert_int_equal(read->as.journal_read.since, 77);
        assert_int_equal(read->as.journal_read.newest, 20);
        assert_string_equal(read->as.journal_read.durable, "desk");
        assert_true(read->as.journal_read.resume);
        if (life == 1) {
            answer(fake, read, 41, 42, 42, 0);
            break;
        }
        rf_message_destroy(&read);
        fake_stop(fake);
        fake_start(fake, "broker-2");
    }
    fake_until(fake, pages.count == 1);
    assert_int_equal(pages.scanned, 42);
    rf_subscription_next(subscription);
    struct rf_message *read = expect_read(fake, 42);
    assert_int_equal(read->as.journal_read.since, 0);
    assert_int_equal(read->as.journal_read.newest, 0);
    assert_string_equal(read->as.journal_read.durable, "desk");
    assert_false(read->as.journal_read.resume);
    rf_message_destroy(&read);
    rf_bus_destroy(&bus);
}

// Nothing rings any more, and the broker must not think that the last page was not taken.
static void who_has_a_durable_name_says_what_was_taken_though_there_is_no_more(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    struct rf_subscription *subscription;
    struct rf_error error;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    struct rf_subscription_options options = {.limit = 10, .durable = "desk"};
    assert_int_equal(rf_subscription_new(bus, &options, on_page, &pages, &subscription, &error),
                     RF_OK);
    answer(fake, expect_read(fake, 0), 1, 5, 5, 0);
    fake_until(fake, pages.count == 1);
    rf_subscription_next(subscription);
    answer(fake, expect_read(fake, 5), 1, 0, 5, 0);
    rf_bus_destroy(&bus);
}

// While others publish every question finds that the journal has moved on.
static void
who_has_a_durable_name_does_not_ask_without_pause_for_what_others_publish(void **state) {
    struct fake_broker *fake = *state;
    struct pages pages = {.fake = fake};
    struct rf_subscription *subscription;
    struct rf_error error;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    struct rf_subscription_options options = {.limit = 10, .durable = "desk"};
    assert_int_equal(rf_subscription_new(bus, &options, on_page, &pages, &subscription, &error),
                     RF_OK);
    answer(fake, expect_read(fake, 0), 1, 0, 7, 0);
    fake_until(fake, pages.count == 1);
    assert_int_equal(pages.scanned, 7);
    rf_subscription_next(subscription);
    unsigned hellos = fake->hellos;
    fake_until(fake, fake->hellos >= hellos + 3);
    assert_false(fake_has(fake, RF_MESSAGE_journal_read));
    fake->last = 9;
    answer(fake, expect_read(fake, 7), 1, 0, 9, 0);
    fake_until(fake, pages.count == 2);
    rf_bus_destroy(&bus);
}

// ---- one by one ----

struct diary {
    struct fake_broker *fake;
    char path[96];
    uint64_t seen[64];
    size_t count;
    uint64_t refuse;  // this number once
    uint64_t destroy; // at this number
    struct rf_durable *durable;
};

static bool on_event(void *arg, const struct rf_event *event) {
    struct diary *diary = arg;
    fake_wake(diary->fake);
    if (diary->refuse == (uint64_t)event->n) {
        diary->refuse = 0;
        return false;
    }
    assert_true(diary->count < 64);
    diary->seen[diary->count++] = (uint64_t)event->n;
    if (diary->destroy == (uint64_t)event->n)
        rf_durable_destroy(&diary->durable);
    return true;
}

static struct diary diary_of(struct fake_broker *fake) {
    struct diary diary = {.fake = fake};
    snprintf(diary.path, sizeof diary.path, "%s/place", fake->folder);
    return diary;
}

static void open_diary(struct rf_bus *bus, struct diary *diary) {
    static const char *const prefixes[] = {"a.", "b."};
    struct rf_durable_options options = {.path = diary->path,
                                         .name = "diary",
                                         .prefixes = prefixes,
                                         .prefix_count = 2,
                                         .newest = 100};
    struct rf_error error;
    if (rf_durable_new(bus, &options, on_event, diary, &diary->durable, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static void close_diary(struct diary *diary) {
    rf_durable_destroy(&diary->durable);
    assert_null(diary->durable);
}

static void assert_seen(const struct diary *diary, uint64_t first, uint64_t last) {
    assert_int_equal(diary->count, last - first + 1);
    for (size_t i = 0; i < diary->count; i++)
        assert_int_equal(diary->seen[i], first + i);
}

static void each_event_comes_once_over_restarts_of_the_subscriber_and_the_broker(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    struct rf_message *read = expect_read(fake, 0);
    assert_int_equal(read->as.journal_read.newest, 100);
    assert_int_equal(read->as.journal_read.prefixes.count, 2);
    assert_string_equal(read->as.journal_read.durable, "diary");
    answer(fake, read, 5, 7, 9, 0);
    read = expect_read(fake, 9); // a number without an event of ours is a place too
    assert_seen(&diary, 5, 7);
    assert_int_equal(rf_durable_place(diary.durable), 9);
    rf_message_destroy(&read);
    close_diary(&diary);
    rf_bus_destroy(&bus);

    bus = connect_bus(fake);
    open_diary(bus, &diary);
    read = expect_read(fake, 9);
    assert_int_equal(read->as.journal_read.newest, 0); // there is a place now
    rf_message_destroy(&read);
    fake_stop(fake);
    fake_start(fake, "broker-2");
    diary.count = 0;
    answer(fake, expect_read(fake, 9), 10, 12, 12, 0);
    read = expect_read(fake, 12);
    assert_seen(&diary, 10, 12);
    rf_message_destroy(&read);
    close_diary(&diary);
    rf_bus_destroy(&bus);
}

static void an_event_that_is_not_done_comes_again_and_holds_up_the_rest(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    diary.refuse = 6;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    answer(fake, expect_read(fake, 0), 5, 7, 7, 0);
    answer(fake, expect_read(fake, 5), 6, 7, 7, 0);
    forget(expect_read(fake, 7));
    assert_seen(&diary, 5, 7);
    close_diary(&diary);
    rf_bus_destroy(&bus);
}

// Else "the last hundred" would be another hundred when the first of them has to come again.
static void the_first_page_settles_the_place(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    diary.refuse = 5;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    answer(fake, expect_read(fake, 0), 5, 7, 7, 0);
    fake_until(fake, diary.refuse == 0);
    close_diary(&diary);
    open_diary(bus, &diary);
    struct rf_message *read = expect_read(fake, 4);
    assert_int_equal(read->as.journal_read.newest, 0);
    rf_message_destroy(&read);
    close_diary(&diary);
    rf_bus_destroy(&bus);
}

static void it_may_be_destroyed_by_its_own_event_which_then_is_done(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    diary.destroy = 6;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    answer(fake, expect_read(fake, 0), 5, 7, 7, 0);
    fake_until(fake, diary.durable == NULL);
    assert_seen(&diary, 5, 6);
    open_diary(bus, &diary);
    forget(expect_read(fake, 6));
    close_diary(&diary);
    rf_bus_destroy(&bus);
}

static void expect_trimmed(struct fake_broker *fake, int64_t from, int64_t to) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_stream_open);
    struct rf_stream_opened opened = {.stream = message->as.stream_open.stream};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_stream_opened, &opened);
    rf_message_destroy(&message);
    message = fake_expect(fake, RF_MESSAGE_event_publish);
    const struct rf_event *event = message->as.event_publish.events.items;
    assert_string_equal(event->type, "journal.trimmed");
    assert_string_equal(event->subject, "diary");
    assert_int_equal(json_integer_value(json_object_get(event->data, "from")), from);
    assert_int_equal(json_integer_value(json_object_get(event->data, "to")), to);
    rf_message_destroy(&message);
}

static void what_was_trimmed_before_it_was_read_is_told_by_an_event(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    answer(fake, expect_read(fake, 0), 5, 5, 5, 4); // not missed: it begins here
    answer(fake, expect_read(fake, 5), 20, 20, 20, 19);
    expect_trimmed(fake, 6, 19);
    close_diary(&diary);
    rf_bus_destroy(&bus);
}

static void what_was_trimmed_is_told_once_though_the_work_fails(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    diary.refuse = 20;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    answer(fake, expect_read(fake, 0), 5, 5, 5, 0);
    answer(fake, expect_read(fake, 5), 20, 20, 20, 19);
    expect_trimmed(fake, 6, 19);
    answer(fake, expect_read(fake, 19), 20, 20, 20, 19);
    forget(expect_read(fake, 20));
    assert_int_equal(diary.count, 2);
    assert_false(fake_has(fake, RF_MESSAGE_event_publish));
    assert_int_equal(rf_bus_unacknowledged(bus), 1);
    close_diary(&diary);
    rf_bus_destroy(&bus);
}

// As `answer`, from a broker that tells which journal it has; `from` < 0: it is that of the
// question.
static void answer_of(struct fake_broker *fake, struct rf_message *read, const char *journal,
                      int64_t first, int64_t last, int64_t from) {
    struct rf_event events[8];
    size_t count = 0;
    for (int64_t n = first; n <= last; n++)
        events[count++] =
            (struct rf_event){.n = n, .type = "a.b", .subject = "x", .severity = "info"};
    struct rf_journal_page page = {.rid = read->as.journal_read.rid,
                                   .events = {events, count},
                                   .scanned = last,
                                   .last = last,
                                   .journal = journal,
                                   .other = from >= 0,
                                   .from = from >= 0 ? from : 0};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_journal_page, &page);
    rf_message_destroy(&read);
}

static void expect_replaced(struct fake_broker *fake, int64_t after, const char *now) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_stream_open);
    struct rf_stream_opened opened = {.stream = message->as.stream_open.stream};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_stream_opened, &opened);
    rf_message_destroy(&message);
    message = fake_expect(fake, RF_MESSAGE_event_publish);
    const struct rf_event *event = message->as.event_publish.events.items;
    assert_string_equal(event->type, "journal.replaced");
    assert_string_equal(event->subject, "diary");
    assert_int_equal(json_integer_value(json_object_get(event->data, "after")), after);
    assert_string_equal(json_string_value(json_object_get(event->data, "now")), now);
    rf_message_destroy(&message);
}

static void another_journal_is_read_from_its_beginning_and_told_once(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    answer_of(fake, expect_read(fake, 0), "J.1", 500, 501, -1);
    struct rf_message *read = expect_read(fake, 501);
    assert_string_equal(read->as.journal_read.journal, "J.1");
    forget(read);
    fake_stop(fake);
    fake->first = 1;
    fake->last = 3;
    diary.count = 0;
    diary.refuse = 2; // once: the page comes again, the message does not
    fake_start(fake, "broker-2");
    read = expect_read(fake, 501);
    assert_string_equal(read->as.journal_read.journal, "J.1");
    answer_of(fake, read, "K.1", 1, 3, 0);
    expect_replaced(fake, 501, "K.1");
    read = expect_read(fake, 1);
    assert_string_equal(read->as.journal_read.journal, "K.1");
    answer_of(fake, read, "K.1", 2, 3, -1);
    forget(expect_read(fake, 3));
    assert_seen(&diary, 1, 3);
    assert_int_equal(rf_durable_place(diary.durable), 3);
    close_diary(&diary);
    // And the file says so in the next life.
    open_diary(bus, &diary);
    read = expect_read(fake, 3);
    assert_string_equal(read->as.journal_read.journal, "K.1");
    forget(read);
    assert_int_equal(rf_bus_unacknowledged(bus), 1);
    close_diary(&diary);
    rf_bus_destroy(&bus);
}

static void the_place_of_another_process_is_not_taken(void **state) {
    struct fake_broker *fake = *state;
    struct diary diary = diary_of(fake);
    struct rf_durable_options options = {.path = diary.path, .name = "diary"};
    struct rf_durable *second;
    struct rf_error error;
    struct rf_bus *bus = connect_bus(fake);
    open_diary(bus, &diary);
    assert_int_equal(rf_durable_new(bus, &options, on_event, &diary, &second, &error),
                     RF_ERR_CONFLICT);
    assert_null(second);
    close_diary(&diary);
    options.name = "";
    assert_int_equal(rf_durable_new(bus, &options, on_event, &diary, &second, &error),
                     RF_ERR_INVALID);
    rf_bus_destroy(&bus);
}

static int teardown(void **state) {
    struct fake_broker *fake = *state;
    char path[96];
    snprintf(path, sizeof path, "%s/place", fake->folder);
    unlink(path);
    return fake_teardown(state);
}

#define BROKER_TEST(test) cmocka_unit_test_setup_teardown(test, fake_setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(the_place_to_begin_at_is_asked_for_until_a_page_tells_it),
        BROKER_TEST(who_has_a_durable_name_says_what_was_taken_though_there_is_no_more),
        BROKER_TEST(who_has_a_durable_name_does_not_ask_without_pause_for_what_others_publish),
        BROKER_TEST(each_event_comes_once_over_restarts_of_the_subscriber_and_the_broker),
        BROKER_TEST(an_event_that_is_not_done_comes_again_and_holds_up_the_rest),
        BROKER_TEST(the_first_page_settles_the_place),
        BROKER_TEST(it_may_be_destroyed_by_its_own_event_which_then_is_done),
        BROKER_TEST(what_was_trimmed_before_it_was_read_is_told_by_an_event),
        BROKER_TEST(what_was_trimmed_is_told_once_though_the_work_fails),
        BROKER_TEST(another_journal_is_read_from_its_beginning_and_told_once),
        BROKER_TEST(the_place_of_another_process_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
