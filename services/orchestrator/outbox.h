// Publishing the events of one stream of the outbox table, in order, each until the broker has it.
#ifndef RF_ORCHESTRATOR_OUTBOX_H
#define RF_ORCHESTRATOR_OUTBOX_H

#include <ringfence/bus.h>

#include "runtime/loop.h"
#include "store/store.h"
#include "takeover.h"

// Embedded in its owner; members are private.
struct rf_outbox {
    int64_t row; // of its stream in the database
    struct rf_store *store;
    struct rf_stream *stream;
    uint64_t next;    // number of the event to be published next
    uint64_t acked;   // all up to here are kept by the broker
    uint64_t deleted; // and their rows gone up to here
    bool reading, again;
    bool ended;            // the last page had all that there was
    bool blocked;          // the stream is full: go on after an acknowledgement
    struct rf_timer later; // something else was in the way: no acknowledgement may be to come
    uint64_t told;         // the last event that was said to be in the way
    bool unread;           // the last page could not be read, which was said
    bool deleting;
    void (*settled)(void *arg); // a job of it ended
    void *arg;
};

// rf_outbox_open: goes on with publishing the stream.
RF_NODISCARD enum rf_err rf_outbox_open(struct rf_outbox *outbox,
                                        const struct rf_takeover_stream *stream,
                                        struct rf_loop *loop, struct rf_store *store,
                                        struct rf_bus *bus, void (*settled)(void *arg), void *arg,
                                        struct rf_error *error);

// rf_outbox_kick: rows may have been added: publishes them.
void rf_outbox_kick(struct rf_outbox *outbox);

// rf_outbox_kick_later: the same after a moment, and what could not be deleted is deleted.
void rf_outbox_kick_later(struct rf_outbox *outbox);

// rf_outbox_idle: nothing is on its way from the table to the stream.
bool rf_outbox_idle(const struct rf_outbox *outbox);

// rf_outbox_empty: all that was in the table is published, acknowledged and deleted. Something may
// be added to a stream that takes new events.
bool rf_outbox_empty(const struct rf_outbox *outbox);

// rf_outbox_close: before the store closes and the bus goes.
void rf_outbox_close(struct rf_outbox *outbox);

#endif
