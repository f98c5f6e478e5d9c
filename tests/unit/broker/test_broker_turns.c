// How much of one socket the core takes before the others have their turn: by the work that its
// messages ask for.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

static struct stage stage;
static struct rf_peer reader, publisher, client;

static void keep_all_in_memory(struct rf_core_settings *settings) {
    settings->memory_events = 30000;
    settings->memory_bytes = 100000000;
}

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, keep_all_in_memory);
    reader = peer(RF_SOCKET_INGEST, "reader");
    publisher = peer(RF_SOCKET_INGEST, "publisher");
    client = peer(RF_SOCKET_CALLS, "client");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void publish(int64_t count, size_t bytes) {
    char *text = malloc(bytes + 1);
    assert_non_null(text);
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    struct rf_stream_open open = {.stream = "s", .next = 1};
    stage_receive(&stage, &publisher, RF_MESSAGE_stream_open, &open);
    for (int64_t seq = 1; seq <= count; seq++) {
        struct rf_event event = {.id = "01EVENT",
                                 .seq = seq,
                                 .ts = 1,
                                 .severity = "info",
                                 .type = "a.b",
                                 .subject = "x",
                                 .data = json_pack("{s:s}", "text", text)};
        struct rf_event_publish publish = {.stream = "s", .events = {&event, 1}};
        stage_receive(&stage, &publisher, RF_MESSAGE_event_publish, &publish);
        json_decref(event.data);
        stage_forget(&stage);
    }
    free(text);
    rf_core_turn(stage.core);
}

static void ask(const char *prefix, int64_t limit) {
    struct rf_journal_read read = {.rid = "p", .prefixes = {&prefix, 1}, .limit = limit};
    stage_receive(&stage, &reader, RF_MESSAGE_journal_read, &read);
}

static size_t pages_of_a_turn(const char *prefix, int64_t limit) {
    size_t pages = 0;
    rf_core_turn(stage.core);
    while (!rf_core_turn_over(stage.core)) {
        assert_true(++pages <= 5000);
        ask(prefix, limit);
        (void)stage_next(&stage, &reader, RF_MESSAGE_journal_page);
    }
    stage_forget(&stage);
    return pages;
}

static void a_turn_ends_with_the_pages_that_are_as_much_as_one_of_the_largest(void **state) {
    (void)state;
    publish(9, 120000);
    assert_int_equal(pages_of_a_turn("a.", 1000), 2);      // a page of almost 1 MiB each
    assert_int_equal(pages_of_a_turn("a.", 3), 3);         // of 3 * 120 kB
    assert_in_range(pages_of_a_turn("a.", 1), 8, 9);       // of 120 kB
    assert_in_range(pages_of_a_turn("b.", 1), 1000, 2000); // of nothing, in nine events
}

static void a_long_look_without_a_match_ends_it_too(void **state) {
    (void)state;
    publish(RF_PAGE_SCAN + 10, 10);
    ask("nothing.", 1000);
    assert_int_equal(
        stage_next(&stage, &reader, RF_MESSAGE_journal_page)->as.journal_page.events.count, 0);
    assert_true(rf_core_turn_over(stage.core));
}

// The reader does not take them, and the work is done all the same.
static void pages_that_cannot_be_sent_count(void **state) {
    (void)state;
    publish(9, 120000);
    stage.bad_peer = reader;
    stage.bad_answer = RF_SENT_FULL;
    ask("a.", 1000);
    assert_false(rf_core_turn_over(stage.core));
    ask("a.", 1000);
    assert_true(rf_core_turn_over(stage.core));
}

static void a_page_from_disk_counts_as_one_from_memory(void **state) {
    (void)state;
    publish(1, 10);
    char *text = calloc(1, RF_PAGE_BYTES / 2);
    assert_non_null(text);
    memset(text, 'x', RF_PAGE_BYTES / 2 - 1);
    struct rf_event event = {.n = 1,
                             .severity = "info",
                             .type = "a.b",
                             .subject = "x",
                             .data = json_pack("{s:s}", "text", text)};
    struct rf_frame frame;
    assert_int_equal(rf_wire_encode_event(&event, &frame, NULL), RF_OK);
    struct rf_journal_read read = {.rid = "p", .limit = 1000, .since = 1};
    for (int i = 0; i < 3; i++) {
        assert_false(rf_core_turn_over(stage.core));
        stage_receive(&stage, &reader, RF_MESSAGE_journal_read, &read);
        struct rf_page *page = stage.pages[--stage.page_count];
        assert_true(rf_page_add(page, frame.data, frame.size));
        rf_page_finish(page);
        rf_core_page(stage.core, &stage.now, &page);
    }
    assert_true(rf_core_turn_over(stage.core));
    rf_frame_free(&frame);
    json_decref(event.data);
    free(text);
}

static void calls_and_small_questions_never_end_a_turn(void **state) {
    (void)state;
    struct rf_peer worker = peer(RF_SOCKET_WORKERS, "worker");
    beat(&stage, &worker, "worker-1", NULL, 1000, 0);
    rf_core_turn(stage.core);
    for (int i = 0; i < 100; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        call(&stage, &client, id, 60 * RF_NS_PER_S);
        answer(&stage, &worker, id);
    }
    assert_false(rf_core_turn_over(stage.core));
    struct rf_state_get get = {.rid = "g", .key = "process/broker-1"};
    for (int i = 0; i < 100; i++)
        stage_receive(&stage, &reader, RF_MESSAGE_state_get, &get);
    assert_false(rf_core_turn_over(stage.core));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_turn_ends_with_the_pages_that_are_as_much_as_one_of_the_largest),
        TEST(a_long_look_without_a_match_ends_it_too),
        TEST(pages_that_cannot_be_sent_count),
        TEST(a_page_from_disk_counts_as_one_from_memory),
        TEST(calls_and_small_questions_never_end_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
