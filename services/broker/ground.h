// What every part of the broker's core stands on: the time it is given, its timers, its way out to
// the sockets, and its counters. Nothing here does I/O: the rim fills the sink, the tests fill
// another.
#ifndef RF_BROKER_GROUND_H
#define RF_BROKER_GROUND_H

#include <ringfence/id.h>
#include <ringfence/messages.h>
#include <ringfence/time.h>

#include "page.h"
#include "peer.h"
#include "record.h"
#include "runtime/timer.h"

struct rf_now {
    struct rf_instant instant;
    struct rf_utc utc;
};

enum rf_sent {
    RF_SENT_OK,
    RF_SENT_GONE,   // no such peer is connected any more
    RF_SENT_FULL,   // its queue has no place: it does not read
    RF_SENT_FAILED, // it cannot be encoded, such as a page over the largest frame
};

struct rf_sink {
    void *arg;
    // send: one message to one peer. `body` is the struct of `type`, borrowed during the call.
    // `size` becomes that of its frame, also if it is not sent; 0 if there is none.
    enum rf_sent (*send)(void *arg, const struct rf_peer *to, enum rf_message_type type,
                         const void *body, size_t *size);
    // send_raw: the same for a message that is packed already.
    enum rf_sent (*send_raw)(void *arg, const struct rf_peer *to, const struct rf_bytes *raw);
    // publish: one event to whoever subscribed.
    void (*publish)(void *arg, const char *topic, const void *frame, size_t size);
    // new_id: a fresh ULID of that time.
    void (*new_id)(void *arg, struct rf_utc now, char out[RF_ULID_SIZE]);
    // write: one record for the disk, borrowed during the call; when it is kept, rf_core_written
    // tells.
    void (*write)(void *arg, const struct rf_record *record);
    // read: a page from disk, taken over; rf_core_page brings it back.
    void (*read)(void *arg, struct rf_page *page);
    // spare: events above this number stay on disk as long as there is room.
    void (*spare)(void *arg, int64_t number);
};

// name, what it counts
#define RF_COUNTERS(X)                                                                             \
    X(events_accepted, "events taken for the journal")                                             \
    X(events_journaled, "of them, those that are on disk and published")                           \
    X(events_unjournaled, "metric.* events published without the journal")                         \
    X(events_duplicate, "events that were known already")                                          \
    X(events_refused, "gaps, streams that are not open, broken events")                            \
    X(streams_refused, "streams that belong to another key than the one that came with them")      \
    X(events_lost, "events of the broker itself that could not be kept")                           \
    X(disk_failures, "times that the disk began to fail")                                          \
    X(publishers_held, "times that publishers began to be held back for a late disk")              \
    X(answers_dropped, "answers not kept until the disk had written: too many, or no memory")      \
    X(pages_served, "pages of events")                                                             \
    X(pages_from_disk, "of them, those that were read from disk")                                  \
    X(pages_refused, "pages not read as too many waited for the disk")                             \
    X(places_foreign,                                                                              \
      "pages asked for from a place of another journal, or of a lost state of ours")               \
    X(pages_failed, "pages that the disk failed to give")                                          \
    X(calls_taken, "calls put in a queue")                                                         \
    X(calls_joined, "repeated ids that wait for the call in flight")                               \
    X(calls_repeated, "repeated ids answered from memory")                                         \
    X(calls_held, "calls held after a start until it was known whether a worker has them")         \
    X(calls_dispatched, "calls handed to a worker")                                                \
    X(calls_answered, "calls answered by a worker")                                                \
    X(calls_no_worker, "answered no_worker")                                                       \
    X(calls_overloaded, "answered overloaded")                                                     \
    X(calls_deadline_exceeded, "answered deadline_exceeded")                                       \
    X(calls_worker_lost, "answered worker_lost")                                                   \
    X(calls_cancelled, "cancelled before a worker had them")                                       \
    X(calls_handed_back, "calls that a worker gave back")                                          \
    X(calls_adopted, "calls found in the hand of a worker that registered")                        \
    X(replies_recalled, "replies from before, of workers that registered")                         \
    X(replies_late, "replies to calls that were over already")                                     \
    X(replies_undeliverable, "answers whose client was gone or did not read")                      \
    X(workers_registered, "registrations")                                                         \
    X(workers_lost, "workers that vanished")                                                       \
    X(workers_ejected, "workers kept from a provider for a while")                                 \
    X(workers_late, "heartbeats that came after a newer one over another connection")              \
    X(workers_unknown, "messages of workers that are not registered")                              \
    X(outcomes_early, "outcomes that came before an earlier one; they come again")                 \
    X(outcomes_taken, "outcomes given to a breaker")                                               \
    X(outcomes_repeated, "outcomes that were known already")                                       \
    X(outcomes_ignored, "of unknown providers, classes, permits; of ejected workers")              \
    X(permits_granted, "test requests admitted")                                                   \
    X(permits_refused, "test requests refused")                                                    \
    X(state_writes, "values written or deleted")                                                   \
    X(state_conflicts, "compare-and-set that lost")                                                \
    X(state_refused, "values refused for a bound")                                                 \
    X(leases_ended, "values deleted because their lease ended")                                    \
    X(clients_lost, "clients that left or went silent")                                            \
    X(messages_malformed, "messages that could not be decoded")                                    \
    X(messages_unknown_type, "messages of an unknown type")                                        \
    X(messages_wrong_version, "messages of another version")                                       \
    X(messages_not_allowed, "messages that this socket does not take")                             \
    X(messages_no_role, "messages whose sender's key lacks the role")                              \
    X(connections_refused, "connections whose key is not let in")                                  \
    X(sends_failed, "messages that could not be sent")

struct rf_counters {
#define X(name, meaning) int64_t name;
    RF_COUNTERS(X)
#undef X
};

struct rf_ground {
    struct rf_now now; // set by the core at each entry
    struct rf_timer_heap timers;
    struct rf_sink sink;
    struct rf_counters counters;
    size_t work;          // done in this turn (rf_core_turn): bytes that were packed or looked at
    const char *instance; // of this broker
    uint64_t seed;        // of the maps whose keys others choose
    struct rf_duration heartbeat, lease; // a peer silent for a whole lease is lost
    bool ran;
    struct rf_instant resumed; // when we went on after we had not run for a while; 0: never
};

// rf_ground_timer: binds a timer of the core to its handler; it does not run yet.
static inline void rf_ground_timer(struct rf_timer *timer, rf_timer_fn *fn, void *arg) {
    *timer = (struct rf_timer){.fn = fn, .arg = arg};
}

// rf_ground_start: (re)starts a timer of the core. rf_ground_stop: stops it, if it runs.
void rf_ground_start(struct rf_ground *ground, struct rf_timer *timer, struct rf_instant due);
void rf_ground_stop(struct rf_ground *ground, struct rf_timer *timer);

// rf_ground_run: calls every timer that is due at ground->now. A timer fires at exactly its due
// time, never before it. One that fires late by a quarter of a heartbeat tells that we did not run.
void rf_ground_run(struct rf_ground *ground);

// rf_ground_lease_end: when a peer that was last heard then is lost: a lease later, but not within
// a heartbeat after a time in which we ourselves did not run (stopped, or starved), as what it said
// meanwhile may still wait in our sockets.
struct rf_instant rf_ground_lease_end(const struct rf_ground *ground, struct rf_instant heard);

// rf_ground_listening: whether such a heartbeat is not over, and when it is.
bool rf_ground_listening(const struct rf_ground *ground, struct rf_instant *until);

// rf_ground_send, rf_ground_send_raw: sends by the sink and counts what failed.
enum rf_sent rf_ground_send(struct rf_ground *ground, const struct rf_peer *to,
                            enum rf_message_type type, const void *body);
enum rf_sent rf_ground_send_raw(struct rf_ground *ground, const struct rf_peer *to,
                                const struct rf_bytes *raw);

// rf_ground_refuse: sends an `error` to a peer. `rid` may be NULL.
void rf_ground_refuse(struct rf_ground *ground, const struct rf_peer *to, const char *rid,
                      const char *code, const char *message);

#endif
