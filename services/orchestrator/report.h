// What the database says about campaigns, for status (status.c), contacts (report.c) and export
// (export.c). Each result is made by the store's thread in the job's own memory.
#ifndef RF_ORCHESTRATOR_REPORT_H
#define RF_ORCHESTRATOR_REPORT_H

#include <jansson.h>

#include <ringfence/time.h>

#include "store/store.h"

#define RF_REPORT_PAGE_MAX 1000

struct rf_report {
    struct rf_store_job job; // run is a ..._run below, or that of export.h
    void *owner;
    char *call;           // id of the request
    char *campaign;       // NULL: all (status)
    int64_t after, limit; // of contacts
    json_t *states;       // of an export; NULL: all
    struct rf_utc now;
    json_t *result;
};

// rf_report_status_run: {campaigns: [{name, state, finished, priority, total, new, running,
// waiting, done, set_aside, not_queued, outcomes, reasons, waits, version, settings, created,
// started, ended, since, window_opens, calls_again, per_minute, left_s, behind}]}; who serves it
// adds waiting_for and waiting_until. `finished`: it has come to its end; `since`: when it came
// into its state; `waits`: [{state, reason, contacts, until}], when the first of them is due.
// Absent while they say nothing: `window_opens` and `calls_again`, when the first is due who waits
// for a window or for another call; `per_minute`, contacts that ended lately; `left_s`, how long it
// still takes: not told while contacts wait for a time of their own; `behind`, the campaign of a
// higher priority that takes all places. Times are UTC in ns.
enum rf_err rf_report_status_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error);

// rf_report_counts: sets total, new, running, waiting, done, set_aside, outcomes, reasons and waits
// (without until) of `entry`.
RF_NODISCARD enum rf_err rf_report_counts(struct rf_db *db, int64_t campaign, json_t *entry,
                                          struct rf_error *error);

// rf_report_behind: the name of the first of the campaigns of a higher priority that take all
// places from one of which nothing is in progress: it has something due, and of theirs there is.
// RF_ERR_NOT_FOUND if there is none.
RF_NODISCARD enum rf_err rf_report_behind(struct rf_db *db, int64_t campaign, struct rf_utc now,
                                          char *name, size_t size, struct rf_error *error);

// rf_report_contacts_run: {contacts: [{id, line, phone, name, state, step, outcome, reason,
// message, sid, attempts, until}]}, until only of those that wait; ordered by line, after `after`.
// RF_ERR_NOT_FOUND if there is no such campaign.
enum rf_err rf_report_contacts_run(struct rf_store_job *job, struct rf_db *db,
                                   struct rf_error *error);

void rf_report_destroy(struct rf_report **report);

#endif
