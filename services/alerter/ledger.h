// The alerter's memory: alerts, their deliveries, and how far the journal was read, in one SQLite
// database. An alert and the cursor beyond its event are one transaction, so a killed alerter
// neither loses an alert nor makes it twice.
#ifndef RF_ALERTER_LEDGER_H
#define RF_ALERTER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>
#include <ringfence/time.h>

#include "alert.h"
#include "channels/channels.h"
#include "engine.h"
#include "keeper.h"
#include "outbox.h"
#include "store/store.h"

struct rf_ledger;
struct rf_loop;

// rf_ledger_open: opens or creates the database at `path`. Blocks.
RF_NODISCARD enum rf_err rf_ledger_open(struct rf_loop *loop, const char *path,
                                        struct rf_ledger **ledger, struct rf_error *error);

// rf_ledger_close: stores what was submitted and nulls the pointer. Blocks. Callbacks are not
// called any more but for `done` of readings and foldings; these and a page must be valid until it
// returns.
void rf_ledger_close(struct rf_ledger **ledger);

// rf_ledger_pending: whether anything submitted is not stored yet. A page that the store does not
// take now is not waited for: the journal has it.
bool rf_ledger_pending(const struct rf_ledger *ledger);

// rf_ledger_load: for the start: the cursor, up to where the journal was read (zeroed and known =
// false in a new database), and `fn` for each delivery that waits. Blocks. `fn` runs on another
// thread, during the call; what it is given is borrowed.
typedef enum rf_err rf_ledger_load_fn(void *arg, const char *channel,
                                      const struct rf_delivery *delivery, struct rf_error *error);
RF_NODISCARD enum rf_err rf_ledger_load(struct rf_ledger *ledger, bool *known,
                                        struct rf_journal_place *cursor, rf_ledger_load_fn *fn,
                                        void *arg, struct rf_error *error);

// rf_ledger_load_incidents: for the start: gives the engine what it needs of what was stored.
// Blocks.
RF_NODISCARD enum rf_err rf_ledger_load_incidents(struct rf_ledger *ledger,
                                                  struct rf_engine *engine, struct rf_error *error);

// What a page of the journal, or a tick, made: one transaction, tried again each second until it is
// stored. Belongs to the caller.
struct rf_ledger_page {
    struct rf_kept kept; // private, but for `failing`
    struct rf_engine_changes changes;
    struct rf_channel_names names;  // of the bits in the alerts' `channels`
    bool *fresh;                    // filled in, for each alert: it was not known before
    bool moved;                     // there is a new cursor
    struct rf_journal_place cursor; // namely this one
    struct rf_utc now;
    void (*stored)(void *arg);
    void *arg;
};
void rf_ledger_submit_page(struct rf_ledger *ledger, struct rf_ledger_page *page);

// rf_ledger_settle: keeps what became of a delivery. Repeated each second until it is stored, as
// the delivery itself cannot be undone; then `stored` (may be NULL) is called. Everything is
// copied. RF_ERR_NOMEM only.
struct rf_ledger_result {
    const char *alert, *type; // type: of its event
    const char *channel;
    const struct rf_settlement *settlement; // with `dead`: only that it is a dead letter is kept
    const char *message;
    const char *remote;     // what the receiver calls the message; "": nothing
    const char *recipients; // rf_recipients_keep; "": nothing is known of them
};
typedef void rf_ledger_stored_fn(void *arg, const char *alert, const char *type, int64_t attempts);
RF_NODISCARD enum rf_err rf_ledger_settle(struct rf_ledger *ledger,
                                          const struct rf_ledger_result *result,
                                          rf_ledger_stored_fn *stored, void *arg,
                                          struct rf_error *error);

#define RF_LEDGER_CHAT_SIZE 64
#define RF_LEDGER_WHY_SIZE  256

// What is kept of a channel beside its deliveries.
struct rf_channel_state {
    char name[RF_CHANNEL_NAME_SIZE];
    char chat[RF_LEDGER_CHAT_SIZE];    // Telegram's new number of the group; "": it did not move
    char chat_of[RF_LEDGER_CHAT_SIZE]; // the one that stands in the configuration
    struct rf_utc down;                // since when it is down; 0: it is not
    char why[RF_LEDGER_WHY_SIZE];
};

// rf_ledger_channels: calls `fn`, on another thread, during the call, for what is kept of each
// channel. Blocks: for the start.
typedef void rf_ledger_channel_fn(void *arg, const struct rf_channel_state *state);
RF_NODISCARD enum rf_err rf_ledger_channels(struct rf_ledger *ledger, rf_ledger_channel_fn *fn,
                                            void *arg, struct rf_error *error);

// rf_ledger_keep_channel: keeps it. Should that fail, it is logged, and forgotten at the next
// start: then the group's move is met again, and an end of the outage is not told.
void rf_ledger_keep_channel(struct rf_ledger *ledger, const struct rf_channel_state *state);

#define RF_FOLD_MOST 200 // notices of one summary

// Old notices of a channel, to be told as one. Embedded in its owner; one folding at a time.
struct rf_ledger_fold {
    struct rf_store_job job; // private
    char channel[RF_CHANNEL_NAME_SIZE];
    char ids[RF_FOLD_MOST][RF_ALERT_ID_SIZE]; // in their order
    size_t count;
    struct rf_utc now;
    char summary[RF_ALERT_ID_SIZE];          // id of the new notice
    int64_t order;                           // filled in: its order, that of the last one
    char incident[RF_CHANNEL_NAME_SIZE + 8]; // filled in
    char *concerns;                          // so is this; the owner frees it
    void (*done)(void *arg, enum rf_err result, const struct rf_error *error);
    void *arg;
};

// rf_ledger_fold: one notice, which lists these, takes their place on the channel, in one
// transaction. On other channels they stay as they are.
void rf_ledger_fold(struct rf_ledger *ledger, struct rf_ledger_fold *fold);

// rf_ledger_is_fold: whether this is the incident of such a notice, which is not folded again: its
// list would be lost.
bool rf_ledger_is_fold(const char *incident);

// rf_ledger_bury: what waits for channels that are not in `names` becomes dead letters, with the
// reason `why` (a constant). `buried` (on the loop) is told of each such channel. Tried again each
// second until it is stored. RF_ERR_NOMEM only.
typedef void rf_ledger_buried_fn(void *arg, const char *channel, int64_t count);
RF_NODISCARD enum rf_err rf_ledger_bury(struct rf_ledger *ledger,
                                        const struct rf_channel_names *names, const char *why,
                                        rf_ledger_buried_fn *buried, void *arg,
                                        struct rf_error *error);

// One alert read by its id. Embedded in its owner; one reading at a time.
struct rf_ledger_reading {
    struct rf_store_job job; // private
    char id[RF_ALERT_ID_SIZE];
    char channel[RF_CHANNEL_NAME_SIZE];
    char
        remote[RF_LEDGER_CHAT_SIZE]; // filled in: what the channel calls the thread's first message
    char *recipients;      // so is this: what was kept of this delivery's; the owner frees it
    struct rf_alert alert; // filled in; the owner ends it by rf_alert_fini
    struct rf_alert first; // so is this: of the same thread; zeroed if it is not kept any more
    void (*done)(void *arg, enum rf_err result, const struct rf_error *error);
    void *arg;
};
void rf_ledger_read(struct rf_ledger *ledger, struct rf_ledger_reading *reading);

#endif
