// Pages of the journal and durable names, through the core's messages. What the reader finds on
// disk is in test_broker_reader.c.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR  (3600 * RF_NS_PER_S)
#define IDLE  (2 * HOUR) // as the stage has it
#define TENTH (100 * RF_NS_PER_MS)

static struct stage stage;
static struct rf_peer alice, bob;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    alice = peer(RF_SOCKET_INGEST, "alice");
    bob = peer(RF_SOCKET_INGEST, "bob");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void publish(int64_t first, int64_t last, const char *subject) {
    struct rf_stream_open open = {.stream = "s", .next = first};
    stage_receive(&stage, &bob, RF_MESSAGE_stream_open, &open);
    for (int64_t seq = first; seq <= last; seq++) {
        struct rf_event event = {.id = "01EVENT",
                                 .seq = seq,
                                 .ts = 1,
                                 .severity = "info",
                                 .type = "a.b",
                                 .subject = subject,
                                 .data = json_pack("{s:I}", "seq", (json_int_t)seq)};
        struct rf_event_publish publish = {.stream = "s", .events = {&event, 1}};
        stage_receive(&stage, &bob, RF_MESSAGE_event_publish, &publish);
        json_decref(event.data);
    }
    stage_hush(&stage);
}

static void ask(struct rf_journal_read read) {
    if (read.rid == NULL)
        read.rid = "p";
    if (read.limit == 0)
        read.limit = 1000;
    stage_receive(&stage, &alice, RF_MESSAGE_journal_read, &read);
}

static const struct rf_journal_page *next_page(void) {
    return &stage_next(&stage, &alice, RF_MESSAGE_journal_page)->as.journal_page;
}

static const char *next_refusal(void) {
    return stage_next(&stage, &alice, RF_MESSAGE_refusal)->as.refusal.code;
}

// What the reader was asked for last; the caller gives it back or frees it.
static struct rf_page *asked(void) {
    assert_true(stage.page_count > 0);
    return stage.pages[--stage.page_count];
}

static void trim(int64_t n) {
    struct rf_kept kept = {.trimmed = n};
    rf_core_kept(stage.core, &stage.now, &kept);
}

// ---- from memory and from disk ----

static void a_page_from_memory_has_the_events_whole_as_they_were_published(void **state) {
    (void)state;
    publish(1, 5, "x");
    ask((struct rf_journal_read){.after = 1, .limit = 3});
    const struct rf_journal_page *page = next_page();
    assert_int_equal(page->events.count, 3);
    assert_int_equal(page->scanned, 4);
    assert_int_equal(page->last, 5);
    for (size_t i = 0; i < 3; i++) {
        const struct rf_event *event = &page->events.items[i];
        assert_int_equal(event->n, (int64_t)i + 2);
        assert_string_equal(event->stream, "s");
        assert_string_equal(event->subject, "x");
        assert_int_equal(json_integer_value(json_object_get(event->data, "seq")), (int64_t)i + 2);
    }
    assert_int_equal(stage.page_count, 0);
}

static void what_has_left_memory_is_read_from_disk(void **state) {
    (void)state;
    publish(1, 103, "x"); // three more than are kept in memory
    const char *prefixes[] = {"a.", "c."};
    ask((struct rf_journal_read){.prefixes = {prefixes, 2}, .after = 2, .limit = 7});
    stage_quiet(&stage, &alice);
    struct rf_page *page = asked();
    assert_int_equal(page->after, 2);
    assert_int_equal(page->upto, 103);
    assert_int_equal(page->limit, 7);
    assert_int_equal(page->prefix_count, 2);
    assert_string_equal(page->prefixes[1], "c.");
    struct rf_event event = {.n = 3, .severity = "info", .type = "a.b", .subject = "x"};
    struct rf_frame frame;
    assert_int_equal(rf_wire_encode_event(&event, &frame, NULL), RF_OK);
    assert_true(rf_page_add(page, frame.data, frame.size));
    rf_page_finish(page);
    page->scanned = 3;
    rf_frame_free(&frame);
    rf_core_page(stage.core, &stage.now, &page);
    assert_null(page);
    const struct rf_journal_page *answer = next_page();
    assert_string_equal(answer->rid, "p");
    assert_int_equal(answer->events.count, 1);
    assert_int_equal(answer->events.items[0].n, 3);
    assert_int_equal(answer->scanned, 3);
    assert_int_equal(answer->last, 103);
    ask((struct rf_journal_read){.after = 3, .limit = 1});
    assert_int_equal(next_page()->events.items[0].n, 4);
}

static void a_time_and_the_newest_are_found_on_disk_wherever_they_are(void **state) {
    (void)state;
    publish(1, 3, "x");
    ask((struct rf_journal_read){.since = 77});
    struct rf_page *page = asked();
    assert_int_equal(page->since, 77);
    rf_page_destroy(&page);
    ask((struct rf_journal_read){.newest = 2, .after = 1});
    page = asked();
    assert_int_equal(page->newest, 2);
    assert_int_equal(page->after, 1);
    rf_page_destroy(&page);
}

static void what_is_gone_from_disk_is_told_and_not_looked_for(void **state) {
    (void)state;
    publish(1, 50, "x");
    trim(20);
    ask((struct rf_journal_read){.after = 5, .limit = 2});
    const struct rf_journal_page *page = next_page();
    assert_int_equal(page->trimmed, 20);
    assert_int_equal(page->events.items[0].n, 21);
    ask((struct rf_journal_read){.after = 20, .limit = 2});
    assert_int_equal(next_page()->trimmed, 0);
    struct rf_hello hello = {.instance = "alice-1", .service = "test"};
    stage_receive(&stage, &alice, RF_MESSAGE_hello, &hello);
    assert_int_equal(stage_next(&stage, &alice, RF_MESSAGE_welcome)->as.welcome.first, 21);
}

static void a_cursor_of_another_data_directory_begins_anew(void **state) {
    (void)state;
    publish(1, 5, "x");
    ask((struct rf_journal_read){.after = 900});
    const struct rf_journal_page *page = next_page();
    assert_int_equal(page->events.count, 5);
    assert_int_equal(page->scanned, 5);
    publish(6, 120, "x");
    ask((struct rf_journal_read){.after = 900});
    struct rf_page *from_disk = asked();
    assert_int_equal(from_disk->after, 0);
    rf_page_destroy(&from_disk);
}

// Where a page is to begin, and what of that the broker tells: of a question from memory, and of
// the same one from disk.
static void expect_place(const char *journal, int64_t after, int64_t from, bool other) {
    struct rf_journal_read read = {.journal = journal, .after = after};
    ask(read);
    const struct rf_journal_page *page = next_page();
    assert_string_equal(page->journal, stage.core->lineage.id);
    assert_int_equal(page->other, other);
    assert_int_equal(page->from, other ? from : 0);
    assert_true(page->events.count == 0 || page->events.items[0].n > from);
    assert_true(page->events.count == 0 || from >= 20 || page->events.items[0].n == from + 1);
    read.since = 1;
    ask(read);
    struct rf_page *from_disk = asked();
    assert_int_equal(from_disk->after, from);
    assert_int_equal(from_disk->other, other);
    rf_core_page(stage.core, &stage.now, &from_disk);
    page = next_page();
    assert_int_equal(page->other, other);
    assert_int_equal(page->from, other ? from : 0);
}

static void a_place_of_another_journal_is_told_so_and_read_from_the_beginning(void **state) {
    (void)state;
    publish(1, 10, "x");
    expect_place("JOURNAL.start-1", 4, 4, false);
    expect_place(NULL, 4, 4, false); // of an earlier version, which knew no other
    expect_place("ANOTHER.start-1", 4, 0, true);
    expect_place("JOURNAL.start-7", 4, 0, true); // this is an older copy
    expect_place("JOURNALS.start-1", 4, 0, true);
    expect_place("", 4, 0, true);
    expect_place("ANOTHER.start-1", 0, 0, false); // nothing was read of it
    assert_int_equal(stage.core->ground.counters.places_foreign, 8);
    trim(3);
    expect_place("ANOTHER.start-1", 8, 3, true);
}

static void a_place_of_an_earlier_start_is_ours_as_far_as_that_came(void **state) {
    (void)state;
    publish(1, 10, "x");
    stage_restart(&stage, "broker-2", 0);
    publish(11, 20, "x");
    expect_place("JOURNAL.start-1", 10, 10, false);
    expect_place("JOURNAL.start-2", 20, 20, false);
    // The broker before this one came further, before the database was put back.
    expect_place("JOURNAL.start-1", 15, 10, true);
    stage_restart(&stage, "broker-3", 100);
    publish(21, 22, "x");
    expect_place("JOURNAL.start-2", 20, 20, false);
    expect_place("JOURNAL.start-2", 21, 20, true); // what a power failure took
    expect_place("JOURNAL.start-1", 15, 10, true);
}

static void welcome_and_status_tell_which_journal_it_is(void **state) {
    (void)state;
    struct rf_hello hello = {.instance = "alice-1", .service = "test"};
    stage_receive(&stage, &alice, RF_MESSAGE_hello, &hello);
    assert_string_equal(stage_next(&stage, &alice, RF_MESSAGE_welcome)->as.welcome.journal,
                        "JOURNAL.start-1");
    json_t *status = rf_core_status(stage.core);
    json_t *journal = json_object_get(status, "journal");
    assert_string_equal(json_string_value(json_object_get(journal, "id")), "JOURNAL.start-1");
    json_decref(status);
}

static void nothing_is_shown_that_is_not_on_disk(void **state) {
    (void)state;
    publish(1, 2, "x");
    stage.disk_waits = true;
    publish(3, 4, "x");
    ask((struct rf_journal_read){.limit = 10});
    const struct rf_journal_page *page = next_page();
    assert_int_equal(page->events.count, 2);
    assert_int_equal(page->last, 2);
    ask((struct rf_journal_read){.newest = 10});
    struct rf_page *from_disk = asked();
    assert_int_equal(from_disk->upto, 2);
    rf_page_destroy(&from_disk);
}

static void one_subscriber_cannot_fill_the_reader(void **state) {
    (void)state;
    publish(1, 103, "x");
    for (int i = 0; i < RF_PAGES_WAITING_OF_ONE; i++)
        ask((struct rf_journal_read){0});
    stage_quiet(&stage, &alice);
    ask((struct rf_journal_read){0});
    assert_string_equal(next_refusal(), "overloaded");
    struct rf_journal_read read = {.rid = "q", .limit = 1};
    stage_receive(&stage, &bob, RF_MESSAGE_journal_read, &read);
    stage_quiet(&stage, &bob);
    struct rf_page *page = asked(); // bob's
    rf_core_page(stage.core, &stage.now, &page);
    page = asked();
    rf_core_page(stage.core, &stage.now, &page);
    next_page();
    ask((struct rf_journal_read){0});
    stage_quiet(&stage, &alice);
}

static void all_together_wait_for_a_bounded_number_of_pages(void **state) {
    (void)state;
    publish(1, 103, "x");
    struct rf_journal_read read = {.rid = "q", .limit = 1};
    for (int i = 0; i < RF_PAGES_WAITING; i++) {
        char name[16];
        snprintf(name, sizeof name, "peer-%d", i);
        struct rf_peer one = peer(RF_SOCKET_INGEST, name);
        stage_receive(&stage, &one, RF_MESSAGE_journal_read, &read);
    }
    assert_int_equal(stage.page_count, RF_PAGES_WAITING);
    ask(read);
    assert_string_equal(next_refusal(), "overloaded");
    // What is in memory costs the disk nothing.
    ask((struct rf_journal_read){.after = 100});
    assert_int_equal(next_page()->events.count, 3);
}

static void a_question_without_bounds_is_refused(void **state) {
    (void)state;
    char text[258] = {0};
    const char *prefixes[101];
    memset(text, 'x', 256);
    for (size_t i = 0; i < 101; i++)
        prefixes[i] = "a.";
    ask((struct rf_journal_read){.rid = text});
    assert_string_equal(next_refusal(), "invalid");
    ask((struct rf_journal_read){.prefixes = {prefixes, 101}});
    assert_string_equal(next_refusal(), "invalid");
    prefixes[0] = text;
    ask((struct rf_journal_read){.prefixes = {prefixes, 1}});
    assert_string_equal(next_refusal(), "invalid");
    prefixes[0] = text + 1;
    ask((struct rf_journal_read){.rid = text + 1, .prefixes = {prefixes, 100}});
    next_page();
}

static void a_page_that_the_disk_fails_to_give_is_told(void **state) {
    (void)state;
    publish(1, 103, "x");
    ask((struct rf_journal_read){0});
    struct rf_page *page = asked();
    rf_page_fail(page, "disk I/O error");
    rf_core_page(stage.core, &stage.now, &page);
    const struct rf_refusal *refusal = &stage_next(&stage, &alice, RF_MESSAGE_refusal)->as.refusal;
    assert_string_equal(refusal->rid, "p");
    assert_string_equal(refusal->code, "unreadable");
    assert_string_equal(refusal->message, "disk I/O error");
    assert_int_equal(stage.core->pages.count, 0);
}

// ---- durable names ----

static void read_as(const char *name, int64_t after) {
    ask((struct rf_journal_read){.after = after, .durable = name});
    next_page();
}

static int64_t taken_as(const char *name) {
    char key[64];
    struct rf_state_entry entry;
    snprintf(key, sizeof key, "subscriber/%s", name);
    if (rf_states_get(&stage.core->states, key, &entry) != RF_OK)
        return -1;
    return json_integer_value(json_object_get(entry.value, "taken"));
}

static void a_name_is_kept_with_what_it_has_taken(void **state) {
    (void)state;
    publish(1, 10, "x");
    struct rf_hello hello = {.instance = "alice-1", .service = "test"};
    stage_receive(&stage, &alice, RF_MESSAGE_hello, &hello);
    stage_hush(&stage);
    const char *prefixes[] = {"a."};
    ask((struct rf_journal_read){.durable = "desk", .prefixes = {prefixes, 1}});
    next_page();
    struct rf_state_entry entry;
    assert_int_equal(rf_states_get(&stage.core->states, "subscriber/desk", &entry), RF_OK);
    assert_string_equal(json_string_value(json_object_get(entry.value, "instance")), "alice-1");
    json_t *kept = json_object_get(entry.value, "prefixes");
    assert_int_equal(json_array_size(kept), 1);
    assert_string_equal(json_string_value(json_array_get(kept, 0)), "a.");
    assert_int_equal(taken_as("desk"), 0);
    assert_int_equal(stage.spare, 0);
    stage_at(&stage, TENTH);
    read_as("desk", 7);
    assert_int_equal(taken_as("desk"), 7);
    assert_int_equal(stage.spare, 7);
}

static void
a_busy_subscriber_is_written_down_ten_times_a_second_and_the_last_in_any_case(void **state) {
    (void)state;
    publish(1, 50, "x");
    read_as("desk", 0);
    int64_t writes = stage.core->ground.counters.state_writes;
    for (int64_t n = 1; n <= 50; n++)
        read_as("desk", n);
    assert_int_equal(stage.core->ground.counters.state_writes, writes);
    stage_at(&stage, TENTH);
    assert_int_equal(stage.core->ground.counters.state_writes, writes + 1);
    assert_int_equal(taken_as("desk"), 50);
    stage_at(&stage, 10 * TENTH);
    assert_int_equal(stage.core->ground.counters.state_writes, writes + 1);
}

static void while_the_disk_fails_no_place_waits_for_it(void **state) {
    (void)state;
    publish(1, 50, "x");
    read_as("desk", 0);
    stage.core->scribe.failing = true;
    int64_t given = stage.given;
    for (int64_t n = 1; n <= 50; n++) {
        stage_at(&stage, n * TENTH);
        read_as("desk", n);
    }
    assert_int_equal(stage.given, given);
    stage.core->scribe.failing = false;
    stage_at(&stage, 52 * TENTH);
    assert_int_equal(taken_as("desk"), 50);
    assert_int_equal(stage.given, given + 1);
}

static void who_resumes_goes_on_where_the_name_stands(void **state) {
    (void)state;
    publish(1, 10, "x");
    ask((struct rf_journal_read){.durable = "desk", .resume = true, .after = 2});
    assert_int_equal(next_page()->events.items[0].n, 3); // not known yet
    read_as("desk", 7);
    ask((struct rf_journal_read){.durable = "desk", .resume = true});
    assert_int_equal(next_page()->events.items[0].n, 8);
    assert_int_equal(stage.core->subscribers.map.count, 1);
    // It may know better than the broker, whose word is written down later; but it cannot have
    // taken what never was.
    ask((struct rf_journal_read){.durable = "desk", .resume = true, .after = 8});
    assert_int_equal(next_page()->events.items[0].n, 9);
    read_as("desk", 7);
    ask((struct rf_journal_read){.durable = "desk", .resume = true, .after = 3});
    assert_int_equal(next_page()->events.items[0].n, 8);
    ask((struct rf_journal_read){.durable = "desk", .resume = true, .after = 11});
    assert_int_equal(next_page()->events.items[0].n, 8);
    // Its own word counts, also when it goes back.
    ask((struct rf_journal_read){.durable = "desk", .after = 4});
    assert_int_equal(next_page()->events.items[0].n, 5);
    assert_int_equal(stage.spare, 4);
    // Where it stands comes before a time or a number of events.
    ask((struct rf_journal_read){.durable = "desk", .resume = true, .newest = 1});
    assert_int_equal(next_page()->events.items[0].n, 5);
}

static void names_survive_the_broker(void **state) {
    (void)state;
    publish(1, 10, "x");
    read_as("desk", 7);
    read_as("shelf", 9);
    rf_core_stopped(stage.core, &stage.now);
    stage_settle(&stage);
    stage_restart(&stage, "broker-2", 0);
    assert_int_equal(stage.spare, 7);
    ask((struct rf_journal_read){.durable = "shelf", .resume = true});
    assert_int_equal(next_page()->events.items[0].n, 10);
}

static void a_broker_that_is_killed_knows_a_place_of_a_tenth_of_a_second_before(void **state) {
    (void)state;
    publish(1, 10, "x");
    read_as("desk", 3);
    stage_at(&stage, TENTH);
    read_as("desk", 4);
    read_as("desk", 6); // not written down yet
    stage_restart(&stage, "broker-2", 0);
    ask((struct rf_journal_read){.durable = "desk", .resume = true});
    assert_int_equal(next_page()->events.items[0].n, 5);
}

static void a_silent_name_is_forgotten_and_that_is_told(void **state) {
    (void)state;
    publish(1, 10, "x");
    read_as("desk", 3);
    read_as("shelf", 5);
    stage_at(&stage, IDLE / 2);
    read_as("shelf", 5); // nothing moved, but it is there
    stage_at(&stage, IDLE - 1);
    assert_int_equal(taken_as("desk"), 3);
    stage_at(&stage, IDLE);
    assert_int_equal(taken_as("desk"), -1);
    assert_int_equal(taken_as("shelf"), 5);
    assert_int_equal(stage.spare, 5);
    const struct rf_event *event = stage_event(&stage, "subscriber.forgotten/desk");
    assert_int_equal(json_integer_value(json_object_get(event->data, "taken")), 3);
    assert_int_equal(json_integer_value(json_object_get(event->data, "last")), 10);
    stage_at(&stage, IDLE / 2 + IDLE);
    assert_int_equal(taken_as("shelf"), -1);
    assert_int_equal(stage.spare, INT64_MAX);
}

// Nobody was there to hear it: it gets the time to come back.
static void a_name_whose_silence_ended_while_no_broker_was_there_goes_after_a_while(void **state) {
    (void)state;
    read_as("desk", 0);
    stage.now = (struct rf_now){{2 * IDLE}, {STAGE_UTC + 2 * IDLE}};
    stage_restart(&stage, "broker-2", 0);
    assert_int_equal(taken_as("desk"), 0);
    stage_at(&stage, 2 * IDLE + RF_SUBSCRIBER_GRACE.ns - 1);
    assert_int_equal(stage.core->subscribers.map.count, 1);
    stage_at(&stage, 2 * IDLE + RF_SUBSCRIBER_GRACE.ns);
    assert_int_equal(taken_as("desk"), -1);
    assert_int_equal(stage.core->subscribers.map.count, 0);
    stage_event(&stage, "subscriber.forgotten/desk");
}

// It is heard of right after its broker is back, but nothing has moved.
static void a_restart_takes_nothing_from_a_names_time(void **state) {
    (void)state;
    read_as("desk", 0);
    stage_at(&stage, IDLE - HOUR / 60);
    stage_restart(&stage, "broker-2", 0);
    read_as("desk", 0);
    stage_at(&stage, IDLE + HOUR);
    assert_int_equal(taken_as("desk"), 0);
}

static const struct rf_state_reply *cas(const char *key, int64_t version, json_t *value) {
    struct rf_state_cas cas = {.rid = "r", .key = key, .version = version, .value = value};
    stage_receive(&stage, &alice, RF_MESSAGE_state_cas, &cas);
    json_decref(value);
    return &stage_next(&stage, &alice, RF_MESSAGE_state_reply)->as.state_reply;
}

static void a_person_may_take_a_name_away_but_nobody_write_it(void **state) {
    (void)state;
    publish(1, 10, "x");
    read_as("desk", 3);
    struct rf_state_entry entry;
    assert_int_equal(rf_states_get(&stage.core->states, "subscriber/desk", &entry), RF_OK);
    assert_string_equal(cas("subscriber/desk", entry.version, json_pack("{}"))->code,
                        "not_allowed");
    assert_string_equal(cas("subscriber/other", 0, json_pack("{}"))->code, "not_allowed");
    struct rf_state_put put = {.rid = "r", .key = "subscriber/desk", .value = json_pack("{}")};
    stage_receive(&stage, &alice, RF_MESSAGE_state_put, &put);
    json_decref(put.value);
    assert_string_equal(stage_next(&stage, &alice, RF_MESSAGE_state_reply)->as.state_reply.code,
                        "not_allowed");
    assert_true(cas("subscriber/desk", entry.version, NULL)->ok);
    stage_event(&stage, "subscriber.forgotten/desk");
    assert_int_equal(stage.spare, INT64_MAX);
    read_as("desk", 4); // and begins anew if it is still there
    assert_int_equal(taken_as("desk"), 4);
}

static void a_bad_name_or_one_too_many_is_refused(void **state) {
    (void)state;
    char name[208] = {0};
    memset(name, 'x', 201);
    ask((struct rf_journal_read){.durable = name});
    assert_string_equal(next_refusal(), "invalid");
    ask((struct rf_journal_read){.durable = ""});
    assert_string_equal(next_refusal(), "invalid");
    // The stage has room for 100 values.
    int refused = 0;
    for (int i = 0; i < 101; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        ask((struct rf_journal_read){.durable = name});
        if (stage.sent[stage.sent_count - 1].message->type == RF_MESSAGE_refusal) {
            assert_string_equal(next_refusal(), "full");
            refused++;
        } else {
            next_page();
        }
    }
    assert_true(refused > 0);
    assert_int_equal(stage.core->subscribers.map.count, 101 - (size_t)refused);
}

static void a_name_takes_no_place_of_another_journal(void **state) {
    (void)state;
    publish(1, 10, "x");
    ask((struct rf_journal_read){.durable = "desk", .journal = "ANOTHER.start-1", .after = 7});
    assert_true(next_page()->other);
    assert_int_equal(taken_as("desk"), 0);
    read_as("desk", 4);
    // The broker knows better than a place of another journal where the name stands in this one.
    ask((struct rf_journal_read){
        .durable = "desk", .resume = true, .journal = "ANOTHER.start-1", .after = 7});
    const struct rf_journal_page *page = next_page();
    assert_true(page->other);
    assert_int_equal(page->from, 4);
    assert_int_equal(page->events.items[0].n, 5);
}

static void a_place_beyond_the_newest_number_is_no_place_here(void **state) {
    (void)state;
    publish(1, 10, "x");
    read_as("desk", 900);
    assert_int_equal(taken_as("desk"), 0);
}

static void status_shows_each_name_and_how_far_it_is_behind(void **state) {
    (void)state;
    publish(1, 10, "x");
    read_as("desk", 4);
    stage_at(&stage, 5 * RF_NS_PER_S);
    json_t *status = rf_core_status(stage.core);
    json_t *one = json_array_get(json_object_get(status, "subscribers"), 0);
    assert_string_equal(json_string_value(json_object_get(one, "name")), "desk");
    assert_int_equal(json_integer_value(json_object_get(one, "taken")), 4);
    assert_int_equal(json_integer_value(json_object_get(one, "behind")), 6);
    assert_int_equal(json_integer_value(json_object_get(one, "silent_ns")), 5 * RF_NS_PER_S);
    json_decref(status);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_page_from_memory_has_the_events_whole_as_they_were_published),
        TEST(what_has_left_memory_is_read_from_disk),
        TEST(a_time_and_the_newest_are_found_on_disk_wherever_they_are),
        TEST(what_is_gone_from_disk_is_told_and_not_looked_for),
        TEST(a_cursor_of_another_data_directory_begins_anew),
        TEST(a_place_of_another_journal_is_told_so_and_read_from_the_beginning),
        TEST(a_place_of_an_earlier_start_is_ours_as_far_as_that_came),
        TEST(welcome_and_status_tell_which_journal_it_is),
        TEST(a_name_takes_no_place_of_another_journal),
        TEST(nothing_is_shown_that_is_not_on_disk),
        TEST(one_subscriber_cannot_fill_the_reader),
        TEST(all_together_wait_for_a_bounded_number_of_pages),
        TEST(a_question_without_bounds_is_refused),
        TEST(a_page_that_the_disk_fails_to_give_is_told),
        TEST(a_name_is_kept_with_what_it_has_taken),
        TEST(a_busy_subscriber_is_written_down_ten_times_a_second_and_the_last_in_any_case),
        TEST(while_the_disk_fails_no_place_waits_for_it),
        TEST(who_resumes_goes_on_where_the_name_stands),
        TEST(names_survive_the_broker),
        TEST(a_broker_that_is_killed_knows_a_place_of_a_tenth_of_a_second_before),
        TEST(a_silent_name_is_forgotten_and_that_is_told),
        TEST(a_name_whose_silence_ended_while_no_broker_was_there_goes_after_a_while),
        TEST(a_restart_takes_nothing_from_a_names_time),
        TEST(a_person_may_take_a_name_away_but_nobody_write_it),
        TEST(a_bad_name_or_one_too_many_is_refused),
        TEST(a_place_beyond_the_newest_number_is_no_place_here),
        TEST(status_shows_each_name_and_how_far_it_is_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
