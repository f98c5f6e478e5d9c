// Nothing is told before the disk has it, and everything that was told is there after a restart.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

static struct stage stage;
static struct rf_peer alice, bob;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    alice = peer(RF_SOCKET_INGEST, "alice");
    bob = peer(RF_SOCKET_INGEST, "bob");
    stage.disk_waits = true;
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void ask_open(const char *name, int64_t next) {
    struct rf_stream_open open = {.stream = name, .next = next};
    stage_receive(&stage, &alice, RF_MESSAGE_stream_open, &open);
}

static int64_t opened(void) {
    return stage_next(&stage, &alice, RF_MESSAGE_stream_opened)->as.stream_opened.last;
}

static void publish(const struct rf_peer *from, const char *stream, int64_t seq, const char *type) {
    struct rf_event event = {
        .id = "01E", .seq = seq, .ts = 1, .severity = "info", .type = type, .subject = "x"};
    struct rf_event_publish publish = {.stream = stream, .events = {&event, 1}};
    stage_receive(&stage, from, RF_MESSAGE_event_publish, &publish);
}

static int64_t next_ack(const struct rf_peer *to) {
    return stage_next(&stage, to, RF_MESSAGE_event_ack)->as.event_ack.seq;
}

static const struct rf_journal_page *read_page(int64_t after) {
    struct rf_journal_read read = {.rid = "p", .after = after, .limit = 100};
    stage_receive(&stage, &bob, RF_MESSAGE_journal_read, &read);
    return &stage_next(&stage, &bob, RF_MESSAGE_journal_page)->as.journal_page;
}

static void ask_put(const char *key, const char *json, int64_t ttl) {
    json_t *value = json_loads(json, 0, NULL);
    struct rf_state_put put = {.rid = "r", .key = key, .value = value, .ttl_ns = ttl};
    stage_receive(&stage, &bob, RF_MESSAGE_state_put, &put);
    json_decref(value);
}

static const struct rf_state_reply *next_reply(void) {
    return &stage_next(&stage, &bob, RF_MESSAGE_state_reply)->as.state_reply;
}

static const struct rf_state_reply *get(const char *key) {
    struct rf_state_get get = {.rid = "r", .key = key};
    stage_receive(&stage, &bob, RF_MESSAGE_state_get, &get);
    return next_reply();
}

static void an_event_is_seen_by_nobody_before_it_is_on_disk(void **state) {
    (void)state;
    ask_open("s", 1);
    assert_int_equal(opened(), 0); // nothing is claimed of it, so that nothing has to be kept first
    publish(&alice, "s", 1, "a.b");
    publish(&alice, "s", 2, "a.b");
    assert_int_equal(stage.event_count, 0);
    stage_quiet(&stage, &alice);
    const struct rf_journal_page *page = read_page(0);
    assert_int_equal(page->events.count, 0);
    assert_int_equal(page->scanned, 0);
    assert_int_equal(page->last, 0);
    struct rf_hello hello = {.instance = "bob-1", .service = "bob"};
    stage_receive(&stage, &bob, RF_MESSAGE_hello, &hello);
    assert_int_equal(stage_next(&stage, &bob, RF_MESSAGE_welcome)->as.welcome.last, 0);
    // The first of them is there: the stream's own record, and the event.
    stage_write(&stage, stage.given - 1);
    assert_int_equal(stage.event_count, 1);
    assert_int_equal(next_ack(&alice), 1);
    stage_quiet(&stage, &alice);
    assert_int_equal(read_page(0)->events.count, 1);
    stage_write(&stage, stage.given);
    assert_int_equal(stage.event_count, 2);
    assert_int_equal(next_ack(&alice), 2);
    assert_int_equal(read_page(1)->events.items[0].n, 2);
}

static void an_event_is_published_before_its_acknowledgement(void **state) {
    (void)state;
    ask_open("s", 1);
    opened();
    publish(&alice, "s", 1, "a.b");
    size_t sends = stage.sent_count;
    stage_write(&stage, stage.given);
    assert_int_equal(stage.events[0].sends_before, sends);
    assert_int_equal(next_ack(&alice), 1);
}

static void acknowledgements_that_come_due_together_are_one(void **state) {
    (void)state;
    ask_open("s", 1);
    opened();
    for (int64_t seq = 1; seq <= 10; seq++)
        publish(&alice, "s", seq, "a.b");
    stage_write(&stage, stage.given);
    assert_int_equal(next_ack(&alice), 10);
    stage_quiet(&stage, &alice);
}

static void a_repeated_event_is_acknowledged_no_earlier_than_the_first_one(void **state) {
    (void)state;
    ask_open("s", 1);
    opened();
    publish(&alice, "s", 1, "a.b");
    publish(&bob, "s", 1, "a.b"); // the same outbox, on another connection
    stage_quiet(&stage, &bob);
    ask_open("s", 1); // its last number is not told either
    stage_quiet(&stage, &alice);
    stage_write(&stage, stage.given);
    assert_int_equal(next_ack(&alice), 1);
    assert_int_equal(next_ack(&bob), 1);
    assert_int_equal(opened(), 1);
    assert_int_equal(stage.event_count, 1);
}

static void measurements_do_not_wait_for_the_disk(void **state) {
    (void)state;
    ask_open("s", 1);
    opened();
    publish(&alice, "s", 1, "a.b");
    publish(&alice, "s", 2, "metric.latency");
    assert_int_equal(stage.event_count, 1);
    assert_string_equal(stage.events[0].topic, "metric.latency/x");
    stage_quiet(&stage, &alice); // but the event before it does
    stage_write(&stage, stage.given);
    assert_int_equal(next_ack(&alice), 2);
    // A publisher of nothing else goes on while the disk stands still.
    for (int64_t seq = 3; seq < 10; seq++) {
        publish(&alice, "s", seq, "metric.latency");
        assert_int_equal(next_ack(&alice), seq);
    }
    assert_true(stage.given > stage.written);
}

static void a_write_acts_at_once_and_is_answered_when_it_is_on_disk(void **state) {
    (void)state;
    struct rf_state_watch watch = {.rid = "w", .prefix = "k/"};
    stage_receive(&stage, &alice, RF_MESSAGE_state_watch, &watch);
    stage_next(&stage, &alice, RF_MESSAGE_state_change);
    ask_put("k/1", "{\"a\": 1}", 0);
    stage_quiet(&stage, &bob);
    assert_int_equal(
        stage_next(&stage, &alice, RF_MESSAGE_state_change)->as.state_change.entries.count, 1);
    assert_true(get("k/1")->ok);
    // One that loses changes nothing, and waits for nothing.
    json_t *value = json_integer(2);
    json_t *array = json_pack("[o]", value);
    struct rf_state_cas cas = {.rid = "r", .key = "k/1", .version = 0, .value = array};
    stage_receive(&stage, &bob, RF_MESSAGE_state_cas, &cas);
    json_decref(array);
    assert_string_equal(next_reply()->code, "conflict");
    stage_write(&stage, stage.given);
    const struct rf_state_reply *reply = next_reply();
    assert_true(reply->ok);
    assert_string_equal(reply->entries.items[0].key, "k/1");
    assert_int_equal(json_integer_value(json_object_get(reply->entries.items[0].value, "a")), 1);
}

static void a_breaker_is_pushed_before_the_disk_has_it_and_told_after(void **state) {
    (void)state;
    struct rf_peer gateway = peer(RF_SOCKET_WORKERS, "gateway");
    struct rf_peer person = peer(RF_SOCKET_CALLS, "person");
    beat(&stage, &gateway, "gateway-1", NULL, 4, 0);
    stage_write(&stage, stage.given);
    stage_hush(&stage);
    struct rf_breaker_control control = {
        .service = "elevenlabs", .action = "force_open", .who = "me", .why = "test"};
    stage_receive(&stage, &person, RF_MESSAGE_breaker_control, &control);
    const struct rf_breaker_view *view =
        stage_next(&stage, &gateway, RF_MESSAGE_breaker_states)->as.breaker_states.breakers.items;
    assert_string_equal(view->state, "open");
    assert_int_equal(stage.event_count, 0);
    // State and events are one: the disk cannot have the one without the other.
    stage_write_some(&stage, 1);
    assert_int_equal(stage.written, stage.given);
    assert_int_equal(stage.event_count, 2);
}

static void after_a_restart_events_and_duplicates_are_known(void **state) {
    (void)state;
    ask_open("outbox", 5);
    opened();
    publish(&alice, "outbox", 5, "a.b");
    publish(&alice, "outbox", 6, "a.b");
    stage_write(&stage, stage.given);
    assert_int_equal(next_ack(&alice), 6);
    publish(&alice, "outbox", 7, "a.b"); // never on disk, never acknowledged
    stage_restart(&stage, "broker-2", 1000);
    ask_open("outbox", 6); // the acknowledgement of 6 was lost with the publisher
    assert_int_equal(opened(), 6);
    publish(&alice, "outbox", 6, "a.b");
    publish(&alice, "outbox", 7, "a.b");
    publish(&alice, "outbox", 9, "a.b");
    assert_int_equal(stage_next(&stage, &alice, RF_MESSAGE_event_ack)->as.event_ack.seq, 6);
    assert_int_equal(
        stage_next(&stage, &alice, RF_MESSAGE_event_refused)->as.event_refused.expected, 8);
    stage_write(&stage, stage.given);
    assert_int_equal(next_ack(&alice), 7);
    const struct rf_journal_page *page = read_page(0);
    assert_int_equal(page->events.count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(page->events.items[i].seq, 5 + i);
    assert_int_equal(page->trimmed, 0);
    // A number that may have been seen is not given again.
    assert_int_equal(page->events.items[1].n, 2);
    assert_int_equal(page->events.items[2].n, 1003);
}

static void a_stream_is_forgotten_by_the_disk_too_and_its_age_goes_on(void **state) {
    (void)state;
    const int64_t hour = 3600 * RF_NS_PER_S;
    stage.disk_waits = false;
    ask_open("s", 1);
    publish(&alice, "s", 1, "a.b");
    stage_hush(&stage);
    stage_at(&stage, hour / 2);
    stage_restart(&stage, "broker-2", 0);
    stage_at(&stage, hour - 1);
    assert_int_equal(stage.core->streams.rows.count, 1);
    stage_at(&stage, hour);
    assert_int_equal(stage.core->streams.rows.count, 0);
    stage_restart(&stage, "broker-3", 0);
    ask_open("s", 1);
    assert_int_equal(opened(), 0);
}

static void values_and_their_versions_come_back_and_leases_end_by_the_clock(void **state) {
    (void)state;
    stage.disk_waits = false;
    ask_put("plain", "{\"x\": [1, 2.5, \"\\u00e4\", null]}", 0);
    int64_t version = next_reply()->entries.items[0].version;
    ask_put("gone", "[1]", 0);
    int64_t deleted = next_reply()->entries.items[0].version;
    struct rf_state_cas cas = {.rid = "r", .key = "gone", .version = deleted};
    stage_receive(&stage, &bob, RF_MESSAGE_state_cas, &cas);
    assert_true(next_reply()->ok);
    ask_put("short", "[1]", 50 * RF_NS_PER_S);
    ask_put("long", "[1]", 100 * RF_NS_PER_S);
    ask_put("process/p", "[1]", 100 * RF_NS_PER_S);
    stage_hush(&stage);
    // 60 s pass without a broker.
    stage.now = (struct rf_now){{5}, {STAGE_UTC + 60 * RF_NS_PER_S}};
    stage_restart(&stage, "broker-2", 0);
    const struct rf_state_reply *reply = get("plain");
    assert_true(reply->ok);
    assert_int_equal(reply->entries.items[0].version, version);
    char *text = json_dumps(reply->entries.items[0].value, JSON_COMPACT);
    assert_string_equal(text, "{\"x\":[1,2.5,\"\u00e4\",null]}");
    free(text);
    assert_string_equal(get("gone")->code, "not_found");
    assert_string_equal(get("short")->code, "not_found");
    assert_true(get("long")->ok);
    assert_true(get("process/p")->ok);
    // The entry of the broker that was killed has no lease, and is not taken for one that lives.
    assert_string_equal(get("process/broker-1")->code, "not_found");
    assert_true(get("process/broker-2")->ok);
    ask_put("gone", "[2]", 0);
    assert_true(next_reply()->entries.items[0].version > deleted);
    stage.now.instant.ns = 40 * RF_NS_PER_S + 5;
    stage.now.utc.ns = STAGE_UTC + 100 * RF_NS_PER_S;
    assert_true(get("long")->ok); // the core did not run until now: it listens for a heartbeat
    stage.now.instant.ns += STAGE_HEARTBEAT;
    stage.now.utc.ns += STAGE_HEARTBEAT;
    assert_string_equal(get("long")->code, "not_found");
}

static void what_was_not_on_disk_is_not_there_and_was_told_to_nobody(void **state) {
    (void)state;
    stage_write(&stage, stage.given);
    ask_put("k", "[1]", 0);
    stage_quiet(&stage, &bob);
    stage_restart(&stage, "broker-2", 1000);
    assert_string_equal(get("k")->code, "not_found");
}

static const char *breaker(const char *member) {
    const struct rf_state_reply *reply = get("breaker/elevenlabs");
    return json_string_value(json_object_get(reply->entries.items[0].value, member));
}

static void fail_calls(const struct rf_peer *gateway, int64_t epoch, int64_t seq) {
    for (int i = 0; i < 5; i++) {
        struct rf_outcome_report report = {.seq = seq + i,
                                           .service = "elevenlabs",
                                           .epoch = epoch,
                                           .class = "transient",
                                           .error = "503"};
        struct rf_worker_outcomes outcomes = {.outcomes = {&report, 1}};
        stage_receive(&stage, gateway, RF_MESSAGE_worker_outcomes, &outcomes);
    }
}

// Incident 5: state in process memory; after a restart it is stranded, the time left is lost.
static void
incident_05_an_open_breaker_is_open_after_a_restart_with_the_time_that_was_left(void **state) {
    (void)state;
    struct rf_peer gateway = peer(RF_SOCKET_WORKERS, "gateway");
    stage.disk_waits = false;
    beat(&stage, &gateway, "gateway-1", NULL, 4, 0);
    fail_calls(&gateway, stage.core->authority.guards[0].breaker.epoch, 1);
    assert_string_equal(breaker("state"), "open");
    int64_t epoch = stage.core->authority.guards[0].breaker.epoch;
    int64_t since = stage.core->authority.guards[0].since.ns;
    size_t events = stage.event_count;
    // The default is 30 s; 10 s pass without a broker, whose clock begins anew.
    stage.now = (struct rf_now){{0}, {STAGE_UTC + 10 * RF_NS_PER_S}};
    stage_restart(&stage, "broker-2", 1000);
    assert_string_equal(breaker("state"), "open");
    const struct rf_guard *guard = &stage.core->authority.guards[0];
    assert_int_equal(guard->breaker.epoch, epoch);
    assert_int_equal(guard->since.ns, since);
    assert_int_equal(stage.event_count, events); // it is no news
    assert_int_equal(guard->breaker.until.ns, 20 * RF_NS_PER_S);
    rf_core_tick(stage.core,
                 &(struct rf_now){{20 * RF_NS_PER_S - 1}, {STAGE_UTC + 30 * RF_NS_PER_S - 1}});
    assert_string_equal(rf_breaker_state_name(guard->breaker.state), "open");
    rf_core_tick(stage.core, &(struct rf_now){{20 * RF_NS_PER_S}, {STAGE_UTC + 30 * RF_NS_PER_S}});
    assert_string_equal(rf_breaker_state_name(guard->breaker.state), "half_open");
}

// The one before may have given the permit that is asked for here.
static void incident_04_a_broker_that_is_killed_half_open_is_followed_by_one_test(void **state) {
    (void)state;
    struct rf_permit_request request = {.call = "c", .service = "elevenlabs"};
    struct rf_peer gateway = peer(RF_SOCKET_WORKERS, "gateway");
    stage.disk_waits = false;
    beat(&stage, &gateway, "gateway-1", NULL, 4, 0);
    fail_calls(&gateway, stage.core->authority.guards[0].breaker.epoch, 1);
    stage_at(&stage, stage.now.instant.ns + 30 * RF_NS_PER_S);
    assert_string_equal(breaker("state"), "half_open");
    stage.now = (struct rf_now){{0}, {stage.now.utc.ns + RF_NS_PER_S}};
    stage_restart(&stage, "broker-2", 1000);
    assert_string_equal(breaker("state"), "half_open");
    request.epoch = stage.core->authority.guards[0].breaker.epoch;
    int64_t lease = stage.core->authority.guards[0].breaker.policy.test_lease.ns;
    for (int i = 0; i < 2; i++) {
        stage_at(&stage, i == 0 ? lease - 1 : lease);
        beat(&stage, &gateway, "gateway-1", NULL, 4, 0);
        stage_receive(&stage, &gateway, RF_MESSAGE_permit_request, &request);
        assert_int_equal(stage.core->ground.counters.permits_granted, i);
    }
}

static void only_observe(struct rf_core_settings *settings) {
    settings->guards[0].policy.mode = RF_BREAKER_OBSERVE;
}

static void a_breaker_that_only_observes_goes_on_with_what_it_decided(void **state) {
    (void)state;
    struct rf_peer gateway = peer(RF_SOCKET_WORKERS, "gateway");
    close_stage(NULL);
    stage_open(&stage, only_observe);
    beat(&stage, &gateway, "gateway-1", NULL, 4, 0);
    fail_calls(&gateway, stage.core->authority.guards[0].breaker.epoch, 1);
    stage.now = (struct rf_now){{0}, {STAGE_UTC + 10 * RF_NS_PER_S}};
    stage_restart(&stage, "broker-2", 0);
    assert_string_equal(breaker("state"), "closed"); // nothing is held back
    assert_string_equal(breaker("decided"), "open");
    assert_int_equal(stage.core->authority.guards[0].breaker.until.ns, 20 * RF_NS_PER_S);
}

static void
what_is_left_of_open_is_never_more_than_the_breaker_allows_nor_less_than_nothing(void **state) {
    (void)state;
    const struct {
        int64_t later, left;
    } cases[] = {{-3600, 30}, {0, 30}, {29, 1}, {31, 0}, {3600, 0}};
    struct rf_peer gateway = peer(RF_SOCKET_WORKERS, "gateway");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        close_stage(NULL);
        open_stage(NULL);
        stage.disk_waits = false;
        beat(&stage, &gateway, "gateway-1", NULL, 4, 0);
        fail_calls(&gateway, stage.core->authority.guards[0].breaker.epoch, 1);
        // The system's clock was set while no broker ran.
        stage.now = (struct rf_now){{7}, {STAGE_UTC + cases[i].later * RF_NS_PER_S}};
        stage_restart(&stage, "broker-2", 0);
        const struct rf_breaker *breaker = &stage.core->authority.guards[0].breaker;
        assert_int_equal(breaker->until.ns - 7, cases[i].left * RF_NS_PER_S);
    }
}

static void a_forced_breaker_stays_forced_with_who_and_why(void **state) {
    (void)state;
    struct rf_peer person = peer(RF_SOCKET_CALLS, "person");
    stage.disk_waits = false;
    struct rf_breaker_control control = {.service = "elevenlabs",
                                         .action = "force_open",
                                         .until = STAGE_UTC + 600 * RF_NS_PER_S,
                                         .who = "ada",
                                         .why = "their status page"};
    stage_receive(&stage, &person, RF_MESSAGE_breaker_control, &control);
    stage.now = (struct rf_now){{0}, {STAGE_UTC + 100 * RF_NS_PER_S}};
    stage_restart(&stage, "broker-2", 0);
    assert_string_equal(breaker("state"), "open");
    assert_string_equal(breaker("force"), "open");
    assert_string_equal(breaker("force_who"), "ada");
    assert_string_equal(breaker("force_why"), "their status page");
    const struct rf_guard *guard = &stage.core->authority.guards[0];
    assert_int_equal(guard->breaker.force_until.ns, 500 * RF_NS_PER_S);
}

// ---- a disk that is late, or fails ----

static void small_bounds(struct rf_core_settings *settings) {
    settings->waiting_events = 40;
    settings->waiting_bytes = 40000;
}

static void open_small(void) {
    close_stage(NULL);
    stage_open(&stage, small_bounds);
    stage.disk_waits = true;
    ask_open("s", 1);
    opened();
}

static const struct rf_event_refused *next_refusal(void) {
    return &stage_next(&stage, &alice, RF_MESSAGE_event_refused)->as.event_refused;
}

static bool told_held(void) {
    struct rf_hello hello = {.instance = "bob-1", .service = "bob"};
    stage_receive(&stage, &bob, RF_MESSAGE_hello, &hello);
    return stage_next(&stage, &bob, RF_MESSAGE_welcome)->as.welcome.held;
}

static bool status_says(const char *member) {
    json_t *status = rf_core_status(stage.core);
    bool says = json_is_true(json_object_get(json_object_get(status, "journal"), member));
    json_decref(status);
    return says;
}

static int64_t publish_until_held(int64_t seq) {
    while (!stage.core->scribe.held)
        publish(&alice, "s", seq++, "a.b");
    const struct rf_event_refused *refused = next_refusal();
    assert_true(refused->held);
    assert_int_equal(refused->expected, seq - 1);
    return seq - 1;
}

static void publishers_are_held_back_at_a_bound_and_taken_again_at_half_of_it(void **state) {
    (void)state;
    open_small();
    assert_false(told_held());
    int64_t seq = publish_until_held(1);
    assert_int_equal(stage.given - stage.written, 40);
    assert_true(told_held());
    assert_true(status_says("held"));
    publish(&alice, "s", seq, "a.b");
    assert_true(next_refusal()->held);
    stage_write(&stage, stage.written + 19); // 21 wait: more than half
    assert_true(told_held());
    stage_write(&stage, stage.written + 2);
    assert_false(told_held());
    assert_false(status_says("held"));
    stage_hush(&stage);
    publish(&alice, "s", seq, "a.b");
    stage_write(&stage, stage.given);
    assert_int_equal(next_ack(&alice), seq);
    assert_int_equal(stage.event_count, seq);
    assert_int_equal(stage.core->ground.counters.publishers_held, 1);
}

static void a_bound_on_bytes_holds_them_back_as_well(void **state) {
    (void)state;
    open_small();
    char text[15001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    json_t *data = json_pack("{s:s}", "text", text);
    for (int64_t seq = 1; seq <= 4; seq++) {
        struct rf_event event = {.id = "01E",
                                 .seq = seq,
                                 .ts = 1,
                                 .severity = "info",
                                 .type = "a.b",
                                 .subject = "x",
                                 .data = data};
        struct rf_event_publish publish = {.stream = "s", .events = {&event, 1}};
        stage_receive(&stage, &alice, RF_MESSAGE_event_publish, &publish);
    }
    json_decref(data);
    assert_int_equal(next_refusal()->expected, 4);
    stage_write(&stage, stage.given);
    assert_int_equal(stage.core->scribe.bytes, 0);
}

static void while_events_are_held_measurements_values_and_our_own_events_have_room(void **state) {
    (void)state;
    open_small();
    int64_t seq = publish_until_held(1);
    publish(&alice, "s", seq, "metric.latency");
    stage_quiet(&stage, &alice); // the events before it are not acknowledged
    assert_int_equal(stage.event_count, 1);
    // Values to five quarters of the bound, then they are refused, and nothing is changed.
    char key[16];
    const struct rf_state_reply *reply = NULL;
    for (int i = 0; stage.given - stage.written < 50; i++) {
        snprintf(key, sizeof key, "k/%d", i);
        ask_put(key, "[1]", 0);
    }
    stage_quiet(&stage, &bob);
    ask_put("k/last", "[1]", 0);
    reply = next_reply();
    assert_false(reply->ok);
    assert_string_equal(reply->code, "held");
    assert_string_equal(get("k/last")->code, "not_found");
    struct rf_state_cas cas = {.rid = "r", .key = "k/0", .version = 1};
    stage_receive(&stage, &bob, RF_MESSAGE_state_cas, &cas);
    assert_string_equal(next_reply()->code, "held");
    publish(&alice, "s", seq + 1, "metric.latency");
    stage_quiet(&stage, &alice);
    assert_int_equal(stage.event_count, 2);
    // What the broker itself tells, to six quarters: then it is counted as lost.
    for (int i = 0; i < 20; i++)
        rf_core_stopped(stage.core, &stage.now);
    assert_int_equal(stage.given - stage.written, 60);
    assert_int_equal(stage.core->ground.counters.events_lost, 10);
    stage_write(&stage, stage.given);
    assert_int_equal(stage.core->journal.durable, stage.core->journal.last);
    assert_true(get("k/0")->ok);
}

static void a_failing_disk_is_told_and_a_renewed_lease_costs_no_memory(void **state) {
    (void)state;
    open_small();
    stage_write(&stage, stage.given);
    ask_put("process/p", "{\"n\": 0}", STAGE_LEASE);
    stage_write(&stage, stage.given);
    assert_true(next_reply()->ok);
    rf_core_disk(stage.core, &stage.now, "disk full");
    assert_true(status_says("failing"));
    int64_t given = stage.given;
    for (int i = 1; i <= 1000; i++) {
        char json[32];
        stage.now.instant.ns += STAGE_LEASE / 2;
        stage.now.utc.ns += STAGE_LEASE / 2;
        snprintf(json, sizeof json, "{\"n\": %d}", i);
        ask_put("process/p", json, STAGE_LEASE);
    }
    assert_int_equal(stage.given, given + 1);
    stage_quiet(&stage, &bob);
    assert_int_equal(
        json_integer_value(json_object_get(get("process/p")->entries.items[0].value, "n")), 1000);
    rf_core_disk(stage.core, &stage.now, NULL);
    stage_write(&stage, stage.given);
    assert_true(next_reply()->ok); // the first renewal has its record
    stage_quiet(&stage, &bob);
    assert_int_equal(stage.given, given + 2); // the others have one together
    stage_write(&stage, stage.given);
    for (int i = 2; i <= 1000; i++)
        assert_true(next_reply()->ok);
    stage_restart(&stage, "broker-2", 0);
    assert_int_equal(
        json_integer_value(json_object_get(get("process/p")->entries.items[0].value, "n")), 1000);
}

static void a_renewed_lease_that_ends_or_is_deleted_while_the_disk_fails_is_gone(void **state) {
    (void)state;
    open_small();
    stage_write(&stage, stage.given);
    rf_core_disk(stage.core, &stage.now, "disk full");
    for (int i = 0; i < 3; i++) {
        ask_put("process/ends", "[1]", STAGE_LEASE);
        ask_put("process/deleted", "[1]", STAGE_LEASE);
    }
    struct rf_state_cas cas = {
        .rid = "r",
        .key = "process/deleted",
        .version = get("process/deleted")->entries.items[0].version,
    };
    stage_receive(&stage, &bob, RF_MESSAGE_state_cas, &cas);
    stage_wake_at(&stage, STAGE_LEASE);
    rf_core_disk(stage.core, &stage.now, NULL);
    stage_write(&stage, stage.given);
    stage_write(&stage, stage.given);
    stage_restart(&stage, "broker-2", 0);
    stage_hush(&stage);
    assert_string_equal(get("process/ends")->code, "not_found");
    assert_string_equal(get("process/deleted")->code, "not_found");
}

static void answers_that_nobody_can_wait_for_are_dropped_not_kept_without_bound(void **state) {
    (void)state;
    ask_open("s", 1);
    opened();
    publish(&alice, "s", 1, "a.b");
    for (int i = 0; i < RF_SCRIBE_ANSWERS_MAX; i++)
        rf_scribe_acknowledge(&stage.core->scribe, stage.given, &alice, "s", 1);
    for (int i = 0; i < 10; i++)
        publish(&alice, "s", 1, "a.b");
    assert_int_equal(stage.core->scribe.answer_count, RF_SCRIBE_ANSWERS_MAX);
    assert_int_equal(stage.core->ground.counters.answers_dropped, 11);
    stage_write(&stage, stage.given);
    assert_int_equal(next_ack(&alice), 1); // they are one
    stage_quiet(&stage, &alice);
}

// Each write of the same key leaves the former value to the answer that waits.
static void answers_that_hold_values_are_bounded_by_their_bytes(void **state) {
    (void)state;
    enum { TEXT = 65000 };
    char *text = malloc(TEXT);
    memset(text, 'v', TEXT);
    ask_put("k/1", "[1]", 0);
    struct rf_scribe *scribe = &stage.core->scribe;
    const size_t before = scribe->answer_bytes;
    assert_true(before > 0);
    size_t kept = 0, each = 0;
    while (stage.core->ground.counters.answers_dropped == 0) {
        struct rf_state_entry entry = {
            .key = "k/1", .version = 1, .value = json_pack("[s%]", text, (size_t)TEXT)};
        size_t bytes = scribe->answer_bytes;
        rf_scribe_stored(scribe, kept % 2 == 0 ? stage.given : RF_SCRIBE_LATER, &bob, "r", &entry);
        json_decref(entry.value);
        if (each == 0)
            each = scribe->answer_bytes - bytes;
        kept += scribe->answer_bytes != bytes;
    }
    free(text);
    assert_true(each > TEXT && each < TEXT + 1000);
    assert_int_equal(kept, (RF_SCRIBE_ANSWERS_BYTES - before) / each);
    assert_int_equal(scribe->answer_bytes, before + kept * each);
    rf_scribe_catch_up(scribe);
    stage_write(&stage, stage.given);
    assert_int_equal(scribe->answer_bytes, 0);
    for (size_t i = 0; i < kept + 1; i++)
        assert_true(next_reply()->ok);
    stage_quiet(&stage, &bob);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_seen_by_nobody_before_it_is_on_disk),
        TEST(an_event_is_published_before_its_acknowledgement),
        TEST(acknowledgements_that_come_due_together_are_one),
        TEST(a_repeated_event_is_acknowledged_no_earlier_than_the_first_one),
        TEST(measurements_do_not_wait_for_the_disk),
        TEST(a_write_acts_at_once_and_is_answered_when_it_is_on_disk),
        TEST(a_breaker_is_pushed_before_the_disk_has_it_and_told_after),
        TEST(after_a_restart_events_and_duplicates_are_known),
        TEST(a_stream_is_forgotten_by_the_disk_too_and_its_age_goes_on),
        TEST(values_and_their_versions_come_back_and_leases_end_by_the_clock),
        TEST(what_was_not_on_disk_is_not_there_and_was_told_to_nobody),
        TEST(incident_05_an_open_breaker_is_open_after_a_restart_with_the_time_that_was_left),
        TEST(incident_04_a_broker_that_is_killed_half_open_is_followed_by_one_test),
        TEST(a_breaker_that_only_observes_goes_on_with_what_it_decided),
        TEST(what_is_left_of_open_is_never_more_than_the_breaker_allows_nor_less_than_nothing),
        TEST(publishers_are_held_back_at_a_bound_and_taken_again_at_half_of_it),
        TEST(a_bound_on_bytes_holds_them_back_as_well),
        TEST(while_events_are_held_measurements_values_and_our_own_events_have_room),
        TEST(a_failing_disk_is_told_and_a_renewed_lease_costs_no_memory),
        TEST(a_renewed_lease_that_ends_or_is_deleted_while_the_disk_fails_is_gone),
        TEST(answers_that_nobody_can_wait_for_are_dropped_not_kept_without_bound),
        TEST(answers_that_hold_values_are_bounded_by_their_bytes),
        TEST(a_forced_breaker_stays_forced_with_who_and_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
