// What a reader of server-sent events gets: everything once and in order, however slow it is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

#define JOURNAL "01J.01K"

static const char *const areas[] = {"breaker", "alert/silence", NULL};

struct bench {
    struct console_recent recent;
    struct console_values values;
    struct console_live live;
    struct console_stream stream;
    struct console_sources sources;
};

static int setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->sources = (struct console_sources){&bench->recent, &bench->values, &bench->live, areas};
    struct rf_journal_place place = rf_journal_place(10, JOURNAL);
    console_recent_begin(&bench->recent, &place);
    *state = bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    console_stream_fini(&bench->stream);
    console_recent_fini(&bench->recent);
    console_values_fini(&bench->values);
    console_live_fini(&bench->live);
    free(bench);
    return 0;
}

static struct rf_event event_of(int64_t n) {
    return (struct rf_event){.n = n,
                             .id = "01X",
                             .ts = 1,
                             .origin = "test",
                             .severity = n % 2 == 0 ? "info" : "error",
                             .type = n % 3 == 0 ? "breaker.opened" : "contact.done",
                             .subject = "s",
                             .campaign = n % 2 == 0 ? "spring" : NULL};
}

static void add(struct bench *bench, int64_t from, int64_t to) {
    for (int64_t n = from; n <= to; n++) {
        struct rf_event event = event_of(n);
        console_recent_add(&bench->recent, &event);
    }
}

static void put(struct bench *bench, const char *key, int number) {
    json_t *value = number < 0 ? NULL : json_pack("{s:i}", "number", number);
    console_values_put(&bench->values, key, value);
    json_decref(value);
}

// All that there is for it, in pieces of `room` bytes.
static char *drain(struct bench *bench, size_t room) {
    static char text[1 << 20];
    size_t size = 0, got;
    while ((got = console_stream_fill(&bench->stream, &bench->sources, text + size, room)) > 0) {
        assert_true(got <= room);
        size += got;
        assert_true(size + room < sizeof text);
    }
    text[size] = '\0';
    return text;
}

// The numbers of the ids in it, joined by blanks.
static const char *ids(const char *text) {
    static char out[65536];
    size_t used = 0;
    out[0] = '\0';
    for (const char *at = text; (at = strstr(at, "\nid: ")) != NULL; at += 5) {
        int64_t n;
        if (sscanf(at, "\nid: %" SCNd64 "@" JOURNAL "\n", &n) == 1)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%" PRId64,
                                     used > 0 ? " " : "", n);
    }
    return out;
}

static void begin(struct bench *bench, int64_t n, const struct console_filter_words *words) {
    static const struct console_filter_words none;
    struct rf_error error;
    struct rf_journal_place place = rf_journal_place(n, n < 0 ? NULL : JOURNAL);
    assert_int_equal(
        console_filter_read(words != NULL ? words : &none, &bench->stream.filter, &error), RF_OK);
    console_stream_begin(&bench->stream, &place, &bench->sources);
}

static void the_snapshot_comes_first_and_then_changes(void **state) {
    struct bench *bench = *state;
    put(bench, "breaker/a", 1);
    put(bench, "breaker/b", 1);
    put(bench, "alert/silence/x", 1);
    put(bench, "breaker/b", -1);
    begin(bench, 10, NULL);
    assert_string_equal(drain(bench, 7),
                        "event: snapshot\ndata: {\"breaker\":{\"a\":{\"number\":1}},"
                        "\"silence\":{\"x\":{\"number\":1}}}\n\n");
    assert_string_equal(drain(bench, 100), "");
    put(bench, "breaker/a", 1); // no change
    assert_string_equal(drain(bench, 100), "");
    put(bench, "breaker/a", 2);
    put(bench, "breaker/c", 3);
    put(bench, "breaker/a", 4); // what it was in between is of no use any more
    put(bench, "alert/silence/x", -1);
    assert_string_equal(drain(bench, 100),
                        "event: state\ndata: {\"key\":\"breaker/c\",\"value\":{\"number\":3}}\n\n"
                        "event: state\ndata: {\"key\":\"breaker/a\",\"value\":{\"number\":4}}\n\n"
                        "event: state\ndata: {\"key\":\"alert/silence/x\",\"value\":null}\n\n");
}

static void who_missed_deletions_that_are_forgotten_gets_all_anew(void **state) {
    struct bench *bench = *state;
    begin(bench, 10, NULL);
    (void)drain(bench, 1000);
    char key[32];
    for (int i = 0; i <= CONSOLE_VALUES_GONE; i++) {
        snprintf(key, sizeof key, "breaker/%d", i);
        put(bench, key, i);
        put(bench, key, -1);
    }
    put(bench, "breaker/last", 1);
    const char *text = drain(bench, 1000);
    assert_int_equal(strncmp(text, "event: snapshot\ndata: {\"breaker\":{\"last\"", 40), 0);
    assert_null(strstr(text, "event: state"));
    assert_true(bench->values.gone <= CONSOLE_VALUES_GONE);
}

static void a_snapshot_of_the_broker_tells_what_is_gone(void **state) {
    struct bench *bench = *state;
    put(bench, "breaker/a", 1);
    put(bench, "breaker/b", 1);
    put(bench, "provider/a", 1);
    begin(bench, 10, NULL);
    (void)drain(bench, 1000);
    json_t *value = json_pack("{s:i}", "number", 1);
    struct rf_state_entry entries[] = {{.key = "breaker/b", .version = 2, .value = value}};
    console_values_replace(&bench->values, "breaker/", entries, 1);
    json_decref(value);
    assert_string_equal(drain(bench, 1000),
                        "event: state\ndata: {\"key\":\"breaker/a\",\"value\":null}\n\n");
    json_t *left = console_values_json(&bench->values, "breaker/");
    assert_int_equal(json_object_size(left), 1);
    json_decref(left);
}

static void events_come_once_and_in_order_in_whatever_pieces(void **state) {
    struct bench *bench = *state;
    add(bench, 11, 14);
    begin(bench, 12, NULL);
    assert_string_equal(ids(drain(bench, 1)), "13 14");
    add(bench, 15, 16);
    assert_string_equal(ids(drain(bench, 4096)), "15 16");
    assert_string_equal(drain(bench, 4096), "");
}

static void a_filter_lets_through_what_it_says_and_the_beat_says_how_far(void **state) {
    struct bench *bench = *state;
    static const struct console_filter_words words = {.type = "breaker.,contact.none",
                                                      .severity = "error"};
    add(bench, 11, 22);
    begin(bench, 10, &words);
    assert_string_equal(ids(drain(bench, 100)), "15 21");
    bench->stream.beat = true;
    assert_string_equal(drain(bench, 3), "id: 22@" JOURNAL "\n\n");
    assert_string_equal(drain(bench, 3), "");
}

static void from_now_on_is_when_the_place_is_known(void **state) {
    struct bench *bench = *state;
    memset(&bench->recent, 0, sizeof bench->recent);
    begin(bench, -1, NULL);
    assert_false(console_stream_behind(&bench->stream, &bench->recent));
    (void)drain(bench, 100);
    bench->stream.beat = true;
    assert_string_equal(drain(bench, 100), ": \n\n");
    struct rf_journal_place place = rf_journal_place(40, JOURNAL);
    console_recent_begin(&bench->recent, &place);
    assert_string_equal(drain(bench, 100), "");
    add(bench, 41, 42);
    assert_string_equal(ids(drain(bench, 100)), "41 42");
}

static void who_is_behind_is_read_for_and_comes_back_to_the_ring(void **state) {
    struct bench *bench = *state;
    add(bench, 11, 20);
    begin(bench, 4, NULL);
    assert_true(console_stream_behind(&bench->stream, &bench->recent));
    (void)drain(bench, 1000);
    struct rf_event events[] = {event_of(5), event_of(6), event_of(9)};
    struct rf_journal_page page = {
        .events = {events, 3}, .scanned = 9, .last = 20, .journal = JOURNAL};
    console_stream_page(&bench->stream, &page);
    assert_false(console_stream_behind(&bench->stream, &bench->recent)); // first what there is
    assert_string_equal(ids(drain(bench, 50)), "5 6 9");
    assert_true(console_stream_behind(&bench->stream, &bench->recent));
    struct rf_event more[] = {event_of(10), event_of(11), event_of(12)};
    page = (struct rf_journal_page){
        .events = {more, 3}, .scanned = 12, .last = 20, .journal = JOURNAL};
    console_stream_page(&bench->stream, &page);
    assert_string_equal(ids(drain(bench, 50)), "10 11 12 13 14 15 16 17 18 19 20");
}

static void a_gap_is_told(void **state) {
    struct bench *bench = *state;
    begin(bench, 4, NULL);
    (void)drain(bench, 1000);
    struct rf_event events[] = {event_of(9)};
    struct rf_journal_page page = {
        .events = {events, 1}, .scanned = 10, .last = 20, .trimmed = 8, .journal = JOURNAL};
    console_stream_page(&bench->stream, &page);
    const char *text = drain(bench, 1000);
    static const char gap[] =
        "event: gap\ndata: {\"from\":5,\"to\":8,\"why\":\"trimmed\"}\n\nevent: event\n";
    assert_int_equal(strncmp(text, gap, sizeof gap - 1), 0);
    assert_string_equal(ids(text), "9");
    // Another journal: the numbers of before say nothing.
    struct rf_journal_place other = rf_journal_place(3, "another");
    console_recent_begin(&bench->recent, &other);
    assert_true(console_stream_behind(&bench->stream, &bench->recent));
    page = (struct rf_journal_page){.scanned = 3, .last = 3, .journal = "another", .other = true};
    console_stream_page(&bench->stream, &page);
    assert_non_null(strstr(drain(bench, 1000), "\"why\":\"replaced\""));
    assert_false(console_stream_behind(&bench->stream, &bench->recent));
}

// A broker that was restarted goes on under another name of its journal: a number of before is to
// be shown with the name of before.
static void a_journal_that_goes_by_another_name_is_asked_about_once(void **state) {
    struct bench *bench = *state;
    add(bench, 11, 12);
    begin(bench, 10, NULL);
    assert_string_equal(ids(drain(bench, 1000)), "11 12");
    console_recent_rename(&bench->recent, "01J.01L");
    struct rf_event next = event_of(13);
    console_recent_add(&bench->recent, &next);
    assert_string_equal(drain(bench, 1000), "");
    assert_true(console_stream_behind(&bench->stream, &bench->recent));
    assert_string_equal(bench->stream.place.journal, JOURNAL);
    struct rf_journal_page page = {.events = {&next, 1}, .scanned = 13, .journal = "01J.01L"};
    console_stream_page(&bench->stream, &page);
    assert_non_null(strstr(drain(bench, 1000), "\nid: 13@01J.01L\n"));
    assert_false(console_stream_behind(&bench->stream, &bench->recent));
}

static void the_ring_is_bounded_by_number_and_by_size(void **state) {
    struct bench *bench = *state;
    add(bench, 11, 10 + 2 * CONSOLE_RECENT_EVENTS);
    assert_int_equal(bench->recent.count, CONSOLE_RECENT_EVENTS);
    assert_int_equal(bench->recent.floor.n, 10 + CONSOLE_RECENT_EVENTS);
    struct rf_journal_place place = rf_journal_place(9 + CONSOLE_RECENT_EVENTS, JOURNAL);
    assert_false(console_recent_covers(&bench->recent, &place));
    place.n++;
    assert_true(console_recent_covers(&bench->recent, &place));
    place.n = 11 + 2 * CONSOLE_RECENT_EVENTS; // nobody has seen that
    assert_false(console_recent_covers(&bench->recent, &place));
    char *large = malloc(1 << 20);
    memset(large, 'x', 1 << 20);
    large[(1 << 20) - 1] = '\0';
    for (int i = 0; i < 20; i++) {
        struct rf_event event = event_of(20000 + i);
        event.data = json_pack("{s:s}", "text", large);
        console_recent_add(&bench->recent, &event);
        json_decref(event.data);
    }
    free(large);
    assert_true(bench->recent.bytes <= CONSOLE_RECENT_BYTES);
    assert_true(bench->recent.count >= 5 && bench->recent.count <= 8);
}

static void measurements_are_for_those_who_are_near(void **state) {
    struct bench *bench = *state;
    console_live_add(&bench->live, console_parcel_new("metric", NULL, json_integer(0)));
    begin(bench, 10, NULL);
    (void)drain(bench, 1000);
    for (int i = 1; i <= CONSOLE_LIVE + 5; i++)
        console_live_add(&bench->live, console_parcel_new("metric", NULL, json_integer(i)));
    const char *text = drain(bench, 1000);
    assert_int_equal(strncmp(text, "event: metric\ndata: 6\n\n", 23), 0);
    assert_string_equal(drain(bench, 1000), "");
}

// What a name in an event holds cannot end its event, nor begin another one.
static void a_hostile_text_stays_data(void **state) {
    struct bench *bench = *state;
    struct rf_event event = event_of(11);
    event.data = json_pack("{s:s}", "name", "a\n\nevent: state\rdata: {}\r\n\xe2\x80\xa8<script>");
    event.subject = "x\ny";
    console_recent_add(&bench->recent, &event);
    json_decref(event.data);
    begin(bench, 10, NULL);
    const char *text = drain(bench, 1000), *body = strstr(text, "event: event\n");
    assert_non_null(body);
    int lines = 0;
    for (const char *at = body; *at != '\0'; at++) {
        lines += *at == '\n';
        assert_true(*at != '\r');
    }
    assert_int_equal(lines, 4); // event, id, data, and the empty one
    assert_null(strstr(text, "\xe2\x80\xa8"));
}

static void ids_are_read_back_and_nonsense_is_none(void **state) {
    (void)state;
    char id[CONSOLE_ID_SIZE];
    struct rf_journal_place place = rf_journal_place(47, JOURNAL), read;
    assert_string_equal(console_id(&place, id), "47@" JOURNAL);
    assert_true(console_id_read(id, &read));
    assert_int_equal(read.n, 47);
    assert_string_equal(read.journal, JOURNAL);
    assert_true(console_id_read("0", &read));
    static const char *const bad[] = {"",        "x",  "-1",    "47@",   "47@a b",
                                      "47x",     "@a", "1@a@b", "47@\n", "1234567890123456789",
                                      "1@ümlaut"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(console_id_read(bad[i], &read));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_snapshot_comes_first_and_then_changes),
        TEST(who_missed_deletions_that_are_forgotten_gets_all_anew),
        TEST(a_snapshot_of_the_broker_tells_what_is_gone),
        TEST(events_come_once_and_in_order_in_whatever_pieces),
        TEST(a_filter_lets_through_what_it_says_and_the_beat_says_how_far),
        TEST(from_now_on_is_when_the_place_is_known),
        TEST(who_is_behind_is_read_for_and_comes_back_to_the_ring),
        TEST(a_gap_is_told),
        TEST(a_journal_that_goes_by_another_name_is_asked_about_once),
        TEST(the_ring_is_bounded_by_number_and_by_size),
        TEST(measurements_are_for_those_who_are_near),
        TEST(a_hostile_text_stays_data),
        cmocka_unit_test(ids_are_read_back_and_nonsense_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
