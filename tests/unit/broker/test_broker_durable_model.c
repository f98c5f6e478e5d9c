// The core, a disk that is late, publishers that forget and repeat themselves, and a broker that is
// killed at any moment, by chance from a seed: what was acknowledged is in the journal, what is in
// the journal was published by somebody, each once and in order.
#include <stdio.h>
#include <stdlib.h>

#include "stage.h"

#define SEEDS      25
#define STEPS      1500
#define PUBLISHERS 4
#define KEYS       3
#define JOURNAL    20000

struct publisher {
    char name[16];
    struct rf_peer peer;
    int connections;
    int64_t created;      // numbers it has ever given
    int64_t acknowledged; // of them, those it need not keep
    int64_t next;         // it sends this one next
    int64_t lost;         // up to it, the broker has forgotten numbers: to be told so; 0: none
    bool open;
};

struct line {
    int64_t n, seq;
    int who;
};

static struct stage stage;
static struct publisher publishers[PUBLISHERS];
static struct line journal[JOURNAL], shown[JOURNAL];
static size_t journal_count, shown_count;
static int64_t cursor; // of the reader
static char cursor_journal[RF_JOURNAL_ID_SIZE];
static int64_t asked[KEYS], confirmed[KEYS]; // values: the last that was written, and answered
static struct rf_peer reader, writer;
static unsigned seed, life;

static unsigned chance(unsigned below) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

// Whether an event is a measurement is a matter of its number: it is the same when sent again.
static bool is_measurement(int who, int64_t seq) {
    return (seq * 7 + who) % 5 == 0;
}

static int who_is(const char *stream) {
    for (int i = 0; i < PUBLISHERS; i++) {
        if (strcmp(publishers[i].name, stream) == 0)
            return i;
    }
    return -1;
}

// ---- what the broker says ----

// Whoever reads sees each event of a publisher once, in order, and no number of it is left out but
// those of measurements.
static void add_line(struct line *lines, size_t *count, const struct rf_event *event) {
    int who = who_is(event->stream);
    if (who < 0)
        return; // the broker's own
    int64_t before = 0;
    for (size_t i = *count; i > 0 && before == 0; i--) {
        if (lines[i - 1].who == who)
            before = lines[i - 1].seq;
    }
    assert_true(*count == 0 || lines[*count - 1].n < event->n);
    assert_true(event->seq > before);
    // On the events socket those are missed that a killed broker had no time to show.
    for (int64_t seq = before + 1; seq < event->seq && (lines == journal || life == 0); seq++)
        assert_true(is_measurement(who, seq));
    assert_true(event->seq <= publishers[who].created);
    assert_true(*count < JOURNAL);
    lines[(*count)++] = (struct line){event->n, event->seq, who};
}

static bool was_shown(int who, int64_t seq) {
    for (size_t i = shown_count; i > 0; i--) {
        if (shown[i - 1].who == who && shown[i - 1].seq == seq)
            return true;
    }
    return false;
}

// All up to `seq` need not be sent again: then they were shown before. A broker that was killed may
// have written what it could not show any more; the pages have it, which is looked at in the end.
static void take_acknowledged(struct publisher *publisher, int64_t seq) {
    assert_true(seq <= publisher->created);
    int who = (int)(publisher - publishers);
    for (int64_t i = publisher->acknowledged + 1; i <= seq && life == 0; i++)
        assert_true(is_measurement(who, i) || was_shown(who, i));
    if (seq > publisher->acknowledged)
        publisher->acknowledged = seq;
    if (publisher->next <= seq)
        publisher->next = seq + 1;
}

static void take_reply(const struct rf_state_reply *reply) {
    if (!reply->ok) {
        assert_string_equal(reply->code, "held");
        return;
    }
    const struct rf_state_entry *entry = reply->entries.items;
    int key = entry->key[strlen("key/")] - '0';
    int64_t value = json_integer_value(json_object_get(entry->value, "n"));
    assert_true(value > confirmed[key] && value <= asked[key]);
    confirmed[key] = value;
}

static void take_page(const struct rf_journal_page *page) {
    assert_int_equal(page->trimmed, 0);
    assert_false(page->other); // however often the broker was killed
    assert_true(page->scanned >= cursor);
    for (size_t i = 0; i < page->events.count; i++) {
        assert_true(page->events.items[i].n > cursor);
        add_line(journal, &journal_count, &page->events.items[i]);
    }
    cursor = page->scanned;
    snprintf(cursor_journal, sizeof cursor_journal, "%s", page->journal);
}

// What it need not keep any more the broker knows, whatever happened; but numbers of measurements,
// which wait for no disk, may be forgotten by a killed one. They are declared lost.
static void forgotten(struct publisher *publisher) {
    for (int64_t seq = publisher->next; seq <= publisher->acknowledged; seq++)
        assert_true(is_measurement((int)(publisher - publishers), seq));
    publisher->lost = publisher->next <= publisher->acknowledged ? publisher->acknowledged : 0;
}

static void take_sent(struct stage_sent *sent) {
    const struct rf_message *message = sent->message;
    struct publisher *publisher = NULL;
    // What is sent to a connection that is given up is not heard.
    for (int i = 0; i < PUBLISHERS; i++) {
        if (rf_peer_same(&sent->to, &publishers[i].peer))
            publisher = &publishers[i];
    }
    switch (message->type) {
    case RF_MESSAGE_stream_opened:
        if (publisher != NULL) {
            publisher->open = true;
            publisher->next = message->as.stream_opened.last + 1;
            forgotten(publisher);
            take_acknowledged(publisher, message->as.stream_opened.last);
        }
        break;
    case RF_MESSAGE_event_ack:
        if (publisher != NULL)
            take_acknowledged(publisher, message->as.event_ack.seq);
        break;
    case RF_MESSAGE_event_refused:
        if (publisher != NULL && message->as.event_refused.expected == 0)
            publisher->open = false;
        else if (publisher != NULL)
            publisher->next = message->as.event_refused.expected;
        break;
    case RF_MESSAGE_state_reply:
        take_reply(&message->as.state_reply);
        break;
    case RF_MESSAGE_journal_page:
        take_page(&message->as.journal_page);
        break;
    default:
        fail_msg("unexpected %s", rf_message_type_name(message->type));
    }
}

static void hear(void) {
    for (size_t i = 0; i < stage.event_count; i++) {
        const struct rf_event *event = stage.events[i].message->as.event_publish.events.items;
        if (event->n != 0)
            add_line(shown, &shown_count, event);
        else
            assert_memory_equal(event->type, "metric.", 7);
    }
    for (size_t i = 0; i < stage.sent_count; i++)
        take_sent(&stage.sent[i]);
    stage_forget(&stage);
}

// ---- what the others do ----

static void open_stream(struct publisher *publisher) {
    // An outbox may have lost the last acknowledgements with its process.
    int64_t lost = chance(3) == 0 ? chance(4) : 0;
    publisher->acknowledged -= lost < publisher->acknowledged ? lost : publisher->acknowledged;
    struct rf_stream_open open = {.stream = publisher->name, .next = publisher->acknowledged + 1};
    stage_receive(&stage, &publisher->peer, RF_MESSAGE_stream_open, &open);
}

static void publish(struct publisher *publisher, int64_t from, int64_t count) {
    struct rf_event events[16];
    for (int64_t i = 0; i < count; i++) {
        bool measured = is_measurement((int)(publisher - publishers), from + i);
        events[i] = (struct rf_event){.id = "01E",
                                      .seq = from + i,
                                      .ts = 1,
                                      .severity = "info",
                                      .type = measured ? "metric.latency" : "a.b",
                                      .subject = "x"};
    }
    if (from + count - 1 > publisher->created)
        publisher->created = from + count - 1;
    publisher->next = from + count;
    struct rf_event_publish message = {.stream = publisher->name,
                                       .events = {events, (size_t)count}};
    stage_receive(&stage, &publisher->peer, RF_MESSAGE_event_publish, &message);
}

static void declare_lost(struct publisher *publisher) {
    struct rf_stream_skip message = {.stream = publisher->name, .to = publisher->lost};
    publisher->next = publisher->lost + 1;
    publisher->lost = 0;
    stage_receive(&stage, &publisher->peer, RF_MESSAGE_stream_skip, &message);
}

static void reconnect(struct publisher *publisher) {
    char name[32];
    snprintf(name, sizeof name, "%.15s.%d", publisher->name, ++publisher->connections);
    publisher->peer = peer(RF_SOCKET_INGEST, name);
    publisher->open = false;
}

static void act(struct publisher *publisher) {
    unsigned what = chance(20);
    if (!publisher->open)
        open_stream(publisher);
    else if (publisher->lost > 0)
        declare_lost(publisher);
    else if (what == 0)
        reconnect(publisher);
    else if (what == 1 && publisher->created > publisher->next)
        publish(publisher, publisher->next + 1, 1); // a gap
    else if (what <= 3)
        publish(publisher, publisher->acknowledged + 1, 1 + chance(8)); // again, and more
    else
        publish(publisher, publisher->next, 1 + chance(8));
}

static void read_page(int64_t limit) {
    struct rf_journal_read read = {
        .rid = "p", .after = cursor, .journal = cursor > 0 ? cursor_journal : NULL, .limit = limit};
    stage_receive(&stage, &reader, RF_MESSAGE_journal_read, &read);
}

static void write_value(void) {
    unsigned key = chance(KEYS);
    char name[16];
    snprintf(name, sizeof name, "key/%u", key);
    json_t *value = json_pack("{s:I}", "n", (json_int_t)++asked[key]);
    struct rf_state_put put = {.rid = "r", .key = name, .value = value};
    stage_receive(&stage, &writer, RF_MESSAGE_state_put, &put);
    json_decref(value);
}

static void check_values(void) {
    for (int key = 0; key < KEYS; key++) {
        char name[16];
        snprintf(name, sizeof name, "key/%d", key);
        const struct rf_state_row *row = rf_states_find(&stage.core->states, name);
        int64_t value = row == NULL ? 0 : json_integer_value(json_object_get(row->value, "n"));
        assert_true(value >= confirmed[key] && value <= asked[key]);
        asked[key] = confirmed[key] = value;
    }
}

static void kill_broker(void) {
    char name[32];
    // It may have written more than it could tell of.
    if (chance(2) == 0)
        stage_write_untold(&stage, chance(20));
    snprintf(name, sizeof name, "broker-%u", ++life + 1);
    stage_restart(&stage, name, 1000);
    for (int i = 0; i < PUBLISHERS; i++)
        publishers[i].open = false;
    check_values();
}

static void step(void) {
    unsigned what = chance(100);
    if (what < 60)
        act(&publishers[chance(PUBLISHERS)]);
    else if (what < 80)
        stage_write_some(&stage, 1 + chance(20));
    else if (what < 90)
        read_page(1 + chance(6));
    else if (what < 98)
        write_value();
    else if (chance(4) == 0)
        kill_broker();
    hear();
}

static void finish(void) {
    stage.disk_waits = false;
    stage_write(&stage, stage.given);
    hear();
    for (int i = 0; i < PUBLISHERS; i++) {
        struct publisher *publisher = &publishers[i];
        while (!publisher->open || publisher->acknowledged < publisher->created) {
            if (!publisher->open)
                open_stream(publisher);
            else if (publisher->lost > 0)
                declare_lost(publisher);
            else
                publish(publisher, publisher->acknowledged + 1, 1);
            hear();
        }
    }
    int64_t before;
    do {
        before = cursor;
        read_page(1000);
        hear();
    } while (cursor > before);
}

// The journal is what was created, and who heard it on the events socket heard no other thing.
static void compare(void) {
    size_t expected = 0, at = 0;
    for (int who = 0; who < PUBLISHERS; who++) {
        for (int64_t seq = 1; seq <= publishers[who].created; seq++)
            expected += !is_measurement(who, seq);
    }
    assert_int_equal(journal_count, expected);
    for (size_t i = 0; i < shown_count; i++) {
        while (at < journal_count && journal[at].n < shown[i].n)
            at++;
        assert_true(at < journal_count);
        assert_int_equal(journal[at].n, shown[i].n);
        assert_int_equal(journal[at].seq, shown[i].seq);
        assert_int_equal(journal[at].who, shown[i].who);
    }
}

static void keep_all(struct rf_core_settings *settings) {
    settings->memory_events = JOURNAL;
    settings->memory_bytes = 1000000000;
    settings->waiting_events = chance(2) == 0 ? 60 : 100000;
}

static void run(unsigned first) {
    seed = first;
    life = 0;
    journal_count = shown_count = 0;
    cursor = 0;
    memset(asked, 0, sizeof asked);
    memset(confirmed, 0, sizeof confirmed);
    stage_open(&stage, keep_all);
    stage.disk_waits = true;
    reader = peer(RF_SOCKET_INGEST, "reader");
    writer = peer(RF_SOCKET_INGEST, "writer");
    for (int i = 0; i < PUBLISHERS; i++) {
        publishers[i] = (struct publisher){.next = 1};
        snprintf(publishers[i].name, sizeof publishers[i].name, "stream-%d", i);
        reconnect(&publishers[i]);
    }
    hear();
    for (int i = 0; i < STEPS; i++)
        step();
    finish();
    compare();
    assert_true(life > 0);
    stage_close(&stage);
}

static void whatever_happens_the_journal_has_each_event_once_and_in_order(void **state) {
    (void)state;
    const char *only = getenv("RF_SEED");
    for (unsigned i = 1; i <= SEEDS; i++) {
        unsigned first = only != NULL ? (unsigned)strtoul(only, NULL, 10) : i;
        print_message("seed %u\n", first);
        run(first);
        if (only != NULL)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_the_journal_has_each_event_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
