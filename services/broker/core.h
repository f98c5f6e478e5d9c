// The broker's core: every message, the time and the numbers come in here; what is to be sent goes
// out through the sink. No I/O, no clock, no random source of its own.
#ifndef RF_BROKER_CORE_H
#define RF_BROKER_CORE_H

#include <ringfence/breaker.h>

#include "authority.h"
#include "clients.h"
#include "dispatch.h"
#include "journal.h"
#include "limit.h"
#include "lineage.h"
#include "page.h"
#include "scribe.h"
#include "states.h"
#include "strangers.h"
#include "stream_book.h"
#include "subscribers.h"
#include "watchers.h"
#include "wire/glance.h"
#include "wire/wire.h"

struct rf_core_settings {
    const char *instance, *host, *version; // borrowed for the core's life, as all texts here
    int64_t pid;
    uint64_t seed; // that nobody outside can know: others choose the keys of maps
    struct rf_duration heartbeat;
    int64_t heartbeat_misses; // a peer silent for so many intervals is lost
    struct rf_dispatch_limits calls;
    size_t memory_events, memory_bytes, waiting_events, waiting_bytes, state_entries;
    struct rf_duration stream_idle, subscriber_idle;
    // What this broker goes on behind: see struct rf_disk_found.
    struct {
        int64_t last, trimmed, version, stream, at;
        const char *journal, *start;
    } found;
    struct {
        const char *provider;
        struct rf_breaker_policy policy;
        struct rf_ejection_policy ejection;
    } guards[RF_AUTHORITY_MAX];
    size_t guard_count;
    struct rf_limit_rules accounts[RF_LIMITS_MAX];
    size_t account_count;
};

// The work of a turn, in bytes: a large page or two small ones, about a millisecond.
#define RF_TURN_WORK ((size_t)1024 * 1024)

// Who waits for a page from disk.
#define RF_PAGES_WAITING        1000
#define RF_PAGES_WAITING_OF_ONE 16
struct rf_pages {
    struct rf_peer peers[RF_PAGES_WAITING]; // one for each page
    size_t count;
};

// The journal on disk, as it was told last.
struct rf_kept {
    int64_t trimmed; // all events up to it are gone
    int64_t events, bytes;
};

// What the broker's process tells of itself, as the others do in their entries.
struct rf_load {
    int64_t rss_bytes; // what it holds in memory
    int64_t lag_ns;    // rf_loop_lag since the time before
};

struct rf_core {
    struct rf_ground ground;
    const char *host, *version, *phase;
    struct rf_load load; // all zero: not told yet
    int64_t pid, heartbeat_misses;
    struct rf_utc started;
    struct rf_stream_book streams;
    struct rf_timer streams_timer;
    struct rf_scribe scribe;
    struct rf_journal journal;
    struct rf_lineage lineage; // which journal it is
    int64_t taken_at;          // UTC ns: when the newest event was taken; it never goes back
    struct rf_kept kept;
    struct rf_pages pages;
    struct rf_subscribers subscribers;
    int64_t spared;  // as the disk was told: what is above it is not taken by all
    int64_t own_seq; // of the broker's own stream, which bears its instance's name
    struct rf_states states;
    struct rf_state_rows renewals; // written when the disk works again
    struct rf_watchers watchers;
    struct rf_clients clients;
    struct rf_strangers strangers;
    struct rf_dispatch dispatch;
    struct rf_authority authority;
    struct rf_limits limits;
    struct rf_timer acknowledging; // outcomes
    struct rf_timer roster;        // a lease after the start
    struct rf_timer probe;         // while draining
    bool recount;                  // the fleet was still gathering when it was counted last
    struct rf_timer redispatch;    // calls that waited may go to a worker again
};

// rf_core_new: a broker without peers; NULL if out of memory. The sink is copied. What is on disk
// is then restored, and rf_core_begin called, before anything else.
struct rf_core *rf_core_new(const struct rf_core_settings *settings, const struct rf_sink *sink,
                            const struct rf_now *now);
void rf_core_destroy(struct rf_core **core);

// ---- restore.c: what an earlier broker left; the oldest first. RF_ERR_NOMEM, or RF_ERR_INVALID
// for a value that is no JSON ----

RF_NODISCARD enum rf_err rf_core_restore_start(struct rf_core *core, const char *start,
                                               int64_t reached);
RF_NODISCARD enum rf_err rf_core_restore_stream(struct rf_core *core, int64_t number,
                                                const char *name, int64_t last, const char *owner,
                                                struct rf_utc heard);
RF_NODISCARD enum rf_err rf_core_restore_value(struct rf_core *core, const char *key,
                                               int64_t version, const char *json, size_t size,
                                               struct rf_utc expires);
RF_NODISCARD enum rf_err rf_core_restore_event(struct rf_core *core, int64_t n, const char *topic,
                                               const void *frame, size_t size);

// rf_core_begin: everything is restored: the breakers take their states over, the workers that an
// earlier broker knew are awaited, and the broker enters itself in the registry.
void rf_core_begin(struct rf_core *core);
// rf_core_receive: one message of a peer. The core may take it over (*message becomes NULL).
// `size`: of its frame.
void rf_core_receive(struct rf_core *core, const struct rf_now *now, const struct rf_peer *from,
                     struct rf_message **message, size_t size);

// rf_core_glance: the same for a message that was read at a glance. False, and nothing is done, if
// this peer may not send it here: rf_core_receive refuses it then.
RF_NODISCARD bool rf_core_glance(struct rf_core *core, const struct rf_now *now,
                                 const struct rf_peer *from, const struct rf_glance *glance);

// rf_core_undecodable: a frame that rf_wire_decode refused: answered with an `error`, counted.
// `rid`: the question's, as rf_wire_question reads it; NULL: none.
void rf_core_undecodable(struct rf_core *core, const struct rf_now *now, const struct rf_peer *from,
                         const char *rid, const struct rf_error *error);

// rf_core_stranger: the process with this name was refused for its version, with these words: an
// event, once for each.
void rf_core_stranger(struct rf_core *core, const struct rf_now *now, const struct rf_peer *from,
                      const char *name, const char *why);

// rf_core_turn: one socket has its turn: messages come that wait in it. rf_core_turn_over: what
// they asked for was so much work that those of the other sockets come first. A page of the journal
// costs what hundreds of calls do, and a socket may hold a thousand questions for one.
static inline void rf_core_turn(struct rf_core *core) {
    core->ground.work = 0;
}
static inline bool rf_core_turn_over(const struct rf_core *core) {
    return core->ground.work >= RF_TURN_WORK;
}

// rf_core_tick: lets time act; due at rf_core_wake, which is false if nothing is waited for.
void rf_core_tick(struct rf_core *core, const struct rf_now *now);
bool rf_core_wake(const struct rf_core *core, struct rf_instant *when);

// rf_core_written: everything up to `position` is on disk: its events are published, and what
// waited for it is answered.
void rf_core_written(struct rf_core *core, const struct rf_now *now, int64_t position);

// rf_core_kept: what the disk has of the journal now. Before rf_core_written.
void rf_core_kept(struct rf_core *core, const struct rf_now *now, const struct rf_kept *kept);

// rf_core_page: a page that was read, or failed: sent, and freed.
void rf_core_page(struct rf_core *core, const struct rf_now *now, struct rf_page **page);

// rf_core_disk: whether the disk can be written: `why` not, or NULL. To be told before
// rf_core_written of the same moment.
void rf_core_disk(struct rf_core *core, const struct rf_now *now, const char *why);

// rf_core_tell: an event of the broker's own that the core knows nothing of.
void rf_core_tell(struct rf_core *core, const struct rf_now *now, const struct rf_event *event);

// rf_core_ready, rf_core_drain, rf_core_stopped: the broker's own life, told in its registry entry
// and by events. A draining broker serves on and looks ten times a second which of its peers have
// left.
void rf_core_ready(struct rf_core *core, const struct rf_now *now);
void rf_core_drain(struct rf_core *core, const struct rf_now *now);
void rf_core_stopped(struct rf_core *core, const struct rf_now *now);

// rf_core_rights_changed: the list of keys is another: whoever lost a role by it is registered
// no more, neither as a client nor with its watches nor as a worker, and begins anew if it may.
void rf_core_rights_changed(struct rf_core *core, const struct rf_now *now);

// rf_core_limits: other limits of one provider's account from now on.
void rf_core_limits(struct rf_core *core, const struct rf_now *now,
                    const struct rf_limit_rules *rules);

// rf_core_peers: registered workers and clients.
size_t rf_core_peers(const struct rf_core *core);

// ---- handlers, one file a concern; private to the core ----

typedef void rf_handler_fn(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size);
typedef void rf_glance_fn(struct rf_core *core, const struct rf_peer *from,
                          const struct rf_glance *glance);

// streams.c
rf_handler_fn rf_on_stream_open, rf_on_stream_skip;
void rf_core_watch_idle(struct rf_core *core);
void rf_core_stream_forgotten(void *core, const struct rf_stream_row *row);

// rf_core_stream_of: the open stream `name` if it is the peer's, heard of now; NULL: it was
// refused.
struct rf_stream_row *rf_core_stream_of(struct rf_core *core, const struct rf_peer *from,
                                        const char *name);

// rf_core_refuse_event: what is to come next is `expected` (0: an opening). `defect`: of a BROKEN
// event.
enum rf_refusal_cause { RF_REFUSAL_CLOSED, RF_REFUSAL_HELD, RF_REFUSAL_GAP, RF_REFUSAL_BROKEN };
void rf_core_refuse_event(struct rf_core *core, const struct rf_peer *from, const char *stream,
                          int64_t expected, enum rf_refusal_cause why, const char *defect);

// rf_core_acknowledge_stream: all that is known of the stream, when it is known for good.
void rf_core_acknowledge_stream(struct rf_core *core, const struct rf_peer *from,
                                const struct rf_stream_row *row);

// rf_core_name_stream: the first record of a stream names it. rf_core_write_stream: numbers that
// are known without an event on disk: skipped, or of measurements.
void rf_core_name_stream(struct rf_core *core, struct rf_stream_row *row);
void rf_core_write_stream(struct rf_core *core, struct rf_stream_row *row);

// events.c
rf_handler_fn rf_on_event_publish;

// rf_core_publish: an event of the broker's own; stream, number, id, time and origin are filled in.
void rf_core_publish(struct rf_core *core, const struct rf_event *event);

// pages.c
rf_handler_fn rf_on_journal_read;

// rf_core_subscribers_begin: all values are restored. rf_core_subscriber_gone: the retained value
// of a durable subscriber was deleted; fine for a name that is not known.
void rf_core_subscribers_begin(struct rf_core *core);
void rf_core_subscriber_gone(struct rf_core *core, const char *name);

// values.c
rf_handler_fn rf_on_state_get, rf_on_state_put, rf_on_state_cas, rf_on_state_list;
rf_handler_fn rf_on_state_watch, rf_on_state_unwatch;
void rf_core_write_renewals(struct rf_core *core);
void rf_core_state_changed(void *core, struct rf_state_row *row,
                           const struct rf_state_entry *entry);

// workers.c
rf_handler_fn rf_on_worker_recalled;
rf_handler_fn rf_on_worker_heartbeat, rf_on_worker_handback, rf_on_worker_bye;
rf_handler_fn rf_on_worker_outcomes, rf_on_permit_request;
rf_glance_fn rf_on_call_reply, rf_on_worker_credit;
rf_handler_fn rf_on_breaker_control, rf_on_limit_demand;
void rf_core_worker_lost(void *core, const struct rf_seat *seat);

// rf_core_acknowledge: tells the workers up to where their outcomes are known. A timer of the core.
void rf_core_acknowledge(void *core);

void rf_core_breaker_changed(void *core, struct rf_guard *guard,
                             const struct rf_breaker_transition *transition);

// rf_core_push_views: tells one worker of breakers.
void rf_core_push_views(struct rf_core *core, const struct rf_seat *seat,
                        struct rf_breaker_view *views, size_t count);

// rf_core_tell_breaker: writes the retained state of one breaker.
void rf_core_tell_breaker(struct rf_core *core, const struct rf_guard *guard);

// fleet.c: who is kept from a provider.
// rf_core_barred: the hook of the authority. rf_core_redispatch: a timer of the core.
void rf_core_barred(void *core, struct rf_guard *guard, const char *instance, enum rf_barring what,
                    const struct rf_ejection *ejection, const char *why);
void rf_core_redispatch(void *core);

// rf_core_fleet_heard: after a heartbeat. rf_core_fleet_changed: after a worker left.
void rf_core_fleet_heard(struct rf_core *core, struct rf_seat *seat,
                         const struct rf_worker_heartbeat *heartbeat, enum rf_seat_news news);
void rf_core_fleet_changed(struct rf_core *core);

// rf_core_unconfirmed: whether this write makes a mark that another worker has to confirm first.
bool rf_core_unconfirmed(struct rf_core *core, const struct rf_peer *from,
                         const struct rf_state_cas *cas);

// rf_core_restore_ejections: takes over what stands in retained state, after a start.
void rf_core_restore_ejections(struct rf_core *core);

// rf_core_tell_phase: writes the broker's own entry in the registry. rf_core_tell_load: likewise,
// with what is told anew.
void rf_core_tell_phase(struct rf_core *core, const char *phase);
void rf_core_tell_load(struct rf_core *core, const struct rf_load *load, const struct rf_now *now);

// status.c: how the broker is, as a new object; NULL if out of memory.
json_t *rf_core_status(struct rf_core *core);

#endif
