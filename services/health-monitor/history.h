// The history of all providers on disk: their changes, outages and time, ninety days of it. What is
// new is written at once, time every HEALTH_LOOK; a kill loses so much at most, and the time until
// the next start is unknown. A disk that takes nothing keeps nobody from watching: what is new
// waits, up to a bound.
#ifndef HEALTH_HISTORY_H
#define HEALTH_HISTORY_H

#include <jansson.h>

#include <ringfence/error.h>

#include "account.h"
#include "store/store.h"

struct rf_loop;

#define HEALTH_LOOK          rf_seconds(10)
#define HEALTH_HISTORY_KEPT  rf_ns(90 * HEALTH_DAY.ns)
#define HEALTH_HISTORY_MOST  20000 // changes of one provider; the latest
#define HEALTH_HISTORY_WAITS 1000  // that may wait for the disk
#define HEALTH_HISTORY_NAMES 16
#define HEALTH_HISTORY_ROWS  1000 // of a page of an answer

// One account under its name; both are borrowed.
struct health_named {
    const char *name;
    struct health_account *account;
};

struct health_history;

// health_history_open: opens or makes the database `path` and fills the accounts in from it. An
// error leaves them as they are; *history is NULL then, which all functions below take for a
// history that keeps nothing. Blocks.
RF_NODISCARD enum rf_err health_history_open(struct rf_loop *loop, const char *path,
                                             const struct health_named *accounts, size_t count,
                                             struct rf_utc now, struct health_history **history,
                                             struct rf_error *error);

// health_history_change, _outage: a change, or the account's outage, is to be kept.
// health_history_write: all that is new since the last time, and what the accounts say of time.
void health_history_change(struct health_history *history, const char *name,
                           const struct health_change *change);
void health_history_outage(struct health_history *history, const char *name,
                           const struct health_outage *outage);
void health_history_write(struct health_history *history, struct rf_utc now);

// Answers of the database, in pages of `limit` rows, newest first: {"incidents" or "changes":
// [...], "next": what `after` is to be for the next page, if there is one}. `params`: provider
// (without: all), limit, after. `fn` is called once, from the loop, not from within; with an error
// the answer is NULL. The history must be there. RF_ERR_NOMEM: it is not called.
typedef void health_history_fn(void *arg, const char *call, const json_t *answer, enum rf_err err,
                               const char *message);
RF_NODISCARD enum rf_err health_history_incidents(struct health_history *history, const char *call,
                                                  const json_t *params, health_history_fn *fn,
                                                  void *arg);
RF_NODISCARD enum rf_err health_history_changes(struct health_history *history, const char *call,
                                                const json_t *params, health_history_fn *fn,
                                                void *arg);

// health_history_close: writes what waits, if it can, answers who asked, and nulls the pointer.
void health_history_close(struct health_history **history, struct rf_utc now);

#endif
