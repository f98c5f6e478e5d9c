// Whether a PostgreSQL server can be worked with now: asked without blocking, for a program that
// starts while its server may be away.
#ifndef RF_STORE_POSTGRES_REACH_H
#define RF_STORE_POSTGRES_REACH_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/loop.h>
#include <ringfence/retry.h>

// How long is waited before a server that is away is asked again.
extern const struct rf_retry_policy rf_postgres_connecting;

// RF_OK: rf_postgres_open will find it. RF_ERR_CONFIG: it is there and refuses us, or the URL is
// none: a person has to mend that. RF_ERR_IO: it is away, or does not answer.
typedef void rf_postgres_reach_fn(void *arg, enum rf_err result, const struct rf_error *error);

// Zero it before use.
struct rf_postgres_reach {
    struct pg_conn *connection; // NULL: it is not asked now
    struct rf_timer timer;
    rf_postgres_reach_fn *done;
    void *arg;
    int fd;     // that is watched; -1: none
    bool wrong; // the URL's options are none
};

// rf_postgres_reach: asks; `done` is called once, from the loop, when it is known, after 5 s at
// most (a minute if the URL names several hosts). Only to look up a host's name blocks. `password`
// may be NULL.
void rf_postgres_reach(struct rf_postgres_reach *reach, struct rf_loop *loop, const char *url,
                       const char *password, rf_postgres_reach_fn *done, void *arg);

// rf_postgres_reach_stop: `done` is not called any more. Fine if nothing is asked.
void rf_postgres_reach_stop(struct rf_postgres_reach *reach);

#endif
