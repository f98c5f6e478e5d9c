// What the parts of the client share. Private to common/bus.
#ifndef RF_BUS_CLIENT_H
#define RF_BUS_CLIENT_H

#include <ringfence/bus.h>

#include "bus/handshake.h"
#include "bus/pending.h"
#include "bus/portion.h"
#include "bus/pulse.h"
#include "bus/socket.h"
#include "bus/socket_keys.h"
#include "runtime/loop.h"
#include "wire/page.h"
#include "wire/wire.h"

struct rf_watch;
struct rf_listener;

struct rf_bus {
    struct rf_loop *loop;
    const struct rf_bus_config *config;
    const char *service, *instance;
    struct rf_pulse pulse;
    uint64_t newest;                  // number in the journal, as it was told last
    struct rf_duration interval;      // of our heartbeats
    int64_t looks, send_failures;     // for a broker, in all; in a row
    zsock_t *ingest, *calls, *events; // the last two are opened by their first user
    struct rf_socket_keys keys;       // for those of them that are TCP
    rf_bus_barred_fn *barred;         // NULL: it is a line in the log
    void *barred_arg;
    char version_trouble[320]; // the broker speaks another version; "": it does not, or never
                               // answered
    struct rf_instant version_told;
    struct rf_handshake handshakes[3];   // in the same order
    struct rf_timer beat, flush, expiry; // heartbeat; sending what waits; the next operation's end
    struct {
        rf_bus_change_fn *fn;
        void *arg;
    } listeners[RF_BUS_LISTENERS];
    size_t listener_count;
    uint64_t next_id; // of questions
    struct rf_pending questions, pending_calls;
    struct rf_stream *streams, *own_stream;
    struct rf_watch *watches;
    struct rf_subscription *subscriptions;
    struct rf_page page;       // the last that was read where it stood
    size_t page_bytes;         // of the last page that came
    struct rf_portion portion; // of the journal: what a page may have, whoever asks
    struct rf_listener *hearers;
};

#define RF_RID_SIZE 32

// rf_bus_rid: a new id for a question. Returns out.
char *rf_bus_rid(struct rf_bus *bus, char out[RF_RID_SIZE]);

// rf_bus_send: one message to ingest. RF_ERR_FULL: try later. What cannot be encoded is logged.
RF_NODISCARD enum rf_err rf_bus_send(struct rf_bus *bus, enum rf_message_type type,
                                     const void *body);

// rf_bus_connect: opens one of the bus's sockets, which is NULL as yet, has it read by `fn` and its
// connection watched.
RF_NODISCARD enum rf_err rf_bus_connect(struct rf_bus *bus, int type, const char *endpoint,
                                        zsock_t **socket, rf_loop_socket_fn *fn,
                                        struct rf_error *error);

// rf_bus_handshake: of one of its sockets.
struct rf_handshake *rf_bus_handshake(struct rf_bus *bus, zsock_t *const *socket);

// rf_bus_barred: whether it was refused for want of a role, and somebody hears of that.
bool rf_bus_barred(struct rf_bus *bus, const struct rf_refusal *refusal);

// rf_bus_flush_soon: what waits is sent as soon as the running handler returns, so that a burst
// travels together.
void rf_bus_flush_soon(struct rf_bus *bus);

// rf_bus_expect: `op` was added: its end is watched.
void rf_bus_expect(struct rf_bus *bus, const struct rf_pending_op *op);

// rf_bus_hear: also gets events with this topic prefix from now on; rf_bus_unhear: once less.
RF_NODISCARD enum rf_err rf_bus_hear(struct rf_bus *bus, const char *prefix,
                                     struct rf_error *error);
void rf_bus_unhear(struct rf_bus *bus, const char *prefix);

// Of each part: `reset` after the connection changed (nothing that was sent counts), `flush` sends
// what waits and is false if something could not go, `fini` frees without a word.
void rf_streams_reset(struct rf_bus *bus);
bool rf_streams_flush(struct rf_bus *bus);
void rf_streams_fini(struct rf_bus *bus);
void rf_watches_reset(struct rf_bus *bus);
bool rf_watches_flush(struct rf_bus *bus);
void rf_watches_fini(struct rf_bus *bus);
void rf_watches_refused(struct rf_bus *bus, const char *rid, const char *code);
// rf_subscriptions_page: whether it was a page for a subscription that wants the data of events
// packed, which has it now.
bool rf_subscriptions_page(struct rf_bus *bus, struct rf_parts *parts);

void rf_subscriptions_reset(struct rf_bus *bus);
bool rf_subscriptions_flush(struct rf_bus *bus);
void rf_subscriptions_fini(struct rf_bus *bus);
void rf_calls_reset(struct rf_bus *bus);
void rf_hearers_fini(struct rf_bus *bus);
bool rf_questions_flush(struct rf_bus *bus);
bool rf_calls_flush(struct rf_bus *bus);

// rf_streams_heard: whether the broker holds publishers back (`held`, as a welcome tells).
void rf_streams_heard(struct rf_bus *bus, bool held);

// rf_streams_tick: at each heartbeat: what was not acknowledged for long is sent again.
void rf_streams_tick(struct rf_bus *bus);

// rf_subscriptions_ring: an event with this topic was published. rf_subscriptions_tip: the journal
// holds numbers up to `last`.
void rf_subscriptions_ring(struct rf_bus *bus, const char *topic);
void rf_subscriptions_tip(struct rf_bus *bus, uint64_t last, const char *journal);

// rf_question_end: tells the owner of a question that ended without an answer, and frees it. The
// code is a constant, such as "timeout".
void rf_question_end(struct rf_pending_op *op, const char *code);

// rf_call_end: the same for a call.
void rf_call_end(struct rf_pending_op *op, const char *code, const char *message);

// rf_call_press: its time is over, but it is asked for once more: an answer that was lost on its
// way is known to the broker. False: it has been already, or need not be.
bool rf_call_press(struct rf_bus *bus, struct rf_pending_op *op);

// rf_question_take: the question of this kind that an answer with `rid` (may be NULL) is for; it
// waits no longer, and the caller frees it by rf_pending_op_free. NULL: nobody waits for it.
struct rf_pending_op *rf_question_take(struct rf_bus *bus, enum rf_question question,
                                       const char *rid);

// rf_question_new: a question of this kind, whose message is `body`; ends after `limit` at the
// latest.
struct rf_pending_op *rf_question_new(struct rf_bus *bus, enum rf_question question,
                                      const char *rid, enum rf_message_type type, const void *body,
                                      struct rf_duration limit);

// Handlers of what comes from ingest (bus.c has the table).
void rf_bus_on_stream_opened(struct rf_bus *bus, const struct rf_message *message);
void rf_bus_on_event_ack(struct rf_bus *bus, const struct rf_message *message);
void rf_bus_on_event_refused(struct rf_bus *bus, const struct rf_message *message);
void rf_bus_on_journal_page(struct rf_bus *bus, const struct rf_message *message);
void rf_bus_on_state_reply(struct rf_bus *bus, const struct rf_message *message);
void rf_bus_on_state_change(struct rf_bus *bus, const struct rf_message *message);
void rf_bus_on_status_reply(struct rf_bus *bus, const struct rf_message *message);
void rf_bus_on_breaker_controlled(struct rf_bus *bus, const struct rf_message *message);

#endif
