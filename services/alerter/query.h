// What people ask of the alerter: readings of its ledger as JSON, and dead letters that are to be
// sent again. Each is one job; its owner submits one at a time.
#ifndef RF_ALERTER_QUERY_H
#define RF_ALERTER_QUERY_H

#include <jansson.h>

#include "ledger.h"

#define RF_QUERY_ROWS_MOST 1000 // of a page

struct rf_query {
    struct rf_store_job job; // private
    enum rf_err (*run)(struct rf_query *query, struct rf_db *db, struct rf_error *error);
    char *call; // id of the call that wants it
    json_t *params;
    json_t *channels; // those that take notices, an array of names; owned; only for a resend
    json_t *result;   // filled in; NULL: no memory
    struct rf_utc now;
    void *owner;
    void (*done)(struct rf_query *query, enum rf_err result, const struct rf_error *error);
};

// rf_query_new: `params` is borrowed. NULL: no memory. rf_query_destroy frees and nulls.
struct rf_query *rf_query_new(const char *call, json_t *params, struct rf_utc now);
void rf_query_destroy(struct rf_query **query);

// rf_ledger_query: carries it out by `run`, one of these:
//
// rf_query_list: {"incidents": [...], "waiting": [{channel, count, oldest}], "dead": [{channel,
// count}], "down": [{channel, since, why}]}; those that are open or, with "all", resolved as well,
// newest first. rf_query_dead: {"dead": [...]}, the oldest first. Both are in pages of "limit" rows
// at most: where there are more, "next" is what "after" has to be for the next page, which has rows
// alone.
// rf_query_show: {"incidents": [...], "notices": [{..., "deliveries": [...]}], "left_out": earlier
// notices that are not among them} of the incident or notice "id", of which the beginning is enough
// where it is the only one. RF_ERR_NOT_FOUND.
// rf_query_resend: dead letters wait again, the one of notice "id" or, without, all of them; with
// "channel" only that channel's. {"resent": [{alert, channel, incident, order}], "more": there are
// further ones, "left": [{channel, count}]: those of channels that take nothing}. RF_ERR_NOT_FOUND.
void rf_ledger_query(struct rf_ledger *ledger, struct rf_query *query);
enum rf_err rf_query_list(struct rf_query *query, struct rf_db *db, struct rf_error *error);
enum rf_err rf_query_show(struct rf_query *query, struct rf_db *db, struct rf_error *error);
enum rf_err rf_query_dead(struct rf_query *query, struct rf_db *db, struct rf_error *error);
enum rf_err rf_query_resend(struct rf_query *query, struct rf_db *db, struct rf_error *error);

#endif
