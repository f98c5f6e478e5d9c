// The client side of the broker: publish, state, watch, subscribe, call. (Serving calls:
// ringfence/worker.h.) One struct rf_bus a process, on its loop; not thread-safe. It connects by
// itself, keeps saying hello, and sets everything up again after a broker restart: open streams,
// unacknowledged events, watches, subscriptions. A broker that is not there is waited for, and the
// log says so.
#ifndef RINGFENCE_BUS_H
#define RINGFENCE_BUS_H

#include <ringfence/bus_config.h>
#include <ringfence/error.h>
#include <ringfence/messages.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

struct rf_bus;
struct rf_loop;

// rf_bus_new: a client for the process `instance` of `service`. `config` and the texts are borrowed
// for the bus's life. Does not wait for the broker.
RF_NODISCARD enum rf_err rf_bus_new(struct rf_loop *loop, const struct rf_bus_config *config,
                                    const char *service, const char *instance, struct rf_bus **bus,
                                    struct rf_error *error);

// rf_bus_destroy: closes all sockets without lingering, frees streams, subscriptions and watches,
// and nulls the pointer. Pending callbacks are not called. The order: durable subscribers and
// workers before the bus, the loop after it; never from one of the bus's own callbacks.
void rf_bus_destroy(struct rf_bus **bus);

// rf_bus_connected: whether the broker answered within the heartbeat's limit.
bool rf_bus_connected(const struct rf_bus *bus);

// rf_bus_trouble: what is known to keep it from connecting, as a piece of a sentence about the
// broker ("does not let our key in", "speaks another version of the protocol: ..."), whose mend the
// log has; else NULL. It is tried on all the while.
const char *rf_bus_trouble(const struct rf_bus *bus);

// rf_bus_mend: what a person can do where keys are the trouble, with our public key if that is
// refused; else NULL. It changes with the trouble: use it at once.
const char *rf_bus_mend(const struct rf_bus *bus);

// rf_bus_other_version: whether the broker refused us for the version of our protocol, and has not
// taken us since.
bool rf_bus_other_version(const struct rf_bus *bus);

// rf_bus_newest: the newest number in the journal, as the broker said last; it says so when the
// connection comes, and at each heartbeat. 0 before that, and for an empty journal.
uint64_t rf_bus_newest(const struct rf_bus *bus);

// rf_bus_on_change: `fn` is called when the connection comes (true) or goes (false), and for a
// broker that was restarted in between (false, then true). Up to RF_BUS_LISTENERS of them, for the
// bus's life; one more aborts the process.
#define RF_BUS_LISTENERS 8
typedef void rf_bus_change_fn(void *arg, bool connected);
void rf_bus_on_change(struct rf_bus *bus, rf_bus_change_fn *fn, void *arg);

// rf_bus_on_barred: `fn` is called in place of a line in the log, and of what else would follow,
// when the broker refuses a message as our key lacks a role; `why` names message, role and key. For
// a client that has nothing to do without it. Once, before anything is asked.
typedef void rf_bus_barred_fn(void *arg, const char *why);
void rf_bus_on_barred(struct rf_bus *bus, rf_bus_barred_fn *fn, void *arg);

// ---- events ----

// rf_bus_publish: publishes on the process's own stream. The event is copied; id, ts, origin,
// severity (of its type, when NULL) and numbers are filled in. Kept until acknowledged; RF_ERR_FULL
// when max_unacknowledged are waiting (the event is not taken). Lost with the process if it dies
// before.
RF_NODISCARD enum rf_err rf_bus_publish(struct rf_bus *bus, const struct rf_event *event,
                                        struct rf_error *error);

// rf_bus_unacknowledged: events of all streams not yet acknowledged. A draining process waits for
// 0.
size_t rf_bus_unacknowledged(const struct rf_bus *bus);

// rf_bus_half_full: whether what rf_bus_publish took fills half of max_unacknowledged. Who has
// something to say that matters less than other events waits while it does.
bool rf_bus_half_full(const struct rf_bus *bus);

// A durable stream, for a process with an outbox: the name and the numbers outlive the process.
struct rf_stream;
typedef void rf_stream_acked_fn(void *arg, uint64_t seq); // all up to seq are kept by the broker

// rf_stream_new: `name` has 1 to 255 bytes. `next` is the number of the first event that will be
// published (1 for a new outbox). If the broker knows later numbers already, `acked` tells so
// before anything is sent. Freed by rf_stream_destroy or with the bus.
RF_NODISCARD enum rf_err rf_stream_new(struct rf_bus *bus, const char *name, uint64_t next,
                                       rf_stream_acked_fn *acked, void *arg,
                                       struct rf_stream **stream, struct rf_error *error);
void rf_stream_destroy(struct rf_stream **stream);

// rf_stream_publish: as rf_bus_publish, with the outbox's number `seq`, ascending by 1. `event->id`
// and `event->ts` are required here, as a repeated event must be the same. RF_ERR_FULL: try after
// an acknowledgement.
RF_NODISCARD enum rf_err rf_stream_publish(struct rf_stream *stream, uint64_t seq,
                                           const struct rf_event *event, struct rf_error *error);

// ---- pages of events: nothing is missed ----

struct rf_subscription;

// One page, borrowed until the function returns: `events`, in order; `scanned` and `journal` (may
// be NULL) are the new place, which is kept as a pair; `trimmed` is not 0 when events up to that
// number are gone; `other`: the place that was asked for is of a journal that the broker no longer
// has (its database was replaced, or is an older copy), and the page begins behind number `from` of
// this one.
typedef void rf_subscription_fn(void *arg, const struct rf_journal_page *page);

// What a subscription gets, and where it begins: at the latest of the places that are given. All
// zero: every event that the journal still has, which `limit` alone must be said for.
struct rf_subscription_options {
    const char *const *prefixes; // of the topic ("type/subject"); borrowed during the call
    size_t prefix_count;         // at most 100, of 255 bytes each; 0: all events
    size_t limit;                // events a page at most, 1 to 10000
    uint64_t after;              // the last number that was seen
    const char *journal;         // that came with it; borrowed during the call; NULL: not known
    struct rf_utc since;         // the first event that the broker took at this time or later
    uint64_t newest;             // the last so many matching events, at most 1000000; 0: no matter
    const char *durable; // NULL, or a name of 1 to 200 bytes under which the broker keeps what
                         // was taken: retention spares the rest, up to the journal's size
    bool packed;         // the events' data stay as they came, in data_packed, wherever that is
                         // possible: for who reads them where they stand
    bool in_step;        // pages end at multiples of `limit`, and one that is a few pages ahead of
                         // another lets it catch up, so that several subscriptions of a process
                         // get the same pages one after the other: packed, they are read once
    bool resume;         // begin where that name stands, if the broker knows it, or at `after`
                         // where that is later
};

// rf_subscription_new: pages of events. After each page the subscriber calls rf_subscription_next
// when its work is stored (that is its credit); pages come only when there is something new, or
// when `scanned` moved. Survives broker restarts. Who stores `scanned` and `journal` in one act
// with its own work, and begins after them, gets every event once, whoever is killed.
// rf_durable_new does the storing for who has no store; a durable name with `resume` leaves it to
// the broker, where it is written within 0.1 s of the next page's being asked for: after a kill the
// last pages may come again, with the same numbers. One name is for one subscriber at a time: of
// two, the one who asked last counts.
RF_NODISCARD enum rf_err rf_subscription_new(struct rf_bus *bus,
                                             const struct rf_subscription_options *options,
                                             rf_subscription_fn *fn, void *arg,
                                             struct rf_subscription **subscription,
                                             struct rf_error *error);
void rf_subscription_next(struct rf_subscription *subscription);
// rf_subscription_look: asks the broker whether there is more, also if nothing rang.
// rf_subscription_behind: it has not said since that there is nothing more; false while there is no
// broker to say so.
void rf_subscription_look(struct rf_subscription *subscription);
bool rf_subscription_behind(const struct rf_subscription *subscription);
void rf_subscription_destroy(struct rf_subscription **subscription);

// rf_subscription_list: while a page is given: a number that it has in common with the page before
// it, whichever subscription that was for, if their events are the same; 0: that is not known.
uint64_t rf_subscription_list(const struct rf_subscription *subscription);

// rf_bus_tell_gap: `subscriber`, which had read up to `place`, got this page: if it is of another
// journal, or events that were not read are gone, logs that and publishes journal.replaced,
// journal.trimmed. Else nothing.
void rf_bus_tell_gap(struct rf_bus *bus, const char *subscriber,
                     const struct rf_journal_place *place, const struct rf_journal_page *page);

// ---- events, one by one, with the place kept in a file ----

struct rf_durable;

struct rf_durable_options {
    const char *path; // of the file; it is made. Its folder must be there
    const char *
        name; // of the subscriber, for journal.trimmed, journal.replaced and the broker (`durable`)
    const char *const *prefixes; // as in rf_subscription_options; all borrowed during the call
    size_t prefix_count;
    struct rf_utc since; // where to begin while there is no file
    uint64_t newest;
};

// True: it is done, and will not come again. False: it is given again after a second, and none
// before it.
typedef bool rf_durable_fn(void *arg, const struct rf_event *event);

// rf_durable_new: every event once and in order, over any number of restarts of this process and of
// the broker. The place is written to the file after each event, in one write of the system: it
// survives a kill, and at a clean end nothing comes twice. A process that is killed between its own
// work and that write gets that one event again, under the same number `n`; so may, after a power
// failure, some more. RF_ERR_CONFLICT: another process uses the file; RF_ERR_INVALID: it holds
// something else; RF_ERR_IO.
RF_NODISCARD enum rf_err rf_durable_new(struct rf_bus *bus,
                                        const struct rf_durable_options *options, rf_durable_fn *fn,
                                        void *arg, struct rf_durable **durable,
                                        struct rf_error *error);
// rf_durable_place: the number up to which all is done. rf_durable_behind: as
// rf_subscription_behind, and what is in hand.
uint64_t rf_durable_place(const struct rf_durable *durable);
bool rf_durable_behind(const struct rf_durable *durable);
// rf_durable_destroy: may be called by its own function.
void rf_durable_destroy(struct rf_durable **durable);

// rf_bus_listen: the plain SUB side: live events by prefix, without any promise (XPUB drops at its
// high-water mark). For tail and doorbells. `prefix` is of the topic.
typedef void rf_listen_fn(void *arg, const char *topic, const struct rf_event *event);
RF_NODISCARD enum rf_err rf_bus_listen(struct rf_bus *bus, const char *prefix, rf_listen_fn *fn,
                                       void *arg, struct rf_error *error);

// ---- state ----

// `code` is NULL on success, else "conflict", "not_found", "full", "timeout", "disconnected",
// "invalid" (it cannot be encoded), or what the broker refused it with. Never called from within
// the function that began it. `entry` is the value as it stands now (NULL if there is none);
// borrowed during the call.
typedef void rf_state_fn(void *arg, const char *code, const struct rf_state_entry *entry);

// `ttl` 0: no lease. `fn` may be NULL. `value` is borrowed (a reference is taken). An operation
// that gets no answer within 10 s, or whose broker goes, ends with "timeout" or "disconnected": it
// may or may not have been carried out.
void rf_bus_state_get(struct rf_bus *bus, const char *key, rf_state_fn *fn, void *arg);
void rf_bus_state_put(struct rf_bus *bus, const char *key, json_t *value, struct rf_duration ttl,
                      rf_state_fn *fn, void *arg);
// rf_bus_state_cas: writes when the version is still `version` (0: there is no such key). value
// NULL: deletes.
void rf_bus_state_cas(struct rf_bus *bus, const char *key, int64_t version, json_t *value,
                      struct rf_duration ttl, rf_state_fn *fn, void *arg);

// `snapshot`: forget what you knew (also after every reconnect); entries are all there is under the
// prefix, or the first 1000 values, or 1 MiB, of it: the others follow at once as changes. Else
// changes; version 0 means deleted.
typedef void rf_watch_fn(void *arg, bool snapshot, const struct rf_state_entry *entries,
                         size_t count);

// rf_bus_watch: watches for the bus's life.
RF_NODISCARD enum rf_err rf_bus_watch(struct rf_bus *bus, const char *prefix, rf_watch_fn *fn,
                                      void *arg, struct rf_error *error);

// ---- calls ----

typedef void rf_reply_fn(void *arg, const struct rf_call_reply *reply);

// rf_bus_call: sends the request, whose id no other call in hand has (the same id again aborts the
// process: one of the two would wait for ever). `fn` is called exactly once, never from within:
// with the reply, or with one of class local: deadline_exceeded when nothing came until 2 s after
// the deadline (sent: maybe), overloaded, invalid (it cannot be encoded, its id, service or
// operation is over 255 bytes, it takes more than 16,320 KiB, or `config.calls` is NULL; the log
// says which). `remaining_ns` is filled in. A call made while the broker is away is kept and sent
// when it is there, until its deadline (then deadline_exceeded, sent: no). A broker that was
// restarted, or was silent, is asked again under the same id (`asked_ns` is filled in): it waits
// for the worker that has the call in hand, answers as that worker did, carries out what surely
// nobody has begun, or says worker_lost (sent: maybe).
void rf_bus_call(struct rf_bus *bus, const struct rf_call_request *request, rf_reply_fn *fn,
                 void *arg);

// rf_bus_cancel: tells the broker and the worker that nobody waits any more, also over a connection
// that breaks; `fn` is not called again. The id of a call that was sent is in use until its answer,
// or 2 s after its deadline: the same id in rf_bus_call aborts the process.
void rf_bus_cancel(struct rf_bus *bus, const char *id);

// rf_bus_call_off: asks for the same, but waits for the answer: `fn` is called with "cancelled", or
// with how the call ended all the same: a dial that is on its way cannot be taken back. Whoever
// asks again over a new connection only asks what became of it: what nobody has begun is then
// deadline_exceeded.
void rf_bus_call_off(struct rf_bus *bus, const char *id);

// rf_bus_breaker_control: a person's word about a circuit breaker (`rid` is filled in). `code`
// NULL: it is done; else why not, with what was expected in `message` (may be NULL): a code of
// breaker.controlled, or as in rf_state_fn.
typedef void rf_control_fn(void *arg, const char *code, const char *message);
void rf_bus_breaker_control(struct rf_bus *bus, const struct rf_breaker_control *control,
                            rf_control_fn *fn, void *arg);

// rf_bus_status: the broker's status.reply; `status` is NULL if no answer came within 5 s.
typedef void rf_status_fn(void *arg, json_t *status);
void rf_bus_status(struct rf_bus *bus, rf_status_fn *fn, void *arg);

#pragma GCC visibility pop

#endif
