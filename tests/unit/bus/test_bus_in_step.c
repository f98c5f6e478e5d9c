// Several subscriptions of one process that go side by side, against a scripted broker.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_broker.h"

#define LIMIT 10

struct reader {
    struct fake_broker *fake;
    struct rf_subscription *subscription;
    uint64_t list; // of the last page
    int64_t first, scanned;
    size_t count;
    bool trees, packed; // how its events came
    unsigned pages;
};

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct reader *reader = arg;
    const struct rf_event *events = page->events.items;
    reader->list = rf_subscription_list(reader->subscription);
    reader->count = page->events.count;
    reader->first = page->events.count > 0 ? events[0].n : 0;
    reader->trees = page->events.count > 0 && events[0].data != NULL;
    reader->packed = page->events.count > 0 && events[0].data_packed.size > 0;
    reader->scanned = page->scanned;
    reader->pages++;
    fake_wake(reader->fake);
}

static void subscribe(struct rf_bus *bus, struct reader *reader, uint64_t after, bool packed,
                      bool in_step) {
    struct rf_error error;
    struct rf_subscription_options options = {
        .after = after, .limit = LIMIT, .packed = packed, .in_step = in_step};
    if (rf_subscription_new(bus, &options, on_page, reader, &reader->subscription, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static struct rf_bus *connect_bus(struct fake_broker *fake) {
    struct rf_bus *bus;
    struct rf_error error;
    fake_start(fake, "broker-1");
    fake->last = 100;
    if (rf_bus_new(fake->loop, &fake->config, "tester", "tester-1", &bus, &error) != RF_OK)
        fail_msg("%s", error.message);
    return bus;
}

// Answers the next question, whoever's it is, as a broker does whose journal has 100 events.
static void answer(struct fake_broker *fake) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_journal_read);
    const struct rf_journal_read *read = &message->as.journal_read;
    struct rf_event events[LIMIT];
    json_t *data = json_pack("{s:s}", "a", "b");
    assert_in_range(read->limit, 1, LIMIT);
    for (int64_t i = 0; i < read->limit; i++)
        events[i] = (struct rf_event){.n = read->after + 1 + i,
                                      .type = "a.b",
                                      .subject = "x",
                                      .severity = "info",
                                      .data = data};
    struct rf_journal_page page = {.rid = read->rid,
                                   .events = {events, (size_t)read->limit},
                                   .scanned = read->after + read->limit,
                                   .last = 100};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_journal_page, &page);
    json_decref(data);
    rf_message_destroy(&message);
}

static void pages_end_where_those_of_the_others_do(void **state) {
    struct fake_broker *fake = *state;
    struct reader a = {.fake = fake}, b = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &a, 3, true, true);
    subscribe(bus, &b, 18, true, true);
    answer(fake);
    answer(fake);
    fake_until(fake, a.pages == 1 && b.pages == 1);
    assert_int_equal(a.first, 4);
    assert_int_equal(a.scanned, 10);
    assert_int_equal(b.first, 19);
    assert_int_equal(b.scanned, 20);
    assert_int_not_equal(a.list, b.list);
    rf_subscription_next(a.subscription);
    answer(fake);
    fake_until(fake, a.pages == 2);
    assert_int_equal(a.scanned, 20);
    // From here on both get the same, in a page each.
    for (unsigned i = 2; i < 5; i++) {
        rf_subscription_next(a.subscription);
        rf_subscription_next(b.subscription);
        answer(fake);
        answer(fake);
        fake_until(fake, a.pages == i + 1 && b.pages == i);
        assert_int_equal(a.count, LIMIT);
        assert_int_equal(b.first, a.first);
        assert_int_not_equal(a.list, 0);
        assert_int_equal(b.list, a.list);
    }
    rf_bus_destroy(&bus);
}

// Whoever is a few pages ahead lets the other catch up to the page before.
static void one_that_is_ahead_waits_for_the_other(void **state) {
    struct fake_broker *fake = *state;
    struct reader ahead = {.fake = fake}, behind = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &ahead, 40, true, true);
    answer(fake);
    fake_until(fake, ahead.pages == 1);
    subscribe(bus, &behind, 10, true, true);
    fake_until(fake, fake_has(fake, RF_MESSAGE_journal_read));
    rf_subscription_next(ahead.subscription);
    for (unsigned i = 1; i <= 3; i++) {
        answer(fake);
        fake_until(fake, behind.pages == i);
        assert_int_equal(behind.scanned, 10 + LIMIT * i);
        rf_subscription_next(behind.subscription);
    }
    // 40, where it is a page behind: both ask.
    answer(fake);
    answer(fake);
    fake_until(fake, ahead.pages == 2 && behind.pages == 4);
    assert_int_equal(ahead.scanned, 60);
    assert_int_equal(behind.scanned, 50);
    rf_bus_destroy(&bus);
}

static void the_one_that_is_behind_asks_first(void **state) {
    struct fake_broker *fake = *state;
    struct reader ahead = {.fake = fake}, behind = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &behind, 10, true, true);
    answer(fake);
    fake_until(fake, behind.pages == 1);
    subscribe(bus, &ahead, 20, true, true);
    answer(fake);
    fake_until(fake, ahead.pages == 1);
    rf_subscription_next(ahead.subscription);
    rf_subscription_next(behind.subscription);
    for (int64_t after = 20; after <= 30; after += LIMIT) {
        struct rf_message *message = fake_expect(fake, RF_MESSAGE_journal_read);
        assert_int_equal(message->as.journal_read.after, after);
        rf_message_destroy(&message);
    }
    rf_bus_destroy(&bus);
}

// It has a page that it cannot store, or an answer that does not come.
static void nobody_waits_for_one_that_stands_still(void **state) {
    struct fake_broker *fake = *state;
    struct reader ahead = {.fake = fake}, behind = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &behind, 10, true, true);
    answer(fake);
    fake_until(fake, behind.pages == 1);
    subscribe(bus, &ahead, 40, true, true);
    for (unsigned i = 1; i <= 2; i++) {
        answer(fake);
        fake_until(fake, ahead.pages == i);
        assert_int_equal(ahead.scanned, 40 + LIMIT * i);
        rf_subscription_next(ahead.subscription);
    }
    answer(fake);
    fake_until(fake, ahead.pages == 3);
    rf_subscription_next(behind.subscription);
    struct rf_message *unanswered = fake_expect(fake, RF_MESSAGE_journal_read);
    assert_int_equal(unanswered->as.journal_read.after, 20);
    rf_message_destroy(&unanswered);
    rf_subscription_next(ahead.subscription);
    answer(fake);
    fake_until(fake, ahead.pages == 4);
    assert_int_equal(ahead.scanned, 80);
    rf_bus_destroy(&bus);
}

static void who_is_not_in_step_gets_whole_pages(void **state) {
    struct fake_broker *fake = *state;
    struct reader reader = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &reader, 3, true, false);
    answer(fake);
    fake_until(fake, reader.pages == 1);
    assert_int_equal(reader.scanned, 13);
    rf_bus_destroy(&bus);
}

// One that wants trees gets them, whatever was read for another before, and after.
static void data_are_packed_only_for_who_wants_them_so(void **state) {
    struct fake_broker *fake = *state;
    struct reader packed = {.fake = fake}, trees = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    subscribe(bus, &packed, 10, true, true);
    answer(fake);
    fake_until(fake, packed.pages == 1);
    uint64_t list = packed.list;
    subscribe(bus, &trees, 10, false, true);
    answer(fake);
    fake_until(fake, trees.pages == 1);
    assert_true(packed.packed && !packed.trees);
    assert_true(trees.trees && !trees.packed);
    assert_int_equal(trees.list, 0);
    struct reader again = {.fake = fake};
    subscribe(bus, &again, 10, true, true);
    answer(fake);
    fake_until(fake, again.pages == 1);
    assert_true(again.packed && !again.trees);
    assert_int_equal(again.list, list);
    rf_bus_destroy(&bus);
}

#define BROKER_TEST(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(pages_end_where_those_of_the_others_do),
        BROKER_TEST(one_that_is_ahead_waits_for_the_other),
        BROKER_TEST(the_one_that_is_behind_asks_first),
        BROKER_TEST(nobody_waits_for_one_that_stands_still),
        BROKER_TEST(who_is_not_in_step_gets_whole_pages),
        BROKER_TEST(data_are_packed_only_for_who_wants_them_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
