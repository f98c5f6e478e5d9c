// A publisher with an outbox, for the kill tests: each event is in the file before it is published,
// and an acknowledgement is in it before anything else happens.
//   outbox_publisher CONFIG NAME FILE RATE
// Lines: "e ULID TIME" is the next event, "a SEQ" what was acknowledged. Ends after stdin has, when
// all is acknowledged.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "peer.h"

#define TICK           rf_ns(2 * RF_NS_PER_MS)
#define UNACKNOWLEDGED 2000 // new events wait for those before

struct entry {
    char id[RF_ULID_SIZE];
    int64_t ts;
};

struct publisher {
    struct peer peer;
    struct rf_stream *stream;
    struct rf_timer timer;
    int file;
    struct entry *entries; // event number i + 1
    uint64_t count, room, published, acked;
    int64_t rate;
    struct rf_instant began;
    uint64_t made; // since then
};

static void keep_entry(struct publisher *publisher, const char *id, int64_t ts) {
    if (publisher->count == publisher->room) {
        publisher->room = publisher->room == 0 ? 1024 : publisher->room * 2;
        publisher->entries =
            reallocarray(publisher->entries, publisher->room, sizeof *publisher->entries);
        peer_check(publisher->entries != NULL, "out of memory");
    }
    struct entry *entry = &publisher->entries[publisher->count++];
    snprintf(entry->id, sizeof entry->id, "%s", id);
    entry->ts = ts;
}

static void read_outbox(struct publisher *publisher, const char *path) {
    char *text = peer_read_file(path), *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char id[RF_ULID_SIZE];
        long long number;
        if (sscanf(line, "e %26s %lld", id, &number) == 2)
            keep_entry(publisher, id, number);
        else if (sscanf(line, "a %lld", &number) == 1)
            publisher->acked = (uint64_t)number;
    }
    free(text);
    publisher->published = publisher->acked;
}

static void make_event(struct publisher *publisher) {
    struct rf_utc now = rf_clock_utc();
    char id[RF_ULID_SIZE], line[96];
    rf_ulid_new(now, id);
    snprintf(line, sizeof line, "e %s %lld\n", id, (long long)now.ns);
    peer_append(publisher->file, line);
    keep_entry(publisher, id, now.ns);
    publisher->made++;
}

static bool publish_next(struct publisher *publisher) {
    const struct entry *entry = &publisher->entries[publisher->published];
    struct rf_error error;
    struct rf_event event = {
        .id = entry->id, .ts = entry->ts, .type = "kill.event", .subject = "outbox"};
    enum rf_err err =
        rf_stream_publish(publisher->stream, publisher->published + 1, &event, &error);
    peer_check(err == RF_OK || err == RF_ERR_FULL, error.message);
    if (err == RF_OK)
        publisher->published++;
    return err == RF_OK;
}

static void pump(void *arg) {
    struct publisher *publisher = arg;
    struct rf_duration passed =
        rf_instant_since(rf_loop_now(publisher->peer.loop), publisher->began);
    uint64_t due = (uint64_t)((double)passed.ns / 1e9 * (double)publisher->rate);
    while (!publisher->peer.ending && publisher->made < due &&
           publisher->count - publisher->acked < UNACKNOWLEDGED)
        make_event(publisher);
    if (publisher->made < due)
        publisher->made = due; // what could not be made in its time is not made up for
    while (publisher->published < publisher->count && publish_next(publisher))
        ;
    if (publisher->peer.ending && publisher->acked == publisher->count)
        rf_loop_stop(publisher->peer.loop);
    rf_timer_after(&publisher->timer, TICK);
}

static void on_acked(void *arg, uint64_t seq) {
    struct publisher *publisher = arg;
    char line[64];
    peer_check(seq <= publisher->count, "the broker knows events that were never made");
    snprintf(line, sizeof line, "a %llu\n", (unsigned long long)seq);
    peer_append(publisher->file, line);
    publisher->acked = seq;
    if (publisher->published < seq)
        publisher->published = seq;
}

static void on_end(void *arg) {
    pump(arg);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: outbox_publisher CONFIG NAME FILE RATE\n");
        return 2;
    }
    struct publisher publisher = {.rate = peer_number(argv[4])};
    struct rf_error error;
    publisher.file = peer_append_file(argv[3], "ea");
    read_outbox(&publisher, argv[3]);
    peer_open(&publisher.peer, argv[1], argv[2], on_end, &publisher);
    peer_check(rf_stream_new(publisher.peer.bus, argv[2], publisher.acked + 1, on_acked, &publisher,
                             &publisher.stream, &error) == RF_OK,
               "no stream");
    publisher.began = rf_loop_now(publisher.peer.loop);
    rf_timer_init(&publisher.timer, publisher.peer.loop, pump, &publisher);
    rf_timer_after(&publisher.timer, TICK);
    peer_run(&publisher.peer);
    rf_timer_stop(&publisher.timer);
    peer_close(&publisher.peer);
    free(publisher.entries);
    close(publisher.file);
    return 0;
}
